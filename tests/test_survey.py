from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listen_datasets.inputs import MAX_DEPTH
from listen_datasets.model import Fate
from listen_datasets.recipe import Source
from listen_datasets.stores.folder import Folder
from listen_datasets.survey import Survey, survey

SOURCE = Source(name="main", path="source")


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"1234")


def look(root: Path, *, named: tuple[str, ...] = (), tables: tuple[Path, ...] = ()) -> Survey:
    places = [path.relative_to(root).as_posix() for path in tables]
    return survey(SOURCE, Folder(root), named=named, tables=places)


def recordings(found: Survey) -> tuple[str, ...]:
    return tuple(file.path for file in found.recordings)


def refused(found: Survey) -> dict[str, str]:
    return {item.path: item.code for item in found.refused}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    return root


def test_recordings_are_taken_by_suffix_in_the_order_of_their_paths(root: Path) -> None:
    write(root, "b.wav", "a/z.FLAC", "a/b/c.ogg", "a-b.mp3", "notes.txt", "README")

    found = look(root)

    assert recordings(found) == ("a-b.mp3", "a/b/c.ogg", "a/z.FLAC", "b.wav")
    assert (sum(file.bytes or 0 for file in found.recordings), found.ignored) == (16, {"": 1, ".txt": 1})


def test_what_a_row_names_is_read_whatever_its_suffix(root: Path) -> None:
    write(root, "x.dat", "y.dat")

    found = look(root, named=("x.dat", "gone.wav"))

    assert (recordings(found), found.ignored) == (("x.dat",), {".dat": 1})


def test_tables_are_no_recordings_and_are_not_counted(root: Path) -> None:
    write(root, "x.wav", "tables/metadata.csv")

    found = look(root, tables=(root / "tables" / "metadata.csv",))

    assert (recordings(found), found.ignored) == (("x.wav",), {})


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.parquet", "metadata.tsv"])
def test_a_table_at_the_root_that_nobody_named_is_mentioned(root: Path, name: str) -> None:
    write(root, "x.wav", name)

    assert look(root).unused_tables == (name,)


@pytest.mark.parametrize("name", ["metadata.txt", "other.csv", "below/metadata.csv"])
def test_other_files_are_not_mentioned(root: Path, name: str) -> None:
    write(root, "x.wav", name)

    assert look(root).unused_tables == ()


STRANGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "link": (lambda root: (root / "x.wav").symlink_to("/etc/passwd"), "x.wav", "input.link"),
    "dangling link": (lambda root: (root / "x.wav").symlink_to("nowhere"), "x.wav", "input.link"),
    "linked folder": (lambda root: (root / "more").symlink_to(root.parent), "more", "input.link"),
    "fifo": (lambda root: os.mkfifo(root / "x.wav"), "x.wav", "input.not_regular"),
    "control character": (lambda root: write(root, "a\nb.wav"), "a\\x0ab.wav", "input.odd_name"),
    "not utf-8": (lambda root: write(root, os.fsdecode(b"\xff.wav")), "\\xff.wav", "input.odd_name"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_cannot_be_opened_safely_is_refused_and_named(root: Path, kind: str) -> None:
    make, path, code = STRANGE[kind]
    make(root)

    found = look(root)

    assert refused(found) == {path: code}
    assert (recordings(found), found.ignored, found.refused[0].fate) == ((), {}, Fate.REJECTED)


def test_a_folder_that_cannot_be_listed_may_be_read_another_time(root: Path) -> None:
    deep = root
    for _ in range(MAX_DEPTH + 1):
        deep /= "d"
    deep.mkdir(parents=True)
    write(deep, "x.wav")

    (item,) = look(root).refused

    assert (item.code, item.fate) == ("input.unreadable", Fate.UNREADABLE)


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda root: write(root, "._x.wav"), "hidden"),
        (lambda root: write(root, ".git/x.wav"), "hidden"),
        (lambda root: write(root, "Thumbs.db"), "hidden"),
        (lambda root: (root / "notes.txt").symlink_to("x"), "link"),
        (lambda root: os.mkfifo(root / "pipe"), "special file"),
        (lambda root: write(root, "a\nb.txt"), "odd name"),
    ],
)
def test_what_is_no_recording_is_counted_all_the_same(root: Path, make: Callable[[Path], object], label: str) -> None:
    write(root, "good.wav")
    make(root)

    found = look(root)

    assert (recordings(found), found.refused, found.ignored) == (("good.wav",), (), {label: 1})


@pytest.mark.parametrize(
    "name", ["-rf.wav", "$(x).wav", "a b'\"*?.wav", "%s{}.wav", "日本.wav", "é.wav", "x" * 251 + ".wav"]
)
def test_ordinary_names_that_look_odd_are_read(root: Path, name: str) -> None:
    write(root, name)

    assert recordings(look(root)) == (name,)


def test_every_entry_is_accounted_for_once(root: Path) -> None:
    write(root, "a.wav", "b.txt", "c/d.flac", "c/.hidden", "c/e/metadata.csv", "f")
    (root / "link").symlink_to("a.wav")
    (root / "folder").symlink_to("c")
    os.mkfifo(root / "pipe.ogg")

    found = look(root, tables=(root / "c" / "e" / "metadata.csv",))

    there = sum(1 for path in _entries(root) if path.is_symlink() or not path.is_dir())
    assert len(found.recordings) + len(found.refused) + sum(found.ignored.values()) + 1 == there


def _entries(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (Path(folder) / name for name in [*folders, *files])


def test_a_source_may_be_reached_through_a_link(root: Path, tmp_path: Path) -> None:
    write(root, "x.wav")
    (tmp_path / "link").symlink_to(root)

    assert recordings(look(tmp_path / "link")) == ("x.wav",)
