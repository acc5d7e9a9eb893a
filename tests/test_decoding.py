from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from listen_datasets.decoding import DECODER, Blocks, blocks
from listen_datasets.inputs import InputProblem
from listen_datasets.testing.damaged.mp3 import variable
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import Signal, noise, quantised


@contextmanager
def decoding(folder: Path, data: bytes, frames: int = 1 << 16) -> Iterator[Blocks]:
    path = folder / "recording"
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    try:
        pieces = blocks(fd, frames)
        yield pieces
        pieces.close()
    finally:
        os.close(fd)


def decoded(folder: Path, data: bytes, frames: int = 1 << 16) -> Signal:
    with decoding(folder, data, frames) as pieces:
        return np.concatenate([block.floats.copy() for block in pieces])


def pcm_md5(folder: Path, data: bytes, frames: int = 1 << 16) -> str:
    state = hashlib.md5()  # noqa: S324 - FLAC's choice
    with decoding(folder, data, frames) as pieces:
        for block in pieces:
            state.update(pieces.pcm(block.raw))
    return state.hexdigest()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()  # noqa: S324


NOISE = noise(1, -20.0, num_channels=2)


@pytest.mark.parametrize("bits", [8, 16, 24])
@pytest.mark.parametrize("container", ["WAV", "AIFF", "FLAC"])
def test_integers_come_back_exactly_with_full_scale_one(tmp_path: Path, container: str, bits: int) -> None:
    subtype = {8: "PCM_U8" if container == "WAV" else "PCM_S8", 16: "PCM_16", 24: "PCM_24"}[bits]
    signal = quantised(NOISE, bits)
    assert np.array_equal(decoded(tmp_path, encode(signal, container=container, subtype=subtype)), signal)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "ALAW"), ("WAV", "ULAW"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("OGG", "VORBIS"), ("AIFF", "FLOAT")],
)
def test_samples_are_those_of_soundfile(tmp_path: Path, container: str, subtype: str) -> None:
    data = encode(NOISE, container=container, subtype=subtype)
    samples = decoded(tmp_path, data)
    expected, _ = sf.read(tmp_path / "recording", dtype="float32", always_2d=True)
    assert np.array_equal(samples, expected)


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_S8", 8), ("PCM_16", 16), ("PCM_24", 24)])
@pytest.mark.parametrize("num_channels", [1, 2, 5])
def test_the_md5_is_the_one_in_the_header_of_flac(tmp_path: Path, subtype: str, bits: int, num_channels: int) -> None:
    signal = quantised(noise(1, num_channels=num_channels), bits)
    data = encode(signal, container="FLAC", subtype=subtype)
    assert pcm_md5(tmp_path, data) == data[26:42].hex()


@pytest.mark.parametrize(("bits", "wav_subtype"), [(8, "PCM_U8"), (16, "PCM_16"), (24, "PCM_24")])
def test_the_md5_is_the_same_in_wav_aiff_and_flac(tmp_path: Path, bits: int, wav_subtype: str) -> None:
    signal = quantised(NOISE, bits)
    other = wav_subtype.replace("U", "S")
    forms = [("WAV", wav_subtype), ("RF64", wav_subtype), ("AIFF", other), ("FLAC", other)]
    assert len({pcm_md5(tmp_path, encode(signal, container=form, subtype=subtype)) for form, subtype in forms}) == 1


@pytest.mark.parametrize(("subtype", "dtype"), [("FLOAT", "<f4"), ("DOUBLE", "<f8"), ("PCM_32", "<i4")])
def test_the_md5_of_wide_samples_is_over_all_their_bytes(tmp_path: Path, subtype: str, dtype: str) -> None:
    exact = NOISE.astype(np.float64)
    if subtype == "PCM_32":
        exact = np.rint(exact * 2.0**31)
    assert pcm_md5(tmp_path, encode(NOISE, subtype=subtype)) == md5(exact.astype(dtype).tobytes())


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("frames", [1, 1000, 4096])
def test_the_size_of_blocks_changes_nothing(tmp_path: Path, container: str, frames: int) -> None:
    short = np.ascontiguousarray(NOISE[:4500])
    data = encode(short, container=container, subtype="VORBIS" if container == "OGG" else "PCM_16")
    assert pcm_md5(tmp_path, data, frames) == pcm_md5(tmp_path, data)


def test_a_flac_file_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    signal = quantised(NOISE, 16)
    data = bytearray(encode(signal, container="FLAC"))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    assert np.array_equal(decoded(tmp_path, bytes(data), 1000), signal)


def test_a_decoder_that_gives_up_says_why_and_how_far_it_came(tmp_path: Path) -> None:
    data = encode(quantised(NOISE, 16), container="FLAC")
    with decoding(tmp_path, data[: len(data) // 2]) as pieces:
        decoded_samples = sum(len(block.floats) for block in pieces)
        assert (pieces.failure, pieces.num_samples) == ("flac decoder lost sync", decoded_samples)
    assert 0 < decoded_samples < len(NOISE)


def test_what_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="the decoder cannot open it") as caught, decoding(tmp_path, b"nothing"):
        pass
    assert caught.value.code == "audio.decode_error"


def test_a_kind_of_sample_beyond_the_list_is_a_problem(tmp_path: Path) -> None:
    with (
        pytest.raises(InputProblem, match="of the kind IMA_ADPCM") as caught,
        decoding(tmp_path, encode(NOISE, subtype="IMA_ADPCM")),
    ):
        pass
    assert caught.value.code == "audio.unsupported"


def test_the_decoder_has_a_name_and_a_version() -> None:
    assert DECODER.split() == ["libsndfile", sf.__libsndfile_version__]


@pytest.mark.parametrize("frames", [2, 20, 2_000])
def test_mp3_of_a_variable_bit_rate_that_nobody_counted_is_read_to_its_end(tmp_path: Path, frames: int) -> None:
    assert len(decoded(tmp_path, variable(frames))) == frames * 1152


def test_a_decoder_that_is_closed_early_leaves_nothing_behind(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    with decoding(tmp_path, variable(2_000)) as pieces:
        next(iter(pieces))

    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == before
