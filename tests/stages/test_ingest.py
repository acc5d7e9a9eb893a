from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import catalogue, config, stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.errors import MetadataError, NothingError, RecipeError, TooManyRejected, UsageError
from listen_datasets.executors import Done, Executor, Lost
from listen_datasets.executors.local import LocalProcesses
from listen_datasets.executors.serial import Serial
from listen_datasets.model import Counts
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

T = TypeVar("T")
R = TypeVar("R")

INGEST = stages.find("ingest")


def sound(number: int, container: str = "WAV") -> bytes:
    """Return a tenth of a second of noise that is another one for every number."""
    return encode(noise(number, duration=0.1, sample_rate=8000), 8000, container=container)


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def table(path: Path, *lines: str) -> str:
    """Write a table beside the dataset and return its name as the recipe has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path.name


class Make:
    """Makes ``dataset`` in a folder, with sources that lie beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, sources: Mapping[str, Sequence[str]], sections: str = "") -> Dataset:
        """Return a new dataset with these sources, each a folder of its own name, and their tables."""
        recipe = f'[dataset]\nname = "made"\n{sections}'
        for name, tables in sources.items():
            if not (self.folder / name).exists():
                (self.folder / name).mkdir()
            recipe += f'[[source]]\nname = "{name}"\npath = "../{name}"\n'
            recipe += f"metadata = {json.dumps([f'../{path}' for path in tables])}\n"
        shutil.rmtree(self.folder / "dataset", ignore_errors=True)
        return Dataset.create(self.folder / "dataset", {"lds.toml": recipe.encode()})


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)


def ingest(dataset: Dataset, executor: Executor | None = None, **options: object) -> Applied:
    return dataset.apply(INGEST, executor=executor or Serial(), **options)  # type: ignore[arg-type]


def codes(applied: Applied) -> list[tuple[str, str | None]]:
    return [(item.code, item.path) for item in applied.findings]


def column(dataset: Dataset, name: str) -> dict[str, object]:
    """Return a column of the manifest by the path of the recording."""
    manifest = dataset.manifest
    return dict(zip(manifest["path"].to_pylist(), manifest[name].to_pylist(), strict=True))


# ----------------------------------------------------------------------------------------------------------------------
# Conservation


def test_every_input_is_a_row_or_rejected(make: Make, tmp_path: Path) -> None:
    write(
        tmp_path / "a", {"good.wav": sound(1), "bad.wav": b"<html></html>", "cut.wav": sound(2)[:-9], "notes.txt": b""}
    )
    (tmp_path / "a" / "link.wav").symlink_to("good.wav")
    rows = table(tmp_path / "a.csv", "file_name", "good.wav", "bad.wav", "gone.wav", "../out.wav", "good.wav")

    dataset = make({"a": [rows]})
    applied = ingest(dataset)

    rejected = {(each["path"], each["code"]) for each in dataset.rejected.to_pylist()}
    assert dataset.manifest["path"].to_pylist() == ["good.wav"]
    assert rejected == {
        ("bad.wav", "audio.not_audio"),
        ("cut.wav", "audio.truncated"),
        ("link.wav", "input.link"),
        ("gone.wav", "metadata.file_missing"),
        ("../out.wav", "metadata.unsafe_path"),
    }
    assert applied.counts == Counts(inputs=6, kept=1, rejected=5)
    assert applied.entry.report["ignored"] == {".txt": 1}


def test_everything_rejected_has_its_finding(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"good.wav": sound(1), "bad.wav": b"x", "empty.flac": b""})
    (tmp_path / "a" / "pipe.wav").parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / "a" / "pipe.wav")

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name", "good.wav", "gone.wav")]})
    applied = ingest(dataset)

    found = {item.code for item in applied.findings}
    assert {each["code"] for each in dataset.rejected.to_pylist()} <= found
    assert {(item.code, item.severity) for item in applied.findings} == {
        (code, catalogue.severity(code)) for code in found
    }


