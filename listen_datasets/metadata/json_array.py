"""A JSON array of objects, read piece by piece: the file may be much larger than what is held of it."""

from __future__ import annotations

import codecs
import json
import re
from array import array
from typing import Any, BinaryIO

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.json_objects import JsonObjects
from listen_datasets.metadata.lines import MAX_BYTES, not_utf_8
from listen_datasets.metadata.strict_json import DECODER, MAX_DEPTH, MAX_VALUES, check, check_count
from listen_datasets.metadata.table import MetadataTable

_PIECE = 2**20
_SPACE = re.compile(r"[ \t\r\n]*")
# Finds the end of an element that DECODER refuses; integers are not computed, for their digits may be a million.
_LENIENT = json.JSONDecoder(parse_int=len, parse_constant=len)


class _Text:
    """The text of a file from some place on, and the line of that place."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="strict")
        self._lines_read = 0
        self.held = ""
        self.at = 0
        self.line = 1
        self.is_whole = False  # nothing of the file is left to read

    def read_on(self) -> None:
        """Forget what lies behind, and hold at least twice as much as before."""
        self.held, self.at = self.held[self.at :], 0
        raw = self._file.read(max(_PIECE, len(self.held)))
        self.is_whole = not raw
        try:
            self.held += self._decoder.decode(raw, final=self.is_whole)
        except UnicodeDecodeError as error:
            raise self._no_text(error) from None
        self._lines_read += raw.count(b"\n")

    def _no_text(self, error: UnicodeDecodeError) -> MetadataError:
        line = 1 + self._lines_read + error.object.count(b"\n", 0, error.start)
        return not_utf_8(error.object[error.start], name=self._name, line=line)

    def next_sign(self) -> str:
        """Move to the next sign that is no white space and return it; an empty text at the end of the file."""
        while True:
            space = _SPACE.match(self.held, self.at)
            self.move_to(space.end() if space else self.at)
            if self.at < len(self.held) or self.is_whole:
                return self.held[self.at : self.at + 1]
            self.read_on()

    def move_to(self, end: int) -> None:
        """Move on within what is held."""
        self.line += self.held.count("\n", self.at, end)
        self.at = end


def read_json_array(file: BinaryIO, *, name: str) -> MetadataTable:
    """Read a table that is a JSON array of objects; a key that is null or not there is an absent value.

    The line of a row is the one on which its object begins. An element that is no object, or holds what
    :func:`listen_datasets.metadata.strict_json.parse` refuses, is refused alone, as long as its end can be found.

    Raises:
        MetadataError: The array cannot be read to its end, or most elements are refused.
        NothingError: There is no element.
    """
    reading = _Reading(file, name)
    reading.read()
    return reading.rows.finish(elements=reading.elements)


class _Reading:
    """The state of one reading."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.rows = JsonObjects(name)
        self.elements = array("q")
        self._text = _Text(file, name)
        self._name = name
        self._count = 0

    def read(self) -> None:
        text = self._text
        if text.next_sign() != "[":
            hint = "the table must be an array of objects: [{...}, {...}]; take it out with: jq '.NAME'"
            raise self._broken("the file is no JSON array", hint=hint)
        text.move_to(text.at + 1)
        if text.next_sign() != "]":
            self._read_elements()
        text.move_to(text.at + 1)
        if text.next_sign():
            raise self._broken("something follows the array", hint="a JSON file holds one value")

    def _read_elements(self) -> None:
        text = self._text
        while True:
            text.next_sign()
            self._read_element()
            sign = text.next_sign()
            if sign == "]":
                return
            if sign != ",":
                where = f"element {self._count}"
                what = "the file ends" if not sign else "there is neither a comma nor the end of the array"
                raise self._broken(f"{what} behind {where}", hint="was the file written to its end?")
            text.move_to(text.at + 1)

    def _read_element(self) -> None:
        text, line = self._text, self._text.line
        self._count += 1
        value, reason, end = self._decoded()
        size = end - text.at
        called = f"element {self._count}"
        text.move_to(end)
        if reason is not None:
            self.rows.refuse(line, f"in {called}: {reason}")
        elif self.rows.add(value, line, characters=size, called=called):
            self.elements.append(self._count)

    def _decoded(self) -> tuple[Any, str | None, int]:
        """Return the value here, or why it is refused, and where it ends; read on until it is held whole."""
        text = self._text
        while True:
            self._check_size()
            try:
                value, reason, end = _element(text.held, text.at)
            except json.JSONDecodeError as error:
                problem = f"element {self._count} is no JSON: {error.msg}"
            except RecursionError:
                raise self._broken(f"element {self._count} is nested deeper than {MAX_DEPTH} levels") from None
            else:
                # A number at the end of what is held may have further digits.
                if end < len(text.held) or text.is_whole:
                    return value, reason, end
                problem = ""
            if text.is_whole:
                raise self._broken(problem)
            text.read_on()

    def _check_size(self) -> None:
        """Refuse an element that is too large to be read at all."""
        text = self._text
        size = len(text.held) - text.at
        if size > MAX_BYTES:
            raise self._broken(f"element {self._count} is no JSON, or longer than {MAX_BYTES:,} characters")
        # More than one piece is held only while one element fills at least half of it.
        if size > 4 * _PIECE and sum(text.held.count(sign, text.at) for sign in ",[{") > 2 * MAX_VALUES:
            raise self._broken(f"element {self._count} holds more than {MAX_VALUES:,} values")

    def _broken(self, message: str, *, hint: str | None = None) -> MetadataError:
        return MetadataError(message, where=f"{self._name}:{self._text.line}", hint=hint)


def _element(held: str, at: int) -> tuple[Any, str | None, int]:
    """Return the value that begins at a place, or why it is refused; and where it ends."""
    try:
        value, end = DECODER.raw_decode(held, at)
        text = held[at:end]
        check_count(text)
        check(value, text)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        return None, str(error), _LENIENT.raw_decode(held, at)[1]
    return value, None, end
