"""MP3: a chain of frames, each with its own header; tags before and after; perhaps a first frame that counts them.

Sources: ISO/IEC 11172-3 and 13818-3 (frame headers); G. Bouvigne, "Mp3 Info Tag revision 1"
(Xing, Info and LAME fields).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from listen_datasets.containers import tags
from listen_datasets.containers.structure import (
    ByteSource,
    Problem,
    Structure,
    damaged,
    inconsistent,
    is_beginning,
    spliced,
    trailing,
    truncated,
)

# What may not change between frames: sync, version, layer and sample rate. Channel modes may, but for mono.
_CONSTANT = 0xFFFE0C00
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES = {3: (44100, 48000, 32000, 0), 2: (22050, 24000, 16000, 0), 0: (11025, 12000, 8000, 0)}
_WINDOW = 1 << 18
_CHAIN = 3
_COUNTS = (b"Xing", b"Info")
_MAX_TAGS = 8


@dataclass(frozen=True, slots=True)
class _Stream:
    """What the first frame header says of all of them; frame lengths by bits 9 to 15 of a header, 0 if invalid."""

    constant: int
    sample_rate: int
    num_channels: int
    samples_per_frame: int
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Count:
    """What the first frame says: the number of the others, the bytes of all, the samples that decoders leave out."""

    frames: int | None
    bytes: int | None
    left_out: int


@dataclass(frozen=True, slots=True)
class _Walked:
    """Whole frames, where they end, where one of them counts again (0 for nowhere), and whether a cut one follows."""

    frames: int
    end: int
    second_count: int
    is_cut: bool


def is_chain(source: ByteSource, at: int) -> bool:
    """Tell whether frames of one stream follow each other there: three of them, or fewer up to the end of the file.

    One header proves nothing: random bytes hold them.
    """
    count, end = _chain(source, at, _stream(source.read(at, 4)))
    return count == _CHAIN or (count > 0 and (end >= source.size or source.read(end, 3) == b"TAG"))


def is_counted(source: ByteSource, start: int) -> bool:
    """Tell whether the first frame of an MP3 file, which begins at `start`, says how many frames there are."""
    stream = _stream(source.read(start, 4))
    count = None if stream is None else _count(source, start, stream)
    return count is not None and count.frames is not None


def walk(source: ByteSource, start: int) -> Structure:
    """Walk through all frames of an MP3 file, the first of which begins at `start`."""
    stream = _stream(source.read(start, 4))
    if stream is None:
        return Structure(container="mp3", problems=(damaged(f"no frame begins at byte {start:,}"),))
    walked = _walk_frames(source, start, stream)
    count = _count(source, start, stream)
    frames = walked.frames if count is None else walked.frames - 1
    declared = frames if count is None or count.frames is None else count.frames
    left_out = 0 if count is None else count.left_out
    problems = _missing(source, start, walked, frames, declared, count) or (
        *_surplus(walked, frames, declared),
        *_after_frames(source, walked.end, stream),
    )
    return Structure(
        container="mp3",
        codec="mp3",
        sample_rate=stream.sample_rate,
        num_channels=stream.num_channels,
        declared_num_samples=max(declared * stream.samples_per_frame - left_out, 0),
        # Decoders differ in how they treat the first frame and the encoder's delay.
        slack=2 * stream.samples_per_frame,
        problems=problems,
    )


def _stream(header: bytes) -> _Stream | None:
    bits = int.from_bytes(header, "big")
    version, layer, rate = bits >> 19 & 3, bits >> 17 & 3, bits >> 10 & 3
    if len(header) < 4 or bits >> 21 != 0x7FF or version == 1 or layer != 1 or rate == 3:
        return None
    sample_rate = _RATES[version][rate]
    kbits, per_frame = (_KBITS_1, 1152) if version == 3 else (_KBITS_2, 576)
    lengths = tuple(
        # per_frame samples at so many bits a second, in bytes, and one more if the padding bit is set
        (per_frame // 8 * kbits[key >> 3] * 1000 // sample_rate + (key & 1)) if kbits[key >> 3] else 0
        for key in range(128)
    )
    return _Stream(bits & _CONSTANT, sample_rate, 1 if bits >> 6 & 3 == 3 else 2, per_frame, lengths)


def _length(stream: _Stream | None, header: bytes) -> int:
    """Return the length of the frame with this header, 0 if it is none of the stream."""
    bits = int.from_bytes(header, "big")
    if stream is None or len(header) < 4 or bits & _CONSTANT != stream.constant:
        return 0
    if (bits >> 6 & 3 == 3) != (stream.num_channels == 1):
        return 0
    return stream.lengths[bits >> 9 & 127]


def _chain(source: ByteSource, at: int, stream: _Stream | None) -> tuple[int, int]:
    """Return how many whole frames of a stream follow each other there, three at most, and where the next would end."""
    for count in range(_CHAIN):
        length = _length(stream, source.read(at, 4))
        if length == 0 or at + length > source.size:
            return count, at + length
        at += length
    return _CHAIN, at


def _walk_frames(source: ByteSource, start: int, stream: _Stream) -> _Walked:
    count, at, second = 0, start, 0
    window, base = b"", at
    while True:
        if at + 4 > base + len(window):
            window, base = source.read(at, _WINDOW), at
            second = second or _second_count(source, window, base, start, stream)
        length = _length(stream, window[at - base : at - base + 4])
        if length == 0:
            return _Walked(count, at, second, is_cut=False)
        if at + length > source.size:
            return _Walked(count, at, second, is_cut=True)
        at += length
        count += 1


def _second_count(source: ByteSource, window: bytes, base: int, start: int, stream: _Stream) -> int:
    """Return where in a window a frame begins that counts the frames after it, though it is not the first; 0 if none."""
    for name in _COUNTS:
        found = window.find(name)
        while found >= 0:
            for before in (36, 21, 13):
                at = base + found - before
                if at > start and _count(source, at, stream) and _chain(source, at, stream)[0] == _CHAIN:
                    return at
            found = window.find(name, found + 1)
    return 0


def _count(source: ByteSource, start: int, stream: _Stream) -> _Count | None:
    """Read the Xing, Info or VBRI field of the first frame, if it has one."""
    frame = source.read(start, _length(stream, source.read(start, 4)))
    side = {(1152, 2): 32, (1152, 1): 17, (576, 2): 17, (576, 1): 9}[stream.samples_per_frame, stream.num_channels]
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        return _Count(int.from_bytes(frame[50:54], "big"), int.from_bytes(frame[46:50], "big"), 0)
    for at in (4 + side, 6 + side):  # a frame may carry a checksum of two bytes after its header
        if frame[at : at + 4] in _COUNTS and len(frame) >= at + 8:
            return _xing(frame[at:])
    return None


def _xing(field: bytes) -> _Count:
    flags = int.from_bytes(field[4:8], "big")
    frames = int.from_bytes(field[8:12], "big") if flags & 1 and len(field) >= 12 else None
    at = 8 + 4 * (flags & 1)
    length = int.from_bytes(field[at : at + 4], "big") if flags & 2 and len(field) >= at + 4 else None
    lame = 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    if field[lame : lame + 4] not in {b"LAME", b"Lavf", b"Lavc"} or len(field) < lame + 24:
        return _Count(frames, length, 0)
    delays = int.from_bytes(field[lame + 21 : lame + 24], "big")
    return _Count(frames, length, (delays >> 12) + (delays & 0xFFF))


def _missing(
    source: ByteSource, start: int, walked: _Walked, frames: int, declared: int, count: _Count | None
) -> tuple[Problem, ...]:
    """Judge a file that has fewer frames than it says, or only a part of the last one."""
    # Some encoders count the first frame, which holds the count, too; the number of bytes tells which ones.
    has_bytes = count is None or count.bytes is None or start + count.bytes <= source.size
    if declared > frames + (0 if walked.is_cut or not has_bytes else 1):
        message = f"the header counts {declared:,} frames and {frames:,} are there"
        return (truncated(message, found=source.size),)
    if walked.is_cut:
        message = f"the last frame, at byte {walked.end:,}, is cut"
        return (Problem("audio.partial_frame", "warning", message, None, {"frames": frames}),)
    return ()


def _surplus(walked: _Walked, frames: int, declared: int) -> tuple[Problem, ...]:
    if walked.second_count:
        return (spliced(f"a second recording begins at byte {walked.second_count:,}"),)
    if declared < frames - 1:
        return (inconsistent(f"the header counts {declared:,} frames and {frames:,} are there"),)
    return ()


def _after_frames(source: ByteSource, end: int, stream: _Stream) -> tuple[Problem, ...]:
    """Judge what follows the last frame: tags are legal, a second recording is not, nor are frames after a gap."""
    at = end
    for _ in range(_MAX_TAGS):
        at += tags.behind(source, at)
    if at >= source.size:
        return ()
    if is_chain(source, at) or is_beginning(source.read(at, 12)):
        return (spliced(f"a second recording begins at byte {at:,}"),)
    if _resumes(source, at, stream):
        return (damaged(f"frames end at byte {at:,} and go on later: bytes in between are damaged"),)
    has_tag = source.size - at >= 128 and source.read(source.size - 128, 3) == b"TAG"
    return (trailing(source.size - at - (128 if has_tag else 0)),)


def _resumes(source: ByteSource, at: int, stream: _Stream) -> bool:
    """Tell whether frames of the same stream follow somewhere behind a place."""
    first_two = struct.pack(">I", stream.constant)[:2]
    for base in range(at, source.size, _WINDOW):
        window = source.read(base, _WINDOW + 1)
        # The lowest bit of the second byte says whether there is a checksum, and is not constant.
        for start in (first_two, bytes([first_two[0], first_two[1] | 1])):
            found = window.find(start)
            while found >= 0:
                if _chain(source, base + found, stream)[0] == _CHAIN:
                    return True
                found = window.find(start, found + 1)
    return False
