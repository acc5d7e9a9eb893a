from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from listen_datasets import lossless
from listen_datasets.containers import Structure, examine
from listen_datasets.cutting import Exact, exact
from listen_datasets.errors import InternalError
from listen_datasets.spans import Samples
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import noise

CODECS = {
    "PCM_U8": ("WAV", "flac", "PCM_S8", 8),
    "PCM_S8": ("AIFF", "flac", "PCM_S8", 8),
    "PCM_16": ("WAV", "flac", "PCM_16", 16),
    "PCM_24": ("FLAC", "flac", "PCM_24", 24),
    "ALAW": ("WAV", "flac", "PCM_16", 8),
    "ULAW": ("WAV", "flac", "PCM_16", 8),
    "PCM_32": ("WAV", "wav", "PCM_32", 32),
    "FLOAT": ("WAV", "wav", "FLOAT", 32),
    "DOUBLE": ("AIFF", "wav", "DOUBLE", 64),
    "VORBIS": ("OGG", "wav", "FLOAT", 0),
    "OPUS": ("OGG", "wav", "FLOAT", 0),
    "MPEG_LAYER_III": ("MP3", "wav", "FLOAT", 0),
}
"""By libsndfile's name of a codec: a container, and the file that a clip becomes, and bits_per_sample in the manifest."""


def clip_of(folder: Path, subtype: str, place: Samples = Samples(1_000, 5_000), **form: Any) -> Exact:  # noqa: B008
    """Return a clip of a recording in noise."""
    settings: dict[str, Any] = {"sample_rate": 48_000, "num_channels": 2, **form}
    data = encode(
        noise(3, duration=0.5, **settings), settings["sample_rate"], container=CODECS[subtype][0], subtype=subtype
    )
    (folder / "recording").write_bytes(data)
    (found,) = exact(Folder(folder), "recording", hashlib.sha256(data).hexdigest(), [place])
    return found


def full_scale(dtype: str, num_samples: int, num_channels: int, sample_rate: int = 48_000) -> Exact:
    """Return noise that cannot be compressed."""
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, (num_samples, num_channels)).astype(dtype)
    return Exact(samples, samples.reshape(-1).view(np.uint8).data, sample_rate)


@pytest.mark.parametrize("subtype", CODECS)
def test_a_clip_becomes_a_file_with_exactly_its_samples(tmp_path: Path, subtype: str) -> None:
    clip = clip_of(tmp_path, subtype)

    file = lossless.encode(clip)

    _, suffix, kept, _ = CODECS[subtype]
    info = sf.info(io.BytesIO(file.data))
    samples, _ = sf.read(io.BytesIO(file.data), dtype=clip.samples.dtype.name, always_2d=True)
    assert (file.suffix, info.subtype, info.samplerate) == (suffix, kept, 48_000)
    assert np.array_equal(samples, clip.samples)


@pytest.mark.parametrize("subtype", CODECS)
def test_nothing_is_wrong_with_the_file(tmp_path: Path, subtype: str) -> None:
    clip = clip_of(tmp_path, subtype)
    file = lossless.encode(clip)
    structure = examine(InMemory(file.data), f"a.{file.suffix}")
    assert isinstance(structure, Structure)
    assert (structure.error, structure.problems) == (None, ())
    assert (structure.num_channels, structure.declared_num_samples) == (2, 5_000)
    assert structure.md5 in {None, hashlib.md5(clip.pcm, usedforsecurity=False).hexdigest()}


@pytest.mark.parametrize("subtype", CODECS)
@pytest.mark.parametrize("num_samples", [1, 2, 5_000])
def test_a_file_is_no_larger_than_was_planned(tmp_path: Path, subtype: str, num_samples: int) -> None:
    clip = clip_of(tmp_path, subtype, Samples(0, num_samples))
    bits = CODECS[subtype][3]
    most = lossless.most_bytes(np.array([num_samples]), np.array([2]), np.array([bits]))
    assert len(lossless.encode(clip).data) <= most[0]


@pytest.mark.parametrize("num_channels", [1, 2, 8])
def test_a_file_that_cannot_be_compressed_is_no_larger_than_was_planned(num_channels: int) -> None:
    data = lossless.encode(full_scale("int16", 50_000, num_channels)).data
    assert data.startswith(b"fLaC")
    assert 50_000 * num_channels * 2 < len(data)
    assert len(data) <= lossless.most_bytes(np.array([50_000]), np.array([num_channels]), np.array([16]))[0]


@pytest.mark.parametrize(
    ("num_channels", "sample_rate", "suffix"),
    [(8, 48_000, "flac"), (9, 48_000, "wav"), (1, 65_535, "flac"), (1, 65_537, "wav"), (1, 192_000, "flac"),
     (1, 655_350, "flac"), (1, 768_000, "wav")],
)  # fmt: skip
def test_what_flac_cannot_say_becomes_wav(num_channels: int, sample_rate: int, suffix: str) -> None:
    clip = full_scale("int16", 100, num_channels, sample_rate)
    file = lossless.encode(clip)
    samples, rate = sf.read(io.BytesIO(file.data), dtype="int16", always_2d=True)
    assert (file.suffix, rate) == (suffix, sample_rate)
    assert np.array_equal(samples, clip.samples)


def test_eight_bits_in_more_channels_than_flac_has_become_wav(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, "PCM_S8", num_channels=9)
    file = lossless.encode(clip)
    samples, _ = sf.read(io.BytesIO(file.data), dtype="int16", always_2d=True)
    assert (file.suffix, clip.width, sf.info(io.BytesIO(file.data)).subtype) == ("wav", 1, "PCM_U8")
    assert np.array_equal(samples, clip.samples)


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("num_channels", [1, 3])
def test_the_same_clip_gives_the_same_bytes(dtype: str, num_channels: int) -> None:
    clip = full_scale(dtype, 1_000, num_channels)
    assert lossless.encode(clip) == lossless.encode(clip)


def test_a_file_with_other_samples_is_a_bug() -> None:
    clip = full_scale("int16", 10, 1)
    with pytest.raises(InternalError, match="a clip was cut to flac"):
        lossless.encode(clip._replace(pcm=memoryview(bytes(20))))
