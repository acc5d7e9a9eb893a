"""Tags in the chunks of WAV, RF64, AIFF and CAF.

Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991; LIST INFO); EBU Tech
3285 (``bext``); iXML specification 3.01; GUANO metadata specification 1.0 (``guan``); Apple, "Audio Interchange File
Format" 1.3 (text chunks) and "Core Audio Format Specification 1.0" (``info``); id3.org (ID3v2 in a chunk of its own).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from listen_datasets.containers.chunks import MAX_CHUNKS, Chunk, chunks
from listen_datasets.containers.structure import ByteSource
from listen_datasets.tags import bext, id3, ixml
from listen_datasets.tags.entry import MAX_ENTRY, Entry, Unreadable, Window, unspecified
from listen_datasets.tags.names import CORE_AUDIO, GUANO, INFO

Section = Callable[[ByteSource, Chunk], Iterator[Entry]]


def sections(source: ByteSource, container: str) -> Iterator[Iterator[Entry]]:
    """Yield the tags of each chunk that holds some, in the order of the file.

    Raises:
        Unreadable: By the inner iterators, and by the outer one when all that may be read was read.
    """
    found, known = _FORMS[container]
    for chunk in found(source):
        section = known.get(chunk.id)
        if section is not None:
            yield section(source, chunk)


def _wav_chunks(source: ByteSource) -> Iterator[Chunk]:
    size64 = 0
    for chunk in chunks(source, 12, "<"):
        yield chunk
        if chunk.id == b"ds64":
            size64 = int.from_bytes(source.read(chunk.start + 8, 8), "little")
        elif chunk.id == b"data" and chunk.size == 0xFFFFFFFF and size64:
            if chunk.start + size64 >= source.size:
                return
            yield from chunks(source, chunk.start + size64 + (size64 & 1), "<")
            return


def _aiff_chunks(source: ByteSource) -> Iterator[Chunk]:
    return chunks(source, 12, ">")


def _caf_chunks(source: ByteSource) -> Iterator[Chunk]:
    at = 8
    for _ in range(MAX_CHUNKS):
        header = source.read(at, 12)
        size = int.from_bytes(header[4:], "big")
        # All ones stand for samples up to the end of the file.
        if len(header) < 12 or at + 12 + size > source.size:
            return
        yield Chunk(header[:4], at + 12, size)
        at += 12 + size


def _body(source: ByteSource, chunk: Chunk, limit: int = MAX_ENTRY) -> bytes:
    if chunk.end > source.size:
        raise Unreadable(f"the chunk {chunk.id.decode()!r} ends beyond the file")
    return source.read(chunk.start, min(chunk.size, limit))


def _info(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    if _body(source, chunk, 4) != b"INFO":
        return
    for item in chunks(source, chunk.start + 4, "<"):
        if item.start > chunk.end:
            return
        if item.end > chunk.end:
            raise Unreadable(f"the entry {item.id.decode()!r} ends beyond its list")
        key = item.id.decode().lower()
        yield unspecified(INFO.get(key, key), _body(source, item))


def _bext(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    return bext.entries(_body(source, chunk))


def _ixml(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    if chunk.size > ixml.MAX_DOCUMENT:
        raise Unreadable(f"an iXML document of {chunk.size:,} bytes is larger than lds reads")
    return ixml.entries(_body(source, chunk, ixml.MAX_DOCUMENT))


def _guano(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    for line in _body(source, chunk).split(b"\n"):
        key, _, value = line.partition(b":")
        # Makers put their own fields behind their name: "WA|Song Meter|Serial".
        name = key.decode("utf-8", "replace").strip().lower().rpartition("|")[2]
        yield unspecified(GUANO.get(name, name), value)


def _id3(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    if chunk.end > source.size:
        raise Unreadable("an ID3 tag ends beyond the file")
    return id3.entries(Window(source, chunk.start, chunk.end))


def _pairs(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
    """Yield the strings of Core Audio, a name and its value in turn."""
    names = iter(_body(source, chunk)[4:].split(b"\0"))
    for name, value in zip(names, names, strict=False):
        key = name.decode("utf-8", "replace").lower()
        yield unspecified(CORE_AUDIO.get(key, key), value)


def _texts(name: str) -> Section:
    def section(source: ByteSource, chunk: Chunk) -> Iterator[Entry]:
        yield unspecified(name, _body(source, chunk))

    return section


_WAV: dict[bytes, Section] = {
    b"LIST": _info,
    b"bext": _bext,
    b"iXML": _ixml,
    b"guan": _guano,
    b"id3 ": _id3,
    b"ID3 ": _id3,
    b"_PMX": _texts("xmp"),
}
_AIFF: dict[bytes, Section] = {
    b"NAME": _texts("title"),
    b"AUTH": _texts("artist"),
    b"ANNO": _texts("comment"),
    b"(c) ": _texts("copyright"),
    b"ID3 ": _id3,
    b"id3 ": _id3,
}
_CAF: dict[bytes, Section] = {b"info": _pairs}
_FORMS: dict[str, tuple[Callable[[ByteSource], Iterator[Chunk]], dict[bytes, Section]]] = {
    "wav": (_wav_chunks, _WAV),
    "rf64": (_wav_chunks, _WAV),
    "aiff": (_aiff_chunks, _AIFF),
    "caf": (_caf_chunks, _CAF),
}
