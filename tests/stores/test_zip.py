from __future__ import annotations

import io
import itertools
import pickle
import resource
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.archive_file import LocalFile
from listen_datasets.stores.members import Limits
from listen_datasets.stores.zip import Zip

DICE = np.random.default_rng(0)
FILES = {
    f"{folder}/{number}.wav": DICE.bytes(int(DICE.integers(0, 3000))) + bytes(100)
    for folder in ("b", "a")
    for number in range(5)
}
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def raw(*members: tuple[bytes, bytes], **fields: int) -> bytes:
    """Return an archive of stored members with any names and directory fields, as no well-meaning writer makes them."""
    local, central = b"", b""
    for name, data in members:
        values = {"crc": zlib.crc32(data), "packed": len(data), "size": len(data), "flags": 0, "method": 0,
                  "system": 0, "attributes": 0, "offset": len(local), "disk": 0, **fields}  # fmt: skip
        central += struct.pack(
            "<4s2B5H3L5H2L", b"PK\x01\x02", 20, values["system"], 20, values["flags"], values["method"], 0, 0,
            values["crc"], values["packed"], values["size"], len(name), 0, 0, values["disk"], 0, values["attributes"],
            values["offset"],
        ) + name  # fmt: skip
        local += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0
        )
        local += name + data
    count = len(members)
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central), len(local), 0)


def store(folder: Path, data: bytes, limits: Limits | None = None) -> Zip:
    (folder / "all.zip").write_bytes(data)
    return Zip(LocalFile(folder / "all.zip"), limits or Limits())


def content(archive: Zip, path: str) -> bytes:
    with archive.opened(path) as file:
        return file.read(0, file.size + 1)


def codes(archive: Zip) -> dict[str, str]:
    return {found.path: found.problem.code if found.problem else found.kind for found in archive.walk()}


# ----------------------------------------------------------------------------------------------------------------------
# What is read


@pytest.mark.parametrize("method", METHODS)
def test_members_come_sorted_with_their_sizes_and_bytes(tmp_path: Path, method: int) -> None:
    archive = store(tmp_path, zip_of(FILES, method))

    found = list(archive.walk())
    assert [(item.path, item.bytes) for item in found] == [(path, len(FILES[path])) for path in sorted(FILES)]
    assert {(item.kind, item.junk) for item in found} == {("file", False)}
    assert {path: content(archive, path) for path in reversed(FILES)} == FILES


def test_the_stamp_is_check_sum_and_size(tmp_path: Path) -> None:
    (found,) = store(tmp_path, zip_of({"a.wav": b"123456789"})).walk()
    assert found.stamp == "cbf43926-9"  # the check value of CRC-32


def test_an_archive_written_as_a_stream_is_read(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            piece = bytes(memoryview(data))  # type: ignore[arg-type]
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.wav", FILES["a/1.wav"])

    assert content(store(tmp_path, pipe.data), "a.wav") == FILES["a/1.wav"]


def test_zip64_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(65_540):
            archive.writestr(zipfile.ZipInfo(f"{number}.wav"), b"")
        with archive.open("last.wav", "w", force_zip64=True) as file:
            file.write(b"abc")
    made = store(tmp_path, buffer.getvalue())

    assert sum(found.kind == "file" for found in made.walk()) == 65_541
    assert content(made, "last.wav") == b"abc"


def in_64_bits(*numbers: int) -> bytes:
    """Return an archive whose directory gives size, packed size and offset of its member in the long form."""
    plain = raw((b"a.wav", b"abc"))
    at = plain.index(b"PK\x01\x02")
    record = bytearray(plain[at : at + 46])
    record[20:28], record[42:46] = b"\xff" * 8, b"\xff" * 4
    record[30:32] = struct.pack("<H", 28)
    central = bytes(record) + b"a.wav" + struct.pack("<2H3Q", 1, 24, *numbers)
    return plain[:at] + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), at, 0)


def test_sizes_and_offset_in_64_bits_are_read(tmp_path: Path) -> None:
    assert content(store(tmp_path, in_64_bits(3, 3, 0)), "a.wav") == b"abc"


@pytest.mark.parametrize("numbers", [((1 << 64) - 1, 3, 0), (3, (1 << 64) - 1, 0), (3, 3, (1 << 64) - 1)])
def test_absurd_sizes_and_offsets_are_damage(tmp_path: Path, numbers: tuple[int, int, int]) -> None:
    assert codes(store(tmp_path, in_64_bits(*numbers))) == {"all.zip": "input.archive_damaged"}


