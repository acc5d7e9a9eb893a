from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.cutting import are_cut, cut, exact, floats, place
from listen_datasets.decoding import BLOCK
from listen_datasets.errors import InternalError
from listen_datasets.inputs import InputProblem
from listen_datasets.spans import Samples
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.manifests import manifest, row, span
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

Array = npt.NDArray[Any]

LONG = noise(1, duration=10.0, num_channels=2)
"""More than two blocks of the decoder."""
PLACES = [
    Samples(0, 1),
    Samples(0, 160_000),
    Samples(BLOCK - 1, 2),
    Samples(BLOCK, BLOCK + 5),
    Samples(150_000, 10_000),
]


def recorded(folder: Path, container: str = "WAV", subtype: str = "PCM_16") -> tuple[Folder, str]:
    """Put the long recording on disk and return its store and its digest."""
    (folder / "long").write_bytes(encode(LONG, container=container, subtype=subtype))
    store = Folder(folder)
    with store.opened("long") as file:
        return store, file.sha256()


def blocks_of(samples: Array, sizes: list[int]) -> Iterator[Array]:
    """Yield samples block by block, in memory that is used again for each."""
    memory = np.empty((max(sizes, default=0), *samples.shape[1:]), samples.dtype)
    at = 0
    for size in sizes:
        count = min(size, len(samples) - at)
        memory[:count] = samples[at : at + count]
        yield memory[:count]
        memory[:] = -1
        at += count


# ----------------------------------------------------------------------------------------------------------------------
# Cutting


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), max_size=8),
)
def test_every_clip_is_a_slice_of_the_recording(sizes: list[int], drawn: list[tuple[int, int]]) -> None:
    samples = np.arange(2 * sum(sizes)).reshape(-1, 2)
    places = sorted(Samples(first, count) for first, count in drawn if first + count <= len(samples))
    found = list(cut(blocks_of(samples, sizes), places))
    assert [piece.tolist() for piece in found] == [samples[p.first :][: p.num_samples].tolist() for p in places]


def test_a_clip_is_not_changed_by_what_follows() -> None:
    samples = np.arange(20).reshape(-1, 1)
    found = list(cut(blocks_of(samples, [7, 7, 6]), [Samples(0, 8), Samples(2, 8), Samples(2, 18)]))
    for piece in found:
        piece[:] = 0
    again = list(cut(blocks_of(samples, [7, 7, 6]), [Samples(0, 8), Samples(2, 8), Samples(2, 18)]))
    assert [piece[0, 0] for piece in again] == [0, 2, 2]


def test_nothing_is_decoded_behind_the_last_clip() -> None:
    taken: list[int] = []

    def counted() -> Iterator[Array]:
        for number in range(100):
            taken.append(number)
            yield np.zeros((10, 1))

    assert [len(piece) for piece in cut(counted(), [Samples(5, 10)])] == [10]
    assert taken == [0, 1]


def test_a_recording_that_ends_inside_a_clip_gives_those_before_it() -> None:
    clips = cut(blocks_of(np.zeros((20, 1)), [7, 7, 6]), [Samples(0, 10), Samples(15, 6), Samples(16, 1)])
    assert len(next(clips)) == 10
    with pytest.raises(InputProblem, match="20 samples can be decoded, and a clip ends at 21") as caught:
        next(clips)
    assert caught.value.code == "input.changed"


def test_clips_that_are_not_in_order_are_a_bug() -> None:
    with pytest.raises(InternalError, match="not in order"):
        list(cut(blocks_of(np.zeros((20, 1)), [20]), [Samples(5, 1), Samples(4, 1)]))


def test_what_is_held_does_not_grow_with_the_recording() -> None:
    block = np.zeros((10_000, 2), np.float32)

    def peak_of(count: int) -> int:
        places = [Samples(number * 15_000, 30_000) for number in range(count)]
        tracemalloc.start()
        for piece in cut((block for _ in range(2 * count + 2)), places):
            assert len(piece) == 30_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(200) < 1.1 * peak_of(20)
    assert peak_of(20) < 3 * 30_000 * block.itemsize * 2 + 2 * block.nbytes


