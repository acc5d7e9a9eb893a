from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from listen_datasets import catalogue
from listen_datasets.containers import Identified, identify
from listen_datasets.decoding_av import DEMUXERS, AvBlocks, blocks, is_installed
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.testing.recordings import encode as encode_plain
from listen_datasets.testing.signals import Signal, noise, quantised, tone

av = pytest.importorskip("av")

RATE = 16_000
NOISE = noise(1, -20.0, num_channels=2, sample_rate=RATE)
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def steps(samples: Signal, bits: int) -> npt.NDArray[np.int32]:
    """Samples as whole numbers in the high bits."""
    return (np.rint(samples.astype(np.float64) * 2.0 ** (bits - 1)) * 2.0 ** (32 - bits)).astype(np.int32)


def frames(samples: Signal, kind: str, rate: int) -> Iterator[Any]:
    arrays: dict[str, npt.NDArray[Any]] = {
        "flt": samples,
        "s16": (steps(samples, 16) >> 16).astype(np.int16),
        "s32": steps(samples, 24),
    }
    array = arrays[kind.removesuffix("p")]
    for at in range(0, len(array), 1000):
        part = array[at : at + 1000]
        planar = np.ascontiguousarray(part.T if kind.endswith("p") else part.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(planar, format=kind, layout=LAYOUTS[samples.shape[1]])
        frame.sample_rate, frame.pts = rate, at
        yield frame


def encode(
    samples: Signal,
    container: str,
    codec: str,
    *,
    kind: str = "fltp",
    rate: int = RATE,
    streams: int = 1,
    video: bool = False,
) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        made = [
            output.add_stream(codec, rate=rate, format=kind, layout=LAYOUTS[samples.shape[1]]) for _ in range(streams)
        ]
        if video:
            picture = output.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
            for number in range(10):
                shown = av.VideoFrame.from_ndarray(np.full((96, 64), 10 * number, np.uint8), format="yuv420p")
                output.mux(picture.encode(shown))
            output.mux(picture.encode())
        for stream in made:
            if kind.startswith("flt") and not codec.startswith("pcm"):
                stream.bit_rate = 64_000
            for frame in frames(samples, kind, rate):
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
    return buffer.getvalue()


ALAC = encode(quantised(NOISE, 16), "ipod", "alac", kind="s16p")
AAC = encode(NOISE, "ipod", "aac")


@contextmanager
def decoding(folder: Path, data: bytes, size: int = 1 << 16) -> Iterator[AvBlocks]:
    (folder / "recording").write_bytes(data)
    with opened(folder, "recording") as file:
        identified = identify(file)
        assert isinstance(identified, Identified)
        pieces = blocks(file, identified.container, size)
        try:
            yield pieces
        finally:
            pieces.close()
        os.fstat(file.fd)


def decoded(folder: Path, data: bytes, size: int = 1 << 16) -> Signal:
    with decoding(folder, data, size) as pieces:
        return np.concatenate([block.floats.copy() for block in pieces])


@pytest.mark.parametrize(("kind", "bits"), [("s16p", 16), ("s32p", 24)])
@pytest.mark.parametrize("num_channels", [1, 2, 6])
def test_apple_lossless_comes_back_exactly(tmp_path: Path, kind: str, bits: int, num_channels: int) -> None:
    signal = quantised(noise(2, -20.0, num_channels=num_channels, sample_rate=RATE), bits)
    data = encode(signal, "ipod", "alac", kind=kind)
    with decoding(tmp_path, data) as pieces:
        assert (pieces.sample_rate, pieces.num_channels, pieces.is_integer) == (RATE, num_channels, True)
        found = np.concatenate([block.floats.copy() for block in pieces])
        assert (pieces.num_samples, pieces.failure) == (len(signal), None)
    assert np.array_equal(found, signal)


@pytest.mark.parametrize(
    ("container", "codec", "kind", "bits"),
    [
        ("mov", "pcm_s16le", "s16", 16),
        ("mov", "pcm_s24be", "s32", 24),
        ("avi", "pcm_s16le", "s16", 16),
        ("mp4", "flac", "s16", 16),
        ("matroska", "flac", "s32", 24),
        ("ogg", "flac", "s16", 16),
        ("wv", "wavpack", "s16p", 16),
    ],
)
def test_lossless_sound_comes_back_exactly(tmp_path: Path, container: str, codec: str, kind: str, bits: int) -> None:
    signal = quantised(NOISE, bits)
    assert np.array_equal(decoded(tmp_path, encode(signal, container, codec, kind=kind)), signal)


@pytest.mark.parametrize(
    ("container", "codec", "kind", "bits"),
    [
        ("ipod", "alac", "s16p", 16),
        ("ipod", "alac", "s32p", 24),
        ("mov", "pcm_s24le", "s32", 24),
        ("mp4", "flac", "s32", 24),
    ],
)
def test_the_md5_is_that_of_the_same_sound_in_flac(
    tmp_path: Path, container: str, codec: str, kind: str, bits: int
) -> None:
    signal = quantised(NOISE, bits)
    state = hashlib.md5()  # noqa: S324 - FLAC's choice
    with decoding(tmp_path, encode(signal, container, codec, kind=kind)) as pieces:
        for block in pieces:
            state.update(pieces.pcm(block.raw))
    assert state.digest() == encode_plain(signal, RATE, container="FLAC", subtype=f"PCM_{bits}")[26:42]


@pytest.mark.parametrize("size", [1, 777, 4096])
def test_the_size_of_blocks_changes_nothing(tmp_path: Path, size: int) -> None:
    short = encode(np.ascontiguousarray(quantised(NOISE, 16)[:4500]), "ipod", "alac", kind="s16p")
    assert np.array_equal(decoded(tmp_path, short, size), decoded(tmp_path, short))


def test_blocks_are_of_one_size_but_for_the_last(tmp_path: Path) -> None:
    with decoding(tmp_path, ALAC, 3000) as pieces:
        sizes = [len(block.floats) for block in pieces]
    assert sizes == [3000] * 5 + [1000]


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ipod", "aac"), ("mov", "aac"), ("mp4", "libmp3lame"), ("asf", "wmav2"), ("webm", "libopus")],
)
def test_lossy_sound_is_like_its_origin(tmp_path: Path, container: str, codec: str) -> None:
    rate = 48_000
    signal = tone(-6.0, 440.0, sample_rate=rate)
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV has no {codec}")
    kind = "flt" if codec == "libopus" else "fltp"
    found = decoded(tmp_path, encode(signal, container, codec, kind=kind, rate=rate))
    middle = found[rate // 4 : rate // 2, 0]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt(np.mean(signal**2)), rel=0.05)
    assert abs(len(found) - rate) <= 4096


def test_what_an_edit_list_cuts_is_cut(tmp_path: Path) -> None:
    assert len(decoded(tmp_path, AAC)) == len(NOISE)


def test_the_first_sound_of_a_video_is_decoded(tmp_path: Path) -> None:
    signal = quantised(NOISE, 16)
    assert np.array_equal(decoded(tmp_path, encode(signal, "mp4", "alac", kind="s16p", video=True)), signal)


def test_what_the_container_says_is_handed_over(tmp_path: Path) -> None:
    with decoding(tmp_path, ALAC) as pieces:
        found = pieces.structure
    assert (found.container, found.codec, found.sample_rate, found.num_channels) == ("mp4", "alac", RATE, 2)
    assert (found.bits_per_sample, found.declared_num_samples, found.problems) == (16, len(NOISE), ())


@pytest.mark.parametrize(
    ("container", "codec", "kind", "name", "bits"),
    [
        ("mov", "pcm_s24le", "s32", "pcm_s24", 24),
        ("mov", "pcm_f32be", "flt", "float32", 32),
        ("mov", "pcm_alaw", "s16", "alaw", 16),
        ("ipod", "aac", "fltp", "aac", None),
    ],
)
def test_codecs_have_the_names_of_the_manifest(
    tmp_path: Path, container: str, codec: str, kind: str, name: str, bits: int | None
) -> None:
    with decoding(tmp_path, encode(NOISE, container, codec, kind=kind)) as pieces:
        assert (pieces.structure.codec, pieces.structure.bits_per_sample) == (name, bits)


def test_several_audio_streams_are_a_warning(tmp_path: Path) -> None:
    with decoding(tmp_path, encode(NOISE, "mov", "pcm_s16le", kind="s16", streams=2)) as pieces:
        found = [(problem.code, problem.severity, problem.evidence) for problem in pieces.structure.problems]
    severity = catalogue.severity("audio.several_streams")
    assert found == [("audio.several_streams", severity, {"streams": 2})]


def test_a_video_without_sound_has_no_samples(tmp_path: Path) -> None:
    mute = encode(np.zeros((0, 1), np.float32), "mp4", "aac", streams=0, video=True)
    with pytest.raises(InputProblem, match="no audio stream") as caught, decoding(tmp_path, mute):
        pass
    assert caught.value.code == "audio.no_samples"


def test_the_decoder_has_a_name_and_versions(tmp_path: Path) -> None:
    with decoding(tmp_path, ALAC) as pieces:
        assert pieces.decoder.startswith(f"PyAV {av.__version__} / FFmpeg libavcodec ")


def test_it_is_known_to_be_installed() -> None:
    assert is_installed()


# ----------------------------------------------------------------------------------------------------------------------
# Damage


@pytest.mark.parametrize(
    "data", [ALAC, AAC, encode(NOISE, "webm", "libopus", kind="flt", rate=48_000), encode(NOISE, "asf", "wmav2")]
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_is_truncated(tmp_path: Path, data: bytes, share: float) -> None:
    with pytest.raises(InputProblem) as caught, decoding(tmp_path, data[: int(len(data) * share)]):
        pass
    assert caught.value.code == "audio.truncated"


@pytest.mark.parametrize(
    "data",
    [ALAC, AAC, encode(NOISE, "mp4", "flac", kind="s16"), encode(NOISE, "webm", "libopus", kind="flt", rate=48_000)],
)
def test_damage_in_the_middle_ends_the_decoding(tmp_path: Path, data: bytes) -> None:
    middle = len(data) // 2
    with decoding(tmp_path, data[:middle] + bytes(500) + data[middle + 500 :]) as pieces:
        for _ in pieces:
            pass
        assert pieces.failure is not None
        assert pieces.num_samples < len(NOISE)


def test_a_single_bit_is_found_where_frames_have_checksums(tmp_path: Path) -> None:
    data = bytearray(encode(quantised(NOISE, 16), "mp4", "flac", kind="s16"))
    data[len(data) // 2] ^= 1
    with decoding(tmp_path, bytes(data)) as pieces:
        for _ in pieces:
            pass
        assert pieces.failure is not None


@pytest.mark.parametrize("family", sorted(DEMUXERS))
@pytest.mark.parametrize(
    "data", [b"", b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", bytes(5000)]
)
def test_what_is_something_else_is_refused(tmp_path: Path, family: str, data: bytes) -> None:
    (tmp_path / "recording").write_bytes(data)
    with opened(tmp_path, "recording") as file, pytest.raises(InputProblem) as caught:
        blocks(file, family)
    assert caught.value.code in {"audio.decode_error", "audio.truncated", "audio.malformed", "audio.no_samples"}


def test_a_coding_that_is_not_on_the_list_is_unsupported(tmp_path: Path) -> None:
    adpcm = encode(NOISE, "mov", "adpcm_ima_qt", kind="s16p")
    with pytest.raises(InputProblem, match="adpcm_ima_qt") as caught, decoding(tmp_path, adpcm):
        pass
    assert caught.value.code == "audio.unsupported"


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    long = encode(np.tile(quantised(NOISE, 16), (60, 1)), "ipod", "alac", kind="s16p")
    (tmp_path / "recording").write_bytes(long)
    tracemalloc.start()
    try:
        with opened(tmp_path, "recording") as file:
            pieces = blocks(file, "mp4")
            assert sum(len(block.floats) for block in pieces) == 60 * len(NOISE)
            pieces.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
