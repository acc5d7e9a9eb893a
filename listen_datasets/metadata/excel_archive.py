"""A workbook is a ZIP archive of XML: what it claims is checked before any library unpacks it."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.parsers import expat

from listen_datasets.errors import MetadataError
from listen_datasets.metadata.shown import shown

MAX_MEMBERS = 1000
"""Most files in a workbook."""
MAX_BYTES = 2**28
"""Most bytes that they unpack to, all together."""
MAX_STRINGS = 2**26
"""Most bytes of the table of texts, which is held in memory."""
MAX_PART = 2**23
"""Most bytes of any other part that is held in memory as a tree: styles, list of sheets."""
MAX_RATIO = 200
"""Most bytes that a byte of a large file in the archive unpacks to; sheets of equal rows reach some fifty."""

_LARGE = 2**23
_END = struct.Struct("<4s4H2LH")  # end of central directory record (APPNOTE.TXT, section 4.3.16)
_PIECE = 2**16


@contextmanager
def workbook_archive(file: BinaryIO, *, name: str) -> Iterator[zipfile.ZipFile]:
    """Open the archive of a workbook whose claims are sane.

    Raises:
        MetadataError: It is damaged, no workbook, or a bomb.
    """
    _check_directory(file, name)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(name, str(error)) from error
    with archive:
        if "[Content_Types].xml" not in archive.namelist():
            raise MetadataError("the file is a ZIP archive, not an Excel workbook", where=name, hint="unpack it first")
        _check_members(archive.infolist(), name)
        for member in archive.infolist():
            if member.filename.endswith((".xml", ".rels")):
                _check_prolog(archive, member, name)
        yield archive


def _damaged(name: str, reason: str) -> MetadataError:
    hint = "open it in the program that wrote it and save it again"
    return MetadataError(f"the workbook cannot be read: {shown(reason)}", where=name, hint=hint)


def _check_directory(file: BinaryIO, name: str) -> None:
    """Refuse a list of files that would fill the memory by itself: ``zipfile`` reads all of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 2**16))
    tail = file.read()
    file.seek(0)
    at = len(tail) - _END.size
    if not tail[max(0, at) :].startswith(b"PK\x05\x06"):
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        raise _damaged(name, "the end of the archive is missing")
    directory = _END.unpack_from(tail, at)[5]
    if directory > MAX_MEMBERS * 1024:
        raise MetadataError(f"the workbook lists more than {MAX_MEMBERS:,} files", where=name)


def _check_members(members: list[zipfile.ZipInfo], name: str) -> None:
    if len(members) > MAX_MEMBERS or len({member.filename for member in members}) < len(members):
        message = f"the workbook lists more than {MAX_MEMBERS:,} files, or two of one name"
        raise MetadataError(message, where=name)
    if sum(member.file_size for member in members) > MAX_BYTES:
        message = f"the workbook unpacks to more than {MAX_BYTES:,} bytes"
        raise MetadataError(message, where=name, hint="save the table as CSV (UTF-8)")
    for member in members:
        part = shown(member.filename, 80)
        if member.flag_bits & 1 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _damaged(name, f"{part} is encrypted, or packed in an unusual way")
        if member.file_size > max(_LARGE, MAX_RATIO * member.compress_size):
            message = f"{part} in the workbook unpacks to {member.file_size:,} bytes, over {MAX_RATIO} times its size"
            raise MetadataError(message, where=name, hint="save the table as CSV (UTF-8)")
        if member.file_size > _most(member.filename):
            message = f"{part} in the workbook is larger than {_most(member.filename):,} bytes"
            raise MetadataError(message, where=name, hint="save the table as CSV (UTF-8)")


def _most(filename: str) -> int:
    if filename.endswith("sharedStrings.xml"):
        return MAX_STRINGS
    is_tree = filename.endswith((".xml", ".rels")) and "/worksheets/" not in filename
    return MAX_PART if is_tree else MAX_BYTES


class _Begun(Exception):  # noqa: N818 - no error: the first element was reached
    pass


def _check_prolog(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    """Refuse a document type: no program writes one into a workbook, and entities in it can grow without end."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_doctype(member, name)
    parser.StartElementHandler = lambda *_: _begin()
    try:
        with archive.open(member) as part:
            while piece := part.read(_PIECE):
                parser.Parse(piece, False)  # noqa: FBT003 - a C function
    except _Begun:
        return
    except (expat.ExpatError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise _damaged(name, f"{member.filename}: {error}") from error


def _refuse_doctype(member: zipfile.ZipInfo, name: str) -> None:
    raise MetadataError(f"{shown(member.filename, 80)} in the workbook has a document type", where=name)


def _begin() -> None:
    raise _Begun
