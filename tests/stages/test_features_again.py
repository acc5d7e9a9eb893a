"""What a second run of ``features`` does: what is there stays, what is missing is computed, wherever the first one ended."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from listen_datasets import Dataset
from listen_datasets.errors import UsageError
from listen_datasets.executors.serial import Serial
from listen_datasets.features.sections import Features, LogMel
from listen_datasets.stages import features, ingest
from listen_datasets.testing.disks import CountingDisk, PowerCut, PowerCutDisk
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

RATE = 8_000
RECORDINGS = 4
CLIPS = 300
"""Spans of a recording; those of two are too many for a part."""

SMALL = LogMel(sample_rate=RATE, n_fft=64, hop_length=32, n_mels=4)
CONFIG = Features(extractors=("log-mel", "loudness"), log_mel=SMALL)


def write_table(root: Path, recordings: int = RECORDINGS, clips: int = CLIPS) -> None:
    lines = ["file_name,start,duration"]
    lines += [f"r{number}.wav,{clip / 100},0.02" for number in range(recordings) for clip in range(clips)]
    (root / "metadata.csv").write_text("\n".join(lines) + "\n")


def write_recording(root: Path, number: int, seed: int | None = None) -> None:
    sound = noise(number if seed is None else seed, duration=3.5, sample_rate=RATE)
    (root / "recordings" / f"r{number}.wav").write_bytes(encode(sound, RATE))


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("again") / "many"
    (root / "recordings").mkdir(parents=True)
    for number in range(RECORDINGS):
        write_recording(root, number)
    write_table(root)
    (root / "lds.toml").write_text(
        '[dataset]\nname = "many"\n\n[[source]]\nname = "main"\npath = "recordings"\nmetadata = ["metadata.csv"]\n'
    )
    Dataset.open(root).apply(ingest.STAGE, executor=Serial())
    return root


@pytest.fixture
def root(ingested: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ingested, tmp_path / "many"))


def extract(root: Path, config: Features = CONFIG, disk: CountingDisk | None = None, *, force: bool = False) -> int:
    """Run the stage and return how many parts were computed."""
    applied = Dataset.open(root, disk=disk).apply(features.STAGE, config, executor=Serial(), force=force)
    return 0 if applied.is_up_to_date else int(applied.entry.report["parts"])


def ingest_again(root: Path) -> None:
    Dataset.open(root).apply(ingest.STAGE, executor=Serial())


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root / "features").as_posix(): path.read_bytes()
        for path in (root / "features").rglob("*.parquet")
    }


def clip_ids(root: Path, name: str) -> list[str]:
    return sorted(Dataset.open(root).features(name))


def test_parts_that_nothing_has_changed_for_are_not_computed_again(root: Path) -> None:
    assert extract(root) == RECORDINGS
    before = files(root)
    lds = {path: path.stat().st_ino for path in (root / "features").rglob("*.parquet")}

    assert extract(root, Features(extractors=("log-mel", "loudness", "mfcc"), log_mel=SMALL)) == RECORDINGS

    assert {path: data for path, data in files(root).items() if not path.startswith("mfcc")} == before
    assert {path: path.stat().st_ino for path in lds} == lds


def test_a_changed_parameter_computes_that_feature_alone(root: Path) -> None:
    extract(root)
    before = files(root)

    other = LogMel(sample_rate=RATE, n_fft=64, hop_length=32, n_mels=5)
    extract(root, Features(extractors=("log-mel", "loudness"), log_mel=other))

    changed = {path for path, data in files(root).items() if before.get(path) != data}
    assert changed == {f"log-mel/part-{number:05}.parquet" for number in range(RECORDINGS)}


def test_new_clips_come_in_new_parts(root: Path) -> None:
    write_table(root, RECORDINGS - 1)
    (root / "recordings" / "r3.wav").unlink()
    ingest_again(root)
    extract(root)
    before = files(root)
    write_recording(root, 3)
    write_table(root)
    ingest_again(root)

    assert extract(root) == 1

    assert {path: files(root)[path] for path in before} == before
    assert clip_ids(root, "loudness") == sorted(Dataset.open(root).manifest.column("clip_id").to_pylist())


def test_clips_that_are_gone_leave_their_parts(root: Path) -> None:
    extract(root)
    before = files(root)
    write_table(root, clips=CLIPS - 1)
    ingest_again(root)

    assert extract(root) == 0

    assert clip_ids(root, "log-mel") == sorted(Dataset.open(root).manifest.column("clip_id").to_pylist())
    assert files(root).keys() == before.keys()
    after = files(root)
    shutil.rmtree(root / "features")
    extract(root, force=True)
    assert files(root) == after


def test_a_part_without_wanted_clips_goes_away(root: Path) -> None:
    extract(root)
    write_table(root, RECORDINGS - 1)
    (root / "recordings" / "r3.wav").unlink()
    ingest_again(root)

    extract(root)

    assert len([path for path in files(root) if path.startswith("loudness")]) == RECORDINGS - 1


def test_a_damaged_part_is_computed_again(root: Path) -> None:
    extract(root)
    before = files(root)
    path = root / "features" / "log-mel" / "part-00001.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    extract(root)

    assert clip_ids(root, "log-mel") == sorted(Dataset.open(root).manifest.column("clip_id").to_pylist())
    assert {path: data for path, data in files(root).items() if path.startswith("loudness")} == {
        path: data for path, data in before.items() if path.startswith("loudness")
    }


@pytest.mark.parametrize("number", range(10))
def test_a_run_that_is_cut_off_and_continued_gives_the_same_bytes(root: Path, tmp_path: Path, number: int) -> None:
    undisturbed = Path(shutil.copytree(root, tmp_path / "undisturbed"))
    counting = CountingDisk(undisturbed)
    extract(undisturbed, disk=counting)
    moment = random.Random(number).randrange(1, len(counting.operations))  # noqa: S311 - moments, no secrets

    with pytest.raises(PowerCut):
        extract(root, disk=PowerCutDisk(moment, root))
    extract(root)

    assert files(root) == files(undisturbed)
    assert not (root / ".lds" / "stage").exists() or not list((root / ".lds" / "stage").iterdir())


def test_an_interrupted_run_goes_on_behind_the_parts_that_are_complete(root: Path, tmp_path: Path) -> None:
    counting = CountingDisk(Path(shutil.copytree(root, tmp_path / "other")))
    extract(tmp_path / "other", disk=counting)
    with pytest.raises(PowerCut):
        extract(root, disk=PowerCutDisk(len(counting.operations) // 2, root))
    (staged,) = (root / ".lds" / "stage").iterdir()
    noted = (staged / "tasks.jsonl").read_text().splitlines()
    done = {path.stat().st_ino for path in staged.rglob("part-*.parquet")}

    extract(root)

    assert 1 <= len(noted) < RECORDINGS
    kept = {path.stat().st_ino for path in (root / "features").rglob("*.parquet")} & done
    assert len(kept) >= 2 * len(noted)


def test_named_sets_lie_side_by_side(root: Path) -> None:
    wide = {"extractor": "log-mel", "sample-rate": RATE, "n-fft": 64, "hop-length": 32, "n-mels": 6}
    config = Features(extractors=("wide", "log-mel"), log_mel=SMALL, sets={"wide": wide})

    extract(root, config)

    opened = Dataset.open(root)
    (first, *_) = opened.features("wide")
    assert [opened.features(name)[first].shape for name in ("wide", "log-mel")] == [(6, 6), (6, 4)]
    assert opened.features("wide").about["parameters"]["n-mels"] == 6


def test_features_of_a_clip_are_an_array_and_those_of_all_a_table(root: Path) -> None:
    extract(root)
    found = Dataset.open(root).features("log-mel")
    table = found.table()

    number = table.num_rows // 2
    clip_id = table.column("clip_id")[number].as_py()

    assert np.array_equal(found[clip_id], np.array(table.column("log_mel")[number].as_py(), np.float32))
    assert len(found) == table.num_rows == RECORDINGS * CLIPS


def test_features_that_are_not_there_are_named_with_those_that_are(root: Path) -> None:
    extract(root)

    with pytest.raises(UsageError, match=r"^there are no features 'mfcc'$") as caught:
        Dataset.open(root).features("mfcc")
    assert caught.value.hint == "there are log-mel, loudness"


def test_half_precision_takes_half_the_room_and_reads_back(root: Path) -> None:
    half = LogMel(sample_rate=RATE, n_fft=64, hop_length=32, n_mels=4, dtype="float16")
    extract(root)
    exact = Dataset.open(root).features("log-mel").table().column("log_mel").combine_chunks().flatten().flatten()

    extract(root, Features(extractors=("log-mel",), log_mel=half))

    rough = Dataset.open(root).features("log-mel").table().column("log_mel").combine_chunks().flatten().flatten()
    assert str(rough.type) == "halffloat"
    assert np.abs(rough.to_numpy().astype(np.float32) - exact.to_numpy()).max() <= 0.04


def test_a_summary_has_one_row_of_numbers_a_clip(root: Path) -> None:
    summary = {"extractor": "summary", "of": ["log-mel"], "percentiles": [50]}
    extract(root, Features(extractors=("short",), log_mel=SMALL, sets={"short": summary}))
    rows = Dataset.open(root).features("short")
    clip_id = next(iter(rows))
    row = rows.row(clip_id)
    extract(root)
    levels = Dataset.open(root).features("log-mel")[clip_id].astype(np.float64)

    assert list(row) == ["log_mel_mean", "log_mel_std", "log_mel_p50"]
    assert np.allclose(row["log_mel_std"], levels.std(axis=0), atol=1e-5)
    assert np.allclose(row["log_mel_p50"], np.median(levels, axis=0), atol=1e-5)


def test_what_has_no_value_is_counted_again_when_parts_are_kept(root: Path) -> None:
    extract(root)
    extract(root, Features(extractors=("log-mel", "loudness", "mfcc"), log_mel=SMALL))

    found = {
        json.loads(finding.evidence)["clips"]
        if isinstance(finding.evidence, str)
        else (finding.evidence or {})["clips"]
        for finding in Dataset.open(root).findings("features")
        if finding.field == "/loudness/loudness_lufs"
    }

    assert found == {RECORDINGS * CLIPS}
    assert pq.read_table(root / "features/loudness/part-00000.parquet").column("loudness_lufs").null_count == CLIPS
