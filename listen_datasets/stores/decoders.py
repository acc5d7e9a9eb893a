"""One face for the decoders of the standard library: fed with pieces, giving at most as much as was asked for."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from listen_datasets.errors import RecipeError

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""First bytes of a compressed file, and what it was compressed by."""

_XZ_MEMORY = 256 << 20


class Decoder(Protocol):
    """Decompresses one stream.

    Attributes:
        eof: The stream has ended, and its check sum was right.
        needs_input: It can give nothing without more input.
        rest: What it did not use of its last input, to be fed again; what follows the stream after its end.
    """

    eof: bool
    needs_input: bool
    rest: bytes

    def decompress(self, data: bytes, most: int) -> bytes:
        """Return the next bytes, at most so many; none if more input is needed."""
        ...

    def copy(self) -> Decoder | None:
        """Return a decoder in the same state, or None where that cannot be had."""
        ...


class _Deflate:
    """The decoder of gzip and ZIP."""

    def __init__(self, state: zlib._Decompress) -> None:
        self._zlib = state
        self.eof = state.eof
        self.needs_input = True
        self.rest = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """Return the next bytes, at most so many."""
        out = self._zlib.decompress(data, most)
        self.eof = self._zlib.eof
        self.rest = self._zlib.unused_data if self.eof else self._zlib.unconsumed_tail
        return out

    def copy(self) -> _Deflate:
        """Return a decoder in the same state."""
        return _Deflate(self._zlib.copy())


class _OfLibrary(Protocol):
    """What the decoders for bzip2, xz and Zstandard have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Incremental:
    """One of the decoders that keep the input that they have not used yet themselves."""

    def __init__(self, decoder: _OfLibrary) -> None:
        self._decoder = decoder
        self.eof = False
        self.needs_input = True
        self.rest = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        out = self._decoder.decompress(data, most)
        self.eof = self._decoder.eof
        self.needs_input = not self.eof and self._decoder.needs_input
        self.rest = self._decoder.unused_data if self.eof else b""
        return out

    def copy(self) -> None:
        return None


def decoder_of(method: str) -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    """Return what makes a decoder, and what the decoder raises for damaged data.

    Args:
        method: Value of `MAGIC`, or ``deflate`` for the members of ZIP archives.

    Raises:
        RecipeError: This Python cannot decompress it.
    """
    match method:
        case "gzip":
            return lambda: _Deflate(zlib.decompressobj(31)), (zlib.error,)
        case "deflate":
            return lambda: _Deflate(zlib.decompressobj(-15)), (zlib.error,)
        case "bzip2":
            return lambda: _Incremental(bz2.BZ2Decompressor()), (OSError, ValueError)
        case "xz":
            return lambda: _Incremental(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)), (lzma.LZMAError,)
        case _:
            return _zstd()


def _zstd() -> tuple[Callable[[], Decoder], tuple[type[Exception], ...]]:
    try:
        zstd = importlib.import_module("compression.zstd")  # Python 3.14 and later
    except ModuleNotFoundError as error:
        raise RecipeError(
            "this Python cannot read Zstandard archives", hint="decompress it first (zstd -d), or use Python 3.14"
        ) from error
    return lambda: _Incremental(zstd.ZstdDecompressor()), (zstd.ZstdError,)
