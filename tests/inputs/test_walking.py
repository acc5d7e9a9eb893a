from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import MAX_DEPTH, Found, walk


def put(root: Path, *paths: str) -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x" * len(path))


def paths_below(root: Path) -> list[str]:
    return [found.path for found in walk(root)]


def test_files_come_in_the_order_of_the_bytes_of_their_paths(tmp_path: Path) -> None:
    paths = ["a/x.wav", "a-b.wav", "a.wav", "B/y.wav", "é.wav", "a/b/c.wav", "z"]
    put(tmp_path, *paths)
    assert paths_below(tmp_path) == sorted(paths, key=str.encode)


def test_a_file_comes_with_its_size(tmp_path: Path) -> None:
    put(tmp_path, "a/b.wav")
    (found,) = walk(tmp_path)
    assert (found.path, found.kind, found.junk, found.bytes) == ("a/b.wav", "file", False, 7)


@pytest.mark.parametrize("name", [".DS_Store", "._take.wav", "Thumbs.db", "DESKTOP.INI", ".hidden.wav"])
def test_junk_is_flagged(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    (found,) = walk(tmp_path)
    assert (found.path, found.kind, found.junk, found.bytes) == (name, "file", True, len(name))


def test_a_hidden_folder_is_reported_and_not_entered(tmp_path: Path) -> None:
    put(tmp_path, ".git/a.wav")
    assert list(walk(tmp_path)) == [Found(".git", "folder", junk=True)]


def test_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "real/a.wav")
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file.wav").symlink_to("real/a.wav")
    (tmp_path / "dangling.wav").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    assert {found.path: found.kind for found in walk(tmp_path)} == {
        "dangling.wav": "link",
        "file.wav": "link",
        "folder": "link",
        "loop": "link",
        "real/a.wav": "file",
    }


@pytest.mark.parametrize("target", ["x.wav", "y.wav", "a.wav/b", "gone"])
def test_links_that_lead_nowhere_or_in_circles_are_links(tmp_path: Path, target: str) -> None:
    put(tmp_path, "a.wav")
    (tmp_path / "x.wav").symlink_to(target)
    (tmp_path / "y.wav").symlink_to("x.wav")

    assert [(found.path, found.kind, found.is_folder) for found in walk(tmp_path)] == [
        ("a.wav", "file", False),
        ("x.wav", "link", False),
        ("y.wav", "link", False),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may search everything")
def test_files_in_a_folder_that_must_not_be_searched_are_listed(tmp_path: Path) -> None:
    put(tmp_path, "a/b.wav")
    (tmp_path / "a").chmod(0o400)

    assert [(found.path, found.kind) for found in walk(tmp_path)] == [("a/b.wav", "file")]


def test_a_fifo_and_a_socket_are_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    monkeypatch.chdir(tmp_path)  # the name of a socket may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        assert [found.kind for found in walk(tmp_path)] == ["special", "special"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"\xff.wav", "\\xff.wav"), (b"a\nb.wav", "a\\x0ab.wav"), (b"\x1b[2J.wav", "\\x1b[2J.wav")],
)
def test_a_name_that_is_no_printable_text_is_odd_and_escaped(tmp_path: Path, name: bytes, shown: str) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    assert list(walk(tmp_path)) == [Found(shown, "odd_name")]


def test_a_file_in_an_oddly_named_folder_is_odd_too(tmp_path: Path) -> None:
    put(tmp_path, "a\tb/c.wav")
    assert list(walk(tmp_path)) == [Found("a\\x09b/c.wav", "odd_name")]


@pytest.mark.parametrize(
    "name", ["-rf.wav", "a b.wav", "%s{}.wav", "$(x)'\".wav", "evil\u202e.wav", "x" * 251 + ".wav"]
)
def test_strange_but_legal_names_are_ordinary(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert [(found.path, found.kind) for found in walk(tmp_path)] == [(name, "file")]


def test_folders_beyond_the_deepest_are_reported(tmp_path: Path) -> None:
    put(tmp_path, "/".join(["d"] * (MAX_DEPTH + 1)) + "/a.wav")
    assert [found.kind for found in walk(tmp_path)] == ["unreadable"]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert list(walk(tmp_path)) == []


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="the source cannot be listed: No such file"):
        list(walk(tmp_path / "nowhere"))
