"""The lines of a lhotse manifest: JSON Lines, as they are or in gzip, read no further than they may honestly reach."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from listen_datasets.errors import MetadataError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.metadata.lines import text_lines
from listen_datasets.metadata.strict_json import parse
from listen_datasets.stores.content import Content, Packed, Plain

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MAX_BYTES = 4 << 30
"""Bytes that may come out of a manifest."""

_GZIP = b"\x1f\x8b"


class BadLineError(Exception):
    """A line of a manifest is not what it should be; the message is the end of a sentence."""


class _Stream(io.RawIOBase):
    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._content.at(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def objects(root: Path, path: str) -> Iterator[tuple[int, object | BadLineError, int]]:
    """Yield the number of each line, its value or why it has none, and its characters; empty lines are passed over.

    Args:
        root: The folder of the store.
        path: Of the manifest below it.

    Raises:
        MetadataError: The manifest cannot be read to its end.
    """
    try:
        with opened(root, path) as file:
            head, fd = file.read(0, len(_GZIP)), os.dup(file.fd)
            content: Content = Packed(fd, "gzip", most=MAX_BYTES) if head == _GZIP else Plain(fd)
            for line, text in text_lines(io.BufferedReader(_Stream(content), 1 << 16), name=path):
                if text.strip(" \t\r\n"):
                    yield line, _parsed(text), len(text)
            file.check_unchanged()
    except InputProblem as problem:
        raise MetadataError(f"the manifest cannot be read to its end: {problem.reason}", where=path) from problem


def _parsed(text: str) -> object | BadLineError:
    try:
        value: object = parse(text)
    except ValueError as error:
        return BadLineError(str(error))
    return value
