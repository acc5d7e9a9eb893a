"""The bytes of an open file through a pipe, for a decoder that should not guess from a file's size how long it is."""

from __future__ import annotations

import contextlib
import os
import threading

_PIECE = 1 << 16  # as much as a pipe holds


class Feed:
    """Sends a file through a pipe, from its beginning to its end, as fast as somebody reads it.

    Args:
        fd: Descriptor of the file; its position stays, and it stays open.

    Attributes:
        descriptor: Where to read.
        failure: Why the file could not be read to its end; None if it could.
    """

    def __init__(self, fd: int) -> None:
        self.descriptor, self._entry = os.pipe()
        self.failure: str | None = None
        self._thread = threading.Thread(target=self._send, args=(fd,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, whether all was read or not."""
        os.close(self.descriptor)
        self._thread.join()

    def _send(self, fd: int) -> None:
        at = 0
        try:
            with contextlib.suppress(BrokenPipeError):  # nobody wants the rest
                while piece := memoryview(os.pread(fd, _PIECE, at)):
                    at += len(piece)
                    while piece:
                        piece = piece[os.write(self._entry, piece) :]
        except OSError as error:
            self.failure = f"the file cannot be read: {error.strerror}"
        finally:
            os.close(self._entry)
