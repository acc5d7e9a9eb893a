from __future__ import annotations

import hashlib

import numpy as np
import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import noise, quantised

SIGNAL = quantised(noise(1, num_channels=2), 16)
FLAC = encode(SIGNAL, container="FLAC")
# The 36 bits of the number of samples end at byte 26; the MD5 follows.
TOTAL, MD5 = slice(22, 26), slice(26, 42)


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.flac")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


def changed(at: int | slice, value: bytes) -> bytes:
    data = bytearray(FLAC)
    data[at if isinstance(at, slice) else slice(at, at + len(value))] = value
    return bytes(data)


def test_the_header_is_read() -> None:
    pcm = (SIGNAL * 32768).astype("<i2")
    assert walk(FLAC) == Structure(
        container="flac",
        codec="flac",
        sample_rate=16_000,
        num_channels=2,
        bits_per_sample=16,
        declared_num_samples=16_000,
        md5=hashlib.md5(pcm.tobytes()).hexdigest(),  # noqa: S324 - FLAC's choice
    )


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_S8", 8), ("PCM_16", 16), ("PCM_24", 24)])
def test_widths_are_read(subtype: str, bits: int) -> None:
    assert walk(encode(SIGNAL, container="FLAC", subtype=subtype)).bits_per_sample == bits


@pytest.mark.parametrize("num_samples", [1, 15, 16, 4096, 4097])
def test_short_recordings_give_no_finding(num_samples: int) -> None:
    structure = walk(encode(np.ascontiguousarray(SIGNAL[:num_samples]), container="FLAC"))
    assert (structure.declared_num_samples, structure.problems) == (num_samples, ())


def test_an_unknown_length_is_a_warning() -> None:
    structure = walk(changed(TOTAL, bytes(4)))
    assert [(problem.code, problem.severity) for problem in structure.problems] == [("audio.unknown_length", "warning")]
    assert structure.declared_num_samples is None


def test_an_md5_that_was_not_stored_is_none() -> None:
    assert walk(changed(MD5, bytes(16))).md5 is None


@pytest.mark.parametrize("length", [4, 8, 41, 42, 60])
def test_a_file_cut_inside_its_metadata_is_truncated(length: int) -> None:
    assert codes(FLAC[:length]) == [("audio.truncated", "error")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(changed(4, b"\x04"), id="another block first"),
        pytest.param(changed(7, b"\x21"), id="33 bytes of STREAMINFO"),
        pytest.param(changed(8, b"\x00\x0f"), id="blocks below 16 samples"),
        pytest.param(changed(8, b"\x20\x00\x10\x00"), id="smallest above largest"),
        pytest.param(changed(42, b"\x7f"), id="forbidden block"),
        pytest.param(FLAC[:42].replace(b"fLaC\0", b"fLaC\x80", 1) + b"no frame", id="no frame after the metadata"),
    ],
)
def test_a_contradiction_is_malformed(data: bytes) -> None:
    assert codes(data) == [("audio.malformed", "error")]


def test_a_second_header_is_a_splice() -> None:
    assert codes(FLAC[:42] + FLAC[4:]) == [("audio.spliced", "error")]


def test_a_width_that_the_decoder_does_not_know_is_refused() -> None:
    # Bits per sample - 1 are the last bit of byte 20 and the first four of byte 21; 20 bits.
    data = changed(20, bytes([FLAC[20] | 1, (FLAC[21] & 0x0F) | 0x30]))
    assert codes(data) == [("audio.unsupported", "error")]
