from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import huggingface
from listen_datasets.errors import InternalError
from listen_datasets.shards import Changed, Job, Shard, cut, suffix, write
from listen_datasets.storage import Disk, Written
from listen_datasets.testing.manifests import FOLDER, SOURCE, manifest, row

PATH = "dist/data/train-00000-of-00001.parquet"

RECORDINGS = {
    f"{number:02}.wav": np.random.default_rng(number).bytes(size)
    for number, size in enumerate((3, 0, 200_000, 1, 77_777, 500_000, 12))
}


def job_of(root: Path, groups: tuple[int, ...]) -> tuple[Job, Shard]:
    """Put the recordings on disk and return the task of one shard of them."""
    (root / FOLDER).mkdir()
    for path, data in RECORDINGS.items():
        (root / FOLDER / path).write_bytes(data)
    rows = manifest([row(path, data) for path, data in RECORDINGS.items()]).drop_columns(["metadata_file"])
    columns = rows.schema.insert(1, huggingface.schema_with(rows.schema, {}, None).field(0).with_name("audio"))
    columns = columns.set(1, columns.field(1).with_type(huggingface.AUDIO_TYPE).with_nullable(True))  # noqa: FBT003
    job = Job(huggingface.schema_with(columns, {}, 16_000), {SOURCE: root / FOLDER}, root / "staging", Disk(root))
    return job, Shard(PATH, rows, groups)


@pytest.mark.parametrize("groups", [(7,), (1, 1, 1, 1, 1, 1, 1), (3, 4), (6, 1)], ids=str)
def test_recordings_come_back_byte_for_byte(tmp_path: Path, groups: tuple[int, ...]) -> None:
    job, shard = job_of(tmp_path, groups)
    written = write(job, shard)
    assert isinstance(written, Written)
    assert written.path == tmp_path / "staging" / PATH
    with pq.ParquetFile(written.path, page_checksum_verification=True) as file:
        table = file.read()
        assert [file.metadata.row_group(index).num_rows for index in range(len(groups))] == list(groups)
    assert [cell["bytes"] for cell in table.column("audio").to_pylist()] == list(RECORDINGS.values())
    names = [f"{clip}.wav" for clip in table.column("clip_id").to_pylist()]
    assert [cell["path"] for cell in table.column("audio").to_pylist()] == names
    assert table.drop_columns("audio").equals(shard.rows)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        written = write(*job_of(tmp_path / name, (3, 4)))
        assert isinstance(written, Written)
        digests.add(written.sha256)
    assert len(digests) == 1


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"!")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


@pytest.mark.parametrize(
    ("change", "code"),
    [(grow, "input.changed"), (flip, "input.changed"), (Path.unlink, "input.missing"), (link, "input.link")],
)
def test_a_recording_that_changed_leaves_no_shard(tmp_path: Path, change: Callable[[Path], None], code: str) -> None:
    job, shard = job_of(tmp_path, (3, 4))
    change(tmp_path / FOLDER / "05.wav")
    found = write(job, shard)
    assert isinstance(found, Changed)
    assert (found.source, found.path, found.code) == (SOURCE, "05.wav", code)
    assert found.place() == "main:05.wav"
    assert not list((tmp_path / "staging" / "dist" / "data").iterdir())


def test_a_shard_that_would_not_load_as_audio_is_a_bug(tmp_path: Path) -> None:
    job, shard = job_of(tmp_path, (7,))
    plain = Job(job.schema.remove_metadata(), job.roots, job.folder, job.disk)
    with pytest.raises(InternalError, match="does not say that audio is Audio"):
        write(plain, shard)


@pytest.mark.parametrize(
    ("container", "codec", "expected"),
    [
        ("wav", "pcm_s16", "wav"),
        ("rf64", "pcm_s24", "wav"),
        ("ogg", "vorbis", "ogg"),
        ("ogg", "opus", "opus"),
        ("flac", "flac", "flac"),
        ("mp3", "mp3", "mp3"),
        ("aiff", "pcm_s16", "aiff"),
    ],
)
def test_the_extension_follows_from_the_content(container: str, codec: str, expected: str) -> None:
    assert suffix(container, codec) == expected


@given(st.lists(st.integers(0, 20)), st.integers(1, 30), st.one_of(st.none(), st.integers(1, 5)))
def test_pieces_are_full_but_not_too_full(sizes: list[int], limit: int, most: int | None) -> None:
    pieces = cut(sizes, limit, most)
    assert sum(pieces) == len(sizes)
    first = 0
    for count in pieces:
        piece = sizes[first : first + count]
        assert count == 1 or (sum(piece) <= limit and count <= (most or count))
        first += count
        if first < len(sizes):
            assert count == most or sum(piece) + sizes[first] > limit


@given(st.lists(st.integers(0, 20), min_size=1), st.lists(st.integers(0, 20)))
def test_what_is_appended_moves_no_earlier_cut(sizes: list[int], more: list[int]) -> None:
    before = cut(sizes, 30)
    assert cut([*sizes, *more], 30)[: len(before) - 1] == before[:-1]
