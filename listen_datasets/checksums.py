"""``SHA256SUMS`` as coreutils reads and writes it, so that anybody can check a published dataset without ``lds``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from listen_datasets.errors import CorruptError, InternalError

_LINE = re.compile(rb"([0-9a-f]{64})  ([^\r\n\\]+)")
_ODD = frozenset("\n\r\\")


def text(digests: Mapping[str, str]) -> bytes:
    """Return the file: one line ``<hex>  <path>`` a file, sorted by the bytes of the path.

    Args:
        digests: Hex sha256 by POSIX path, relative to the folder of the file.

    Raises:
        InternalError: A path holds a character that coreutils would escape.
    """
    for path in digests:
        if _ODD & set(path):
            raise InternalError(f"the name {path!r} cannot stand in SHA256SUMS")
    return b"".join(f"{digests[path]}  {path}\n".encode() for path in sorted(digests, key=str.encode))


def parse(data: bytes) -> dict[str, str]:
    """Read the file back: hex sha256 by path.

    Raises:
        CorruptError: A line is not as :func:`text` writes it.
    """
    digests: dict[str, str] = {}
    *lines, rest = data.split(b"\n")
    for number, line in enumerate([*lines, rest] if rest else lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise CorruptError(f"line {number} of SHA256SUMS is no digest and path", where=f"SHA256SUMS:{number}")
        digests[match[2].decode(errors="replace")] = match[1].decode()
    return digests
