from __future__ import annotations

import gzip
import hashlib
import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from listen_datasets import stages
from listen_datasets.dataset import Dataset
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.executors.serial import Serial
from listen_datasets.metadata.cuts import cuts_of
from listen_datasets.metadata.join import match
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.model import Counts
from listen_datasets.spans import Span
from listen_datasets.stores.lhotse import Lhotse, recognises
from listen_datasets.testing.signals import noise

RECORDINGS = "audio_recordings_train.jsonl.gz"
SUPERVISIONS = "audio_supervisions_train.jsonl.gz"


def recording(name: str, source: str | None = None, **fields: Any) -> dict[str, Any]:
    place = {"type": "file", "channels": [0], "source": source or f"{name}.wav"}
    return {"id": name, "sources": [place], "sampling_rate": 8000, "num_samples": 8000, "duration": 1.0, **fields}


def supervision(name: str, about: str, start: float, duration: float, **fields: Any) -> dict[str, Any]:
    return {"id": name, "recording_id": about, "start": start, "duration": duration, "channel": 0, **fields}


def put(root: Path, name: str, values: Iterable[object]) -> None:
    text = "".join((value if isinstance(value, str) else json.dumps(value)) + "\n" for value in values)
    (root / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


def store(root: Path, recordings: Iterable[object], supervisions: Iterable[object] = ()) -> Lhotse:
    put(root, RECORDINGS, recordings)
    put(root, SUPERVISIONS, supervisions)
    for name in "abc":
        (root / f"{name}.wav").write_bytes(name.encode())
    return Lhotse(root)


def codes(found: Lhotse) -> dict[str, str]:
    return {item.path: item.problem.code if item.problem else item.kind for item in found.walk()}


def rows(found: Lhotse) -> list[dict[str, Any]]:
    return [row for table in found.tables() for row in table.columns.to_pylist()]


def findings(found: Lhotse) -> list[tuple[str, str | None, int | None]]:
    return [(item.code, item.path, item.line) for table in found.tables() for item in table.findings]


def unused(found: Lhotse) -> list[str]:
    paths = list(codes(found))
    return [
        code
        for table in found.tables()
        for code in match(table, "file_name", Recordings(paths), has_cuts=True).unused.values()
    ]


# ----------------------------------------------------------------------------------------------------------------------
# What is read


def test_supervisions_are_spans_of_files(tmp_path: Path) -> None:
    about = supervision(
        "s1", "a", 0.25, 0.5, text="hello", speaker="x", language="en", gender="f", custom={"take": 7, "text": "raw"}
    )
    found = store(tmp_path, [recording("a")], [about, supervision("s2", "a", 0.75, 0.25)])
    (table,) = found.tables()

    assert rows(found)[0] == {
        "file_name": "a.wav",
        "id": "s1",
        "recording_id": "a",
        "start": 0.25,
        "duration": 0.5,
        "channel": 0,
        "text": "hello",
        "speaker": "x",
        "language": "en",
        "gender": "f",
        "take": 7,
        "custom.text": "raw",
        "sample_rate": 8000,
        "split": "train",
    }
    cuts = cuts_of(table)
    assert cuts is not None
    assert cuts.spans == {0: Span(0.25, 0.75), 1: Span(0.75, 1.0)}
    assert (findings(found), unused(found)) == ([], [])


def test_recordings_without_supervision_are_whole_clips(tmp_path: Path) -> None:
    found = store(tmp_path, [recording("a"), recording("b")], [supervision("s", "a", 0, 1)])
    spans, wholes = found.tables()

    assert (spans.name, wholes.name) == (SUPERVISIONS, RECORDINGS)
    assert (wholes.columns["file_name"].to_pylist(), list(wholes.lines)) == (["b.wav"], [2])
    assert cuts_of(wholes) is None


def test_walk_passes_the_manifests_over_and_nothing_else(tmp_path: Path) -> None:
    found = store(tmp_path, [recording("a")])
    (tmp_path / "features.jsonl.gz").write_bytes(b"")

    assert codes(found) == dict.fromkeys(["a.wav", "b.wav", "c.wav", "features.jsonl.gz"], "file")
    with found.opened("a.wav") as file:
        assert file.read(0, 9) == b"a"


def test_absolute_paths_beneath_the_folder_are_made_relative(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    found = store(tmp_path, [recording("a", f"{tmp_path}/a.wav"), recording("b", f"{tmp_path}/link/../b.wav")])

    assert [row["file_name"] for row in rows(found)] == ["a.wav", f"{tmp_path}/link/../b.wav"]
    assert unused(found) == ["metadata.unsafe_path"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.wav", "~/a.wav", "https://example.org/a.wav"])
def test_paths_that_lead_elsewhere_are_unsafe(tmp_path: Path, path: str) -> None:
    assert unused(store(tmp_path, [recording("a", path)])) == ["metadata.unsafe_path"]


def test_folder_of_a_similar_name_is_elsewhere(tmp_path: Path) -> None:
    assert unused(store(tmp_path, [recording("a", f"{tmp_path}2/a.wav")])) == ["metadata.unsafe_path"]


@pytest.mark.parametrize("kind", ["command", "url", "memory"])
def test_what_is_no_file_is_neither_fetched_nor_run(tmp_path: Path, kind: str) -> None:
    canary = tmp_path / "canary"
    value = {
        "id": "a/1",
        "sources": [{"type": kind, "channels": [0], "source": f"touch {canary}"}],
        "sampling_rate": 8000,
    }
    found = store(tmp_path, [value], [supervision("s", "a/1", 0, 1)])

    assert codes(found)[f"{kind}:a_1"] == "input.no_file"
    assert unused(found) == []
    assert not canary.exists()
    assert "touch" not in repr([item.problem for item in found.walk()]) + repr(rows(found))


def test_channels_in_several_files_each_have_their_supervisions(tmp_path: Path) -> None:
    sources = [{"type": "file", "channels": [number], "source": f"{name}.wav"} for number, name in enumerate("ab")]
    about = [
        supervision("s0", "r", 0, 1),
        supervision("s1", "r", 0, 1, channel=1),
        supervision("s2", "r", 0, 1, channel=[0, 1]),
    ]
    found = store(tmp_path, [{"id": "r", "sources": sources, "sampling_rate": 8000}], about)

    assert [(row["id"], row["file_name"]) for row in rows(found)] == [
        ("s0", "a.wav"),
        ("s1", "b.wav"),
        ("s2", "a.wav"),
        ("s2", "b.wav"),
    ]


def test_alignments_are_json(tmp_path: Path) -> None:
    about = supervision("s", "a", 0, 1, alignment={"word": [["hello", 0.0, 0.5, None]]})
    found = store(tmp_path, [recording("a")], [about])

    assert rows(found)[0]["alignment"] == '{"word":[["hello",0.0,0.5,null]]}'
    assert findings(found) == []


def test_transforms_are_said_not_to_be_applied(tmp_path: Path) -> None:
    found = store(tmp_path, [recording("a", transforms=[{"name": "Speed"}]), recording("b", transforms=[])])

    assert findings(found) == [("metadata.not_transformed", RECORDINGS, None)]
    assert [row["sample_rate"] for row in rows(found)] == [None, 8000]


@pytest.mark.parametrize(
    "custom", [{"end": 5.0, "offset": 1.0, "split": "x", "file_name": "/x"}, {"start": 1}, 3, None], ids=str
)
def test_custom_keys_cannot_move_a_span(tmp_path: Path, custom: Any) -> None:
    found = store(tmp_path, [recording("a")], [supervision("s", "a", 0.25, 0.5, custom=custom)])
    cuts = cuts_of(found.tables()[0])

    assert cuts is not None
    assert cuts.spans == {0: Span(0.25, 0.75)}
    assert rows(found)[0]["file_name"] == "a.wav"


def test_nothing_that_a_supervision_says_is_lost(tmp_path: Path) -> None:
    about = supervision("s", "a", 0, 1, text="x", end=3, split="mine", custom={"text": "y", "custom.text": "z"})
    (row,) = rows(store(tmp_path, [recording("a")], [about]))

    assert (row["text"], row["custom.text"], row["custom.custom.text"]) == ("x", "y", "z")
    assert (row["original_end"], row["original_split"], row["split"]) == (3, "mine", "train")


def two_splits(root: Path, supervisions: str) -> Lhotse:
    """Write manifests of two splits with an id in common."""
    put(root, "recordings_train.jsonl.gz", [recording("1", "a.wav"), recording("2", "c.wav")])
    put(root, "recordings_dev.jsonl", [recording("1", "b.wav"), recording("2", "c.wav")])
    put(root, supervisions, [supervision("s", "1", 0, 1), supervision("t", "2", 0, 1)])
    return Lhotse(root)


@pytest.mark.parametrize(
    ("supervisions", "file"), [("supervisions_train.jsonl.gz", "a.wav"), ("supervisions_dev.jsonl.gz", "b.wav")]
)
def test_an_id_of_several_recordings_means_the_one_of_its_split(tmp_path: Path, supervisions: str, file: str) -> None:
    found = two_splits(tmp_path, supervisions)

    assert [row["file_name"] for row in found.tables()[0].columns.to_pylist()] == [file, "c.wav"]
    assert sorted(row["file_name"] for row in rows(found)) == ["a.wav", "b.wav", "c.wav"]
    assert findings(found) == []


def test_an_id_of_several_recordings_that_could_mean_any_is_refused(tmp_path: Path) -> None:
    found = two_splits(tmp_path, "supervisions_all.jsonl")

    assert [row["file_name"] for row in found.tables()[0].columns.to_pylist()] == ["c.wav"]
    assert findings(found) == [("metadata.bad_line", "supervisions_all.jsonl", 1)]


# ----------------------------------------------------------------------------------------------------------------------
# Cuts


def test_cuts_are_read_where_there_are_no_recordings(tmp_path: Path) -> None:
    cut = {"id": "c", "start": 0.5, "duration": 0.4, "channel": 0, "type": "MonoCut", "recording": recording("a")}
    inner = [supervision("s1", "a", 0.1, 0.2, text="x"), supervision("s2", "a", 0.3, 0.1, text="y")]
    put(tmp_path, "cuts_dev.jsonl", [{**cut, "supervisions": inner}, {**cut, "id": "d", "supervisions": []}])
    (tmp_path / "a.wav").write_bytes(b"a")
    found = Lhotse(tmp_path)

    assert [(row["cut_id"], row["start"], row["duration"], row["text"], row["split"]) for row in rows(found)] == [
        ("c", 0.6, 0.2, "x", "validation"),
        ("c", 0.8, 0.1, "y", "validation"),
        ("d", 0.5, 0.4, None, "validation"),
    ]
    assert unused(found) == []


def test_what_a_cut_says_hides_nothing_of_its_supervisions(tmp_path: Path) -> None:
    cut = {"id": "c", "start": 0, "duration": 1, "type": "MonoCut", "recording": recording("a")}
    about = supervision("s", "a", 0, 1, text="x", custom={"n": 1})
    put(tmp_path, "cuts.jsonl", [{**cut, "supervisions": [about], "custom": {"text": "y", "n": 2, "m": 3}}])
    (row,) = rows(Lhotse(tmp_path))

    assert {"text": "x", "n": 1, "cut.text": "y", "cut.n": 2, "m": 3}.items() <= row.items()


def test_a_mixed_cut_is_refused_alone(tmp_path: Path) -> None:
    cut = {"id": "c", "start": 0, "duration": 0.4, "type": "MonoCut", "recording": recording("a")}
    put(tmp_path, "cuts.jsonl", [cut, {"type": "MixedCut", "id": "m", "tracks": []}, cut])

    assert findings(Lhotse(tmp_path)) == [("metadata.bad_line", "cuts.jsonl", 2)]
    assert len(rows(Lhotse(tmp_path))) == 2


# ----------------------------------------------------------------------------------------------------------------------
# Damage and malice


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        '{"id": "x", "id": "y"}',
        {"id": "x"},
        {"id": 3, "sources": []},
        {"id": "x", "sources": []},
        {"id": "x", "sources": ["a.wav"]},
        {"id": "x", "sources": [{"type": "file", "source": 3}]},
        recording("a", "other.wav"),
        "[" * 5000,
    ],
    ids=str,
)
def test_a_bad_line_costs_itself_alone(tmp_path: Path, line: Any) -> None:
    found = store(tmp_path, [recording("a"), line, recording("b")], [supervision("s", "a", 0, 1)])

    assert [row["file_name"] for row in rows(found)] == ["a.wav", "b.wav"]
    assert findings(found) == [("metadata.bad_line", RECORDINGS, 2)]
    assert [item.line for table in found.tables() for item in table.refused] == [2]


@pytest.mark.parametrize(
    "line", [{"id": "s"}, {**supervision("s", "a", 0, 1), "duration": "1"}, {**supervision("s", "a", 0, 1), "start": True}], ids=str
)  # fmt: skip
def test_a_bad_supervision_costs_itself_alone(tmp_path: Path, line: Any) -> None:
    found = store(tmp_path, [recording("a")], [supervision("s", "a", 0, 1), line])

    assert len(rows(found)) == 1
    assert findings(found) == [("metadata.bad_line", SUPERVISIONS, 2)]


def test_supervision_of_an_unknown_recording_is_an_input_of_its_own(tmp_path: Path) -> None:
    assert unused(store(tmp_path, [recording("a")], [supervision("s", "a.wav", 0, 1)])) == ["metadata.file_missing"]


def test_manifest_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="it is no recording"):
        store(tmp_path, [{"x": number} for number in range(5)]).tables()


