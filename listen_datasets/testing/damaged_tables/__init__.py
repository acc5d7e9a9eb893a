"""Metadata tables that are broken, and odd ones that are not: small, made by code, each with what must be said of it.

For tests of whatever reads metadata::

    @pytest.mark.parametrize("case", cases(), ids=str)
    def test_it(case, tmp_path):
        (tmp_path / case.file_name).write_bytes(case.data)
        ...
"""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.testing.damaged_tables import delimited, excel, json, others, parquet
from listen_datasets.testing.damaged_tables.case import Case

__all__ = ["Case", "cases"]

_MODULES = (delimited, json, excel, parquet, others)


def cases() -> Iterator[Case]:
    """Yield all cases; the name of each is unique. Those of workbooks need openpyxl to be read, not to be made."""
    for module in _MODULES:
        yield from module.cases()
