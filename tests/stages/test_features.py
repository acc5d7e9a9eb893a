from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from listen_datasets import config as recipes
from listen_datasets import recipe, registry, tables
from listen_datasets.errors import MachineError, UsageError
from listen_datasets.executors import Done, Executor, Lost
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.extractors.log_mel import LogMel
from listen_datasets.extractors.loudness import Loudness
from listen_datasets.extractors.mfcc import Mfcc
from listen_datasets.features.plan import PART_SECONDS, clips_of, plan
from listen_datasets.model import Finding
from listen_datasets.progress import Silent
from listen_datasets.stage import Outcome, Workspace
from listen_datasets.stages import features
from listen_datasets.storage import Disk
from listen_datasets.testing.manifests import manifest, row, span
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise, tone

RECORDINGS = {
    "b/speech.wav": encode(noise(1, duration=0.8), 16_000),
    "a.flac": encode(noise(2, duration=0.5, sample_rate=44_100, num_channels=2), 44_100, container="FLAC"),
    "short.wav": encode(tone(duration=0.1, sample_rate=8_000), 8_000),
}

Row = dict[str, Any]


def rows_of(recordings: Mapping[str, bytes], **columns: Any) -> list[Row]:
    """Return a row of the manifest for each recording; `columns` holds one value for all of them."""
    rows = []
    for path, data in recordings.items():
        info = sf.info(io.BytesIO(data))
        facts = {"num_samples": info.frames, "sample_rate": info.samplerate, "duration": info.frames / info.samplerate}
        rows.append(row(path, data, **facts, **columns))
    return rows


def workspace_of(
    root: Path, rows: Sequence[Row] | None = None, executor: Executor | None = None, run: str = "run"
) -> Workspace:
    """Return a dataset with the recordings above on disk."""
    for path, data in RECORDINGS.items():
        file = root / "audio" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    about = recipe.About(name="test")
    return Workspace(
        root=root,
        staging=root / ".lds" / "stage" / run,
        recipe=recipe.Recipe(dataset=about, source=(recipe.Source(name="main", path="audio"),)),
        manifest=manifest(rows_of(RECORDINGS) if rows is None else rows),
        rejected=tables.rejected_table([]),
        history={},
        executor=executor or Serial(),
        progress=Silent(),
        disk=Disk(root),
    )


def run(workspace: Workspace, config: features.Config | None = None) -> Outcome:
    return features.STAGE.run(workspace, config or features.Config())


def unreadable(outcome: Outcome) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.code == "features.unreadable"]


def read(outcome: Outcome, path: str) -> pa.Table:
    return pq.read_table(outcome.files[path].path, page_checksum_verification=True)


def samples_of(workspace: Workspace, path: str) -> tuple[npt.NDArray[np.float32], int]:
    return sf.read(workspace.root / "audio" / path, dtype="float32", always_2d=True)  # type: ignore[no-any-return]


def test_each_extractor_writes_a_file_with_every_clip_in_order(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)

    outcome = run(workspace)

    clip_ids = workspace.manifest.column("clip_id").to_pylist()
    assert {path: read(outcome, path).column("clip_id").to_pylist() for path in outcome.files} == {
        "features/log-mel/part-00000.parquet": clip_ids,
        "features/mfcc/part-00000.parquet": clip_ids,
        "features/loudness/part-00000.parquet": clip_ids,
    }


def test_files_lie_in_the_staging_folder_under_their_final_path(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)

    outcome = run(workspace)

    assert {path: file.path for path, file in outcome.files.items()} == {
        path: workspace.staging / path for path in outcome.files
    }
    assert outcome.manifest is None


@pytest.mark.parametrize(
    ("name", "column", "extractor"),
    [("log-mel", "log_mel", LogMel(recipe.LogMel())), ("mfcc", "mfcc", Mfcc(recipe.Mfcc()))],
)
def test_arrays_read_back_with_pandas_are_those_of_the_extractor(
    tmp_path: Path, name: str, column: str, extractor: LogMel | Mfcc
) -> None:
    workspace = workspace_of(tmp_path)
    expected = extractor(*samples_of(workspace, "a.flac"))[column]
    outcome = run(workspace)

    frame = pd.read_parquet(outcome.files[f"features/{name}/part-00000.parquet"].path)

    assert np.array_equal(np.stack(frame[column][1]), np.asarray(expected))


