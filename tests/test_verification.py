from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import checksums, commit, ledger
from listen_datasets.progress import Silent
from listen_datasets.verification import Verified, verify


@pytest.fixture
def dataset(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def check(dataset: Path) -> Verified:
    return verify(dataset, Silent())


def files(dataset: Path) -> list[Path]:
    return [dataset / path for path in ledger.state(ledger.read(dataset / ledger.NAME).entries)]


def test_untouched_dataset_is_whole(dataset: Path) -> None:
    result = check(dataset)

    assert result.damage == ()
    assert result.files == len(files(dataset)) > 15


def test_one_flipped_bit_of_any_file_is_named(dataset: Path) -> None:
    missed = []
    for file in files(dataset):
        data = file.read_bytes()
        position = len(data) // 2
        file.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        if [item.path for item in check(dataset).damage] not in (
            [file.relative_to(dataset).as_posix()],
            # The list of checksums is damaged itself, and then says something else of a file.
            ["dist/SHA256SUMS", "dist/SHA256SUMS"],
        ) and "SHA256SUMS" not in file.name:
            missed.append(file.name)
        file.write_bytes(data)

    assert missed == []


@pytest.mark.parametrize("name", ["manifest.parquet", "dist/README.md", "dist/SHA256SUMS", "findings/validate.parquet"])
def test_missing_file_is_named(dataset: Path, name: str) -> None:
    (dataset / name).unlink()

    assert name in {item.path for item in check(dataset).damage}


@pytest.mark.parametrize("name", ["manifest.parquet", "dist/croissant.json", "features/loudness/part-00000.parquet"])
def test_shorter_file_is_named(dataset: Path, name: str) -> None:
    file = dataset / name
    file.write_bytes(file.read_bytes()[:-1])

    assert [item.path for item in check(dataset).damage] == [name]


def test_file_that_lds_did_not_write_is_named(dataset: Path) -> None:
    (dataset / "dist" / "data" / "train-00001-of-00002.parquet").write_bytes(b"x")

    assert [item.path for item in check(dataset).damage] == ["dist/data/train-00001-of-00002.parquet"]


def test_every_changed_line_of_the_ledger_is_found(dataset: Path) -> None:
    path = dataset / ledger.NAME
    lines = path.read_bytes().splitlines(keepends=True)

    for number, line in enumerate(lines):
        path.write_bytes(b"".join([*lines[:number], line.replace(b'"kept":8', b'"kept":9'), *lines[number + 1 :]]))
        assert check(dataset).damage != (), number


def test_ledger_without_its_last_line_is_found(dataset: Path) -> None:
    path = dataset / ledger.NAME
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    assert check(dataset).damage != ()


def test_link_in_place_of_a_file_is_found(dataset: Path) -> None:
    card = dataset / "dist" / "README.md"
    card.rename(dataset / "elsewhere.md")
    card.symlink_to(dataset / "elsewhere.md")

    assert [item.path for item in check(dataset).damage] == ["dist/README.md"]


def test_unfinished_commit_is_said(dataset: Path) -> None:
    (dataset / commit.RECORD).write_text(json.dumps({}), encoding="utf-8")

    assert [item.path for item in check(dataset).damage] == [commit.RECORD]


@pytest.mark.parametrize("place", ["dist/data/more", "features/more", "findings/more.parquet"])
def test_link_that_lds_did_not_make_is_named(dataset: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (dataset / place).symlink_to(tmp_path / "elsewhere")

    assert [item.path for item in check(dataset).damage] == [place]


def _become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "first byte": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 0x80]) + path.read_bytes()[1:]),
    "last byte": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "a folder": _become_a_folder,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_any_file_is_named(dataset: Path, change: str) -> None:
    def damaged(file: Path) -> set[str]:
        kept = file.read_bytes()
        CHANGES[change](file)
        found = {item.path for item in check(dataset).damage}
        if file.is_dir():
            file.rmdir()
        file.write_bytes(kept)
        return found

    paths = {file: file.relative_to(dataset).as_posix() for file in files(dataset)}

    assert [path for file, path in paths.items() if path not in damaged(file)] == []
    assert check(dataset).damage == ()


@pytest.fixture(scope="module")
def ledger_of(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that has a ledger and nothing else."""
    root = tmp_path_factory.mktemp("ledger")
    shutil.copy(finished / ledger.NAME, root)
    return root


@given(st.data())
def test_a_flipped_bit_anywhere_in_the_ledger_is_found(ledger_of: Path, finished: Path, data: st.DataObject) -> None:
    whole = (finished / ledger.NAME).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[place] ^ (1 << data.draw(st.integers(0, 7)))
    (ledger_of / ledger.NAME).write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])

    damage = check(ledger_of).damage

    assert len(damage) == 1
    assert damage[0].path.startswith(ledger.NAME)


def test_a_check_changes_nothing(dataset: Path) -> None:
    def seen() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in dataset.rglob("*")}

    before = seen()
    check(dataset)

    assert seen() == before


def published(root: Path, sums: bytes | None) -> Path:
    """Make a dataset of one published file and a list of checksums, both as the ledger knows them."""
    files = {"dist/a.parquet": b"data"} | ({} if sums is None else {commit.CHECKSUMS: sums})
    generated = {}
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        generated[path] = ledger.Generated(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    facts = {"run": "r", "stage": "shard", "version": "1", "started": "2030-01-01T00:00:00Z", "seconds": 1.0}
    entry = ledger.next_entry(ledger.Ledger(), generated=generated, **facts)
    (root / ledger.NAME).write_bytes(ledger.line(entry))
    return root


GOOD = checksums.text({"a.parquet": hashlib.sha256(b"data").hexdigest()})
WRONG_LISTS = {
    "none": (None, commit.CHECKSUMS),
    "empty": (b"", "dist/a.parquet"),
    "another digest": (GOOD.replace(GOOD[:4], b"0000"), "dist/a.parquet"),
    "another name": (GOOD.replace(b"a.parquet", b"b.parquet"), "dist/b.parquet"),
    "no list": (b"x\n", commit.CHECKSUMS),
}


@pytest.mark.parametrize("kind", WRONG_LISTS)
def test_list_of_checksums_that_says_something_else_than_the_ledger_is_named(tmp_path: Path, kind: str) -> None:
    sums, path = WRONG_LISTS[kind]

    assert path in {item.path for item in check(published(tmp_path, sums)).damage}


def test_list_of_checksums_that_agrees_with_the_ledger_is_fine(tmp_path: Path) -> None:
    assert check(published(tmp_path, GOOD)).damage == ()
