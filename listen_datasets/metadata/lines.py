"""The physical lines of a text file: strict UTF-8, numbered, and of bounded length."""

from __future__ import annotations

import codecs
import shlex
from collections.abc import Iterator
from typing import BinaryIO

from listen_datasets.errors import MetadataError

MAX_BYTES = 16 * 2**20
"""Longest line, CSV field and CSV record."""


def text_lines(file: BinaryIO, *, name: str) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1) and the text of each line, line end included; a byte order mark is dropped.

    Raises:
        MetadataError: A line is not UTF-8, holds a NUL, or is longer than ``MAX_BYTES``.
    """
    line = 0
    while raw := file.readline(MAX_BYTES + 1):
        line += 1
        if len(raw) > MAX_BYTES:
            raise MetadataError(f"the line is longer than {MAX_BYTES} bytes", where=f"{name}:{line}")
        if line == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
            if not raw:
                return
        if b"\0" in raw:
            hint = "if the file is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8; else it was damaged or is no text"
            raise MetadataError("the line holds a NUL byte", where=f"{name}:{line}", hint=hint)
        yield line, _decoded(raw, name=name, line=line)


def _decoded(raw: bytes, *, name: str, line: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf_8(raw[error.start], name=name, line=line, position=error.start + 1) from None


def not_utf_8(byte: int, *, name: str, line: int, position: int | None = None) -> MetadataError:
    """Return the error about a byte that is no UTF-8, with the command that converts the file.

    Args:
        byte: The byte.
        name: How errors call the file.
        line: Its line.
        position: Where it stands in the line, in bytes from 1.
    """
    at = "" if position is None else f" at position {position}"
    command = f"iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(name)}"
    return MetadataError(
        f"the line is not UTF-8: byte 0x{byte:02x}{at}",
        where=f"{name}:{line}",
        hint=f"if the file is Latin-1 or Windows-1252, convert it: {command}",
    )
