from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from listen_datasets import catalogue
from listen_datasets.errors import MetadataError, NothingError
from listen_datasets.executors.serial import Serial
from listen_datasets.metadata import MetadataTable, read
from listen_datasets.testing.damaged_tables import Case, cases

CASES = list(cases())
READ = [case for case in CASES if case.error is None]
REFUSED = [case for case in CASES if case.error is not None]


def read_case(case: Case, folder: Path) -> MetadataTable:
    if case.file_name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    path = folder / case.file_name
    path.write_bytes(case.data)
    return read(path, name=case.file_name, executor=Serial())


@pytest.mark.parametrize("case", READ, ids=str)
def test_what_can_be_read_is_read_with_its_findings(case: Case, tmp_path: Path) -> None:
    table = read_case(case, tmp_path)
    assert [(finding.code, finding.line) for finding in table.findings] == list(case.findings)
    assert (len(table), len(table.lines)) == (case.rows, case.rows)


@pytest.mark.parametrize("case", READ, ids=str)
def test_every_refused_row_is_accounted_for_beside_its_finding(case: Case, tmp_path: Path) -> None:
    table = read_case(case, tmp_path)
    rows = [
        item for item in case.findings if item[0] in {"metadata.ragged_row", "metadata.bad_line", "metadata.cell_error"}
    ]
    assert [(item.code, item.line) for item in table.refused] == rows
    assert {item.line for item in table.refused}.isdisjoint(table.lines) or case.file_name == "m.json"


@pytest.mark.parametrize("case", READ, ids=str)
def test_severity_is_that_of_the_catalogue(case: Case, tmp_path: Path) -> None:
    for finding in read_case(case, tmp_path).findings:
        assert finding.severity == catalogue.severity(finding.code)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_cannot_be_read_is_refused_with_its_place(case: Case, tmp_path: Path) -> None:
    with pytest.raises((MetadataError, NothingError), match=re.escape(case.error or "")) as caught:
        read_case(case, tmp_path)
    where = case.file_name if case.line is None else f"{case.file_name}:{case.line}"
    assert caught.value.where == where


def test_names_of_cases_are_unique() -> None:
    assert [name for name, times in Counter(map(str, CASES)).items() if times > 1] == []


def test_cases_are_the_same_bytes_every_time() -> None:
    assert [case.data for case in cases()] == [case.data for case in CASES]
