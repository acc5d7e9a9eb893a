from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import CorruptError
from listen_datasets.ledger import Entry, FileRecord, Generated, Ledger, follows, line, next_entry, read, state


def _entries(count: int) -> list[bytes]:
    """Return the lines of a small ledger."""
    lines: list[bytes] = []
    ledger = Ledger()
    for number in range(count):
        entry = next_entry(
            ledger,
            run=f"r{number}",
            stage="split",
            version="1",
            started="2030-01-01T00:00:00Z",
            seconds=0.25,
            config={"group-by": ["é"]},
            generated={"manifest.parquet": Generated(bytes=number, sha256="ab")},
        )
        lines.append(line(entry))
        ledger = Ledger((*ledger.entries, entry), lines[-1][:-1], 0, 0)
    return lines


LINES = _entries(3)
DATA = b"".join(LINES)
SECOND = msgspec.convert({key: value for key, value in json.loads(LINES[1]).items() if key != "crc"}, Entry)


def _write(folder: Path, data: bytes) -> Path:
    path = folder / "provenance.jsonl"
    path.write_bytes(data)
    return path


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    ledger = read(_write(tmp_path, DATA))

    assert [entry.run for entry in ledger.entries] == ["r0", "r1", "r2"]
    assert [entry.n for entry in ledger.entries] == [1, 2, 3]
    assert (ledger.last, ledger.good_bytes, ledger.torn_bytes) == (LINES[2][:-1], len(DATA), 0)


def test_a_missing_ledger_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "provenance.jsonl") == Ledger()


def test_each_line_holds_the_digest_of_the_one_before() -> None:
    assert [json.loads(text)["prev"] for text in LINES] == [
        None,
        "sha256:" + hashlib.sha256(LINES[0].rstrip(b"\n")).hexdigest(),
        "sha256:" + hashlib.sha256(LINES[1].rstrip(b"\n")).hexdigest(),
    ]


def test_the_crc_is_that_of_the_line_without_it() -> None:
    crc = json.loads(LINES[0])["crc"]
    without = LINES[0].rstrip(b"\n").replace(f'"crc":"{crc}",'.encode(), b"")

    assert crc == f"{zlib.crc32(without):08x}"


def _is_found(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        return read(path).torn_bytes > 0
    except CorruptError:
        return True


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "provenance.jsonl"
    damaged = [DATA[:place] + bytes([DATA[place] ^ (1 << place % 8)]) + DATA[place + 1 :] for place in range(len(DATA))]

    assert [place for place, data in enumerate(damaged) if not _is_found(path, data)] == []


@given(position=st.integers(0, len(DATA) - 1), value=st.integers(0, 255))
def test_any_replaced_byte_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, value: int) -> None:
    damaged = bytearray(DATA)
    damaged[position] = value
    path = tmp_path_factory.getbasetemp() / "provenance.jsonl"

    assert _is_found(path, bytes(damaged)) == (bytes(damaged) != DATA)


@pytest.mark.parametrize("size", range(len(LINES[0]) + len(LINES[1]) + 1, len(DATA), 40))
def test_a_torn_last_line_is_measured_and_the_others_are_kept(tmp_path: Path, size: int) -> None:
    ledger = read(_write(tmp_path, DATA[:size]))

    assert len(ledger.entries) == 2
    assert ledger.good_bytes == len(LINES[0]) + len(LINES[1])
    assert ledger.torn_bytes == size - ledger.good_bytes


def test_a_last_line_that_is_bad_but_ended_counts_as_torn(tmp_path: Path) -> None:
    ledger = read(_write(tmp_path, DATA + b"\0\0\0\n"))

    assert (len(ledger.entries), ledger.torn_bytes) == (3, 4)


BAD = {
    "a bad line before a good one": (LINES[0] + LINES[1].replace(b"split", b"shard") + LINES[2], 2),
    "a bad line before a torn one": (LINES[0] + b"{}\n" + b"{", 2),
    "an empty line": (LINES[0] + b"\n" + LINES[1], 2),
    "a gap": (LINES[0] + LINES[2], 2),
    "a missing beginning": (LINES[1] + LINES[2], 1),
    "swapped lines": (LINES[0] + LINES[2] + LINES[1], 2),
    "a line twice": (LINES[0] + LINES[0], 2),
    "another beginning": (line(Entry(n=1, run="x", stage="s", version="1", started="", seconds=1)) + LINES[1], 2),
    "a gap in the numbers alone": (LINES[0] + line(msgspec.structs.replace(SECOND, n=3)), 2),
    "deep nesting": (b"[" * 100_000 + b"\n" + LINES[0], 1),
}


@pytest.mark.parametrize(("data", "number"), BAD.values(), ids=BAD.keys())
def test_damage_before_the_end_is_refused_with_its_line(tmp_path: Path, data: bytes, number: int) -> None:
    with pytest.raises(CorruptError, match=f"^line {number} of the ledger"):
        read(_write(tmp_path, data))


def test_a_valid_crc_over_another_spelling_is_refused(tmp_path: Path) -> None:
    spaced = LINES[0].replace(b'"v":1', b'"v": 1')

    assert read(_write(tmp_path, spaced)).torn_bytes == len(spaced)


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [(2, LINES[2], True), (2, LINES[2][:-1], True), (1, LINES[2], False), (3, LINES[2], False), (2, b"{}", False)],
)
def test_only_the_next_line_follows(tmp_path: Path, before: int, text: bytes, expected: bool) -> None:  # noqa: FBT001
    assert follows(read(_write(tmp_path, b"".join(LINES[:before]))), text) is expected


def test_a_number_that_json_has_not_is_refused() -> None:
    entry = Entry(n=1, run="r", stage="s", version="1", started="", seconds=0, report={"level": float("nan")})

    with pytest.raises(ValueError, match="not JSON compliant"):
        line(entry)


def _entry(n: int, stage: str, generated: dict[str, int], removed: tuple[str, ...] = ()) -> Entry:
    made = {path: Generated(bytes=size, sha256=f"{n}{path}") for path, size in generated.items()}
    fields: dict[str, Any] = {"run": "r", "version": "1", "started": "", "seconds": 0}
    return Entry(n=n, stage=stage, generated=made, removed=removed, **fields)


def test_the_state_is_what_was_generated_last_and_not_removed() -> None:
    entries = [
        _entry(1, "ingest", {"manifest.parquet": 1, "findings/ingest.parquet": 2}),
        _entry(2, "shard", {"dist/a": 3, "dist/b": 4}),
        _entry(3, "split", {"manifest.parquet": 5}),
        _entry(4, "shard", {"dist/b": 6}, removed=("dist/a", "dist/b")),
    ]

    assert state(entries) == {
        "findings/ingest.parquet": FileRecord("1findings/ingest.parquet", 2, "ingest", 1),
        "manifest.parquet": FileRecord("3manifest.parquet", 5, "split", 3),
        "dist/b": FileRecord("4dist/b", 6, "shard", 4),
    }
