"""Why ``lds`` could not do its work, and the exit code that tells a script so.

Problems with the *data* are findings (:class:`listen_datasets.model.Finding`); an exception says that ``lds`` itself
had to stop::

    LdsError
    ├── UsageError         2    bad command line; nothing was written
    │   ├── RecipeError         lds.toml
    │   ├── SchemaError         the JSON Schema of the metadata
    │   └── MetadataError       a metadata table that cannot be read to its end
    ├── LockedError        4    another run holds the dataset
    ├── NothingError       5    no input matched; a check of nothing is not green
    ├── CorruptError       6    lds's own output or ledger fails verification
    ├── MachineError       7    disk full, read-only, limits; the dataset is unchanged or resumable
    ├── TooManyRejected    1    so many inputs are bad that nothing was committed
    ├── Interrupted        130 or 143
    └── InternalError      70   a bug in lds

The message is the only positional argument and the rest are keywords with defaults, so that every error survives
pickling on its way out of a worker process.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import ClassVar


class ExitCode(enum.IntEnum):
    """Exit codes of every ``lds`` command: part of the public interface, see the table in README.md."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    LOCKED = 4
    NOTHING = 5
    CORRUPT = 6
    ENVIRONMENT = 7
    INTERNAL = 70
    SIGINT = 130
    SIGPIPE = 141
    SIGTERM = 143


_PRECEDENCE = (
    ExitCode.INTERNAL,
    ExitCode.CORRUPT,
    ExitCode.ENVIRONMENT,
    ExitCode.SIGINT,
    ExitCode.SIGTERM,
    ExitCode.SIGPIPE,
    ExitCode.LOCKED,
    ExitCode.USAGE,
    ExitCode.NOTHING,
    ExitCode.INCOMPLETE,
    ExitCode.FINDINGS,
    ExitCode.OK,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that a run with several outcomes exits with; no outcome at all is OK."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.OK)


class LdsError(Exception):
    """Root of all errors of ``lds``.

    Args:
        message: What went wrong, in one sentence.
        where: The file, line or key that it is about.
        hint: The next command or change to try.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keywords with the message."""
        return (_rebuild, (type(self), self.message, self.where, self.hint))


def _rebuild(kind: type[LdsError], message: str, where: str | None, hint: str | None) -> LdsError:
    return kind(message, where=where, hint=hint)


class UsageError(LdsError):
    """The command line, a recipe or a schema is wrong; nothing was written."""

    exit_code = ExitCode.USAGE


class RecipeError(UsageError):
    """``lds.toml`` cannot be used as it is."""


class SchemaError(UsageError):
    """The JSON Schema of the metadata cannot be used as it is."""


class MetadataError(UsageError):
    """A metadata table cannot be read to its end, so its rows cannot be accounted for."""


class LockedError(LdsError):
    """Another run holds the dataset."""

    exit_code = ExitCode.LOCKED


class NothingError(LdsError):
    """No input matched, nothing was ingested yet, or no row is left."""

    exit_code = ExitCode.NOTHING


class CorruptError(LdsError):
    """A file or the ledger of the dataset is not what ``lds`` wrote."""

    exit_code = ExitCode.CORRUPT


class MachineError(LdsError):
    """The machine failed: disk full, read-only, limits. The dataset is unchanged or resumable."""

    exit_code = ExitCode.ENVIRONMENT


class TooManyRejected(LdsError):  # noqa: N818 - it says more than TooManyRejectedError
    """So many inputs are bad that a wrong mount or a broken decoder is likely; nothing was committed."""

    exit_code = ExitCode.FINDINGS


class Interrupted(LdsError):  # noqa: N818 - the same
    """A signal ended the run; what was finished stays, and a rerun continues."""

    exit_code = ExitCode.SIGINT


class Terminated(Interrupted):
    """SIGTERM ended the run."""

    exit_code = ExitCode.SIGTERM


class InternalError(LdsError):
    """A bug in ``lds``."""
