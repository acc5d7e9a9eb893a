"""The journal of an unfinished run: what is durable of its work, so that the next run need not do it again.

``.lds/stage/<run>/tasks.jsonl`` has one line a piece of work that is complete. A line holds the canonical JSON of its
fields with ``crc``, as in the ledger; ``prev`` chains the lines. The piece itself lies beside it, and counts only as long
as it has the length and the digest that the line says: that a file exists proves nothing.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from listen_datasets.digest import canonical_json
from listen_datasets.storage import Disk, make_folder, write_bytes

NAME = "tasks.jsonl"
VERSION = 1
RESULTS = "results"
"""Kind of a piece that says what came of tasks."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line.

    Attributes:
        n: Number of the piece, from 1.
        stage: Stage that the run is of.
        key: Digest of all that the piece depends on besides the bytes that it names itself.
        out: Its file, in the folder of the run.
        sha256: Hex digest of the file.
        bytes: Length of the file.
        prev: Digest of the line before; None in the first.
        kind: What is in it.
        v: Version of the format.
    """

    n: int
    stage: str
    key: str
    out: str
    sha256: str
    bytes: int
    prev: str | None = None
    kind: str = RESULTS
    v: int = VERSION


class Journal:
    """The journal of a run, open for more.

    Args:
        disk: What writes.
        folder: Folder of the run.
        stage: Stage that it is of.
        key: Digest of what its pieces depend on.
    """

    def __init__(self, disk: Disk, folder: Path, stage: str, key: str) -> None:
        self._disk = disk
        self._folder = folder
        self._stage = stage
        self._key = key
        pieces, self._good, self._last = _read(folder / NAME)
        self._count = len(pieces)
        self._pieces = [piece for piece in pieces if (piece.stage, piece.key) == (stage, key)]

    def pieces(self) -> Iterator[bytes]:
        """Yield what came of tasks, as far as it is there and this run could have made it, in order."""
        return (data for _, data in self._intact(RESULTS))

    def paths(self, kind: str) -> list[Path]:
        """Return the files of the pieces of another kind that are there and that this run could have made, in order."""
        return [path for path, _ in self._intact(kind)]

    def _intact(self, kind: str) -> Iterator[tuple[Path, bytes]]:
        for piece in self._pieces:
            path = self._folder / piece.out
            if piece.kind == kind:
                data = path.read_bytes() if path.is_file() else b""
                if len(data) == piece.bytes and hashlib.sha256(data).hexdigest() == piece.sha256:
                    yield path, data

    def append(self, data: bytes, kind: str = RESULTS) -> None:
        """Make a piece durable.

        Args:
            data: Its bytes.
            kind: What they are.

        Raises:
            MachineError: The operating system refused.
        """
        number = self._count + 1
        make_folder(self._disk, self._folder)
        written = write_bytes(self._disk, self._folder / f"piece-{number:06}", data, replace=True)
        piece = Piece(
            n=number,
            stage=self._stage,
            key=self._key,
            out=written.path.name,
            sha256=written.sha256,
            bytes=written.bytes,
            prev=_digest(self._last),
            kind=kind,
        )
        line = _sealed(msgspec.to_builtins(piece))
        self._write(line)
        self._count, self._last = number, line
        self._pieces.append(piece)

    def _write(self, line: bytes) -> None:
        path = self._folder / NAME
        descriptor = self._disk.open_append(path)
        try:
            # A torn last line would be glued to the next one, and both would be lost.
            if path.stat().st_size != self._good:
                self._disk.truncate(descriptor, path, self._good)
            self._disk.append(descriptor, path, line + b"\n")
            self._disk.fsync(descriptor, path)
        finally:
            self._disk.close(descriptor, path)
        if not self._good:
            self._disk.fsync_directory(self._folder)
        self._good += len(line) + 1


def unfinished(staging: Path, stage: str) -> str | None:
    """Return the id of a run of a stage that was interrupted and left work behind, the fullest of several."""
    runs = []
    for folder in staging.iterdir() if staging.is_dir() else ():
        pieces, _, _ = _read(folder / NAME)
        if pieces and pieces[0].stage == stage:
            runs.append((len(pieces), folder.name))
    return max(runs)[1] if runs else None


def _read(path: Path) -> tuple[list[Piece], int, bytes]:
    """Return the pieces up to the first bad line, the length of those lines, and the last of them."""
    pieces: list[Piece] = []
    good, last = 0, b""
    data = path.read_bytes() if path.is_file() else b""
    for line in data.split(b"\n")[:-1]:
        piece = _piece(line)
        if piece is None or (piece.n, piece.prev) != (len(pieces) + 1, _digest(last)):
            break
        pieces.append(piece)
        good, last = good + len(line) + 1, line
    return pieces, good, last


def _piece(line: bytes) -> Piece | None:
    try:
        document = json.loads(line)
        document.pop("crc")
        piece = msgspec.convert(document, Piece)
        return piece if _sealed(document) == line and "/" not in piece.out else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _sealed(document: dict[str, Any]) -> bytes:
    return canonical_json({**document, "crc": f"{zlib.crc32(canonical_json(document)):08x}"})


def _digest(line: bytes) -> str | None:
    return "sha256:" + hashlib.sha256(line).hexdigest() if line else None