@pytest.mark.parametrize("damage", ["cut", "bomb", "utf-16", "foreign"])
def test_manifest_that_cannot_be_read_to_its_end_is_refused(tmp_path: Path, damage: str) -> None:
    found = store(tmp_path, [recording(str(number)) for number in range(500)])
    path = tmp_path / RECORDINGS
    whole = path.read_bytes()
    ruined = {
        "cut": whole[: len(whole) // 2],
        "bomb": gzip.compress((b" " * 999 + b"\n") * 20_000),
        "utf-16": json.dumps(recording("a")).encode("utf-16"),
        "foreign": whole + b"x",
    }
    path.write_bytes(ruined[damage])

    with pytest.raises(MetadataError):
        found.tables()


def test_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no lhotse manifest"):
        list(Lhotse(tmp_path).walk())
    with pytest.raises(RecipeError, match="there is no such folder"):
        Lhotse.at(tmp_path / "none")


def test_store_travels_and_notices_a_manifest_that_was_written_again(tmp_path: Path) -> None:
    found = store(tmp_path, [recording("a")])
    copy = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert len(rows(copy)) == 1
    store(tmp_path, [recording("a"), recording("b")])

    assert (len(rows(found)), copy) == (2, found)


# ----------------------------------------------------------------------------------------------------------------------
# Recognition


@pytest.mark.parametrize("name", ["recordings.jsonl", RECORDINGS])
def test_a_manifest_of_recordings_is_recognised(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, [recording("a")])
    assert recognises(tmp_path)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("recordings.jsonl", {"file_name": "a.wav"}),
        ("recordings.jsonl", "x"),
        ("recordings.csv", recording("a")),
        ("metadata.jsonl", recording("a")),
        (SUPERVISIONS, supervision("s", "a", 0, 1)),
    ],
)
def test_other_tables_are_not_recognised(tmp_path: Path, name: str, line: Any) -> None:
    put(tmp_path, name, [line])
    assert not recognises(tmp_path)


