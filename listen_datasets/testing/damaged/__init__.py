"""Recordings that are broken, and odd ones that are not: small, made by code, each with the finding that it must give.

For tests of whatever reads recordings, ours and those of plug-ins::

    @pytest.mark.parametrize("case", cases(), ids=str)
    def test_it(case, tmp_path):
        (tmp_path / case.file_name).write_bytes(case.data)
        ...
"""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.testing.damaged import aiff, caf, flac, mp3, names, ogg, others, wav, wide
from listen_datasets.testing.damaged.case import Case

__all__ = ["Case", "cases"]

_MODULES = (wav, wide, aiff, caf, flac, ogg, mp3, others, names)


def cases() -> Iterator[Case]:
    """Yield all cases; the name of each is unique."""
    for module in _MODULES:
        yield from module.cases()
