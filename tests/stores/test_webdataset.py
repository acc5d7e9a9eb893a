from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from listen_datasets import stages
from listen_datasets.dataset import Applied, Dataset
from listen_datasets.errors import RecipeError
from listen_datasets.executors.serial import Serial
from listen_datasets.inputs import InputProblem
from listen_datasets.metadata.join import match
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.model import Counts
from listen_datasets.stores.webdataset import WebDataset, recognises
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

Members = Iterable[tuple[str, bytes]]


def shard(path: Path, members: Members, mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def sample(key: str, **said: Any) -> list[tuple[str, bytes]]:
    return [(f"{key}.wav", f"sound of {key}".encode()), (f"{key}.json", json.dumps(said).encode())]


def store(root: Path, *members: tuple[str, bytes], name: str = "train-000000.tar") -> WebDataset:
    shard(root / name, members)
    return WebDataset(root)


def content(found: WebDataset, path: str) -> bytes:
    with found.opened(path) as file:
        return file.read(0, file.size + 1)


def codes(found: WebDataset) -> dict[str, str]:
    return {item.path: item.problem.code if item.problem else item.kind for item in found.walk()}


def rows(found: WebDataset) -> list[dict[str, Any]]:
    return [row for table in found.tables() for row in table.columns.to_pylist()]


def findings(found: WebDataset) -> list[tuple[str, str | None]]:
    return [(item.code, item.path) for table in found.tables() for item in table.findings]


# ----------------------------------------------------------------------------------------------------------------------
# Samples


def test_samples_are_recordings_with_what_is_said_about_them(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a", speaker="x", n=1), *sample("b/c", speaker="y", n=2))

    assert codes(found) == {"train-000000.tar/a.wav": "file", "train-000000.tar/b/c.wav": "file"}
    assert content(found, "train-000000.tar/b/c.wav") == b"sound of b/c"
    shared = {"shard": "train-000000.tar", "split": "train"}
    assert rows(found) == [
        {"file_name": "train-000000.tar/a.wav", "__key__": "a", **shared, "speaker": "x", "n": 1},
        {"file_name": "train-000000.tar/b/c.wav", "__key__": "b/c", **shared, "speaker": "y", "n": 2},
    ]
    assert findings(found) == []


def test_positions_run_through_all_shards(tmp_path: Path) -> None:
    for number in range(3):
        shard(tmp_path / f"{number:06d}.tar", [*sample("z"), *sample("a")])
    found = sorted(WebDataset(tmp_path).walk(), key=lambda item: item.position)

    assert [item.path for item in found] == [f"00000{number}.tar/{key}.wav" for number in range(3) for key in "za"]
    assert len({item.stamp for item in found}) == 6


@pytest.mark.parametrize(
    ("name", "data", "column", "value"),
    [
        ("a.txt", b"hello\n", "txt", "hello"),
        ("a.txt", b"two\nlines\r\n", "txt", "two\nlines"),
        ("a.cls", b"007", "cls", "007"),
        ("a.transcript", "ä".encode(), "transcript", "ä"),
        ("a.TXT", b"\xef\xbb\xbfNA", "txt", "NA"),
        ("a.words.txt", b"x", "words.txt", "x"),
        ("a.json", b"[1, 2]", "json", [1, 2]),
        ("a.json", b'{"n": 9007199254740993}', "n", 9007199254740993),
        ("a.json", b'{"shard": "theirs"}', "json.shard", "theirs"),
        ("a.json", b'{"file_name": "../x"}', "json.file_name", "../x"),
        ("a.json", b'{"declared_split": "x"}', "original_declared_split", "x"),
    ],
)
def test_sidecars_are_columns(tmp_path: Path, name: str, data: bytes, column: str, value: Any) -> None:
    (row,) = rows(store(tmp_path, ("a.wav", b"x"), (name, data)))
    assert row[column] == value


def test_a_text_gives_way_to_a_key_of_its_name(tmp_path: Path) -> None:
    (row,) = rows(store(tmp_path, *sample("a", text="from json"), ("a.text", b"from text")))
    assert (row["text"], row["member.text"]) == ("from json", "from text")


@pytest.mark.parametrize(
    ("sidecars", "said"),
    [
        ({"a.json": b'{"n": 1}', "a.more.json": b'{"n": 2}'}, {"n": 1, "more.json.n": 2}),
        ({"a.more.json": b'{"n": 2}', "a.json": b'{"n": 1}'}, {"n": 1, "more.json.n": 2}),
        ({"a.5.txt": b"x", "a.6.txt": b"y"}, {"txt": "x", "6.txt": "y"}),
        ({"a.json": b'{"shard": 1, "json.shard": 2}'}, {"json.shard": 1, "json.json.shard": 2}),
        ({"a.json": b'{"txt": 1, "member.txt": 2}', "a.txt": b"x"}, {"txt": 1, "member.txt": 2, "member.member.txt": "x"}),
    ],
)  # fmt: skip
def test_no_value_hides_another(tmp_path: Path, sidecars: dict[str, bytes], said: dict[str, Any]) -> None:
    (row,) = rows(store(tmp_path, ("a.wav", b"x"), *sidecars.items()))
    assert {key: value for key, value in row.items() if key not in {"file_name", "__key__", "shard", "split"}} == said


def test_times_say_where_a_recording_was_taken_from_and_cut_nothing(tmp_path: Path) -> None:
    (row,) = rows(store(tmp_path, *sample("a", start=3.5, end=4.5)))
    assert {"original_start": 3.5, "end": 4.5}.items() <= row.items()


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 5000, b"\xff{}", b'{"a": "\0"}', b'{"": 1}', b'{"a\\n": 1}', b'{"a":"' + b"x" * (1 << 20) + b'"}'],
    ids=["open", "doubled", "nan", "overflow", "deep", "latin", "nul", "nameless", "control", "long"],
)  # fmt: skip
def test_a_sidecar_that_cannot_be_read_costs_its_columns_alone(tmp_path: Path, data: bytes) -> None:
    found = store(tmp_path, ("a.wav", b"x"), ("a.json", data), ("a.txt", b"hello"))

    assert rows(found)[0]["txt"] == "hello"
    assert findings(found) == [("metadata.bad_line", "train-000000.tar/a.json")]
    assert codes(found) == {"train-000000.tar/a.wav": "file"}


