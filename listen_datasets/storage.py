"""The one way to write: every persistent operation of ``lds`` goes through :class:`Disk`.

A file is written beside its final name under a short name of its own, flushed to the device, read back, compared with
what was sent, and only then renamed. Whatever goes wrong on the way leaves the old file as it was and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from listen_datasets import digest
from listen_datasets.errors import MachineError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

_TEMPORARY = re.compile(r"\.lds-[0-9a-f]{12}\.tmp")
_BUFFER = 1 << 20
_GROUP_ROWS = 1 << 14
_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC
_SPACE_HINT = "free some space and run the same command again"
_HINTS = {
    errno.ENOSPC: _SPACE_HINT,
    errno.EDQUOT: _SPACE_HINT,
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) and run the same command again",
    errno.EMFILE: "raise the limit on open files (ulimit -n) and run the same command again",
    errno.EROFS: "mount the file system for writing and run the same command again",
    errno.EACCES: "allow this user to write there and run the same command again",
    errno.EPERM: "allow this user to write there and run the same command again",
    errno.EXDEV: "keep the whole dataset on one file system",
}


class Disk:
    """The operating system, as far as ``lds`` changes anything in it.

    It is an argument everywhere, so that a test can count, refuse or cut off any operation
    (:mod:`listen_datasets.testing.disks`).

    Args:
        root: Folder that paths in messages are relative to: the dataset.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def perform(self, operation: str, path: Path, call: Callable[[], T]) -> T:
        """Do one operation: the single door through which all others of this class go.

        Raises:
            MachineError: The operating system refused; the message has the path and the name of the errno.
        """
        try:
            return call()
        except OSError as error:
            number = error.errno or errno.EIO
            shown = self._shown(path)
            raise MachineError(
                f"cannot {operation} {shown}: {os.strerror(number)} ({errno.errorcode.get(number, number)})",
                where=shown,
                hint=_HINTS.get(number, "check the disk of this machine and run the same command again"),
            ) from error

    def create(self, path: Path) -> int:
        """Create a file that must not exist yet and return its descriptor, open for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY
        return self.perform("create", path, lambda: os.open(path, flags, 0o666))

    def open_append(self, path: Path) -> int:
        """Return a descriptor that writes at the end of a file, which is created if it is not there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFELY
        return self.perform("open", path, lambda: os.open(path, flags, 0o666))

    def write(self, descriptor: int, path: Path, data: memoryview) -> None:
        """Write all of the bytes; the path is for messages."""
        self.perform("write", path, lambda: _write_all(descriptor, data))

    def append(self, descriptor: int, path: Path, line: bytes) -> None:
        """Write a line in one call, so that a crash can tear the last line only."""
        self.perform("append to", path, lambda: _write_once(descriptor, line))

    def truncate(self, descriptor: int, path: Path, size: int) -> None:
        """Cut a file to a number of bytes."""
        self.perform("truncate", path, lambda: os.ftruncate(descriptor, size))

    def fsync(self, descriptor: int, path: Path) -> None:
        """Wait until the device holds a file's bytes. Never call it again after a failure: it would lie."""
        self.perform("flush", path, lambda: os.fsync(descriptor))

    def close(self, descriptor: int, path: Path) -> None:
        """Close a descriptor; network file systems report failed writes only here."""
        self.perform("close", path, lambda: os.close(descriptor))

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name, in place of whatever had that name."""
        self.perform("rename", target, lambda: source.replace(target))

    def unlink(self, path: Path) -> None:
        """Remove a file; one that is not there is fine."""
        self.perform("remove", path, lambda: path.unlink(missing_ok=True))

    def mkdir(self, path: Path) -> None:
        """Make a folder; one that is there is fine."""
        self.perform("make folder", path, lambda: path.mkdir(exist_ok=True))

    def rmdir(self, path: Path) -> bool:
        """Remove a folder if it is empty, and say whether it is gone."""
        return self.perform("remove folder", path, lambda: _rmdir(path))

    def fsync_directory(self, path: Path) -> None:
        """Wait until the device holds a folder's names; file systems that cannot are forgiven."""
        self.perform("flush folder", path, lambda: _fsync_directory(path))

    def _shown(self, path: Path) -> str:
        if is_temporary(path.name):
            path = path.parent
        if self.root is not None and path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return path.name


@dataclass(frozen=True)
class Written:
    """A file that is complete and on the device.

    Attributes:
        path: Where it is.
        bytes: Its length.
        sha256: Hex digest of its bytes, as sent and as read back.
    """

    path: Path
    bytes: int
    sha256: str


def is_temporary(name: str) -> bool:
    """Tell whether a file name is one that :func:`write_file` uses for unfinished files."""
    return _TEMPORARY.fullmatch(name) is not None


def make_folder(disk: Disk, folder: Path) -> None:
    """Make a folder and those above it, so that they survive a power cut."""
    if folder.is_dir():
        return
    make_folder(disk, folder.parent)
    disk.mkdir(folder)
    disk.fsync_directory(folder.parent)


