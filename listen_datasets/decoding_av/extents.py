"""Whether a file of a foreign container is whole, by the lengths that its outermost structure gives.

Decoders play what is left of a file that was cut without a word. Most containers say how long they are, or how they
end. Nothing is known of FLV and of frames without a container (AC-3, AMR, MPEG layers I and II): cut between two frames,
they are whole files.

Sources: ISO/IEC 14496-12 (MPEG-4); Microsoft, "Advanced Systems Format (ASF) Specification" 01.20.06; RFC 8794 (EBML)
and RFC 9559 (Matroska); Microsoft, "AVI RIFF File Reference";
ISO/IEC 14496-3 (ADTS); RFC 3533 (Ogg).
"""

from __future__ import annotations

from collections.abc import Callable

from listen_datasets.containers.structure import ByteSource, Problem, malformed, trailing, truncated, unknown_length

MAX_ATOMS = 100_000
"""Atoms of an MPEG-4 file that are looked at; fragmented ones have two a fragment."""

_ATOMS = frozenset(
    b"ftyp styp moov mdat moof mfra sidx ssix free skip wide udta uuid meta pdin prft emsg pnot PICT junk".split()
)
_LONGEST_PAGE = 27 + 255 + 255 * 255
_ASF_HEADER = 30
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_EBML, _SEGMENT = bytes.fromhex("1a45dfa3"), bytes.fromhex("18538067")
_VOID = 0xEC
_LAST_PAGE = 4


def problems(source: ByteSource, family: str) -> tuple[Problem, ...]:
    """Return what the lengths of a file say: that it is cut, or that nobody wrote how long it is.

    Args:
        source: The file.
        family: As `listen_datasets.containers.foreign` names it; of most families nothing can be said.
    """
    walk = _WALKS.get(family)
    problem = walk(source) if walk is not None else None
    return () if problem is None else (problem,)


def _mp4(source: ByteSource) -> Problem | None:
    found: set[bytes] = set()
    at = 0
    for _ in range(MAX_ATOMS):
        header = source.read(at, 16)
        if len(header) < 8:
            break
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if header[4:8] not in _ATOMS:
            return trailing(source.size - at) if b"moov" in found else malformed(f"no atom begins at byte {at:,}")
        found.add(header[4:8])
        if size == 0:
            break
        if size < 8:
            return malformed(f"the atom at byte {at:,} claims {size} bytes, less than its header has")
        at += size
        if at > source.size:
            return truncated("the file ends inside an atom", expected=at, found=source.size)
    if b"moov" not in found:
        return truncated("the file ends before the index of its samples", found=source.size)
    return None


def _asf(source: ByteSource) -> Problem | None:
    end = int.from_bytes(source.read(16, 8), "little")
    at = _ASF_HEADER
    while at + 24 <= min(end, source.size):
        head = source.read(at, 92)
        size = int.from_bytes(head[16:24], "little")
        if head.startswith(_ASF_PROPERTIES) and len(head) == 92:
            declared, is_broadcast = int.from_bytes(head[40:48], "little"), head[88] & 1
            if is_broadcast:
                return unknown_length("the encoder did not write the length into the header")
            if declared > source.size:
                return truncated("the file is shorter than its header says", expected=declared, found=source.size)
            return None
        if size < 24:
            return malformed(f"the object at byte {at:,} claims {size} bytes, less than its header has")
        at += size
    return truncated("the file ends inside its header", found=source.size)


def _matroska(source: ByteSource) -> Problem | None:
    at = 0
    for name in (_EBML, _SEGMENT):
        while source.read(at, 1) == bytes([_VOID]):
            at = _element_end(source, at, 1)[1]
        if source.read(at, 4) != name:
            return malformed(f"no {'header' if name == _EBML else 'segment'} begins at byte {at:,}")
        is_open, at = _element_end(source, at, 4)
    if is_open:
        return unknown_length("the encoder did not write the length of the segment")
    if at > source.size:
        return truncated("the file ends inside its segment", expected=at, found=source.size)
    return trailing(source.size - at) if at < source.size else None


def _element_end(source: ByteSource, at: int, id_length: int) -> tuple[bool, int]:
    """Return whether an element is of unknown length, and where it ends."""
    head = source.read(at + id_length, 8)
    if not head or not head[0]:
        return False, source.size + 1
    length = 9 - head[0].bit_length()
    value = int.from_bytes(head[:length], "big") & ((1 << 7 * length) - 1)
    return value == (1 << 7 * length) - 1, at + id_length + length + value


def _avi(source: ByteSource) -> Problem | None:
    end = 8 + int.from_bytes(source.read(4, 4), "little")
    if end > source.size:
        return truncated("the file ends inside its first chunk", expected=end, found=source.size)
    return None


def _adts(source: ByteSource) -> Problem | None:
    at = frames = 0
    while at + 7 <= source.size:
        head = source.read(at, 7)
        length = int.from_bytes(head[3:6], "big") >> 5 & 0x1FFF
        if int.from_bytes(head[:2], "big") & 0xFFF6 != 0xFFF0 or length < 7:
            return None  # a tag, or damage, which the decoder finds
        at += length
        frames += 1
    if at == source.size:
        return None
    return Problem("audio.partial_frame", "warning", "the last frame is cut", None, {"frames": frames})


def _ogg(source: ByteSource) -> Problem | None:
    start = max(source.size - _LONGEST_PAGE, 0)
    tail = source.read(start, _LONGEST_PAGE)
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return truncated("the file ends inside a page", found=source.size)
    if not page[5] & _LAST_PAGE:
        return truncated("the last page lacks the end-of-stream flag: the file was cut", found=source.size)
    return None


_WALKS: dict[str, Callable[[ByteSource], Problem | None]] = {
    "mp4": _mp4,
    "asf": _asf,
    "matroska": _matroska,
    "avi": _avi,
    "adts": _adts,
    "ogg_flac": _ogg,
}