def test_a_zip64_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.wav", b"abc")
    plain = buffer.getvalue()
    end = plain.index(b"PK\x05\x06")
    _, _, _, _, count, length, offset, _ = struct.unpack("<4s4H2LH", plain[end:])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    made = [plain[:end] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, disks) + last for disks in (1, 2)]

    assert codes(store(tmp_path, made[0])) == {"a.wav": "file"}
    assert codes(store(tmp_path, made[1])) == {"all.zip": "input.archive_damaged"}


def test_a_comment_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.wav", b"abc")
        archive.comment = b"PK\x05\x06" + bytes(18) + b"a comment that looks like an end"

    assert codes(store(tmp_path, buffer.getvalue())) == {"a.wav": "file"}


def test_a_name_in_utf_8_that_is_not_marked_as_such_is_taken_for_what_it_is(tmp_path: Path) -> None:
    assert codes(store(tmp_path, raw(("Gespräch.wav".encode(), b"x")))) == {"Gespräch.wav": "file"}


@pytest.mark.parametrize(("crc", "path"), [(0, "Gespräch.wav"), (1, "Gespr\\x84ch.wav")])
def test_the_unicode_name_beside_an_old_one_is_the_name_if_it_belongs_to_it(
    tmp_path: Path, crc: int, path: str
) -> None:
    name = "Gespräch.wav".encode("cp437")
    plain = raw((name, b"abc"))
    at = plain.index(b"PK\x01\x02")
    field = b"\x01" + struct.pack("<L", zlib.crc32(name) ^ crc) + "Gespräch.wav".encode()
    record = bytearray(plain[at : at + 46])
    record[30:32] = struct.pack("<H", len(field) + 4)
    central = bytes(record) + name + struct.pack("<2H", 0x7075, len(field)) + field
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), at, 0)
    archive = store(tmp_path, plain[:at] + central + end)

    assert codes(archive) == {path: "input.odd_name" if crc else "file"}
    assert crc or content(archive, path) == b"abc"


def test_folders_are_not_reported_and_junk_is_flagged(tmp_path: Path) -> None:
    archive = store(tmp_path, zip_of({"a/": b"", "__MACOSX/a/._b.wav": b"x", "a/b.wav": b"y"}))
    assert [(found.path, found.junk) for found in archive.walk()] == [("__MACOSX/a/._b.wav", True), ("a/b.wav", False)]


def test_an_empty_archive_holds_nothing(tmp_path: Path) -> None:
    assert list(store(tmp_path, zip_of({})).walk()) == []


# ----------------------------------------------------------------------------------------------------------------------
# What is refused


@pytest.mark.parametrize("name", ["/etc/a.wav", "../a.wav", "a/../../b.wav", "C:a.wav", "a\\b.wav", ""])
def test_names_that_could_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    assert codes(store(tmp_path, raw((name.encode(), b"x")))) == {name.replace("\\", "\\"): "input.unsafe_name"}


@pytest.mark.parametrize("name", ["Gespräch.wav".encode("cp437"), b"a\0.wav", b"a\x1b[2J.wav"])
def test_names_that_are_no_text_are_odd(tmp_path: Path, name: bytes) -> None:
    (found,) = store(tmp_path, raw((name, b"x"))).walk()
    assert (found.kind, found.path.isprintable(), found.problem and found.problem.code) == (
        "odd_name", True, "input.odd_name",
    )  # fmt: skip


