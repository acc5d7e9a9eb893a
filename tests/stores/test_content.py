from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from listen_datasets.errors import RecipeError
from listen_datasets.inputs import InputProblem
from listen_datasets.stores.content import FREE, Content, Packed, Plain
from listen_datasets.stores.decoders import MAGIC, decoder_of

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
DICE = np.random.default_rng(0)
DATA = DICE.bytes(100_000) + bytes(50_000) + DICE.bytes(250_000)


def packed(path: Path, data: bytes, method: str, most: int = 1 << 40) -> Packed:
    path.write_bytes(data)
    return Packed(os.open(path, os.O_RDONLY), method, most=most)


def read(content: Content) -> bytes:
    pieces, offset = [], 0
    while piece := content.at(offset, 100_000):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("method", PACK)
def test_all_that_was_packed_comes_out(tmp_path: Path, method: str) -> None:
    content = packed(tmp_path / "a", PACK[method](DATA), method)

    assert read(content) == DATA
    assert content.reached == len(DATA)


@pytest.mark.parametrize("method", PACK)
def test_any_offset_can_be_asked_for_in_any_order(tmp_path: Path, method: str) -> None:
    content = packed(tmp_path / "a", PACK[method](DATA), method)
    asked = [(int(at), length) for at in DICE.integers(0, len(DATA) + 1000, 8) for length in (1, 512, 70_000)]

    assert [content.at(*range_) for range_ in asked] == [DATA[at : at + length] for at, length in asked]


def test_going_back_in_a_gzip_starts_at_a_bookmark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    content = packed(path, gzip.compress(DATA), "gzip")
    read(content)
    # What is not read again need not be there any more.
    with path.open("r+b") as file:
        file.write(bytes(100_000))

    assert content.at(300_000, 1000) == DATA[300_000:301_000]


def test_bookmarks_stay_few_however_much_comes_out(tmp_path: Path) -> None:
    data = DATA * 200
    content = packed(tmp_path / "a", gzip.compress(data, 0), "gzip")
    read(content)

    assert 256 <= len(content._bookmarks) <= 512
    assert content.at(20_000_000, 100) == data[20_000_000:20_000_100]


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize("padding", [b"", bytes(700)])
def test_streams_that_follow_each_other_are_read_as_one(tmp_path: Path, method: str, padding: bytes) -> None:
    pack = PACK[method]
    joined = pack(DATA[:200_000]) + padding + pack(b"") + pack(DATA[200_000:]) + padding

    assert read(packed(tmp_path / "a", joined, method)) == DATA


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (lambda data: data[:-5], "ends in the middle"),
        (lambda data: data[: len(data) // 2], "ends in the middle"),
        (lambda data: data + b"more", "foreign bytes follow"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "is damaged"),
    ],
)
def test_damage_is_a_problem(tmp_path: Path, method: str, spoilt: Callable[[bytes], bytes], says: str) -> None:
    with pytest.raises(InputProblem, match=says) as raised:
        read(packed(tmp_path / "a", spoilt(PACK[method](DATA)), method))

    assert raised.value.code == "input.archive_damaged"


def test_more_bytes_than_allowed_are_a_problem(tmp_path: Path) -> None:
    data = gzip.compress(DATA)

    assert read(packed(tmp_path / "a", data, "gzip", most=len(DATA))) == DATA
    with pytest.raises(InputProblem, match="more than 399,999 bytes come out") as raised:
        read(packed(tmp_path / "b", data, "gzip", most=len(DATA) - 1))
    assert raised.value.code == "input.archive_limit"


@pytest.mark.parametrize("method", PACK)
def test_a_bomb_stops_soon_after_the_free_amount(tmp_path: Path, method: str) -> None:
    content = packed(tmp_path / "a", PACK[method](bytes(4 * FREE)), method)

    with pytest.raises(InputProblem, match="may come out of one") as raised:
        read(content)
    assert raised.value.code == "input.archive_limit"
    assert content.reached < FREE + (1 << 20)


def test_a_little_silence_is_no_bomb(tmp_path: Path) -> None:
    assert len(read(packed(tmp_path / "a", gzip.compress(bytes(FREE)), "gzip"))) == FREE


def test_a_plain_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DATA)
    content = Plain(os.open(tmp_path / "a", os.O_RDONLY))

    assert (content.at(5, 10), content.at(len(DATA) - 2, 10), content.reached) == (DATA[5:15], DATA[-2:], len(DATA))


def test_what_cannot_be_read_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="cannot be read"):
        Plain(os.open(tmp_path, os.O_RDONLY)).at(0, 1)
    with pytest.raises(InputProblem, match="cannot be read"):
        Packed(os.open(tmp_path, os.O_RDONLY), "gzip", most=1).at(0, 1)


def test_descriptors_go_with_their_owners(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    content = Plain(fd)
    del content

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_zstandard_is_read_or_refused_with_advice(tmp_path: Path) -> None:
    zstd = pytest.importorskip("compression.zstd", reason="refused in Python before 3.14") if _has_zstd() else None
    if zstd is None:
        with pytest.raises(RecipeError, match="cannot read Zstandard") as raised:
            decoder_of("zstd")
        assert raised.value.hint == "decompress it first (zstd -d), or use Python 3.14"
        return
    assert read(packed(tmp_path / "a", zstd.compress(DATA), "zstd")) == DATA


def _has_zstd() -> bool:
    import importlib.util  # noqa: PLC0415

    return importlib.util.find_spec("compression") is not None


@pytest.mark.parametrize("method", PACK)
def test_the_first_bytes_say_the_method(method: str) -> None:
    assert [name for magic, name in MAGIC.items() if PACK[method](b"x").startswith(magic)] == [method]


@pytest.mark.parametrize("method", ["gzip", "bzip2"])  # a decoder of xz takes megabytes itself
def test_many_short_streams_are_not_gathered(tmp_path: Path, method: str) -> None:
    content = packed(tmp_path / "a", PACK[method](b"") * 50_000 + PACK[method](b"abc"), method)
    tracemalloc.start()
    data = read(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert data == b"abc"
    assert most < 400_000