def write_file(
    disk: Disk,
    path: Path,
    produce: Callable[[IO[bytes]], object],
    *,
    verify: Callable[[Path], None] | None = None,
    replace: bool = False,
) -> Written:
    """Write a file whole or not at all.

    Args:
        disk: What writes.
        path: The final name; missing folders above it are made.
        produce: Writes the bytes to the file object it is given. It must not seek, and need not flush or close.
        verify: Looks at the complete file under its temporary name and raises if it is not as it should be.
        replace: Whether an existing file may be replaced.

    Raises:
        MachineError: The operating system refused, or the bytes read back are not those that were sent.
        UsageError: The file is there already and must not be replaced.
    """
    if not replace and path.exists():
        raise UsageError(f"{path.name} is there already", where=path.name, hint="remove it or choose another name")
    make_folder(disk, path.parent)
    temporary = path.with_name(f".lds-{secrets.token_hex(6)}.tmp")
    sink = _Sink(disk, disk.create(temporary), path)
    try:
        written = _fill(sink, produce)
        _read_back(disk, temporary, written)
        if verify is not None:
            verify(temporary)
        disk.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(MachineError):
            sink.abort()
        with contextlib.suppress(MachineError):
            disk.unlink(temporary)
        raise
    disk.fsync_directory(path.parent)
    return written


def write_bytes(disk: Disk, path: Path, data: bytes, *, replace: bool = False) -> Written:
    """Write a small file; see :func:`write_file`."""
    return write_file(disk, path, lambda file: file.write(data), replace=replace)


def write_parquet(
    disk: Disk,
    path: Path,
    tables: pa.Table | Iterable[pa.Table],
    *,
    schema: pa.Schema | None = None,
    footer: Mapping[str, str] | None = None,
    replace: bool = False,
    **options: Any,  # noqa: ANN401 - whatever ParquetWriter takes
) -> Written:
    """Write a Parquet file with page checksums and read it back; see :func:`write_file`.

    Args:
        disk: What writes.
        path: The final name.
        tables: One table, which is cut into row groups of 16,384 rows, or one a row group.
        schema: Schema of the file; needed if `tables` is not one table.
        footer: Key-value metadata added at the end.
        replace: Whether an existing file may be replaced.
        options: Further arguments of :class:`pyarrow.parquet.ParquetWriter`.
    """
    import pyarrow as pa  # noqa: PLC0415 - start-up time: commands that write no Parquet pass through here

    from listen_datasets import parquet  # noqa: PLC0415

    groups = _cut(tables) if isinstance(tables, pa.Table) else tables
    form = parquet.Form(schema=schema or cast("pa.Table", tables).schema, footer=footer or {}, options=options)
    rows: list[int] = []
    return write_file(
        disk,
        path,
        lambda file: rows.append(parquet.write(file, groups, form)),
        verify=lambda temporary: parquet.check(temporary, rows=rows[0]),
        replace=replace,
    )


def _cut(table: pa.Table) -> Iterator[pa.Table]:
    # A row group is encoded, and decoded to be checked, as a whole.
    for start in range(0, max(table.num_rows, 1), _GROUP_ROWS):
        yield table.slice(start, _GROUP_ROWS)


class _Sink(io.RawIOBase):
    """Hashes and writes what it is given. After an abort it swallows everything.

    Writers such as pyarrow's finish their file when they are destroyed, whatever went wrong before, and by then the
    number of the descriptor may belong to another file.
    """

    def __init__(self, disk: Disk, descriptor: int, path: Path) -> None:
        super().__init__()
        self._disk = disk
        self._descriptor: int | None = descriptor
        self._path = path
        self._state = hashlib.sha256()
        self._bytes = 0
        self._failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        view = memoryview(data).cast("B")
        if self._descriptor is not None and self._failure is None:
            self._state.update(view)
            try:
                self._disk.write(self._descriptor, self._path, view)
            except BaseException as error:
                self._failure = error
                raise
            self._bytes += len(view)
        return len(view)

    def finish(self) -> Written:
        """Make the bytes durable, unless a write failed and the producer kept it to itself."""
        if self._failure is not None:
            raise self._failure
        if self._descriptor is not None:
            self._disk.fsync(self._descriptor, self._path)
        self._close()
        return Written(self._path, self._bytes, self._state.hexdigest())

    def abort(self) -> None:
        """Write nothing from now on."""
        self._close()

    def _close(self) -> None:
        # Forgotten first: after a failed close the number is free, and a second close could hit another file.
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._disk.close(descriptor, self._path)


def _fill(sink: _Sink, produce: Callable[[IO[bytes]], object]) -> Written:
    file = io.BufferedWriter(sink, _BUFFER)
    produce(cast("IO[bytes]", file))
    if not file.closed:
        file.flush()
    return sink.finish()


def _read_back(disk: Disk, path: Path, written: Written) -> None:
    if disk.perform("read", written.path, lambda: digest.of_file(path)) != written.sha256:
        raise MachineError(
            f"{written.path.name} does not read back as it was written",
            where=written.path.name,
            hint="check the disk and the memory of this machine",
        )


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _write_once(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _rmdir(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _fsync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