@pytest.mark.parametrize("other", [b"a.wav", b"A.wav", b"./a.wav"])
def test_of_members_that_share_a_name_none_is_read(tmp_path: Path, other: bytes) -> None:
    archive = store(tmp_path, raw((b"a.wav", b"1"), (b"b.wav", b"2"), (other, b"3")))

    assert [found.problem.code for found in archive.walk() if found.problem] == 2 * ["input.duplicate_member"]
    assert [found.path for found in archive.walk() if found.kind == "file"] == ["b.wav"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"flags": 1}, "input.encrypted_member"),
        ({"flags": 0x40}, "input.encrypted_member"),
        ({"flags": 0x2000}, "input.encrypted_member"),
        ({"method": 99}, "input.encrypted_member"),
        ({"method": 9}, "input.unsupported_compression"),
        ({"method": 14}, "input.unsupported_compression"),
        ({"packed": 2}, "input.member_damaged"),
        ({"packed": 2000}, "input.member_damaged"),
        ({"offset": 0xFFFFFFFE}, "input.member_damaged"),
        ({"method": 8, "size": 11 << 20}, "input.archive_limit"),
        ({"system": 3, "attributes": 0o120777 << 16}, "link"),
        ({"system": 3, "attributes": 0o010777 << 16}, "special"),
        ({"system": 3, "attributes": 0o100644 << 16}, "file"),
        ({"system": 0, "attributes": 0o120777 << 16}, "file"),
        ({"flags": 0x808}, "file"),
        ({"method": 8, "size": 10 << 20}, "file"),
    ],
)
def test_what_a_record_says_decides_whether_the_member_is_read(
    tmp_path: Path, fields: dict[str, int], code: str
) -> None:
    assert codes(store(tmp_path, raw((b"a.wav", b"abc"), **fields))) == {"a.wav": code}


def test_an_archive_in_the_archive_is_reported(tmp_path: Path) -> None:
    assert codes(store(tmp_path, zip_of({"a/inner.tar.gz": b"x"}))) == {"a/inner.tar.gz": "input.nested_archive"}


def test_members_that_lie_in_each_other_are_refused(tmp_path: Path) -> None:
    # The way of a famous bomb: many names for the same compressed bytes.
    data = bytearray(raw((b"a.wav", b"1" * 100), (b"b.wav", b"2" * 100), (b"c.wav", b"3" * 100)))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<L", 10)

    assert codes(store(tmp_path, bytes(data))) == {
        "a.wav": "input.member_damaged", "b.wav": "input.member_damaged", "c.wav": "file",
    }  # fmt: skip
    with pytest.raises(InputProblem, match=r"no member a\.wav"):
        content(store(tmp_path, bytes(data)), "a.wav")


def test_members_beyond_the_limits_are_not_read(tmp_path: Path) -> None:
    data = zip_of({f"{number}.wav": bytes(1000) for number in range(3)})

    assert set(codes(store(tmp_path, data, Limits(members=3, bytes=3000))).values()) == {"file"}
    assert codes(store(tmp_path, data, Limits(members=2)))["all.zip"] == "input.archive_limit"
    assert codes(store(tmp_path, data, Limits(bytes=2999)))["all.zip"] == "input.archive_limit"


def test_a_member_that_was_refused_cannot_be_opened(tmp_path: Path) -> None:
    archive = store(tmp_path, raw((b"a.wav", b"abc"), flags=1))
    with pytest.raises(InputProblem, match=r"no member a\.wav"):
        content(archive, "a.wav")


# ----------------------------------------------------------------------------------------------------------------------
# Damage

WHOLE = zip_of({"a.wav": FILES["a/1.wav"], "b.wav": FILES["a/2.wav"]})
AT = WHOLE.index(b"PK\x01\x02")
SECOND = WHOLE.index(b"PK\x03\x04", 4)
END = len(WHOLE) - 22


def changed(at: int, value: bytes) -> bytes:
    return WHOLE[:at] + value + WHOLE[at + len(value) :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (WHOLE[:-1], "directory at its end is missing"),
        (WHOLE[: len(WHOLE) // 2], "directory at its end is missing"),
        (WHOLE + b"more", "directory at its end is missing"),
        (b"MZ" + WHOLE, "is said to lie in bytes"),
        (changed(END + 8, b"\x03\0\x03\0"), "holds 2 members and says 3"),
        (changed(END + 8, b"\x01\0\x01\0"), "holds 2 members and says 1"),
        (changed(END + 4, b"\x01\0"), "one of several files"),
        (changed(END + 16, b"\xff\xff\xff\xff"), "is said to lie in bytes"),
        (changed(AT, b"XX"), "directory is damaged at byte"),
        (changed(AT + 28, b"\xff\x7f"), "directory ends inside the record"),
    ],
)
def test_a_damaged_directory_is_reported(tmp_path: Path, data: bytes, says: str) -> None:
    (archive,) = (found for found in store(tmp_path, data).walk() if found.path == "all.zip")

    assert (archive.kind, archive.problem and archive.problem.code) == ("unreadable", "input.archive_damaged")
    assert says in str(archive.problem)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed(60, b"\xff" * 200), "cannot be read from the archive"),
        (changed(AT + 16, b"\0\0\0\0"), "its check sum is"),
        (changed(AT + 24, b"\x05\0\0\0"), "promises 5 bytes and more come out"),
        (changed(AT + 24, b"\xff\xff\x0f\0"), "promises 1,048,575 bytes and"),
        (changed(AT + 20, b"\x20\0\0\0"), "compressed data ends too early"),
        (changed(0, b"XX"), "no header where the directory says"),
        (changed(30, b"x"), "another name or compression"),
        (changed(8, b"\x00"), "another name or compression"),
        (changed(28, b"\xff\x0f"), "reaches into the next member"),
    ],
)
def test_a_member_that_is_not_what_the_directory_says_is_refused_when_it_is_opened(
    tmp_path: Path, data: bytes, says: str
) -> None:
    archive = store(tmp_path, data)

    assert codes(archive) == {"a.wav": "file", "b.wav": "file"}
    with pytest.raises(InputProblem, match=says) as raised:
        content(archive, "a.wav")
    assert raised.value.code == "input.member_damaged"
    assert content(archive, "b.wav") == FILES["a/2.wav"]


