from __future__ import annotations

import numpy as np
import pytest

from listen_datasets.containers import flac_checksums, flac_frames, flac_subframes
from listen_datasets.containers.structure import Problem
from listen_datasets.testing.damaged.flac import constant_frame, flac
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import Signal, noise, quantised, tone

NOISE = quantised(noise(1, num_channels=2), 16)
REAL = encode(NOISE, container="FLAC")


def first_frame(data: bytes) -> int:
    return data.index(b"\xff\xf8", 42)


def examined(data: bytes, *, ran_out: bool = True) -> Problem | None:
    return flac_frames.examine(InMemory(data), first_frame(data), 16, ran_out=ran_out)


def bitwise(data: bytes, polynomial: int, bits: int) -> int:
    """The definition: a division of polynomials, bit by bit."""
    state = 0
    for byte in data:
        state ^= byte << (bits - 8)
        for _ in range(8):
            state = (state << 1 ^ (polynomial if state >> (bits - 1) & 1 else 0)) & ((1 << bits) - 1)
    return state


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8, 255, 256, 1000])
def test_checksums_are_those_of_the_definition(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert flac_checksums.of_frame(data) == bitwise(data, 0x8005, 16)
    assert flac_checksums.of_header(data) == bitwise(data, 0x07, 8)


def frames_of(data: bytes) -> list[bytes]:
    """Cut a file at every place where the checksum of what lies before is zero and a frame begins."""
    start, rest = first_frame(data), data
    found = [start]
    at = rest.find(rest[start : start + 2], start + 1)
    while at >= 0:
        if flac_checksums.of_frame(rest[found[-1] : at]) == 0:
            found.append(at)
        at = rest.find(rest[start : start + 2], at + 1)
    return [data[begin:end] for begin, end in zip(found, [*found[1:], len(data)], strict=True)]


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize(
    "signal",
    [NOISE, tone(num_channels=2), tone(), noise(2, 0.0), noise(3, -70.0, num_channels=3), np.zeros((9000, 2), np.float32)],
    ids=["noise", "equal channels", "tone", "loud", "three channels", "silence"],
)  # fmt: skip
def test_the_length_of_a_frame_is_found_by_skipping_through_it(signal: Signal, subtype: str) -> None:
    data = encode(signal, container="FLAC", subtype=subtype)
    frames = frames_of(data)
    assert len(frames) == -(-len(signal) // 4096)
    headers = [flac_frames._header(frame[:16], 0) for frame in frames]
    ends = [
        flac_subframes.end_of_frame(frame + b"more", header.size, header.length, 16)
        for frame, header in zip(frames, headers, strict=True)
        if header is not None
    ]
    assert ends == [len(frame) for frame in frames]


@pytest.mark.parametrize("data", [REAL, encode(tone(), container="FLAC"), flac([constant_frame(0)], total=4096)])
def test_whole_files_give_nothing(data: bytes) -> None:
    assert examined(data) is None


@pytest.mark.parametrize("missing", [1, 2, 3, 500, 5_000, 20_000, 50_000])
def test_a_cut_anywhere_is_a_truncation(missing: int) -> None:
    problem = examined(REAL[:-missing])
    assert problem is not None
    assert problem.code == "audio.truncated"


@pytest.mark.parametrize("cut", [2, 4, 6])
def test_a_cut_inside_the_header_of_a_frame_is_a_truncation(cut: int) -> None:
    problem = examined(REAL[: -len(frames_of(REAL)[-1]) + cut])
    assert problem is not None
    assert "inside the header" in problem.message


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_damage_wherever_it_is(seed: int) -> None:
    start = first_frame(REAL)
    generator = np.random.default_rng(seed)
    data = bytearray(REAL)
    # Before the last frame: there, bits that ask for more bits than there are look like a cut.
    end = len(REAL) - len(frames_of(REAL)[-1])
    data[int(generator.integers(start + 20, end))] ^= 1 << int(generator.integers(8))
    problem = examined(bytes(data))
    assert problem is not None
    assert problem.code == "audio.damaged"


def test_a_flipped_bit_in_the_last_frame_is_rarely_taken_for_a_cut() -> None:
    size = len(frames_of(REAL)[-1])
    found = []
    for position in range(20, size, 97):
        data = bytearray(REAL)
        data[-position] ^= 1
        problem = examined(bytes(data))
        found.append(problem is not None and problem.code)
    assert set(found) <= {"audio.damaged", "audio.truncated"}
    assert found.count("audio.damaged") > 0.9 * len(found)


def test_frames_may_count_samples() -> None:
    def renumbered(number: int, length: int) -> bytes:
        frame = constant_frame(number, length=length)
        header = bytes([0xFF, 0xF9]) + frame[2 : frame.index(length - 1 & 0xFF, 6) + 1]
        body = header + bytes([flac_checksums.of_header(header)]) + frame[len(header) + 1 : -2]
        return body + flac_checksums.of_frame(body).to_bytes(2, "big")

    frames = [renumbered(number, length) for number, length in ((0, 4096), (4096, 1000), (5096, 300))]
    data = flac(frames, total=0)
    assert flac_frames.examine(InMemory(data), 42, 16, ran_out=True) is None


def test_a_gap_between_frames_of_one_length_is_damage() -> None:
    frames = [constant_frame(number) for number in (0, 1, 4)]
    problem = examined(flac(frames, total=0))
    assert problem is not None
    assert "missing or damaged between" in problem.message


def test_foreign_bytes_behind_the_last_frame_are_left_to_the_decoder() -> None:
    assert examined(REAL + bytes(1000), ran_out=False) is None


@pytest.mark.parametrize("second", [REAL, flac([constant_frame(0)], total=4096)])
def test_a_second_file_is_a_splice(second: bytes) -> None:
    problem = examined(REAL + second)
    assert problem is not None
    assert (problem.code, problem.message.split()[-1]) == ("audio.spliced", f"{len(REAL):,}")


def test_a_frame_far_into_a_long_stream_is_understood() -> None:
    frames = [constant_frame(number) for number in (0, 1)]
    many = [constant_frame(number, length=16) for number in (0x7F, 0x80, 0x7FF, 0x800, 0xDFFF)]
    numbers = [flac_frames._header(frame[:16], 0) for frame in many]
    assert [header.number for header in numbers if header is not None] == [0x7F, 0x80, 0x7FF, 0x800, 0xDFFF]
    assert examined(flac(frames, total=8192)) is None
