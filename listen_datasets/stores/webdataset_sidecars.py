"""What a sample of WebDataset says about its recordings: JSON objects and short texts beside them, as columns."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from typing import Any

from listen_datasets import catalogue
from listen_datasets.inputs import InputProblem
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import name_problem
from listen_datasets.model import Finding
from listen_datasets.stores.own_columns import KEY, free
from listen_datasets.stores.webdataset_samples import JSON, Part

ADDED = ("__key__", "shard", "split")
"""Columns of the layout, beside the one that names the recording."""

MAX_BYTES = 1 << 20
"""Bytes that a member with metadata may have."""

_RESERVED = frozenset({KEY, *ADDED})


class _UnusableError(Exception):
    pass


def columns(
    sidecars: Iterable[Part], read: Callable[[str, int], bytes], shard: str, findings: list[Finding]
) -> tuple[dict[str, Any], int]:
    """Return what sidecars say, and how many bytes they are.

    The keys of a JSON object are columns; a text is the column of its extension. A key that is called like a column of
    the layout, or like a key of another object, is called ``json.KEY``, with what stands before ``json`` in the name of
    the member; a text that is called like a key is called ``member.EXTENSION``.

    Args:
        sidecars: Those of one recording.
        read: Returns the beginning of a member, given its name and a number of bytes.
        shard: Path of the shard.
        findings: Takes what is wrong with them.
    """
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    size = 0
    for part in sorted(sidecars, key=lambda part: (part.infix, part.kind)):
        try:
            text = _text(read(part.found.path, MAX_BYTES + 1))
            size += len(text)
            if part.kind == JSON:
                for key, item in _objects(text, _name(part)).items():
                    found[free(key, f"{_whole_name(part)}.", _RESERVED, found)] = item
            else:
                texts[free(_name(part), f"{part.infix}.", texts)] = _one_line(text)
        except InputProblem as problem:
            findings.append(catalogue.finding(problem.code, problem.reason, path=f"{shard}/{part.found.path}"))
        except (_UnusableError, ValueError) as error:
            reason = str(error)
            message = f"{reason[0].upper()}{reason[1:]}."
            findings.append(catalogue.finding("metadata.bad_line", message, path=f"{shard}/{part.found.path}"))
    for name, value in texts.items():
        found[free(name, "member.", found)] = value
    return found, size


def _name(part: Part) -> str:
    return _whole_name(part) if part.infix[:1].isalpha() else part.kind


def _whole_name(part: Part) -> str:
    return f"{part.infix}.{part.kind}" if part.infix else part.kind


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _UnusableError(f"the member is longer than {MAX_BYTES:,} bytes")
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise _UnusableError(f"the member is not UTF-8: byte 0x{data[error.start]:02x}") from None
    if "\0" in text:
        raise _UnusableError("the member holds a NUL")
    return text


def _one_line(text: str) -> str:
    """Return a text without the line end that an editor puts behind it."""
    return text.removesuffix("\n").removesuffix("\r")


def _objects(text: str, name: str) -> dict[str, Any]:
    value = parse(text)
    if not isinstance(value, dict):
        return {name: value}
    for key in value:
        problem = name_problem(key)
        if problem is not None:
            raise _UnusableError(f"the object has a key that {problem}")
    return value
