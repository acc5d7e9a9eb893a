from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import pickle
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.archive_file import LocalFile
from listen_datasets.stores.members import Limits
from listen_datasets.stores.tar import Tar

DICE = np.random.default_rng(0)
FILES = {
    f"{folder}/{number}.wav": DICE.bytes(int(DICE.integers(0, 3000))) for folder in ("b", "a") for number in range(5)
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def member(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar_of(members: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def store(folder: Path, data: bytes, limits: Limits | None = None) -> Tar:
    (folder / "all.tar").write_bytes(data)
    return Tar(LocalFile(folder / "all.tar"), limits or Limits())


def content(tar: Tar, path: str) -> bytes:
    with tar.opened(path) as file:
        return file.read(0, file.size + 1)


def codes(tar: Tar) -> dict[str, str]:
    return {found.path: found.problem.code if found.problem else found.kind for found in tar.walk()}


# ----------------------------------------------------------------------------------------------------------------------
# What is read


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_come_sorted_with_their_sizes_and_bytes(tmp_path: Path, method: str, form: int) -> None:
    tar = store(tmp_path, PACK[method](tar_of((member(*item) for item in FILES.items()), form)))

    found = list(tar.walk())
    assert [(item.path, item.bytes) for item in found] == [(path, len(FILES[path])) for path in sorted(FILES)]
    assert {(item.kind, item.junk) for item in found} == {("file", False)}
    assert {path: content(tar, path) for path in sorted(FILES)} == FILES


@pytest.mark.parametrize("method", ["none", "gzip"])
def test_members_can_be_opened_without_a_walk_and_in_any_order(tmp_path: Path, method: str) -> None:
    tar = store(tmp_path, PACK[method](tar_of(member(*item) for item in FILES.items())))
    order = [*reversed(FILES), *FILES]

    assert [content(tar, path) for path in order] == [FILES[path] for path in order]


def test_members_are_listed_in_the_order_of_the_archive_too(tmp_path: Path) -> None:
    tar = store(tmp_path, tar_of([member(*item) for item in FILES.items()] + [member(".hidden")]))

    assert [found.path for found in tar.members()] == list(FILES)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read(tmp_path: Path, form: int) -> None:
    name = "/".join(["ä" * 60] * 5) + ".wav"
    tar = store(tmp_path, tar_of([member(name, b"abc"), member("b.wav", b"de")], form))

    assert [found.path for found in tar.walk()] == ["b.wav", name]
    assert content(tar, name) == b"abc"


def test_the_prefix_of_ustar_belongs_to_the_name(tmp_path: Path) -> None:
    name = "x" * 90 + "/" + "y" * 90
    assert [found.path for found in store(tmp_path, tar_of([member(name)], tarfile.USTAR_FORMAT)).walk()] == [name]


@pytest.mark.parametrize("name", ["./a/b.wav", "a//b.wav", "a/./b.wav"])
def test_spellings_of_a_path_are_one(tmp_path: Path, name: str) -> None:
    tar = store(tmp_path, tar_of([member(name, b"abc")]))

    assert codes(tar) == {"a/b.wav": "file"}
    assert content(tar, "a/b.wav") == b"abc"


def test_ordinary_but_odd_names_are_ordinary(tmp_path: Path) -> None:
    names = ["-rf.wav", "a b.wav", "$(x).wav", "~a.wav", "ü.wav", "{}%s.wav", "..a/b..wav", "ab:c.wav"]
    assert codes(store(tmp_path, tar_of(map(member, names)))) == dict.fromkeys(sorted(names), "file")


def test_old_archives_without_any_magic_are_read(tmp_path: Path) -> None:
    info, data = member("a.wav", b"abc")
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    block[156:157], block[257:265] = b"\0", bytes(8)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    tar = store(tmp_path, bytes(block) + data.ljust(512, b"\0") + bytes(1024))

    assert content(tar, "a.wav") == b"abc"


def test_a_check_sum_over_signed_bytes_is_accepted(tmp_path: Path) -> None:
    data = bytearray(tar_of([member("ä.wav", b"abc")], tarfile.GNU_FORMAT))
    signed = sum(np.frombuffer(bytes(data[:148]) + bytes(data[156:512]), np.int8).tolist()) + 256
    data[148:156] = b"%06o\0 " % signed

    assert codes(store(tmp_path, bytes(data))) == {"ä.wav": "file"}


def test_a_size_in_binary_is_read(tmp_path: Path) -> None:
    data = bytearray(tar_of([member("a.wav", b"abc")]))
    data[124:136] = b"\x80" + (3).to_bytes(11, "big")
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 256 + sum(data[156:512]))

    assert content(store(tmp_path, bytes(data)), "a.wav") == b"abc"


@pytest.mark.parametrize(
    "form",
    [["--format=gnu"], *(["--format=posix", f"--sparse-version={version}"] for version in ("0.0", "0.1", "1.0"))],
)
@pytest.mark.parametrize("pieces", [0, 1, 4, 30])
def test_sparse_files_come_out_whole(tmp_path: Path, form: list[str], pieces: int) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        for number in range(pieces):
            file.seek((2 * number + 1) << 16)
            file.write(b"%d" % number * 3000)
        file.truncate((2 * pieces + 1) << 16)
    (tmp_path / "b.wav").write_bytes(b"next")
    subprocess.run(
        ["tar", "--sparse", "--hole-detection=raw", *form, "-cf", "all.tar", "a.wav", "b.wav"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    tar = Tar(LocalFile(tmp_path / "all.tar"))

    assert (tmp_path / "all.tar").stat().st_size < path.stat().st_size
    assert [(found.path, found.bytes) for found in tar.walk()] == [("a.wav", path.stat().st_size), ("b.wav", 4)]
    assert content(tar, "a.wav") == path.read_bytes()
    assert content(tar, "b.wav") == b"next"


def test_an_empty_archive_holds_nothing(tmp_path: Path) -> None:
    assert list(store(tmp_path, tar_of([])).walk()) == []


# ----------------------------------------------------------------------------------------------------------------------
# What is refused


def test_only_regular_files_are_files(tmp_path: Path) -> None:
    kinds = {
        "link.wav": tarfile.SYMTYPE,
        "hard.wav": tarfile.LNKTYPE,
        "pipe.wav": tarfile.FIFOTYPE,
        "char.wav": tarfile.CHRTYPE,
        "block.wav": tarfile.BLKTYPE,
        "folder": tarfile.DIRTYPE,
        "contiguous.wav": tarfile.CONTTYPE,
    }
    members = [member(name, type=kind, linkname="/etc/passwd") for name, kind in kinds.items()]

    assert codes(store(tmp_path, tar_of(members))) == {
        "block.wav": "special",
        "char.wav": "special",
        "contiguous.wav": "file",
        "hard.wav": "link",
        "link.wav": "link",
        "pipe.wav": "special",
    }


@pytest.mark.parametrize(
    "name",
    ["/etc/a.wav", "../a.wav", "a/../../b.wav", "a/..", "C:a.wav", "c:/a.wav", "a\\b.wav", "..\\a.wav", "."],
)
def test_names_that_could_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    members = tar_of([member(name, b"abc", type=b"0"), member("ok.wav", b"x")], tarfile.GNU_FORMAT)
    tar = store(tmp_path, members)

    assert sorted(codes(tar).values()) == ["file", "input.unsafe_name"]


@pytest.mark.parametrize("name", ["a\nb.wav", "a\x1b[2J.wav", "a\x7f.wav", "a\udcff.wav"])
def test_names_that_cannot_be_told_are_shown_escaped(tmp_path: Path, name: str) -> None:
    data = tar_of([member(name, b"abc")], tarfile.GNU_FORMAT)
    (found,) = store(tmp_path, data).walk()

    assert (found.kind, found.path.isprintable()) == ("odd_name", True)
    assert found.problem is not None
    assert found.problem.code == "input.odd_name"


@pytest.mark.parametrize("names", [["a.wav", "a.wav"], ["a.wav", "A.WAV"], ["é.wav", "é.wav"], ["a.wav", "./a.wav"]])
def test_of_members_that_share_a_name_none_is_read(tmp_path: Path, names: list[str]) -> None:
    tar = store(tmp_path, tar_of([member(names[0], b"1"), member("b.wav", b"2"), member(names[1], b"34")]))

    assert [found.problem.code for found in tar.walk() if found.problem] == 2 * ["input.duplicate_member"]
    assert [found.path for found in tar.walk() if found.kind == "file"] == ["b.wav"]


def test_names_that_look_alike_are_no_twins(tmp_path: Path) -> None:
    names = ["A/x.wav", "a-x.wav", "a/x.wav2", "l.wav", "ı.wav"]
    assert set(codes(store(tmp_path, tar_of(map(member, names)))).values()) == {"file"}


@pytest.mark.parametrize("name", ["inner.tar", "a/b.zip", "x.TAR.GZ", "y.7z"])
def test_an_archive_in_the_archive_is_reported(tmp_path: Path, name: str) -> None:
    (found,) = store(tmp_path, tar_of([member(name, b"abc")])).walk()

    assert (found.kind, found.problem and found.problem.code) == ("unreadable", "input.nested_archive")


@pytest.mark.parametrize("name", [".DS_Store", "a/._b.wav", "__MACOSX/._b.wav", ".git/a.wav", "Thumbs.db"])
def test_junk_is_flagged(tmp_path: Path, name: str) -> None:
    (found,) = store(tmp_path, tar_of([member(name, b"abc")])).walk()
    assert (found.path, found.kind, found.junk, found.bytes) == (name, "file", True, 3)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    tar = store(tmp_path, tar_of([member("a.wav", type=tarfile.SYMTYPE, linkname="b.wav")]))

    with pytest.raises(InputProblem, match=r"no member a\.wav"):
        content(tar, "a.wav")


# ----------------------------------------------------------------------------------------------------------------------
# Limits


def test_members_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    data = tar_of(member(f"{number}.wav", b"x") for number in range(4))

    assert "all.tar" not in codes(store(tmp_path, data, Limits(members=4)))
    assert codes(store(tmp_path, data, Limits(members=3))) == {
        "0.wav": "file", "1.wav": "file", "2.wav": "file", "all.tar": "input.archive_limit",
    }  # fmt: skip


def test_bytes_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    data = tar_of(member(f"{number}.wav", bytes(1000)) for number in range(4))

    assert "all.tar" not in codes(store(tmp_path, data, Limits(bytes=4000)))
    assert codes(store(tmp_path, data, Limits(bytes=3999)))["all.tar"] == "input.archive_limit"


def test_the_member_in_which_a_bomb_goes_off_is_refused(tmp_path: Path) -> None:
    data = tar_of([member("a.wav", DICE.bytes(1000)), member("b.wav", bytes(30 << 20))])

    tar = store(tmp_path, gzip.compress(data))
    assert codes(tar) == {"a.wav": "file", "all.tar": "input.archive_limit", "b.wav": "input.archive_limit"}
    assert set(codes(store(tmp_path, data)).values()) == {"file"}


def test_a_sparse_file_counts_by_what_comes_out(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("wb") as file:
        file.truncate(1 << 42)
    subprocess.run(["tar", "--sparse", "-cf", "all.tar", "a.wav"], cwd=tmp_path, check=True)

    assert codes(Tar(LocalFile(tmp_path / "all.tar"))) == {"all.tar": "input.archive_limit"}


# ----------------------------------------------------------------------------------------------------------------------
# Damage

TWO = tar_of([member("a.wav", b"1" * 700), member("b.wav", b"2" * 700)], tarfile.USTAR_FORMAT)
"""Two headers at 0 and 1536, the end marker at 3072."""


def binary_size(size: int) -> bytes:
    """Return the second header with another size, in GNU's way."""
    block = TWO[1536:1660] + b"\x80" + size.to_bytes(11, "big") + TWO[1672:2048]
    return block[:148] + b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:])) + block[156:]


def record(key: str, value: bytes) -> bytes:
    """Return one line of an extended header, whose length counts itself."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = next(n for n in range(len(rest), len(rest) + 9) if len(str(n)) + len(rest) == n)
    return str(length).encode() + rest


def extension(records: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    return info.tobuf(tarfile.USTAR_FORMAT) + records + bytes(-len(records) % 512)


def pax(records: bytes) -> bytes:
    return extension(records).ljust(1024, b"\0") + TWO


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize(
    ("data", "says", "others"),
    [
        (TWO[:1536], "end marker is missing", {"a.wav": "file"}),
        (TWO[:1700], "inside the header at byte 1,536", {"a.wav": "file"}),
        (TWO[:2100], "inside the member b.wav", {"a.wav": "file", "b.wav": "input.member_damaged"}),
        (TWO[:3072], "end marker is missing", {"a.wav": "file", "b.wav": "file"}),
        (TWO[:1540] + b"x" + TWO[1541:], "its check sum is", {"a.wav": "file"}),
        (TWO[:1664] + b"z" + TWO[1665:], "the header at byte 1,536 is damaged", {"a.wav": "file"}),
        (TWO + TWO, "more data follows its end marker", {"a.wav": "file", "b.wav": "file"}),
        (pax(b"20 path=zz\n"), "extended header is not made of", {}),
        (pax(b"0 path=zz\n"), "extended header is not made of", {}),
        (pax(b"x" * 40), "extended header is not made of", {}),
        (pax(record("size", b"9" * 20)), "extended header gives the size 999", {}),
        (pax(b"")[:124] + b"00010000000\0" + pax(b"")[136:], "its check sum is", {}),
        (extension(b"x" * ((1 << 20) + 1)), "1,048,577 bytes, over the limit", {}),
        (pax(b"11 size=-1\n"), "extended header gives the size -1", {}),
        (pax(b"19 size=9999999999\n"), "inside the member a.wav", {"a.wav": "input.member_damaged"}),
        (TWO[:1536] + binary_size((1 << 63) - 1), "is no length", {"a.wav": "file"}),
        (TWO[:1536] + binary_size(1 << 39), "inside the member b.wav", {"a.wav": "file", "b.wav": "input.member_damaged"}),
        (17 * pax(b"")[:512] + TWO, "more than 16 extension headers", {}),
        (pax(b"")[:512] + bytes(1024), "ends where a member is announced", {}),
    ],
)  # fmt: skip
def test_damage_is_reported_and_what_is_before_it_kept(
    tmp_path: Path, method: str, data: bytes, says: str, others: dict[str, str]
) -> None:
    tar = store(tmp_path, PACK[method](data))
    (archive,) = (found for found in tar.walk() if found.path == "all.tar")

    assert (archive.kind, archive.problem and archive.problem.code) == ("unreadable", "input.archive_damaged")
    assert says in str(archive.problem)
    assert codes(tar) == {"all.tar": "input.archive_damaged", **others}
    assert [content(tar, path)[:1] for path, code in others.items() if code == "file"] == [
        {"a.wav": b"1", "b.wav": b"2"}[path] for path, code in others.items() if code == "file"
    ]


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (b"2000", b"0,700"),
        (b"700", b"0,700"),
        (b"2000", b"100,300,400,400"),
        (b"2000", b"0,0,100,700,2000,0"),
    ],
)
def test_the_map_of_a_sparse_file_says_where_its_bytes_belong(tmp_path: Path, size: bytes, pieces: bytes) -> None:
    data = pax(record("GNU.sparse.size", size) + record("GNU.sparse.map", pieces))
    numbers = list(map(int, pieces.split(b",")))
    expected = bytearray(int(size))
    for at, length in zip(numbers[::2], numbers[1::2], strict=True):
        expected[at : at + length] = b"1" * length

    assert content(store(tmp_path, data), "a.wav") == expected


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (b"699", b"0,700"),
        (b"2000", b"0,699"),
        (b"2000", b"0,701"),
        (b"2000", b"0,400,399,300"),
        (b"2000", b"400,300,0,400"),
        (b"2000", b"1301,700"),
        (b"2000", b"0,700,5"),
        (b"2000", b"0,-700"),
        (b"2000", b"0,x"),
        (b"x", b"0,700"),
        (b"2000", b",".join([b"0,0"] * 70_000) + b",0,700"),
    ],
)
def test_a_map_that_makes_no_sense_is_damage(tmp_path: Path, size: bytes, pieces: bytes) -> None:
    data = extension(record("GNU.sparse.size", size) + record("GNU.sparse.map", pieces)) + TWO

    assert codes(store(tmp_path, data)) == {"all.tar": "input.archive_damaged"}


@pytest.mark.parametrize("text", [b"1\n0\n699\n", b"1\n0\n", b"99999999\n0\n", b"x\n", b"1\n0\n-1\n", b""])
def test_a_map_before_the_data_that_makes_no_sense_is_damage(tmp_path: Path, text: bytes) -> None:
    records = (
        record("GNU.sparse.major", b"1") + record("GNU.sparse.minor", b"0") + record("GNU.sparse.realsize", b"900")
    )
    body = tar_of([member("a.wav", text.ljust(512, b"\0") + b"1" * 700)], tarfile.USTAR_FORMAT)

    assert codes(store(tmp_path, extension(records) + body)) == {"all.tar": "input.archive_damaged"}


def test_an_old_map_that_never_ends_is_damage(tmp_path: Path) -> None:
    header = bytearray(tar_of([member("a.wav")], tarfile.GNU_FORMAT)[:512])
    header[156:157], header[482] = b"S", 1
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
    block = b"00000000001\0" * 42 + b"\1" + bytes(7)

    assert codes(store(tmp_path, bytes(header) + block * 4000)) == {"all.tar": "input.archive_damaged"}


def test_the_rest_of_a_member_of_another_archive_is_no_recording(tmp_path: Path) -> None:
    assert codes(store(tmp_path, tar_of([member("a.wav", b"abc", type=b"M")]))) == {"a.wav": "input.member_damaged"}


@pytest.mark.parametrize("method", PACK)
def test_the_largest_length_that_is_taken_fits_the_calls_of_the_system(tmp_path: Path, method: str) -> None:
    tar = store(tmp_path, PACK[method](TWO[:1536] + binary_size(1 << 60)), Limits(bytes=1 << 62))
    assert codes(tar)["b.wav"] == "input.member_damaged"


@pytest.mark.parametrize("data", [TWO[:3584], TWO[:4096], TWO + bytes(100_000), TWO[:3072] + bytes(700)])
def test_any_number_of_zeros_is_an_end(tmp_path: Path, data: bytes) -> None:
    assert codes(store(tmp_path, data)) == {"a.wav": "file", "b.wav": "file"}


def test_a_compressed_member_that_is_cut_cannot_be_opened(tmp_path: Path) -> None:
    whole = gzip.compress(tar_of([member("a.wav", b"abc"), member("b.wav", DICE.bytes(100_000))]))
    tar = store(tmp_path, whole[:50_000])

    with pytest.raises(InputProblem, match="ends in the middle of its compressed data") as raised:
        content(tar, "b.wav")
    assert raised.value.code == "input.member_damaged"
    assert content(tar, "a.wav") == b"abc"


@pytest.mark.parametrize("method", PACK)
def test_whatever_is_changed_in_an_archive_no_member_fails_but_by_a_problem(tmp_path: Path, method: str) -> None:
    whole = PACK[method](tar_of([member("ä" * 60 + ".wav", b"1" * 700), member("b.wav", b"2" * 700)]))
    folders = (tmp_path / str(number) for number in range(150))
    for folder in folders:
        folder.mkdir()
        data = bytearray(whole)
        for at in DICE.integers(0, len(data), 3):
            data[at] = int(DICE.integers(256))
        tar = store(folder, bytes(data))
        for found in list(tar.walk()):
            try:
                assert len(content(tar, found.path)) == found.bytes or found.kind != "file"
            except InputProblem as problem:
                assert problem.code.startswith("input.")  # noqa: PT017 - it may be raised, and must be nothing else


# ----------------------------------------------------------------------------------------------------------------------
# The file, and processes


@pytest.mark.parametrize("method", ["none", "gzip"])
def test_an_archive_that_is_replaced_is_read_anew(tmp_path: Path, method: str) -> None:
    tar = store(tmp_path, PACK[method](tar_of([member("a.wav", b"old")])))
    (before,) = tar.walk()
    assert content(tar, "a.wav") == b"old"
    (tmp_path / "new").write_bytes(PACK[method](tar_of([member("a.wav", b"new")])))
    (tmp_path / "new").replace(tmp_path / "all.tar")

    assert content(tar, "a.wav") == b"new"
    assert [found.stamp for found in tar.walk()] != [before.stamp]


@dataclass(frozen=True)
class Restless(LocalFile):
    """A file that changes each time that somebody looks."""

    stamps: Iterator[str] = field(default_factory=lambda: map(str, itertools.count()))

    def stamp(self) -> str:
        return next(self.stamps)


def test_an_archive_that_changes_under_the_reader_is_told(tmp_path: Path) -> None:
    store(tmp_path, TWO)
    with pytest.raises(InputProblem, match=r"changed while a\.wav was read") as raised:
        content(Tar(Restless(tmp_path / "all.tar")), "a.wav")
    assert raised.value.code == "input.changed_during_read"


def test_stamps_stay_while_the_archive_does(tmp_path: Path) -> None:
    tar = store(tmp_path, TWO)
    stamps = [found.stamp for found in tar.walk()]

    assert stamps == [found.stamp for found in Tar(LocalFile(tmp_path / "all.tar"), Limits(members=9)).walk()]
    assert len(set(stamps)) == 2


def test_an_archive_that_is_not_there_cannot_be_listed(tmp_path: Path) -> None:
    tar = Tar(LocalFile(tmp_path / "all.tar"))

    with pytest.raises(MachineError, match=r"cannot be listed: there is no file all\.tar"):
        tar.walk()
    with pytest.raises(InputProblem, match=r"there is no file all\.tar"):
        content(tar, "a.wav")


def test_an_archive_behind_a_link_is_read(tmp_path: Path) -> None:
    store(tmp_path, TWO)
    (tmp_path / "link").symlink_to("all.tar")
    assert content(Tar(LocalFile(tmp_path / "link")), "a.wav") == b"1" * 700


def test_many_archives_leave_few_descriptors(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(30):
        (tmp_path / str(number)).mkdir()
        content(store(tmp_path / str(number), TWO), "a.wav")

    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 8


def test_the_store_travels_light(tmp_path: Path) -> None:
    tar = store(tmp_path, tar_of(member(f"{number}.wav", b"x") for number in range(1000)))
    list(tar.walk())

    assert len(pickle.dumps(tar)) < 1000
    assert pickle.loads(pickle.dumps(tar)) == tar  # noqa: S301 - made a moment ago


def test_another_process_opens_what_it_is_sent(tmp_path: Path) -> None:
    tar = store(tmp_path, gzip.compress(tar_of(member(*item) for item in FILES.items())))
    script = (
        "import pickle, sys\n"
        "store = pickle.load(sys.stdin.buffer)\n"
        "with store.opened('a/3.wav') as file:\n"
        "    sys.stdout.buffer.write(file.read(0, file.size))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(tar), capture_output=True, check=True)

    assert done.stdout == FILES["a/3.wav"]


def test_a_global_header_stands_for_the_members_behind_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", pax_headers={"comment": "0123abcd"}) as archive:
        archive.addfile(tarfile.TarInfo("a.wav"))

    assert codes(store(tmp_path, buffer.getvalue())) == {"a.wav": "file"}


def test_what_headers_say_for_all_is_not_gathered(tmp_path: Path) -> None:
    wanted = record("mtime", b"17")
    blocks = []
    for number in range(40):
        info = tarfile.TarInfo("g")
        records = b"".join(record(f"{number}-{key}", b"1") for key in range(1_500)) + wanted
        info.type, info.size = tarfile.XGLTYPE, len(records)
        blocks.append(info.tobuf(tarfile.USTAR_FORMAT) + records + bytes(-len(records) % 512) + TWO[:1536])
    data = b"".join(blocks) + bytes(1024)

    tracemalloc.start()
    found = list(store(tmp_path, data).walk())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert {item.path for item in found} == {"a.wav"}
    assert most < 3 << 20


def test_a_name_longer_than_any_path_is_refused_and_not_kept(tmp_path: Path) -> None:
    longest = "/".join(["a" * 255] * 16)
    names = [longest, longest + "/b.wav"]
    found = list(store(tmp_path, tar_of(member(name) for name in names)).walk())

    assert [(len(item.path), item.problem and item.problem.code) for item in found] == [
        (4095, None), (len("… (4,101 characters)") + 200, "input.unsafe_name"),
    ]  # fmt: skip


def test_the_pieces_of_all_sparse_members_are_limited(tmp_path: Path) -> None:
    pieces = b",".join(b"%d,0" % number for number in range(1 << 16))
    one = (
        extension(record("GNU.sparse.size", b"65536") + record("GNU.sparse.map", pieces))
        + tar_of([member("a.wav")])[:512]
    )

    assert codes(store(tmp_path, one + bytes(1024))) == {"a.wav": "file"}
    assert codes(store(tmp_path, 5 * one + bytes(1024)))["all.tar"] == "input.archive_limit"
