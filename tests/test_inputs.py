from __future__ import annotations

import os
import pickle
import socket
from pathlib import Path

import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import MAX_DEPTH, Found, InputProblem, is_audio, opened, safe_relative, walk
from listen_datasets.model import Fate


def put(root: Path, *paths: str) -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x" * len(path))


def paths_below(root: Path) -> list[str]:
    return [found.path for found in walk(root)]


# ----------------------------------------------------------------------------------------------------------------------
# walk


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


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/B.WAV", True), ("a.flac", True), ("wav", False), ("a.wav/b", False), ("a.m4a", True), ("a.txt", False)],
)
def test_recordings_are_told_by_extension_in_any_case(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_audio(path) is expected


# ----------------------------------------------------------------------------------------------------------------------
# safe_relative


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b.wav", "a/b.wav"),
        ("./a//b/./c.wav", "a/b/c.wav"),
        ("-x.wav", "-x.wav"),
        ("a/~b..c", "a/~b..c"),
        ("...", "..."),
        ("take 1:2.wav", "take 1:2.wav"),
        ("Grüße.wav", "Grüße.wav"),
    ],
)
def test_a_relative_path_is_kept_in_its_plain_form(text: str, expected: str) -> None:
    assert safe_relative(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "./", "-", "/", "/etc/passwd", "a/", "..", "../a.wav", "a/../../b.wav", "a/..", "~/a.wav", "~root",
        "C:\\a.wav", "c:/a.wav", "C:a.wav", "\\\\host\\share", "a\\b.wav", "http://x/a.wav", "s3://b/a.wav", "file:///a",
        "a\0b", "a\nb.wav", "\x7f", "\ud800.wav",
    ],
)  # fmt: skip
def test_a_path_that_is_not_plainly_below_the_source_is_refused(text: str) -> None:
    with pytest.raises(InputProblem) as caught:
        safe_relative(text)
    assert (caught.value.code, caught.value.fate) == ("metadata.unsafe_path", Fate.REJECTED)


# ----------------------------------------------------------------------------------------------------------------------
# opened


def problem_of(root: Path, relative: str) -> tuple[str, Fate]:
    with pytest.raises(InputProblem) as caught, opened(root, relative):
        pass
    return caught.value.code, caught.value.fate


def test_a_file_is_opened_and_read_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.wav").write_bytes(b"0123456789")
    with opened(tmp_path, "a/b.wav") as file:
        assert (file.size, file.read(2, 3), file.read(8, 5), file.read(99, 1)) == (10, b"234", b"89", b"")


def test_reading_leaves_the_position_where_the_decoder_expects_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with opened(tmp_path, "a") as file:
        file.read(2, 3)
        file.read_into(memoryview(bytearray(4)), 0)
        assert os.lseek(file.fd, 0, os.SEEK_CUR) == 0


def test_the_descriptor_is_closed_behind_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with opened(tmp_path, "a") as file:
        fd = file.fd
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("relative", ["nowhere.wav", "no/where.wav", "file/below.wav", "x" * 300])
def test_what_is_not_there_is_missing(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "file")
    assert problem_of(tmp_path, relative) == ("input.missing", Fate.UNREADABLE)


@pytest.mark.parametrize("relative", ["link.wav", "linked/a.wav", "dangling.wav"])
def test_no_link_is_followed_on_the_way(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "real/a.wav")
    (tmp_path / "link.wav").symlink_to("real/a.wav")
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "dangling.wav").symlink_to("nowhere")
    assert problem_of(tmp_path, relative) == ("input.link", Fate.REJECTED)


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/a.wav")
    (tmp_path / "root").symlink_to("real")
    with opened(tmp_path / "root", "a.wav") as file:
        assert file.size == len("real/a.wav")


def test_a_fifo_neither_blocks_nor_opens(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    assert problem_of(tmp_path, "fifo.wav") == ("input.not_regular", Fate.REJECTED)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    assert problem_of(tmp_path, "folder.wav") == ("input.not_regular", Fate.REJECTED)


def test_a_socket_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        assert problem_of(tmp_path, "socket.wav") == ("input.not_regular", Fate.REJECTED)


@pytest.mark.parametrize("relative", ["../a.wav", "a/../b.wav", ".."])
def test_a_path_that_nobody_checked_cannot_leave_the_root(tmp_path: Path, relative: str) -> None:
    put(tmp_path, "root/a/x", "a.wav")
    assert problem_of(tmp_path / "root", relative)[0] == "metadata.unsafe_path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    (tmp_path / "a.wav").chmod(0)
    assert problem_of(tmp_path, "a.wav") == ("input.unreadable", Fate.UNREADABLE)


def test_a_file_that_stays_the_same_is_unchanged(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    with opened(tmp_path, "a.wav") as file:
        file.check_unchanged()


def test_a_file_that_grows_under_the_reader_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    with opened(tmp_path, "a.wav") as file, (tmp_path / "a.wav").open("ab") as other:
        other.write(b"more")
        other.flush()
        with pytest.raises(InputProblem, match="changed while it was read") as caught:
            file.check_unchanged()
    assert (caught.value.code, caught.value.fate) == ("input.changed_during_read", Fate.UNREADABLE)


def test_a_problem_survives_pickling() -> None:
    problem = InputProblem("input.link", "a link", Fate.UNREADABLE)
    copy = pickle.loads(pickle.dumps(problem))  # noqa: S301 - our own
    assert (copy.code, copy.reason, copy.fate) == ("input.link", "a link", Fate.UNREADABLE)
