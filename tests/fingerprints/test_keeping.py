from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest

from listen_datasets.fingerprints import Fingerprint, keeping
from listen_datasets.fingerprints.keeping import Row, names, packed, read, update
from listen_datasets.fingerprints.shelf import Shelf
from listen_datasets.storage import Disk, Written
from listen_datasets.testing.sounds import heard, melody, name

PARTS = [f"fingerprints/part-{number:05}.parquet" for number in range(3)]


def rows(numbers: range) -> list[Row]:
    return [Row.of(name(number), heard(melody(number, 0.3))) for number in numbers]


def put(path: Path, some: list[Row]) -> Path:
    path.write_bytes(packed(some))
    return path


def write(
    folder: Path, sources: list[Path], some: list[Row], wanted: set[str], most: int = 1 << 28
) -> dict[str, Written]:
    written, kept = update(Disk(), folder, {}, sources, some, wanted, most)
    assert not kept
    return written


def test_a_fingerprint_comes_back_as_it_was() -> None:
    print_ = heard(melody(1, 1.0))
    back = Row.of(name(1), print_).fingerprint
    for array in ("codes", "signs", "levels"):
        assert np.array_equal(getattr(back, array), getattr(print_, array))
        assert getattr(back, array).dtype == getattr(print_, array).dtype


def test_files_are_merged_in_order_and_what_is_not_wanted_drops_out(tmp_path: Path) -> None:
    everything = rows(range(12))
    sources = [put(tmp_path / "a", everything[::3]), put(tmp_path / "b", everything[1::3])]
    wanted = {row.sha256 for row in everything if row.sha256 != name(4)}
    written = write(tmp_path / "out", sources, everything[2::3], wanted)
    assert list(written) == ["fingerprints/part-00000.parquet"]
    found = list(read(tmp_path / "out" / "fingerprints/part-00000.parquet"))
    assert found == [row for row in everything if row.sha256 in wanted]


def test_equal_recordings_are_kept_once(tmp_path: Path) -> None:
    once = rows(range(3))
    write(tmp_path, [put(tmp_path / "a", once)], once, {row.sha256 for row in once})
    assert len(list(read(tmp_path / "fingerprints/part-00000.parquet"))) == 3


@pytest.mark.parametrize("seed", range(3))
def test_the_bytes_do_not_depend_on_how_the_rows_arrived(tmp_path: Path, seed: int) -> None:
    everything = rows(range(20))
    wanted = {row.sha256 for row in everything}
    plain = write(tmp_path / "plain", [], everything, wanted)
    Random(seed).shuffle(everything)  # noqa: S311 - no secret
    sources = [put(tmp_path / "a", everything[:7]), put(tmp_path / "b", everything[7:9])]
    mixed = write(tmp_path / "mixed", sources, everything[9:], wanted)
    assert {path: file.sha256 for path, file in plain.items()} == {path: file.sha256 for path, file in mixed.items()}


def test_without_a_recording_there_is_an_empty_file(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [], [], set())
    assert names([tmp_path / path]) == set()


def test_a_large_dataset_has_several_files(tmp_path: Path) -> None:
    long = np.zeros(4_000, np.uint64)
    some = [
        Row.of(name(number), Fingerprint(long.astype(np.uint32), long, long.astype(np.uint8))) for number in range(80)
    ]
    written = write(tmp_path, [], some, {row.sha256 for row in some}, most=3_000_000)
    assert list(written) == [f"fingerprints/part-{number:05}.parquet" for number in range(2)]
    parts = [tmp_path / path for path in written]
    assert [row.sha256 for part in parts for row in read(part)] == [row.sha256 for row in some]
    shelf = Shelf(parts)
    assert len(shelf[name(79)].signs) == 4_000
    assert name(80) not in shelf
    shelf.close()


def long_rows(numbers: range) -> list[Row]:
    hops = np.zeros(4_000, np.uint64)
    print_ = Fingerprint(hops.astype(np.uint32), hops, hops.astype(np.uint8))
    return [Row.of(name(number), print_) for number in numbers]


def test_full_files_stay_and_others_take_what_is_new(tmp_path: Path) -> None:
    some = long_rows(range(0, 160, 2))
    parts = write(tmp_path / "1", [], some, {row.sha256 for row in some}, most=3_000_000)
    assert [file.bytes >= 3_000_000 for file in parts.values()] == [True, False]
    new = long_rows(range(1, 9, 2))
    wanted = {row.sha256 for row in (*some, *new)}

    written, kept = update(Disk(), tmp_path / "2", parts, [], new, wanted, most=3_000_000)

    assert kept == {PARTS[0]: parts[PARTS[0]]}
    assert list(written) == PARTS[1:2]
    assert names(file.path for file in (*written.values(), *kept.values())) == wanted


def test_a_full_file_is_written_again_without_what_is_gone(tmp_path: Path) -> None:
    some = long_rows(range(160))
    parts = write(tmp_path / "1", [], some, {row.sha256 for row in some}, most=3_000_000)
    wanted = {row.sha256 for row in some} - {name(0)}

    written, kept = update(Disk(), tmp_path / "2", parts, [], [], wanted, most=3_000_000)

    assert list(kept) == PARTS[1:2]
    assert list(written) == [PARTS[0], PARTS[2]]
    found = [row.sha256 for file in (*written.values(), *kept.values()) for row in read(file.path)]
    assert sorted(found) == sorted(wanted)


def test_what_is_as_it_was_is_not_written(tmp_path: Path) -> None:
    some = rows(range(3))
    wanted = {row.sha256 for row in some}
    parts = write(tmp_path / "1", [], some, wanted)

    assert update(Disk(), tmp_path / "2", parts, [], some, wanted) == ({}, parts)


def test_the_file_says_how_it_was_measured(tmp_path: Path) -> None:
    path = put(tmp_path / "a", rows(range(1)))
    assert pq.read_schema(path).metadata[b"lds"] == b'{"hop":128,"sample_rate":8000,"version":"1"}'
    assert pq.read_schema(path).names == keeping.SCHEMA.names