# ----------------------------------------------------------------------------------------------------------------------
# Through ingest


def md5(path: Path, first: int, count: int) -> str:
    samples, _ = sf.read(path, dtype="int16", start=first, frames=count)
    return hashlib.md5(samples.astype("<i2").tobytes(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("kind", ["lhotse:", ""])
def test_supervisions_become_clips_of_their_samples(tmp_path: Path, kind: str) -> None:
    hub = tmp_path / "hub"
    (hub / "wav").mkdir(parents=True)
    for number, name in enumerate("abc"):
        sf.write(hub / "wav" / f"{name}.wav", noise(number, duration=1, sample_rate=8000), 8000, subtype="PCM_16")
    command = {"id": "d", "sources": [{"type": "command", "channels": [0], "source": f"touch {tmp_path}/canary"}]}
    named = [*(recording(name, f"wav/{name}.wav") for name in "ab"), command, recording("e", "../x.wav")]
    put(hub, RECORDINGS, [*named, recording("f", "wav/gone.wav")])
    spans = [supervision("s1", "a", 0.5, 0.25, text="007"), supervision("s2", "a", 0.0, 0.5, text="NA")]
    put(hub, SUPERVISIONS, [*spans, supervision("s3", "a", 2.0, 0.5, text="x")])
    recipe = f'[dataset]\nname = "made"\n[ingest]\nmax-reject = 1.0\n[[source]]\nname = "hub"\npath = "{kind}../hub"\n'
    dataset = Dataset.create(tmp_path / "dataset", {"lds.toml": recipe.encode()})

    applied = dataset.apply(stages.find("ingest"), executor=Serial())

    names = ("path", "start", "num_samples", "text", "id", "declared_split", "pcm_md5")
    assert [tuple(row[name] for name in names) for row in dataset.manifest.to_pylist()] == [
        ("wav/a.wav", 0.0, 4000, "NA", "s2", "train", md5(hub / "wav" / "a.wav", 0, 4000)),
        ("wav/a.wav", 0.5, 2000, "007", "s1", "train", md5(hub / "wav" / "a.wav", 4000, 2000)),
        ("wav/b.wav", 0.0, 8000, None, None, "train", md5(hub / "wav" / "b.wav", 0, 8000)),
        ("wav/c.wav", 0.0, 8000, None, None, None, md5(hub / "wav" / "c.wav", 0, 8000)),
    ]
    assert sorted(row["code"] for row in dataset.rejected.to_pylist()) == [
        "input.no_file",
        "metadata.file_missing",
        "metadata.span_outside",
        "metadata.unsafe_path",
    ]
    assert applied.counts == Counts(inputs=8, kept=4, rejected=4)
    assert [item.path for item in applied.findings if item.code == "metadata.row_missing"] == ["wav/c.wav"]
    assert not (tmp_path / "canary").exists()