def test_arrays_read_back_with_pyarrow_are_those_of_the_extractor(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    expected = LogMel(recipe.LogMel())(*samples_of(workspace, "short.wav"))["log_mel"]

    column = read(run(workspace), "features/log-mel/part-00000.parquet").column("log_mel")

    assert np.array_equal(column[2].values.flatten().to_numpy().reshape(-1, 64), np.asarray(expected))


def test_loudness_of_a_short_clip_is_null(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    expected = Loudness(recipe.Loudness())(*samples_of(workspace, "b/speech.wav"))

    table = read(run(workspace), "features/loudness/part-00000.parquet")

    assert {name: table.column(name)[0].as_py() for name in expected} == expected
    assert {name: table.column(name)[2].as_py() is None for name in expected} == {
        name: name != "true_peak_dbtp" for name in expected
    }


def test_footer_says_what_made_the_columns(tmp_path: Path) -> None:
    config = features.Config(extractors=("mfcc",), mfcc=recipe.Mfcc(n_mfcc=13))

    outcome = run(workspace_of(tmp_path), config)

    path = outcome.files["features/mfcc/part-00000.parquet"].path
    assert json.loads(pq.read_metadata(path).metadata[b"lds"]) == {
        "extractor": "mfcc",
        "version": "2",
        "parameters": recipes.builtins(config.mfcc),
    }
    assert pq.read_schema(path).metadata[b"lds"] == pq.read_metadata(path).metadata[b"lds"]


def test_columns_carry_their_description_and_unit(tmp_path: Path) -> None:
    schema = read(run(workspace_of(tmp_path)), "features/log-mel/part-00000.parquet").schema

    assert schema.field("log_mel").metadata[b"description"].startswith(b"Mel spectrogram")
    assert schema.field("log_mel").metadata[b"unit"] == b"dB"


@pytest.mark.parametrize("name", ["log-mel", "mfcc"])
def test_floats_are_stored_by_byte_position(tmp_path: Path, name: str) -> None:
    outcome = run(workspace_of(tmp_path))

    group = pq.read_metadata(outcome.files[f"features/{name}/part-00000.parquet"].path).row_group(0)
    assert "BYTE_STREAM_SPLIT" in group.column(1).encodings
    assert not group.column(1).is_stats_set


def test_report_counts_clips_columns_and_bytes(tmp_path: Path) -> None:
    outcome = run(workspace_of(tmp_path), features.Config(extractors=("loudness",)))

    (file,) = outcome.files.values()
    columns = [field.name for field in Loudness(recipe.Loudness()).fields()]
    assert outcome.report == {
        "extractors": {"loudness": {"clips": 3, "columns": columns, "bytes": file.bytes}},
        "parts": 1,
    }


@pytest.mark.parametrize("executor", [Serial(), LocalProcesses(workers=2)], ids=["again", "two processes"])
def test_bytes_do_not_depend_on_the_executor(tmp_path: Path, executor: Executor) -> None:
    rows = [cells | {"duration": PART_SECONDS} for cells in rows_of(RECORDINGS)]  # so that each clip is a part

    one = run(workspace_of(tmp_path, rows, Serial(), "one"))
    other = run(workspace_of(tmp_path, rows, executor, "other"))

    assert len(one.files) == 9
    assert {path: file.sha256 for path, file in one.files.items()} == {
        path: file.sha256 for path, file in other.files.items()
    }


@pytest.mark.parametrize(
    ("durations", "sizes"),
    [
        ([], []),
        ([1.0] * 512, [512]),
        ([1.0] * 1025, [512, 512, 1]),
        ([600.0, 600.0, 0.1], [2, 1]),
        ([1.0, 5000.0, 1.0], [1, 1, 1]),
    ],
)
def test_parts_hold_512_clips_or_20_minutes_at_most(durations: list[float], sizes: list[int]) -> None:
    rows = [row(f"{i:04}.wav", duration=duration) for i, duration in enumerate(durations)]

    tasks = plan(clips_of(manifest(rows)))

    parts = [part for task in tasks for part in task]
    assert [len(part.clips) for part in parts] == sizes
    assert [len(task) for task in tasks] == [1] * len(sizes)
    assert [part.number for part in parts] == list(range(len(sizes)))
    assert [clip.clip_id for part in parts for clip in part.clips] == [cells["clip_id"] for cells in rows]


SPANS = {"short": 300, "long": 600, "one": 1, "other": 2}
"""How many spans of five seconds each recording has; 240 of them are a part."""


def test_spans_of_one_recording_are_one_task(tmp_path: Path) -> None:
    rows = [
        span(row(f"{name}.wav", sample_rate=1_000), 5_000 * number, 5_000)
        for name, count in SPANS.items()
        for number in range(count)
    ]

    tasks = plan(clips_of(manifest(rows)))

    assert [[len(part.clips) for part in task] for task in tasks] == [[240, 60], [240, 240, 120], [3]]
    assert [part.number for task in tasks for part in task] == list(range(6))
    assert [clip.clip_id for task in tasks for part in task for clip in part.clips] == [r["clip_id"] for r in rows]


def test_recordings_whose_spans_fit_into_a_part_share_one() -> None:
    rows = [
        span(row(f"{name}.wav"), 16_000 * number, 16_000)
        for name, count in {"a": 300, "b": 200, "c": 100, "d": 412}.items()
        for number in range(count)
    ]

    assert [[len(part.clips) for part in task] for task in plan(clips_of(manifest(rows)))] == [[500], [512]]


PLACES = [(0, 4_000), (2_000, 8_000), (2_000, 10_800), (12_799, 1)]


def test_a_clip_is_its_span_of_the_recording(tmp_path: Path) -> None:
    (whole,) = rows_of({"b/speech.wav": RECORDINGS["b/speech.wav"]})
    workspace = workspace_of(tmp_path, [span(whole, first, count) for first, count in PLACES[:3]])
    samples, sample_rate = samples_of(workspace, "b/speech.wav")
    extract = LogMel(recipe.LogMel())
    expected = [extract(samples[first : first + count], sample_rate)["log_mel"] for first, count in PLACES[:3]]

    column = read(run(workspace), "features/log-mel/part-00000.parquet").column("log_mel")

    found = [np.array(cell.as_py(), np.float32) for cell in column]
    assert all(np.array_equal(one, np.asarray(other)) for one, other in zip(found, expected, strict=True))


@pytest.mark.usefixtures("installed_plug_in")
def test_parts_of_one_recording_hold_its_clips_in_order(tmp_path: Path) -> None:
    (whole,) = rows_of({"b/speech.wav": RECORDINGS["b/speech.wav"]})
    rows = [span(whole, 20 * number, 20, duration=3.0) for number in range(600)]
    workspace = workspace_of(tmp_path, rows)
    samples, _ = samples_of(workspace, "b/speech.wav")

    outcome = run(workspace, features.Config(extractors=("peak",)))

    assert list(outcome.files) == [f"features/peak/part-0000{number}.parquet" for number in range(2)]
    found = pa.concat_tables([read(outcome, path) for path in outcome.files])
    assert found.column("clip_id").to_pylist() == [cells["clip_id"] for cells in rows]
    assert found.column("peak").to_pylist() == np.abs(samples[:12_000].reshape(600, 20)).max(axis=1).tolist()


def test_a_span_that_the_recording_does_not_reach_is_a_finding_and_those_before_it_are_rows(tmp_path: Path) -> None:
    (whole,) = rows_of({"b/speech.wav": RECORDINGS["b/speech.wav"]})
    rows = [span(whole, *place) for place in [*PLACES[:2], (12_000, 801), (12_700, 101)]]

    outcome = run(workspace_of(tmp_path, rows), features.Config(extractors=("loudness",)))

    assert [(f.code, f.clip_id) for f in unreadable(outcome)] == [
        ("features.unreadable", rows[2]["clip_id"]),
        ("features.unreadable", rows[3]["clip_id"]),
    ]
    table = read(outcome, "features/loudness/part-00000.parquet")
    assert table.column("clip_id").to_pylist() == [cells["clip_id"] for cells in rows[:2]]


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    path.write_bytes(encode(noise(9), 16_000))


@pytest.mark.parametrize("damage", [remove, replace])
def test_recording_that_is_not_the_ingested_one_is_a_finding_and_no_row(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    workspace = workspace_of(tmp_path)
    damage(tmp_path / "audio" / "a.flac")

    outcome = run(workspace)

    clip_ids = workspace.manifest.column("clip_id").to_pylist()
    assert [(f.code, f.severity, f.clip_id, f.path) for f in unreadable(outcome)] == [
        ("features.unreadable", "error", clip_ids[1], "a.flac")
    ]
    assert read(outcome, "features/mfcc/part-00000.parquet").column("clip_id").to_pylist() == [clip_ids[0], clip_ids[2]]
    assert outcome.report["extractors"]["mfcc"]["clips"] == 2


def test_part_without_a_readable_clip_is_a_file_without_rows(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path, [row("gone.wav")])

    table = read(run(workspace), "features/log-mel/part-00000.parquet")

    assert table.num_rows == 0
    assert table.column_names == ["clip_id", "log_mel"]


def test_empty_manifest_is_valid_input(tmp_path: Path) -> None:
    outcome = run(workspace_of(tmp_path, []), features.Config(extractors=("mfcc",)))

    assert outcome.files == {}
    assert outcome.report == {"extractors": {"mfcc": {"clips": 0, "columns": ["mfcc"], "bytes": 0}}, "parts": 0}


class Losing:
    """An executor whose workers all die."""

    def map(self, fn: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Done[Any] | Lost]:  # noqa: ARG002
        return iter([Lost("worker.crashed", "the worker was killed by SIGKILL")] * len(tasks))

    def map_batches(self, fn: Any, items: Sequence[Any], batches: Any, seconds: Any = None) -> Iterator[Any]:  # noqa: ARG002
        return enumerate(self.map(fn, items))


def test_lost_part_ends_the_run_and_is_named(tmp_path: Path) -> None:
    message = r"^part 0 of the features was lost: the worker was killed by SIGKILL$"
    with pytest.raises(MachineError, match=message) as caught:
        run(workspace_of(tmp_path, executor=Losing()))

    assert caught.value.where == "3 clips from b/speech.wav to short.wav"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (features.Config(extractors=("logmel",)), "the extractors have no 'logmel'"),
        (features.Config(mfcc=recipe.Mfcc(n_mels=10)), "10 mel bands have no 20 coefficients"),
    ],
)
def test_extractor_that_cannot_be_made_is_refused_before_any_work(
    tmp_path: Path, config: features.Config, message: str
) -> None:
    workspace = workspace_of(tmp_path, executor=Losing())

    with pytest.raises(UsageError, match=message):
        run(workspace, config)

    assert not workspace.staging.exists()


def test_inputs_are_the_clips_and_the_versions_of_the_extractors(tmp_path: Path) -> None:
    both = features.STAGE.inputs(workspace_of(tmp_path), features.Config(extractors=("mfcc", "log-mel")))
    one = features.STAGE.inputs(workspace_of(tmp_path), features.Config(extractors=("mfcc",)))

    assert sorted(both) == ["extractors", "manifest"]
    assert both["manifest"] == one["manifest"]
    assert both["extractors"] != one["extractors"]


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"duration": 0.7}, {"path": "other.wav"}])
def test_inputs_change_with_the_clips(tmp_path: Path, change: Row) -> None:
    first, *others = rows_of(RECORDINGS)

    before = features.STAGE.inputs(workspace_of(tmp_path, [first, *others]), features.Config())
    after = features.STAGE.inputs(workspace_of(tmp_path, [first | change, *others]), features.Config())

    assert before["manifest"] != after["manifest"]


PLUG_IN = """
import pyarrow as pa

class Peak:
    name = "peak"
    version = "7"

    def fields(self):
        return [pa.field("peak", pa.float32())]

    def __call__(self, samples, sample_rate):
        return {"peak": abs(samples).max()}
"""


@pytest.fixture
def installed_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package with an extractor of its own for the length of a test."""
    folder = tmp_path / "site-packages"
    about = folder / "peak_plug_in-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: peak-plug-in\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[listen_datasets.extractors]\npeak = peak_plug_in:Peak\n")
    (folder / "peak_plug_in.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(str(folder))
    registry._homes.cache_clear()
    yield
    registry._homes.cache_clear()
    registry.find.cache_clear()


@pytest.mark.usefixtures("installed_plug_in")
def test_extractor_of_another_package_is_made_without_parameters(tmp_path: Path) -> None:
    outcome = run(workspace_of(tmp_path), features.Config(extractors=("peak",)))

    table = read(outcome, "features/peak/part-00000.parquet")
    assert table.column("peak")[2].as_py() == pytest.approx(10 ** (-6 / 20), abs=1e-3)
    assert json.loads(table.schema.metadata[b"lds"]) == {"extractor": "peak", "version": "7", "parameters": None}
