from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import huggingface
from listen_datasets.errors import InternalError
from listen_datasets.publication import publication
from listen_datasets.shards import Changed, Clip, Embedded, Job, Shard, cut, largest, suffix, write
from listen_datasets.storage import Disk
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.manifests import FOLDER, SOURCE, manifest, row, span
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

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
    stores = {SOURCE: Folder(root / FOLDER)}
    job = Job(huggingface.schema_with(columns, {}, 16_000), stores, root / "staging", Disk(root))
    return job, Shard(PATH, rows, rows.select(Clip._fields), groups)


@pytest.mark.parametrize("groups", [(7,), (1, 1, 1, 1, 1, 1, 1), (3, 4), (6, 1)], ids=str)
def test_recordings_come_back_byte_for_byte(tmp_path: Path, groups: tuple[int, ...]) -> None:
    job, shard = job_of(tmp_path, groups)
    written = write(job, shard)
    assert isinstance(written, Embedded)
    assert written.file.path == tmp_path / "staging" / PATH
    assert written.audio_bytes == sum(map(len, RECORDINGS.values()))
    with pq.ParquetFile(written.file.path, page_checksum_verification=True) as file:
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
        assert isinstance(written, Embedded)
        digests.add(written.file.sha256)
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


# ----------------------------------------------------------------------------------------------------------------------
# Spans

LONG = {
    "pcm.wav": (encode(noise(1, duration=6.0), 16_000), "wav", "pcm_s16", 16),
    "flac.flac": (encode(noise(2, duration=6.0), 16_000, container="FLAC", subtype="PCM_24"), "flac", "flac", 24),
    "lossy.ogg": (encode(noise(3, duration=6.0), 16_000, container="OGG", subtype="VORBIS"), "ogg", "vorbis", None),
}
PLACES = [(0, 16_000), (8_000, 16_000), (70_000, 26_000), (95_999, 1)]


def spans_of(root: Path, **columns: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Put the long recordings on disk and return rows of their spans, and the samples that each must have."""
    (root / FOLDER).mkdir()
    rows, sounds = [], []
    for path, (data, container, codec, bits) in LONG.items():
        (root / FOLDER / path).write_bytes(data)
        form = {"container": container, "codec": codec, "bits_per_sample": bits, "recording_num_samples": 96_000}
        dtype = "float32" if bits is None else "int16" if bits == 16 else "int32"
        samples, _ = sf.read(io.BytesIO(data), dtype=dtype)
        for first, count in PLACES:
            sound = samples[first : first + count]
            pcm = (
                sound.tobytes()
                if bits != 24
                else (sound >> 8).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
            )
            md5 = hashlib.md5(pcm, usedforsecurity=False).hexdigest()
            rows.append(span(row(path, data, **form), first, count, **{"pcm_md5": md5, **columns}))
            sounds.append(sound)
    return rows, sounds


def cut_job(root: Path, rows: list[dict[str, Any]], groups: tuple[int, ...]) -> tuple[Job, Shard]:
    """Return the task of one shard of rows."""
    table = manifest(rows)
    published = publication(table, pa.chunked_array([["train"] * len(rows)]), [])
    job = Job(published.schema(), {SOURCE: Folder(root / FOLDER)}, root / "staging", Disk(root))
    return job, Shard(PATH, *published.of("train"), groups)


@pytest.mark.parametrize("groups", [(12,), (1,) * 12, (5, 7)], ids=str)
def test_spans_are_files_of_their_own_with_exactly_their_samples(tmp_path: Path, groups: tuple[int, ...]) -> None:
    rows, sounds = spans_of(tmp_path)
    written = write(*cut_job(tmp_path, rows, groups))
    assert isinstance(written, Embedded)
    table = pq.read_table(written.file.path)
    cells = table.column("audio").to_pylist()
    suffixes = ["flac"] * 8 + ["wav"] * 4
    assert [cell["path"] for cell in cells] == [f"{r['clip_id']}.{s}" for r, s in zip(rows, suffixes, strict=True)]
    assert written.audio_bytes == sum(len(cell["bytes"]) for cell in cells)
    for cell, sound in zip(cells, sounds, strict=True):
        assert np.array_equal(sf.read(io.BytesIO(cell["bytes"]), dtype=sound.dtype.name)[0], sound)


def test_what_a_shard_says_of_the_files_is_about_the_recordings(tmp_path: Path) -> None:
    rows, _ = spans_of(tmp_path)
    written = write(*cut_job(tmp_path, rows, (12,)))
    assert isinstance(written, Embedded)
    found = pq.read_table(written.file.path)
    for name in ("sha256", "bytes", "container", "codec", "start", "num_samples", "pcm_md5"):
        assert found.column(name).to_pylist() == [cells[name] for cells in rows]


def test_a_span_that_is_all_of_its_recording_is_the_file_as_it_is(tmp_path: Path) -> None:
    rows, _ = spans_of(tmp_path)
    lossy = span(rows[-1], 0, 96_000)
    written = write(*cut_job(tmp_path, [lossy], (1,)))
    assert isinstance(written, Embedded)
    (cell,) = pq.read_table(written.file.path).column("audio").to_pylist()
    assert cell == {"bytes": LONG["lossy.ogg"][0], "path": f"{lossy['clip_id']}.ogg"}


def test_spans_that_are_decoded_to_other_samples_leave_no_shard(tmp_path: Path) -> None:
    rows, _ = spans_of(tmp_path)
    rows[5]["pcm_md5"] = "0" * 32
    found = write(*cut_job(tmp_path, rows, (3, 9)))
    assert isinstance(found, Changed)
    assert (found.path, found.code) == ("flac.flac", "input.changed")
    assert "is not decoded to the samples that were measured" in found.reason
    assert not list((tmp_path / "staging" / "dist" / "data").iterdir())


CHANGES: dict[str, Callable[[Path], None]] = {"flip": flip, "gone": Path.unlink, "grow": grow}


@pytest.mark.parametrize("change", CHANGES)
def test_spans_of_a_recording_that_changed_leave_no_shard(tmp_path: Path, change: str) -> None:
    rows, _ = spans_of(tmp_path)
    CHANGES[change](tmp_path / FOLDER / "flac.flac")
    found = write(*cut_job(tmp_path, rows, (12,)))
    assert isinstance(found, Changed)
    assert (found.path, found.code) == ("flac.flac", "input.missing" if change == "gone" else "input.changed")


def test_whole_recordings_take_their_size_and_spans_what_they_may_need(tmp_path: Path) -> None:
    rows, _ = spans_of(tmp_path)
    whole = row("whole.wav", b"12345")
    found = largest(manifest([whole, rows[0], rows[8]])).tolist()
    assert found[0] == 5
    assert 32_000 < found[1] < 1.2 * 32_000
    assert 64_000 < found[2] < 1.2 * 64_000


# ----------------------------------------------------------------------------------------------------------------------
# What stops it


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
    plain = Job(job.schema.remove_metadata(), job.stores, job.folder, job.disk)
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
        ("w64", "pcm_s16", "w64"),
        ("mp4", "aac", "m4a"),
        ("asf", "wmav2", "wma"),
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