def test_what_is_more_than_promised_does_not_come_out(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.wav": bytes(8 << 20)}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 1000)
    archive = store(tmp_path, bytes(data))
    list(archive.walk())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # of what is spooled
    try:
        with pytest.raises(InputProblem, match="promises 1,000 bytes and more come out"):
            content(archive, "a.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_more_behind_the_compressed_data_is_damage(tmp_path: Path) -> None:
    squeezed = zlib.compressobj(wbits=-15)
    data = squeezed.compress(b"abc") + squeezed.flush() + b"hidden"
    plain = bytearray(raw((b"a.wav", data), method=8, size=3, crc=zlib.crc32(b"abc")))
    plain[8:10] = b"\x08\0"

    with pytest.raises(InputProblem, match="more follows"):
        content(store(tmp_path, bytes(plain)), "a.wav")


def _any(data: bytes) -> bytes:
    spoilt = bytearray(data)
    for at in DICE.integers(0, len(data), 3):
        spoilt[at] = int(DICE.integers(256))
    return bytes(spoilt)


def _in_directory(data: bytes) -> bytes:
    spoilt = bytearray(data)
    for at in DICE.integers(data.index(b"PK\x01\x02"), len(data), 3):
        spoilt[at] = int(DICE.choice([0, 1, 0x7F, 0xFF]))
    return bytes(spoilt)


@pytest.mark.parametrize("change", [_any, _in_directory])
def test_whatever_is_changed_in_an_archive_no_member_fails_but_by_a_problem(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    seen = 0
    for number in range(300):
        (tmp_path / str(number)).mkdir()
        archive = store(tmp_path / str(number), change(WHOLE))
        for found in archive.walk():
            try:
                assert content(archive, found.path) in {FILES["a/1.wav"], FILES["a/2.wav"]}
            except InputProblem as problem:
                seen += problem.code.startswith("input.")

    assert seen > 100


# ----------------------------------------------------------------------------------------------------------------------
# The file


def test_an_archive_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    archive = store(tmp_path, zip_of({"a.wav": b"old"}))
    assert content(archive, "a.wav") == b"old"
    (tmp_path / "new").write_bytes(zip_of({"a.wav": b"new"}))
    (tmp_path / "new").replace(tmp_path / "all.zip")

    assert content(archive, "a.wav") == b"new"


@dataclass(frozen=True)
class Restless(LocalFile):
    """A file that changes each time that somebody looks."""

    stamps: Iterator[str] = field(default_factory=lambda: map(str, itertools.count()))

    def stamp(self) -> str:
        return next(self.stamps)


def test_an_archive_that_changes_under_the_reader_is_told(tmp_path: Path) -> None:
    store(tmp_path, WHOLE)
    with pytest.raises(InputProblem, match=r"changed while a\.wav was read") as raised:
        content(Zip(Restless(tmp_path / "all.zip")), "a.wav")
    assert raised.value.code == "input.changed_during_read"


def test_an_archive_that_is_not_there_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot be listed"):
        Zip(LocalFile(tmp_path / "all.zip")).walk()


def test_the_store_travels_light(tmp_path: Path) -> None:
    archive = store(tmp_path, WHOLE)
    list(archive.walk())

    assert len(pickle.dumps(archive)) < 1000
    assert pickle.loads(pickle.dumps(archive)) == archive  # noqa: S301 - made a moment ago
