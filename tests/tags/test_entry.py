from __future__ import annotations

import pytest

from listen_datasets.tags.entry import MAX_BYTES, MAX_READS, Allowance, Entry, Unreadable, Window, unspecified
from listen_datasets.testing.recordings import InMemory


def test_only_so_many_bytes_may_be_read() -> None:
    source = Allowance(InMemory(bytes(2 * MAX_BYTES)))
    assert source.read(0, MAX_BYTES) == bytes(MAX_BYTES)
    with pytest.raises(Unreadable, match="2 MiB"):
        source.read(0, 1)


def test_a_claim_of_gigabytes_is_not_tried() -> None:
    class Recording(InMemory):
        def read(self, offset: int, length: int) -> bytes:
            assert length <= MAX_BYTES + 1
            return super().read(offset, length)

    with pytest.raises(Unreadable):
        Allowance(Recording(bytes(2 * MAX_BYTES))).read(0, 1 << 40)


def test_only_so_many_places_may_be_looked_at() -> None:
    source = Allowance(InMemory(b""))
    for _ in range(MAX_READS):
        source.read(0, 1)
    with pytest.raises(Unreadable):
        source.read(0, 1)


def test_a_window_ends_where_it_ends() -> None:
    window = Window(InMemory(b"0123456789"), 2, 6)
    assert (window.size, window.read(1, 100), window.read(4, 1), window.read(9, 1)) == (4, b"345", b"", b"")


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (b"text \0padding", Entry("a", "text")),
        ("é".encode(), Entry("a", "é")),
        (b"\xe9t\xe9", Entry("a", "\\xe9t\\xe9", is_valid=False)),
        (b"", Entry("a", "")),
    ],
)
def test_text_without_a_declared_encoding_is_utf_8_or_escaped(data: bytes, entry: Entry) -> None:
    assert unspecified("a", data) == entry