def test_every_recording_of_a_sample_is_one(tmp_path: Path) -> None:
    found = store(tmp_path, ("a.left.wav", b"l"), ("a.right.wav", b"r"), ("a.json", b'{"n": 1}'))

    assert [(row["file_name"], row["n"]) for row in rows(found)] == [
        ("train-000000.tar/a.left.wav", 1),
        ("train-000000.tar/a.right.wav", 1),
    ]
    assert findings(found) == [("input.several_sounds", "train-000000.tar/a")]


def test_a_doubled_recording_is_not_several(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a"), ("a.wav", b"other"))
    assert findings(found) == []


def test_a_recording_that_nothing_is_said_about_is_reported_if_others_have_sidecars(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a", n=1), ("b.wav", b"x"), ("c.wav", b"x"), ("c.txt", b"x"))

    assert len(rows(found)) == 3
    assert findings(found) == [("metadata.row_missing", "train-000000.tar/b.wav")]


def test_what_is_wrong_is_said_even_if_no_recording_can_be_opened(tmp_path: Path) -> None:
    members = [("a.1.wav", b"x"), ("b.npy", b"x"), ("a.2.wav", b"x")]
    found = store(tmp_path, *members, *(member for member in members if member[0] != "b.npy"))

    assert rows(found) == []
    assert {code for code, _ in findings(found)} == {"input.merged_samples"}


def test_shards_of_recordings_alone_need_no_sidecars(tmp_path: Path) -> None:
    assert findings(store(tmp_path, ("a.wav", b"x"), ("b.wav", b"x"))) == []


def test_recording_without_a_sidecar_has_its_key(tmp_path: Path) -> None:
    (row,) = rows(store(tmp_path, ("a.flac", b"x"), name="plain.tar"))
    assert row == {"file_name": "plain.tar/a.flac", "__key__": "a", "shard": "plain.tar"}


def test_sample_without_a_recording_is_reported_once(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a"), ("b.json", b'{"n": 1}'), ("b.txt", b"x"))
    (table,) = found.tables()

    assert codes(found) == {"train-000000.tar/a.wav": "file", "train-000000.tar/b": "input.no_sound"}
    assert match(table, "file_name", Recordings(codes(found))).findings == ()


def test_members_of_no_sample_are_not_lost(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a"), ("a.npy", b"x"), ("README", b"x"), (".hidden.wav", b"x"))
    kinds = {item.path.rpartition("/")[2]: (item.kind, item.junk) for item in found.walk()}

    assert kinds == {
        "a.wav": ("file", False),
        "a.npy": ("file", False),
        "README": ("file", False),
        ".hidden.wav": ("file", True),
    }


# ----------------------------------------------------------------------------------------------------------------------
# What readers would make of it


def test_scattered_members_find_each_other_and_it_is_said(tmp_path: Path) -> None:
    found = store(tmp_path, ("a.wav", b"x"), ("b.wav", b"y"), ("a.json", b'{"n": 1}'), ("b.json", b'{"n": 2}'))

    assert [(row["__key__"], row["n"]) for row in rows(found)] == [("a", 1), ("b", 2)]
    assert findings(found) == [
        ("input.scattered_sample", "train-000000.tar/a"),
        ("input.scattered_sample", "train-000000.tar/b"),
    ]


def test_members_without_a_place_scatter_nothing(tmp_path: Path) -> None:
    """Members that are not read are listed before all others."""
    found = store(tmp_path, *sample("a", n=1), *sample("b", n=2), ("b.wav", b"other"))

    assert codes(found)["train-000000.tar/b.wav"] == "input.duplicate_member"
    assert findings(found) == []


@pytest.mark.parametrize("sidecars", [True, False])
def test_dots_in_keys_do_not_mix_samples_up_and_it_is_said(tmp_path: Path, *, sidecars: bool) -> None:
    members = []
    for number in (5, 6):
        members.append((f"take1.{number}.flac", str(number).encode()))
        if sidecars:
            members.append((f"take1.{number}.json", json.dumps({"n": number}).encode()))
    found = store(tmp_path, *members)

    assert [row["file_name"].rpartition("/")[2] for row in rows(found)] == ["take1.5.flac", "take1.6.flac"]
    assert [row.get("n") for row in rows(found)] == ([5, 6] if sidecars else [None, None])
    assert findings(found) == [("input.merged_samples", "train-000000.tar/take1")]


def test_doubled_members_are_refused_by_name_and_the_others_are_read(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a"), *sample("b"), ("a.wav", b"other"))

    assert codes(found)["train-000000.tar/a.wav"] == "input.duplicate_member"
    assert content(found, "train-000000.tar/b.wav") == b"sound of b"


def test_one_key_in_two_shards_is_two_samples(tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", sample("a", n=1))
    shard(tmp_path / "1.tar", sample("a", n=2))

    assert [(row["file_name"], row["n"]) for row in rows(WebDataset(tmp_path))] == [
        ("0.tar/a.wav", 1),
        ("1.tar/a.wav", 2),
    ]


# ----------------------------------------------------------------------------------------------------------------------
# Shards


def test_compressed_shards_in_folders_of_splits(tmp_path: Path) -> None:
    shard(tmp_path / "dev" / "00.tar.gz", sample("a"), "w:gz")
    found = WebDataset(tmp_path)

    assert content(found, "dev/00.tar.gz/a.wav") == b"sound of a"
    assert rows(found)[0]["split"] == "validation"


def test_a_shard_that_was_cut_is_reported_and_its_beginning_read(tmp_path: Path) -> None:
    path = shard(tmp_path / "1.tar", [*sample("a"), ("b.wav", bytes(5000))])
    path.write_bytes(path.read_bytes()[:4000])
    shard(tmp_path / "2.tar", sample("c"))
    found = codes(WebDataset(tmp_path))

    assert (found["1.tar"], found["1.tar/b.wav"]) == ("input.archive_damaged", "input.member_damaged")
    assert (found["1.tar/a.wav"], found["2.tar/c.wav"]) == ("file", "file")


def test_names_that_leave_the_shard_are_refused(tmp_path: Path) -> None:
    found = codes(store(tmp_path, *sample("a"), ("../b.wav", b"x"), ("/etc/c.wav", b"x")))
    assert sorted(code for code in found.values() if code != "file") == ["input.unsafe_name", "input.unsafe_name"]


def test_location_is_a_folder_a_shard_or_a_pattern(tmp_path: Path) -> None:
    for number in range(4):
        shard(tmp_path / f"s-{number:03d}.tar", sample(str(number)))

    assert len(codes(WebDataset.at(tmp_path))) == 4
    assert codes(WebDataset.at(tmp_path / "s-002.tar")) == {"s-002.tar/2.wav": "file"}
    assert codes(WebDataset.at(tmp_path / "s-{001..002}.tar")) == {"s-001.tar/1.wav": "file", "s-002.tar/2.wav": "file"}


def test_a_shard_that_a_pattern_names_and_is_not_there_is_reported(tmp_path: Path) -> None:
    shard(tmp_path / "s-0.tar", sample("a"))
    assert codes(WebDataset.at(tmp_path / "s-{0..1}.tar")) == {"s-0.tar/a.wav": "file", "s-1.tar": "input.missing"}


@pytest.mark.parametrize("name", ["none", "none.tar", "s-{0..3}.tar"])
def test_location_without_any_shard_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match="there is no such folder or shard"):
        WebDataset.at(tmp_path / name)


def test_folder_without_shards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no tar shard in the folder"):
        list(WebDataset(tmp_path).walk())


def test_store_travels_and_notices_a_shard_that_was_written_again(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a", n=1))
    copy = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert rows(copy)[0]["n"] == 1
    store(tmp_path, *sample("b", n=22))

    assert (rows(found)[0]["n"], list(codes(copy))) == (22, ["train-000000.tar/b.wav"])


def test_what_lies_beside_the_shards_can_be_opened(tmp_path: Path) -> None:
    found = store(tmp_path, *sample("a"))
    (tmp_path / "b.wav").write_bytes(b"beside")

    assert content(found, "b.wav") == b"beside"
    with pytest.raises(InputProblem, match="there is no"):
        content(found, "train-000000.tar/z.wav")


# ----------------------------------------------------------------------------------------------------------------------
# Recognition


def test_numbered_shards_with_samples_are_recognised(tmp_path: Path) -> None:
    shard(tmp_path / "train-000000.tar", sample("a"))
    (tmp_path / "README.md").write_text("# x")
    assert recognises(tmp_path)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("backup.tar", sample("a")),
        ("00.tar", [("a.wav", b"x"), ("b.wav", b"x")]),
        ("00.tar", [("a.txt", b"x"), ("b.wav", b"x")]),
        ("00.tar", []),
        ("00.txt", []),
    ],
)
def test_other_archives_are_not_recognised(tmp_path: Path, name: str, members: Members) -> None:
    shard(tmp_path / name, members)
    assert not recognises(tmp_path)


def test_shards_beside_recordings_are_not_recognised(tmp_path: Path) -> None:
    shard(tmp_path / "00.tar", sample("a"))
    (tmp_path / "a.wav").write_bytes(b"x")
    assert not recognises(tmp_path)


# ----------------------------------------------------------------------------------------------------------------------
# Through ingest


def ingested(folder: Path, path: str) -> tuple[Dataset, Applied]:
    recipe = f'[dataset]\nname = "made"\n[ingest]\nmax-reject = 1.0\n[[source]]\nname = "hub"\npath = "{path}"\n'
    dataset = Dataset.create(folder / "dataset", {"lds.toml": recipe.encode()})
    return dataset, dataset.apply(stages.find("ingest"), executor=Serial())


@pytest.mark.parametrize("kind", ["webdataset:", ""])
def test_every_member_is_accounted_for_and_labels_arrive(tmp_path: Path, kind: str) -> None:
    sounds = [encode(noise(number, duration=0.1, sample_rate=8000), 8000) for number in range(4)]
    members = [
        ("a.wav", sounds[0]),
        ("a.json", b'{"label": "007"}'),
        ("b.wav", sounds[1]),
        ("c.json", b'{"label": "x"}'),
    ]
    shard(tmp_path / "hub" / "test-000000.tar", [*members, ("d.wav", b"no sound"), ("e.wav", sounds[2])])
    shard(
        tmp_path / "hub" / "test-000001.tar",
        [("a.wav", sounds[3]), ("a.cls", b"3"), ("a.cls", b"4"), ("../f.wav", b""), ("g.wav", b""), ("g.wav", b"")],
    )

    dataset, applied = ingested(tmp_path, f"{kind}../hub")

    names = ("path", "label", "declared_split", "sha256")
    assert [tuple(row[name] for name in names) for row in dataset.manifest.to_pylist()] == [
        (f"test-00000{number}.tar/{key}.wav", label, "test", hashlib.sha256(sound).hexdigest())
        for number, key, label, sound in [(0, "a", "007", sounds[0]), (0, "b", None, sounds[1]), (0, "e", None, sounds[2]), (1, "a", None, sounds[3])]
    ]  # fmt: skip
    assert sorted((row["path"], row["code"]) for row in dataset.rejected.to_pylist()) == [
        ("test-000000.tar/c", "input.no_sound"),
        ("test-000000.tar/d.wav", "audio.not_audio"),
        ("test-000001.tar/../f.wav", "input.unsafe_name"),
        ("test-000001.tar/a.cls", "input.duplicate_member"),
        ("test-000001.tar/a.cls", "input.duplicate_member"),
        ("test-000001.tar/g.wav", "input.duplicate_member"),
        ("test-000001.tar/g.wav", "input.duplicate_member"),
    ]
    assert applied.counts == Counts(inputs=11, kept=4, rejected=7)
    assert applied.entry.report["ignored"] == {}
    missing = [item.path for item in applied.findings if item.code == "metadata.row_missing"]
    assert missing == [f"test-00000{place}.wav" for place in ("0.tar/b", "0.tar/d", "0.tar/e", "1.tar/a")]
