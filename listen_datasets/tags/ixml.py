"""The iXML chunk of field recorders: an XML document, read without anything that XML documents can do.

Source: iXML specification 3.01 (G. Sloan and M. Gilbert).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from listen_datasets.tags.entry import MAX_ENTRIES, MAX_ENTRY, Entry, Unreadable
from listen_datasets.tags.names import IXML

MAX_DOCUMENT = 1 << 20
"""Bytes of a document that is read."""

_MAX_DEPTH = 16
# Below these elements the last part of a path says what a value is; elsewhere it does at the top level alone.
_FLAT = frozenset({"bwfxml", "bext", "location", "user", "aswg"})


def entries(document: bytes) -> Iterator[Entry]:
    """Yield the elements that hold text.

    Raises:
        Unreadable: It is no well-formed XML, declares a document type (and with it entities), or is nested too deeply.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(document.rstrip(b"\0 \r\n\t"), True)  # noqa: FBT003 - expat takes no keywords
    except expat.ExpatError as error:
        raise Unreadable(f"the iXML document is not well-formed: {error}") from error
    yield from reader.found


class _Reader:
    """Gathers the texts of leaves; expat itself expands nothing but the five entities of XML."""

    def __init__(self) -> None:
        self.found: list[Entry] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _refuse(self, *_: object) -> None:
        raise Unreadable("the iXML document declares a document type, which may hide entities")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name.lower())
        self._text.clear()
        if len(self._path) > _MAX_DEPTH:
            raise Unreadable(f"the iXML document is nested more than {_MAX_DEPTH} deep")

    def _end(self, _: str) -> None:
        key = self._path.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        if text:
            parent = self._path[-1] if self._path else ""
            name = IXML.get(key, key) if parent in _FLAT else f"{parent}/{key}"
            self.found.append(Entry(name, text[:MAX_ENTRY]))
        if len(self.found) > MAX_ENTRIES:
            raise Unreadable(f"there are more than {MAX_ENTRIES:,} elements in the iXML document")
