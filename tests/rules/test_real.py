"""What `validate` says of real speech and of defects put into it: each finding about the clip that is meant, none about others."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import soxr

from listen_datasets import Dataset
from listen_datasets.executors.serial import Serial
from listen_datasets.model import Finding
from listen_datasets.stages import ingest, validate
from listen_datasets.testing.signals import Signal

FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd"
RATE = 8_000

pytestmark = pytest.mark.skipif(not FSDD.is_dir(), reason="the Free Spoken Digit Dataset is not here")

Sound = tuple[Signal, int]


def driven(word: Signal) -> Sound:
    return np.clip(5 * word, -1, 1), RATE


def driven_and_turned_down(word: Signal) -> Sound:
    return np.clip(5 * word, -1, 1) * np.float32(0.5), RATE


def shifted(word: Signal) -> Sound:
    return 0.5 * word + np.float32(0.1), RATE


def stereo(left: Callable[[Signal], Signal], right: Callable[[Signal], Signal]) -> Callable[[Signal], Sound]:
    return lambda word: (np.concatenate([left(word), right(word)], axis=1), RATE)


def late(word: Signal) -> Sound:
    return np.concatenate([np.zeros((3 * RATE, 1), np.float32), word]), RATE


def long(word: Signal) -> Sound:
    return np.concatenate([word, np.zeros((3 * RATE, 1), np.float32)]), RATE


def with_a_hole(word: Signal) -> Sound:
    word = word.copy()
    loudest = int(np.abs(word[:, 0]).argmax())
    word[loudest : loudest + RATE // 50] = 0
    return word, RATE


def upsampled(word: Signal) -> Sound:
    return soxr.resample(word, RATE, 44_100), 44_100


def same(word: Signal) -> Signal:
    return word


DEFECTS: dict[str, Callable[[Signal], Sound]] = {
    "audio.clipped": driven,
    "audio.clipped_below_full_scale": driven_and_turned_down,
    "audio.dc_offset": shifted,
    "audio.identical_channels": stereo(same, same),
    "audio.inverted_polarity": stereo(same, np.negative),
    "audio.dead_channel": stereo(same, np.zeros_like),
    "audio.leading_silence": late,
    "audio.trailing_silence": long,
    "audio.dropouts": with_a_hole,
    "audio.spectral_cutoff": upsampled,
    "audio.loudness_low": lambda word: (np.tile(word * np.float32(5e-3), (3, 1)), RATE),
    "audio.silent": lambda word: (0 * word, RATE),
    "clip.too_short": lambda word: (word[2000:2040], RATE),
}
"""What is done to a word, by the finding that must follow."""

OTHERS = {"audio.mixed_channels", "audio.mixed_sample_rates", "audio.duration_outlier", "audio.loudness_outlier"}
"""What a set with such clips is rightly told besides."""

ALLOWED = {
    "audio.silent": {"audio.leading_silence", "audio.trailing_silence"},
    "audio.dead_channel": set[str](),
    "audio.spectral_cutoff": {"audio.narrow_bandwidth"},
}
"""Findings that say the same of a clip in other words."""


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    """Return the rows of 120 digits: every speaker says each of them twice."""
    with (FSDD / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["take"] in ("10", "20")]


@pytest.fixture
def judged(tmp_path: Path, table: list[dict[str, str]]) -> Callable[..., tuple[Finding, ...]]:
    """Return a function that writes the digits and their table, some of it changed, and judges the dataset."""

    def judge(
        sounds: dict[str, Callable[[Signal], Sound]] | None = None,
        cells: dict[int, dict[str, str]] | None = None,
        settings: str = "",
        **more: list[str],
    ) -> tuple[Finding, ...]:
        rows = [{**row, **{name: values[at] for name, values in more.items()}} for at, row in enumerate(table)]
        for at, changed in (cells or {}).items():
            rows[at] |= changed
        for row in table:
            _write(
                tmp_path / "corpus" / row["file_name"], FSDD / row["file_name"], (sounds or {}).get(row["file_name"])
            )
        with (tmp_path / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        (tmp_path / "lds.toml").write_text(
            f'[dataset]\nname = "digits"\nlabel = "label"\n[split]\ngroup-by = ["speaker"]\n{settings}\n'
            '[[source]]\nname = "main"\npath = "corpus"\nmetadata = ["metadata.csv"]\n',
            encoding="utf-8",
        )
        dataset = Dataset.open(tmp_path)
        dataset.apply(ingest.STAGE, executor=Serial())
        return dataset.apply(validate.STAGE).findings

    return judge


def _write(path: Path, source: Path, change: Callable[[Signal], Sound] | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if change is None:
        path.write_bytes(source.read_bytes())
        return
    word = sf.read(source, dtype="float32", always_2d=True)[0]
    samples, rate = change(word / np.abs(word).max() * np.float32(0.9))
    sf.write(path, samples, rate, subtype="PCM_16")


def test_digits_as_they_are_published_have_no_finding(judged: Callable[..., tuple[Finding, ...]]) -> None:
    assert [finding.message for finding in judged()] == []


def test_each_defect_is_found_in_its_clip_and_in_no_other(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    spoilt = {table[9 * at]["file_name"]: code for at, code in enumerate(DEFECTS)}

    found = judged({path: DEFECTS[code] for path, code in spoilt.items()})

    about = {(item.path, item.code) for item in found if item.code not in OTHERS}
    assert set(spoilt.items()) <= about
    assert {(path, code) for path, code in about if code != spoilt.get(path or "")} <= {
        (path, other) for path, code in spoilt.items() for other in ALLOWED.get(code, ())
    }
    assert {"audio.mixed_channels", "audio.mixed_sample_rates"} <= {item.code for item in found}


def test_noise_is_found_where_speech_is_asked_for(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    path = table[0]["file_name"]

    def noisy(word: Signal) -> Sound:
        hiss = np.random.default_rng(1).normal(0, 0.1, (len(word) + RATE, 1)).astype(np.float32)
        hiss[RATE // 2 : RATE // 2 + len(word)] += 0.3 * word
        return hiss, RATE

    found = judged({path: noisy}, settings='[validate]\nprofile = "speech"')

    assert path in {item.path for item in found if item.code == "audio.low_snr"}


@pytest.mark.parametrize(
    ("code", "cells"),
    [
        ("label.twins", {3: {"label": "Seven"}, 4: {"label": "seven "}}),
        ("label.untidy", {3: {"label": "seven "}}),
        ("label.placeholder", {3: {"label": "N/A"}}),
        ("label.rare", {3: {"label": "ten"}}),
        ("group.single", {3: {"speaker": "anna"}}),
        ("license.invalid", {3: {"license": "CC BY SA 4"}}),
        ("license.mixed", {3: {"license": "CC0-1.0"}}),
    ],
)
def test_a_slip_in_the_table_of_a_published_corpus_is_found(
    judged: Callable[..., tuple[Finding, ...]], code: str, cells: dict[int, dict[str, str]]
) -> None:
    assert code in {item.code for item in judged(cells=cells)}


def test_what_a_table_claims_is_compared_with_what_was_measured(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    infos = [sf.info(FSDD / row["file_name"]) for row in table]
    claimed: dict[str, list[Any]] = {
        "duration": [f"{info.duration:.3f}" for info in infos],
        "sample_rate": [str(info.samplerate) for info in infos],
        "num_channels": [str(info.channels) for info in infos],
    }

    assert judged(**claimed) == ()

    claimed["duration"][1], claimed["sample_rate"][2], claimed["num_channels"][3] = "9.9", "16000", "2"
    found = judged(**claimed)

    assert Counter(item.code for item in found) == Counter(
        ["audio.duration_mismatch", "audio.sample_rate_mismatch", "audio.channels_mismatch"]
    )
    assert sorted(item.line or 0 for item in found) == [3, 4, 5]


def test_the_right_words_are_spoken_at_a_speed_that_people_have_and_wrong_ones_are_not(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    digits = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    spoken = [digits[int(row["label"])] for row in table]

    assert judged(transcript=spoken) == ()

    spoken[7] = "this is what was said an hour later, at the other end of the table, by somebody else"
    spoken[11] = ""
    found = judged(transcript=spoken)

    assert [(item.code, item.line) for item in found] == [("transcript.empty", 13), ("transcript.speaking_rate", 9)]


def test_a_class_recorded_with_another_microphone_is_a_shortcut(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    sevens = {row["file_name"]: upsampled for row in table if row["label"] == "7"}

    found = [item for item in judged(sevens) if item.code == "label.shortcut"]

    assert [item.value for item in found] == ["7"]
    assert found[0].evidence is not None
    assert found[0].evidence["fact"] == "sample_rate"


def test_a_label_of_one_speaker_alone_is_a_shortcut_too(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    of_theo = {at: {"label": "theo's"} for at, row in enumerate(table) if row["speaker"] == "theo"}

    assert [item.value for item in judged(cells=of_theo) if item.code == "label.one_group"] == ["theo's"]


def test_one_ten_times_as_long_as_the_others_is_an_outlier(
    judged: Callable[..., tuple[Finding, ...]], table: list[dict[str, str]]
) -> None:
    path = table[5]["file_name"]

    found = judged({path: lambda word: (np.tile(word, (150, 1)), RATE)})

    assert {(item.path, item.code) for item in found} == {(path, "audio.duration_outlier")}
