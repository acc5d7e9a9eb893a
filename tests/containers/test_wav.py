from __future__ import annotations

import struct

import pytest

from listen_datasets.containers import Structure, examine
from listen_datasets.testing.recordings import InMemory, chunk, encode, wav, wav_format
from listen_datasets.testing.signals import tone

SAMPLES = bytes(range(200))
FORMAT = wav_format()
DATA = chunk(b"data", SAMPLES)


def walk(data: bytes) -> Structure:
    structure = examine(InMemory(data), "a.wav")
    assert isinstance(structure, Structure)
    return structure


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in walk(data).problems]


@pytest.mark.parametrize(
    ("subtype", "codec", "bits"),
    [
        ("PCM_U8", "pcm_u8", 8),
        ("PCM_16", "pcm_s16", 16),
        ("PCM_24", "pcm_s24", 24),
        ("PCM_32", "pcm_s32", 32),
        ("FLOAT", "float32", 32),
        ("DOUBLE", "float64", 64),
        ("ALAW", "alaw", 8),
        ("ULAW", "ulaw", 8),
    ],
)
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_the_header_is_read(container: str, subtype: str, codec: str, bits: int) -> None:
    structure = walk(encode(tone(num_channels=2), 16_000, container=container, subtype=subtype))
    assert structure == Structure(
        container="rf64" if container == "RF64" else "wav",
        codec=codec,
        sample_rate=16_000,
        num_channels=2,
        bits_per_sample=bits,
        declared_num_samples=16_000,
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wav(chunk(b"JUNK", bytes(28)), FORMAT, DATA), id="padding before"),
        pytest.param(wav(FORMAT, DATA, chunk(b"LIST", b"INFOISFT\x04\0\0\0lds\0")), id="tags after"),
        pytest.param(wav(FORMAT, chunk(b"note", b"odd"), DATA), id="odd chunk"),
        pytest.param(wav(wav_format(bits=8), chunk(b"data", SAMPLES[:199])), id="odd samples with pad byte"),
        pytest.param(wav(wav_format(bits=8), chunk(b"data", SAMPLES[:199]))[:-1], id="odd samples without pad byte"),
        pytest.param(wav(wav_format(bits=8), chunk(b"data", SAMPLES[:199]), size=12 + 24 + 199), id="pad not counted"),
        pytest.param(wav(wav_format(bits=12), DATA), id="12 bits in 16"),
        pytest.param(wav(wav_format(bits=20), chunk(b"data", SAMPLES[:198])), id="20 bits in 24"),
        pytest.param(wav(FORMAT, *[chunk(b"cue ", b"")] * 100, DATA), id="many chunks"),
    ],
)
def test_what_is_legal_gives_no_finding(data: bytes) -> None:
    assert codes(data) == []


@pytest.mark.parametrize("length", [12, 19, 20, 30, 43])
def test_a_file_cut_inside_its_header_is_truncated(length: int) -> None:
    cut = wav(FORMAT, DATA)[:length]
    assert codes(cut) == [("audio.truncated", "error")]


@pytest.mark.parametrize("missing", [1, 2, 100, 199, 200])
def test_a_file_cut_inside_its_samples_is_truncated(missing: int) -> None:
    structure = walk(wav(FORMAT, DATA)[:-missing])
    assert structure.error is not None
    assert structure.error.code == "audio.truncated"
    assert structure.error.evidence == {"expected_bytes": 244, "found_bytes": 244 - missing}


def test_a_file_cut_inside_a_chunk_after_its_samples_is_truncated() -> None:
    assert codes(wav(FORMAT, DATA, chunk(b"LIST", bytes(50)))[:-10]) == [("audio.truncated", "error")]


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0xFFFFFFFF - 36])
@pytest.mark.parametrize("riff_size", [0xFFFFFFFF, 0, 0x7FFFF024])
def test_the_sizes_of_streaming_encoders_are_an_unknown_length(size: int, riff_size: int) -> None:
    data = wav(FORMAT, chunk(b"data", SAMPLES, size=size), size=riff_size)
    assert codes(data) == [("audio.unknown_length", "warning")]
    assert walk(data).declared_num_samples is None


def test_a_stream_of_unknown_length_cut_inside_a_sample_is_truncated() -> None:
    stereo = wav(wav_format(num_channels=2), chunk(b"data", SAMPLES[:-2], size=0xFFFFFFFF))
    assert codes(stereo) == [("audio.truncated", "error")]


def test_a_size_just_below_the_placeholders_is_a_promise() -> None:
    assert codes(wav(FORMAT, chunk(b"data", SAMPLES, size=0x7FFFEFFE))) == [("audio.truncated", "error")]


def test_no_samples_in_the_header_but_in_the_file_is_a_crashed_recorder() -> None:
    structure = walk(wav(FORMAT, chunk(b"data", SAMPLES, size=0), size=0))
    assert structure.error is not None
    assert structure.error.code == "audio.malformed"
    assert "200 bytes follow" in structure.error.message


def test_no_samples_and_tags_behind_is_no_crash() -> None:
    structure = walk(wav(FORMAT, chunk(b"data", b""), chunk(b"LIST", bytes(8))))
    assert (structure.declared_num_samples, structure.problems) == (0, ())


def test_bytes_behind_the_end_are_counted() -> None:
    structure = walk(wav(FORMAT, DATA) + b"TAGgarbage")
    assert [(problem.code, problem.evidence) for problem in structure.problems] == [
        ("audio.trailing_bytes", {"bytes": 10})
    ]


