"""Near duplicates of a dataset: found by what ingest has measured, without a look at the audio."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from listen_datasets import stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.errors import CorruptError, UsageError
from listen_datasets.executors.serial import Serial
from listen_datasets.recipe import Dedup
from listen_datasets.stage import check_laws
from listen_datasets.stages import dedup
from listen_datasets.testing.manifests import manifest, row, workspace
from listen_datasets.testing.sounds import Samples, melody

RATE = 16_000
RECIPE = '[dataset]\nname = "test"\nlabel = "label"\n\n[[source]]\nname = "s"\npath = "../audio"\nmetadata = ["../audio/metadata.csv"]\n'


def put(folder: Path, name: str, samples: Samples, **options: Any) -> None:
    folder.mkdir(exist_ok=True)
    sf.write(folder / name, samples, RATE, **options)


def made(folder: Path, labels: dict[str, str]) -> Dataset:
    """Ingest everything in the folder of recordings."""
    rows = "".join(f"{name},{label}\n" for name, label in labels.items())
    (folder / "audio" / "metadata.csv").write_text(f"file_name,label\n{rows}")
    dataset = Dataset.create(folder / "dataset", {"lds.toml": RECIPE.encode()})
    dataset.apply(stages.find("ingest"), executor=Serial())
    return dataset


def searched(dataset: Dataset, **config: Any) -> Applied:
    return Dataset.open(dataset.root).apply(dedup.STAGE, Dedup(**config), executor=Serial())


def marks(dataset: Dataset, column: str) -> dict[str, str]:
    """Return the path that a column names for each path, where it names one."""
    rows = Dataset.open(dataset.root).manifest.to_pylist()
    path = {cells["clip_id"]: cells["path"] for cells in rows}
    return {cells["path"]: path.get(cells[column], cells[column]) for cells in rows if cells[column] is not None}


def table(dataset: Dataset) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(dataset.root / dedup.TABLE).read().to_pylist()
    return rows


@pytest.fixture
def copied(tmp_path: Path) -> Dataset:
    """A sound of its own, and another one as WAV, as MP3, without its first second, and once more as the same bytes."""
    audio, sound = tmp_path / "audio", melody(1, 5.0, RATE)
    put(audio, "other.wav", melody(2, 5.0, RATE))
    put(audio, "sound.wav", sound)
    put(audio, "twin.wav", sound)
    put(audio, "a_lossy.mp3", sound)
    put(audio, "cut.wav", sound[RATE:])
    return made(tmp_path, {"other.wav": "x", "sound.wav": "x", "twin.wav": "x", "a_lossy.mp3": "y", "cut.wav": "x"})


def test_copies_of_all_levels_are_marked_and_grouped(copied: Dataset) -> None:
    report = searched(copied).entry.report
    assert marks(copied, "duplicate_of") == dict.fromkeys(("twin.wav", "a_lossy.mp3", "cut.wav"), "sound.wav")
    assert marks(copied, "duplicate_level") == {"twin.wav": "exact", "a_lossy.mp3": "near", "cut.wav": "near"}
    group = dict.fromkeys(("sound.wav", "twin.wav", "a_lossy.mp3", "cut.wav"), "sound.wav")
    assert marks(copied, "duplicate_group") == group
    assert report == {
        "groups": 1,
        "duplicates": 3,
        "grouped": 4,
        "by_level": {"exact": 1, "pcm": 0, "near": 2},
        "not_searched": [],
    }


def test_the_table_has_score_offset_and_evidence(copied: Dataset) -> None:
    searched(copied)
    path = {cells["clip_id"]: cells["path"] for cells in copied.manifest.to_pylist()}
    found = {path[cells["clip"]]: cells for cells in table(copied)}
    assert set(found) == {"twin.wav", "a_lossy.mp3", "cut.wav"}
    assert {path[cells["keeper"]] for cells in found.values()} == {"sound.wav"}
    assert found["twin.wav"] | {"group": "", "clip": "", "keeper": ""} == {
        "group": "", "clip": "", "keeper": "", "level": "exact", "score": 1.0, "offset": 0.0, "evidence": '{"same":"sha256"}',
    }  # fmt: skip
    assert found["cut.wav"]["offset"] == pytest.approx(1.0, abs=0.001)
    assert found["cut.wav"]["score"] > 0.99
    evidence = json.loads(found["cut.wav"]["evidence"])
    assert evidence["by"] == "waveform"
    assert evidence["seconds"] == pytest.approx(4.0, abs=0.1)


def test_each_near_duplicate_is_a_finding(copied: Dataset) -> None:
    finding = next(item for item in searched(copied).findings if item.path == "cut.wav")
    assert (finding.code, finding.severity) == ("dedup.near", "warning")
    assert finding.message == ("s:cut.wav sounds the same as s:sound.wav (score 1.00 at 1.000 s), which is kept.")


def test_labels_that_contradict_each_other_are_an_error(copied: Dataset) -> None:
    (conflict,) = [item for item in searched(copied).findings if item.code == "label.conflict"]
    assert conflict.message == "Copies differ in `label`: x (s:sound.wav), y (s:a_lossy.mp3)."


def test_keep_all_only_groups(copied: Dataset) -> None:
    applied = searched(copied, keep_all=True)
    assert marks(copied, "duplicate_of") == marks(copied, "duplicate_level") == {}
    assert len(marks(copied, "duplicate_group")) == 4
    assert applied.counts.kept == 5
    assert len(table(copied)) == 3
    assert "both are kept" in applied.findings[0].message


@pytest.mark.parametrize(
    ("keep", "kept"), [(("path",), "a_lossy.mp3"), (("longer", "lossless", "path"), "sound.wav")], ids=str
)
def test_what_is_kept_can_be_chosen(copied: Dataset, keep: tuple[str, ...], kept: str) -> None:
    searched(copied, keep=keep)
    assert set(marks(copied, "duplicate_of").values()) == {kept}


def test_level_pcm_looks_no_further(copied: Dataset) -> None:
    assert searched(copied, level="pcm").entry.report["by_level"] == {"exact": 1, "pcm": 0}


def test_the_audio_is_not_needed(copied: Dataset) -> None:
    shutil.rmtree(copied.root.parent / "audio")
    assert searched(copied).entry.report["duplicates"] == 3


def test_a_clip_inside_of_a_long_recording_goes_for_it(tmp_path: Path) -> None:
    long = melody(1, 20.0, RATE)
    put(tmp_path / "audio", "long.ogg", long)
    put(tmp_path / "audio", "clip.wav", long[5 * RATE : 7 * RATE])
    dataset = made(tmp_path, {"long.ogg": "programme", "clip.wav": "word"})
    found = searched(dataset).findings
    assert marks(dataset, "duplicate_of") == {"clip.wav": "long.ogg"}
    assert table(dataset)[0]["offset"] == pytest.approx(5.0, abs=0.001)
    assert [item.code for item in found] == ["dedup.near"]  # a word in a programme contradicts nobody


def test_digital_silence_is_no_near_duplicate(tmp_path: Path) -> None:
    put(tmp_path / "audio", "a.wav", np.zeros(RATE, np.float32))
    put(tmp_path / "audio", "b.wav", np.zeros(2 * RATE, np.float32))
    dataset = made(tmp_path, {"a.wav": "x", "b.wav": "x"})
    assert searched(dataset).entry.report["grouped"] == 0


def test_a_clip_that_is_too_short_is_said_not_to_be_searched(tmp_path: Path) -> None:
    put(tmp_path / "audio", "a.wav", melody(1, 0.1, RATE))
    put(tmp_path / "audio", "b.wav", melody(2, 1.0, RATE))
    dataset = made(tmp_path, {"a.wav": "x", "b.wav": "x"})
    assert searched(dataset).entry.report["not_searched"] == ["near duplicates of 1 clips under 0.128 s"]


def test_without_fingerprints_the_command_that_measures_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="measured none") as raised:
        dedup.run(workspace(tmp_path, manifest([row("a.wav")])), Dedup())
    assert raised.value.hint == f"lds ingest {tmp_path.name} measures them; --level pcm does without"


def test_a_damaged_file_of_fingerprints_is_refused(copied: Dataset) -> None:
    (path,) = (copied.root / "fingerprints").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptError, match="is not what lds wrote"):
        searched(copied)


def test_the_order_of_the_manifest_changes_nothing(copied: Dataset) -> None:
    history = {entry.stage: entry for entry in copied.ledger().entries}
    tables: list[pa.Table] = []
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        shuffled = copied.manifest.take(order)
        space = workspace(copied.root, shuffled, copied.recipe, history=history)
        outcome = dedup.run(space, Dedup())
        check_laws(dedup.STAGE, shuffled, outcome)
        assert outcome.manifest is not None
        tables.append(outcome.manifest.sort_by("clip_id").combine_chunks())
    assert tables[0].equals(tables[1])


def test_a_second_run_is_up_to_date(copied: Dataset) -> None:
    searched(copied)
    assert searched(copied).is_up_to_date
    assert not searched(copied, min_score=0.9).is_up_to_date
