"""What a file is by its first bytes: a table in the format of its suffix, or something else that people hand over."""

from __future__ import annotations

from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.metadata.strict_json import parse

HEAD = 4096
"""How many bytes are looked at."""

_SAVE = "open it in the program that wrote it and save the table as CSV (UTF-8)"
_UNPACK = "unpack it first"
_UTF_16 = "convert it: iconv -f UTF-16 -t UTF-8"
_EXCEL = (b"PK\x03\x04", "an Excel workbook (.xlsx) or a ZIP archive", "a workbook is read under the suffix .xlsx")
# First bytes of what people hand over in place of a table: its name, and what to do.
_STRANGERS = (
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"PK\x05\x06", "an empty ZIP archive", _SAVE),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), or one with a password", _SAVE),
    (b"%PDF", "a PDF", _SAVE),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file it points to: git lfs pull"),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\xff\xfe", "UTF-16 text", _UTF_16),
    (b"\xfe\xff", "UTF-16 text", _UTF_16),
)
_PAGES = (b"<!doctype html", b"<html", b"<?xml")
_MAGIC = {".parquet": (b"PAR1", "Parquet"), ".xlsx": (b"PK\x03\x04", "an Excel workbook")}


def check_content(head: bytes, suffix: str, name: str) -> None:
    """Refuse a file whose first bytes contradict its suffix.

    Args:
        head: Its first ``HEAD`` bytes.
        suffix: Its suffix in lower case.
        name: How errors call it.

    Raises:
        MetadataError: It is something else.
        NothingError: It has no bytes.
    """
    if not head:
        raise NothingError("the table is empty", where=name)
    found = _recognised(head, suffix)
    if found is not None:
        what, hint = found
        raise MetadataError(f"the file is {what}, not a table in {suffix or 'a known format'}", where=name, hint=hint)
    if suffix in _MAGIC and not head.startswith(_MAGIC[suffix][0]):
        message = f"the file is not {_MAGIC[suffix][1]}: it does not begin with {_MAGIC[suffix][0][:4]!r}"
        raise MetadataError(message, where=name, hint="give it the suffix of what it holds")
    if suffix not in _MAGIC:
        _check_text(head, suffix, name)


def _recognised(head: bytes, suffix: str) -> tuple[str, str] | None:
    strangers = _STRANGERS if suffix == ".xlsx" else (*_STRANGERS, _EXCEL)
    if suffix != ".parquet":
        strangers = (*strangers, (b"PAR1", "Parquet", "give it the suffix .parquet"))
    for magic, what, hint in strangers:
        if head.startswith(magic):
            return what, hint
    if head.lstrip()[:20].lower().startswith(_PAGES):
        return "an HTML or XML page", "was the download refused? fetch it again"
    return None


def _check_text(head: bytes, suffix: str, name: str) -> None:
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if suffix in {".jsonl", ".ndjson"}:
        if text.startswith("["):
            raise MetadataError("the file is a JSON array, not JSON Lines", where=name, hint="give it the suffix .json")
        if text and not text.startswith("{"):
            raise MetadataError("the file is not JSON Lines: it does not begin with {", where=f"{name}:1")
    elif suffix in {".csv", ".tsv"} and _is_json(text.partition("\n")[0]):
        hint = "give an array the suffix .json, and one object a line .jsonl"
        raise MetadataError("the file is JSON", where=name, hint=hint)


def _is_json(text: str) -> bool:
    if text.rstrip() in {"[", "{", "[{"}:
        return True
    if not text.startswith(("{", "[")):
        return False
    try:
        parse(text)
    except ValueError:
        return False
    return True