def test_what_was_read_and_is_bad_keeps_its_digest(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"good.wav": sound(1), "bad.wav": b"no sound"})

    dataset = make({"a": []})
    ingest(dataset)

    (bad,) = dataset.rejected.to_pylist()
    assert (bad["bytes"], bad["sha256"]) == (8, hashlib.sha256(b"no sound").hexdigest())


def test_files_without_a_row_and_rows_without_a_file_are_named(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"here.wav": sound(1), "new.wav": sound(2)})

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,label", "here.wav,x", "gone.wav,y")]})

    assert codes(ingest(dataset)) == [("metadata.file_missing", "a.csv"), ("metadata.row_missing", "new.wav")]
    assert column(dataset, "label") == {"here.wav": "x", "new.wav": None}
    assert column(dataset, "metadata_line") == {"here.wav": 2, "new.wav": None}


def test_a_source_without_tables_expects_no_rows(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})

    assert codes(ingest(make({"a": []}))) == []


def test_a_table_that_lies_in_the_source_and_is_not_named_is_mentioned(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "metadata.csv": b"file_name\nx.wav\n"})

    report = ingest(make({"a": []})).entry.report

    assert report["notes"] == ["metadata.csv lies in the source 'a' and was not read; give it with --metadata"]


def test_a_row_that_names_a_link_is_one_input_with_it(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    (tmp_path / "a" / "link.wav").symlink_to("x.wav")

    applied = ingest(make({"a": [table(tmp_path / "a.csv", "file_name", "x.wav", "link.wav")]}))

    assert applied.counts == Counts(inputs=2, kept=1, rejected=1)


def test_a_file_of_another_suffix_is_read_if_a_row_names_it(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.dat": sound(1), "y.dat": sound(2)})

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name", "x.dat")]})
    ingest(dataset)

    assert dataset.manifest["path"].to_pylist() == ["x.dat"]


# ----------------------------------------------------------------------------------------------------------------------
# Ids


def ids(make: Make) -> dict[str, object]:
    dataset = make({"a": []})
    ingest(dataset)
    return column(dataset, "clip_id")


def test_an_id_is_made_of_the_content(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})

    assert ids(make) == {"x.wav": hashlib.sha256(sound(1)).hexdigest()[:20]}


def test_ids_stay_when_files_are_renamed_and_others_come(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.wav": sound(2)})
    before = ids(make)
    (tmp_path / "a" / "x.wav").rename(tmp_path / "a" / "z.wav")
    write(tmp_path / "a", {"0.wav": sound(3)})

    after = ids(make)

    assert (after["z.wav"], after["y.wav"]) == (before["x.wav"], before["y.wav"])
    assert len(set(after.values())) == 3


def test_copies_are_numbered_in_the_order_of_their_paths(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"b/x.wav": sound(1), "a/x.wav": sound(1), "c.wav": sound(1)})
    stem = hashlib.sha256(sound(1)).hexdigest()[:20]

    assert ids(make) == {"a/x.wav": stem, "b/x.wav": f"{stem}-1", "c.wav": f"{stem}-2"}


def test_the_same_path_in_two_sources_is_two_recordings(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    write(tmp_path / "b", {"x.wav": sound(2)})

    dataset = make({"b": [], "a": []})
    ingest(dataset)

    assert dataset.manifest.select(["source", "path"]).to_pylist() == [
        {"source": "a", "path": "x.wav"},
        {"source": "b", "path": "x.wav"},
    ]


def test_a_finding_names_the_clip_of_its_own_source(make: Make, tmp_path: Path) -> None:
    streamed = sound(1)[:4] + b"\xff" * 4 + sound(1)[8:40] + b"\xff" * 4 + sound(1)[44:]
    write(tmp_path / "a", {"x.wav": streamed})
    write(tmp_path / "b", {"x.wav": sound(2)})

    dataset = make({"a": [], "b": []})
    (finding,) = ingest(dataset).findings

    assert (finding.path, finding.clip_id) == ("x.wav", hashlib.sha256(streamed).hexdigest()[:20])


def test_tables_of_one_name_are_told_apart(make: Make, tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, {"x.wav": sound(ord(name))})
        table(tmp_path / "tables" / name / "metadata.csv", "file_name,take", "x.wav,one" if name == "b" else "x.wav,1")
    dataset = typed(make({"a": ["tables/a/metadata.csv"], "b": ["tables/b/metadata.csv"]}), take="integer")

    (finding,) = ingest(dataset).findings

    assert (finding.code, finding.path) == ("metadata.type", "b/b/metadata.csv")
    assert finding.clip_id == hashlib.sha256(sound(ord("b"))).hexdigest()[:20]
    assert set(dataset.manifest["metadata_file"].to_pylist()) == {"a/a/metadata.csv", "b/b/metadata.csv"}


# ----------------------------------------------------------------------------------------------------------------------
# The user's columns


@pytest.mark.parametrize("text", ["007", "NA", "null", "None", "no", "1e5", "0.10", "12345678901234567890", " x ", "é"])
def test_text_stays_text(make: Make, tmp_path: Path, text: str) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,value", f"x.wav,{text}")]})
    ingest(dataset)

    assert column(dataset, "value") == {"x.wav": text}


def test_a_column_whose_name_is_taken_arrives_as_declared(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,duration", "x.wav,9.5")]})
    ingest(dataset)

    assert column(dataset, "declared_duration") == {"x.wav": "9.5"}
    assert column(dataset, "duration") == {"x.wav": 0.1}


def test_two_columns_that_would_get_one_name_are_refused(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    lines = ["file_name,duration,declared_duration", "x.wav,1,2"]

    with pytest.raises(UsageError, match="would be called 'declared_duration'"):
        ingest(make({"a": [table(tmp_path / "a.csv", *lines)]}))


def typed(dataset: Dataset, **types: str) -> Dataset:
    """Give the dataset a schema that declares types of columns."""
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}
    (dataset.root / "metadata.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    return dataset


def test_columns_are_typed_by_the_schema(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    dataset = typed(make({"a": [table(tmp_path / "a.csv", "file_name,take", "x.wav,7")]}), take="integer")
    ingest(dataset)

    assert dataset.manifest.schema.field("take").type == pa.int64()
    assert column(dataset, "take") == {"x.wav": 7}


def test_a_value_that_is_of_no_type_is_a_finding_about_its_clip(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.wav": sound(2)})
    dataset = typed(
        make({"a": [table(tmp_path / "a.csv", "file_name,take", "x.wav,7", "y.wav,seven")]}), take="integer"
    )

    (finding,) = ingest(dataset).findings

    assert (finding.code, finding.line, finding.value) == ("metadata.type", 3, "seven")
    assert finding.clip_id == column(dataset, "clip_id")["y.wav"]
    assert column(dataset, "take") == {"x.wav": "7", "y.wav": "seven"}


def test_a_column_that_stays_text_in_one_table_stays_text_in_all(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.wav": sound(2)})
    names = [
        table(tmp_path / "1.csv", "file_name,take", "x.wav,7.50"),
        table(tmp_path / "2.csv", "file_name,take", "y.wav,seven"),
    ]
    dataset = typed(make({"a": names}), take="number")

    assert codes(ingest(dataset)) == [("metadata.type", "2.csv")]
    assert column(dataset, "take") == {"x.wav": "7.50", "y.wav": "seven"}


def test_two_tables_of_a_source_are_stacked(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.wav": sound(2)})
    names = [
        table(tmp_path / "1.csv", "file_name,label", "x.wav,one"),
        table(tmp_path / "2.csv", "path,speaker", "y.wav,ann", "x.wav,bob"),
    ]

    dataset = make({"a": names})

    assert codes(ingest(dataset)) == [("metadata.duplicate_row", "2.csv")]
    assert column(dataset, "label") == {"x.wav": "one", "y.wav": None}
    assert column(dataset, "speaker") == {"x.wav": None, "y.wav": "ann"}


# ----------------------------------------------------------------------------------------------------------------------
# Refusals


def test_no_recording_at_all_is_not_green(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"notes.txt": b"x"})

    with pytest.raises(NothingError, match="no recording in any source"):
        ingest(make({"a": []}))


def test_a_recipe_without_a_source_says_what_to_do(make: Make) -> None:
    with pytest.raises(UsageError, match="names no source") as caught:
        ingest(make({}))

    assert caught.value.hint == "lds ingest dataset SOURCE"


def test_a_source_that_is_gone_is_named(make: Make, tmp_path: Path) -> None:
    dataset = make({"a": []})
    (tmp_path / "a").rmdir()

    with pytest.raises(RecipeError, match="the source 'a' is not there"):
        ingest(dataset)


def test_a_dataset_in_its_own_source_is_refused(make: Make, tmp_path: Path) -> None:
    dataset = make({"a": []})
    recipe = '[dataset]\nname = "made"\n[[source]]\nname = "all"\npath = ".."\n'
    (dataset.root / "lds.toml").write_text(recipe, encoding="utf-8")

    with pytest.raises(UsageError, match="the dataset lies inside its source"):
        ingest(Dataset.open(dataset.root))


@pytest.fixture
def mostly_bad(make: Make, tmp_path: Path) -> Dataset:
    write(tmp_path / "a", {f"{number:02}.wav": b"x" for number in range(21)} | {"good.wav": sound(1)})
    return make({"a": []})


def test_too_many_rejected_commit_nothing(mostly_bad: Dataset) -> None:
    with pytest.raises(TooManyRejected, match="21 of 22 inputs are rejected") as caught:
        ingest(mostly_bad)

    assert "00.wav" in str(caught.value.where)
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("--max-reject 0.96")
    assert [path.name for path in mostly_bad.root.iterdir()] == ["lds.toml", ".lds"] or not list(
        mostly_bad.root.glob("*.parquet")
    )


def test_too_many_rejected_are_let_through_on_demand(mostly_bad: Dataset) -> None:
    applied = ingest(mostly_bad, section=config.merged(mostly_bad.recipe.ingest, {"max_reject": 0.96}))

    assert applied.counts == Counts(inputs=22, kept=1, rejected=21)


def test_twenty_rejected_are_few(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {f"{number:02}.wav": b"x" for number in range(20)})

    assert ingest(make({"a": []})).counts == Counts(inputs=20, rejected=20)


def test_a_table_that_cannot_be_read_to_its_end_stops_everything(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,label", 'x.wav,"open')]})

    with pytest.raises(MetadataError):
        ingest(dataset)

    assert not (dataset.root / "manifest.parquet").exists()


# ----------------------------------------------------------------------------------------------------------------------
# Workers


class _Crashing:
    """Loses its worker with every item that has a certain path in it, as a decoder that aborts would."""

    def __init__(self, path: str, code: str = "worker.crashed") -> None:
        self._path = path
        self._code = code

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        raise NotImplementedError

    def map_batches(
        self, fn: Callable[[T], R], items: Sequence[T], batches: Sequence[range], seconds: Sequence[float] | None = None
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        assert seconds is not None
        for position in (position for batch in batches for position in batch):
            is_deadly = self._path in str(items[position])
            yield position, Lost(self._code, "signal SIGABRT") if is_deadly else Done(fn(items[position]))


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        ("worker.crashed", "audio.decoder_crashed"),
        ("worker.memory", "audio.decoder_memory"),
        ("worker.timeout", "audio.timeout"),
    ],
)
def test_a_decoder_that_fails_costs_one_file(make: Make, tmp_path: Path, lost: str, code: str) -> None:
    write(tmp_path / "a", {f"{number}.wav": sound(number) for number in range(6)})

    dataset = make({"a": []})
    applied = ingest(dataset, _Crashing("3.wav", lost))

    assert applied.counts == Counts(inputs=6, kept=5, rejected=1)
    assert codes(applied) == [(code, "3.wav")]
    assert dataset.rejected["reason"].to_pylist() == ["the decoder failed twice: signal SIGABRT"]


def test_a_file_whose_decoder_crashed_is_tried_again(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {f"{number}.wav": sound(number) for number in range(3)})
    dataset = make({"a": []})
    ingest(dataset, _Crashing("1.wav"))

    assert ingest(dataset).counts == Counts(inputs=3, kept=3)


def test_workers_change_no_byte(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {f"{number}.wav": sound(number) for number in range(5)} | {"bad.wav": b"x"})
    rows = table(tmp_path / "a.csv", "file_name,label", *(f"{number}.wav,{number}" for number in range(6)))

    def files(executor: Executor) -> dict[str, bytes]:
        dataset = make({"a": [rows]})
        ingest(dataset, executor)
        return {path.name: path.read_bytes() for path in dataset.root.rglob("*.parquet")}

    assert files(LocalProcesses(2)) == files(Serial())


# ----------------------------------------------------------------------------------------------------------------------
# What it depends on


@pytest.fixture
def done(make: Make, tmp_path: Path) -> Dataset:
    """Return a dataset that has been ingested, with something of every kind in its source."""
    write(tmp_path / "a", {"x.wav": sound(1), "bad.wav": b"x", "notes.txt": b"x"})
    (tmp_path / "a" / "link.wav").symlink_to("x.wav")
    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,label", "x.wav,one", "gone.wav,two")]})
    ingest(dataset)
    return dataset


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "time": lambda folder: os.utime(folder / "a" / "x.wav", (0, 0)),
    "a file that is not read": lambda folder: (folder / "a" / "notes.txt").write_bytes(b"y"),
    "a byte": lambda folder: write(folder / "a", {"x.wav": sound(1)[:-1] + b"\0"}),
    "a name": lambda folder: (folder / "a" / "x.wav").rename(folder / "a" / "y.wav"),
    "one more": lambda folder: write(folder / "a", {"z.wav": sound(9)}),
    "a rejected file": lambda folder: write(folder / "a", {"bad.wav": b"y"}),
    "a mended file": lambda folder: write(folder / "a", {"bad.wav": sound(8)}),
    "a file that is gone": lambda folder: (folder / "a" / "bad.wav").unlink(),
    "a link that is gone": lambda folder: (folder / "a" / "link.wav").unlink(),
    "a cell": lambda folder: table(folder / "a.csv", "file_name,label", "x.wav,other", "gone.wav,two"),
    "a schema": lambda folder: table(folder / "dataset" / "metadata.schema.json", '{"type": "object"}'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_runs_again_if_what_it_read_has_changed(done: Dataset, tmp_path: Path, change: str) -> None:
    CHANGES[change](tmp_path)

    is_new = change not in {"nothing", "time", "a file that is not read"}
    assert ingest(Dataset.open(done.root)).is_up_to_date != is_new


def test_a_damaged_manifest_is_made_anew(done: Dataset) -> None:
    (done.root / "manifest.parquet").write_bytes(b"damaged")

    assert not ingest(done).is_up_to_date
    assert done.manifest["path"].to_pylist() == ["x.wav"]


def test_a_damaged_table_of_rejected_inputs_is_made_anew(done: Dataset) -> None:
    (done.root / "rejected.parquet").write_bytes(b"damaged")

    assert not ingest(done).is_up_to_date
    assert done.rejected.num_rows == 3


def test_inputs_are_never_touched(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.flac": sound(2, "FLAC"), "bad.wav": b"x"})
    rows = table(tmp_path / "a.csv", "file_name", "x.wav")
    inputs = [*(tmp_path / "a").iterdir(), tmp_path / "a.csv"]

    def seen() -> list[tuple[bytes, int, int]]:
        return [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in inputs]

    before = seen()
    ingest(make({"a": [rows]}))

    assert seen() == before
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["bad.wav", "x.wav", "y.flac"]


def test_rows_that_could_not_be_read_are_rejected_inputs(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "y.wav": sound(2)})

    dataset = make({"a": [table(tmp_path / "a.csv", "file_name,label", "x.wav,one", "y.wav,two,three", "z.wav,four")]})
    applied = ingest(dataset)

    assert applied.counts == Counts(inputs=4, kept=2, rejected=2)
    assert dataset.rejected["path"].to_pylist() == ["a.csv:3", "z.wav"]
    assert codes(applied) == [
        ("metadata.file_missing", "a.csv"),
        ("metadata.ragged_row", "a.csv"),
        ("metadata.row_missing", "y.wav"),
    ]


def test_rows_of_one_line_are_told_apart(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    (tmp_path / "a.json").write_text('[{"file": "gone.wav"}, {"file": "x.wav"}, {"file": "../y.wav"}]')

    dataset = make({"a": ["a.json"]})
    applied = ingest(dataset)

    assert applied.counts == Counts(inputs=3, kept=1, rejected=2)
    assert dict(zip(*(dataset.rejected[name].to_pylist() for name in ("path", "code")), strict=True)) == {
        "gone.wav": "metadata.file_missing", "../y.wav": "metadata.unsafe_path",
    }  # fmt: skip


def test_an_archive_is_a_source_like_a_folder(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1), "deep/y.flac": sound(2, "FLAC"), "bad.wav": b"no sound"})
    with tarfile.open(tmp_path / "b", "w:gz") as archive:
        archive.add(tmp_path / "a", arcname=".")
    folder, packed = make({"a": []}), make({"b": []})
    ingest(folder)
    applied = ingest(packed, LocalProcesses(2))

    assert applied.counts == Counts(inputs=3, kept=2, rejected=1)
    assert column(packed, "pcm_md5") == column(folder, "pcm_md5")
    assert ingest(packed).is_up_to_date


def test_a_member_that_cannot_be_opened_does_not_keep_an_archive_from_being_up_to_date(
    make: Make, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        archive.writestr("x.wav", sound(1))
        archive.writestr("y.wav", sound(2))
    data = (tmp_path / "b").read_bytes()
    at = data.index(b"y.wav") + 1000
    (tmp_path / "b").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    dataset = make({"b": []})
    first = ingest(dataset)

    assert codes(first) == [("input.member_damaged", "y.wav")]
    assert ingest(dataset).is_up_to_date
    assert dataset.apply(INGEST, INGEST.config(trust_stat=True), executor=Serial()).is_up_to_date


def test_another_name_of_the_label_is_taken_from_the_folders_anew(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"dog/x.wav": sound(1)})
    dataset = make({"a": []}, "[ingest]\nlabel-from-folder = true\n")
    ingest(dataset)
    recipe = dataset.root / config.RECIPE
    recipe.write_text(recipe.read_text().replace('name = "made"', 'name = "made"\nlabel = "animal"'))

    ingest(Dataset.open(dataset.root))

    assert column(dataset, "animal") == {"dog/x.wav": "dog"}


def test_notes_of_the_last_run_that_are_not_what_lds_wrote_are_left_aside(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "a", {"x.wav": sound(1)})
    dataset = make({"a": []})
    ingest(dataset)
    pq.write_table(pa.table({"path": ["x.wav"]}), dataset.root / ".lds" / "cache" / "stamps.parquet")

    assert ingest(dataset).is_up_to_date