# ----------------------------------------------------------------------------------------------------------------------
# Recordings


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS")])
def test_floats_are_what_a_decoder_gives_for_the_whole(tmp_path: Path, container: str, subtype: str) -> None:
    store, sha256 = recorded(tmp_path, container, subtype)
    whole, _ = sf.read(tmp_path / "long", dtype="float32", always_2d=True)
    found = list(floats(store, "long", sha256, PLACES))
    assert {rate for _, rate in found} == {16_000}
    for (samples, _), wanted in zip(found, PLACES, strict=True):
        assert np.array_equal(samples, whole[wanted.first : wanted.first + wanted.num_samples])


def test_floats_are_read_only(tmp_path: Path) -> None:
    store, sha256 = recorded(tmp_path)
    (samples, _) = next(floats(store, "long", sha256, PLACES[:1]))
    assert not samples.flags.writeable


@pytest.mark.parametrize(
    ("container", "subtype", "dtype", "width"),
    [("WAV", "PCM_U8", "int16", 1), ("WAV", "ULAW", "int16", 2), ("FLAC", "PCM_24", "int32", 3),
     ("WAV", "PCM_32", "int32", 4), ("WAV", "DOUBLE", "float64", 8), ("OGG", "VORBIS", "float32", 4)],
)  # fmt: skip
def test_exact_samples_are_those_of_the_codec(
    tmp_path: Path, container: str, subtype: str, dtype: str, width: int
) -> None:
    store, sha256 = recorded(tmp_path, container, subtype)
    whole, _ = sf.read(tmp_path / "long", dtype=dtype, always_2d=True)
    (clip,) = exact(store, "long", sha256, [Samples(70_000, 1_000)])
    assert np.array_equal(clip.samples, whole[70_000:71_000])
    assert (clip.width, len(clip.pcm), clip.sample_rate) == (width, width * 2_000, 16_000)


def test_nothing_is_decoded_of_a_recording_with_other_bytes(tmp_path: Path) -> None:
    store, _ = recorded(tmp_path)
    with pytest.raises(InputProblem, match="the bytes of long are not those that were ingested") as caught:
        next(floats(store, "long", "0" * 64, PLACES))
    assert caught.value.code == "input.changed"


def test_a_recording_that_changes_while_it_is_read_gives_no_further_clip(tmp_path: Path) -> None:
    store, sha256 = recorded(tmp_path)
    clips = floats(store, "long", sha256, PLACES)
    next(clips)
    with (tmp_path / "long").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputProblem) as caught:
        next(clips)
    assert caught.value.code == "input.changed_during_read"


# ----------------------------------------------------------------------------------------------------------------------
# Rows


@pytest.mark.parametrize("rate", [1_000, 11_025, 44_100, 768_000])
@pytest.mark.parametrize("first", [0, 1, 3_333_333, 24 * 3600 * 1_000 - 1])
def test_the_first_sample_of_a_row_is_exact(rate: int, first: int) -> None:
    assert place(first / rate, 7, rate) == Samples(first, 7)


def test_a_clip_is_cut_unless_it_is_all_of_its_recording() -> None:
    whole = row("a.wav")
    rows = [whole, span(whole, 0, 16_000), span(whole, 0, 15_999), span(whole, 1, 15_999)]
    assert are_cut(manifest(rows)).to_pylist() == [False, False, True, True]


def test_a_clip_is_cut_if_nobody_knows_how_long_its_recording_is() -> None:
    rows = [row("a.wav", recording_num_samples=None), span(row("a.wav"), 0, 16_000, recording_num_samples=None)]
    assert are_cut(manifest(rows)).to_pylist() == [False, True]