@pytest.mark.parametrize("size", [100, 5000])
def test_a_wrong_total_in_the_header_harms_nothing(size: int) -> None:
    assert codes(wav(FORMAT, DATA, size=size)) == [("audio.inconsistent_header", "warning")]


def test_a_wrong_byte_rate_harms_nothing() -> None:
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 7, 2, 16))
    assert codes(wav(fmt, DATA)) == [("audio.inconsistent_header", "warning")]


def test_samples_that_do_not_fill_the_last_block_are_a_warning() -> None:
    structure = walk(wav(FORMAT, chunk(b"data", SAMPLES[:199])))
    assert [problem.code for problem in structure.problems] == ["audio.inconsistent_header"]
    assert structure.declared_num_samples == 99


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wav(DATA, FORMAT), id="data before the format"),
        pytest.param(wav(chunk(b"fmt ", bytes(14)), DATA), id="a short format"),
        pytest.param(wav(FORMAT, b"\0\1\2\3" * 20), id="no chunk where one should be"),
        pytest.param(wav(wav_format(num_channels=0), DATA), id="no channels"),
        pytest.param(wav(wav_format(sample_rate=0), DATA), id="no rate"),
        pytest.param(
            wav(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 64_000, 4, 24)), DATA), id="24 bits in blocks of 4"
        ),
        pytest.param(b"RF64" + wav(FORMAT, DATA)[4:], id="RF64 without ds64"),
    ],
)
def test_a_contradiction_is_malformed(data: bytes) -> None:
    assert codes(data) == [("audio.malformed", "error")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wav(FORMAT, FORMAT, DATA), id="two formats"),
        pytest.param(wav(FORMAT, DATA, DATA), id="two data chunks"),
        pytest.param(wav(FORMAT, DATA, FORMAT), id="a format after the data"),
        pytest.param(wav(FORMAT, DATA) * 2, id="two files"),
    ],
)
def test_a_second_header_or_file_is_a_splice(data: bytes) -> None:
    assert codes(data) == [("audio.spliced", "error")]


def test_samples_of_24_bits_in_4_bytes_are_refused_with_the_reason() -> None:
    fmt = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 64_000, 4, 24))
    error = walk(wav(fmt, DATA)).error
    assert error is not None
    assert "decoders misread" in error.message


def test_zeros_up_to_the_end_of_the_riff_are_padding() -> None:
    assert codes(wav(FORMAT, DATA, bytes(500))) == []


def test_samples_that_the_header_hides_are_counted() -> None:
    structure = walk(wav(FORMAT, chunk(b"data", b"\x80" * 200, size=50)))
    assert [(problem.code, problem.evidence) for problem in structure.problems] == [
        ("audio.trailing_bytes", {"bytes": 150})
    ]


@pytest.mark.parametrize(("tag", "name"), [(0x11, "IMA ADPCM"), (0x55, "MP3"), (0x1234, "coding 0x1234 of 16 bits")])
def test_a_coding_beyond_the_list_is_named(tag: int, name: str) -> None:
    error = walk(wav(wav_format(tag=tag), DATA)).error
    assert error is not None
    assert (error.code, name in error.message) == ("audio.unsupported", True)


def test_an_extensible_format_of_a_private_coding_is_refused() -> None:
    fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4) + bytes(range(16))
    assert codes(wav(chunk(b"fmt ", fmt), DATA)) == [("audio.unsupported", "error")]


def test_the_length_of_rf64_is_that_of_its_ds64() -> None:
    data = bytearray(encode(tone(), container="RF64"))
    data[28:36] = struct.pack("<Q", 2 * 16_000 + 2)  # riff size, data size, ...
    assert codes(bytes(data)) == [("audio.truncated", "error")]


def test_sizes_that_wrapped_round_at_four_gigabytes_are_noticed() -> None:
    class Huge(InMemory):
        """A file of 4 GiB and a bit, of which all but the header is zeros."""

        def __init__(self) -> None:
            super().__init__(wav(FORMAT, DATA))
            self.size += 1 << 32

        def read(self, offset: int, length: int) -> bytes:
            return super().read(offset, length).ljust(min(length, self.size - offset), b"\0")

    structure = examine(Huge(), "a.wav")
    assert isinstance(structure, Structure)
    assert structure.error is not None
    assert "32-bit sizes" in structure.error.message


class Counting(InMemory):
    """A file of 20 GiB, all of which but the header is zeros, that counts what is read of it."""

    def __init__(self, head: bytes) -> None:
        super().__init__(head)
        self.size = 20 << 30
        self.count = 0

    def read(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size - offset))
        self.count += length
        return super().read(offset, length).ljust(length, b"\0")


def test_a_file_of_twenty_gigabytes_is_not_read_whole() -> None:
    size = (20 << 30) - 80
    ds64 = chunk(b"ds64", struct.pack("<QQQI", (20 << 30) - 8, size, size // 2, 0))
    source = Counting(b"RF64" + wav(ds64, FORMAT, chunk(b"data", b"", size=0xFFFFFFFF), size=0xFFFFFFFF)[4:])
    structure = examine(source, "a.wav")
    assert isinstance(structure, Structure)
    assert (structure.declared_num_samples, structure.problems) == (size // 2, ())
    assert source.count < 100_000


def test_endless_tiny_chunks_do_not_keep_the_walk_busy() -> None:
    assert codes(wav(chunk(b"JUNK", b"") * 20_000)) == [("audio.malformed", "error")]
