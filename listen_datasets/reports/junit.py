"""JUnit's XML, as Jenkins and other CI servers read it: a test case a finding code, those that nothing was found of too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from listen_datasets import catalogue
from listen_datasets.reports import Report, place
from listen_datasets.text import visible

ROWS = 20
"""Findings that a test case lists."""

# What XML 1.0 (section 2.2) does not allow, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return one suite; findings that are errors make their case fail, others stand in its output."""
    failures = sum(1 for code in report.tally if report.tally[code] and report.severity(code) == "error")
    numbers = {"tests": str(len(report.codes)), "failures": str(failures), "errors": "0", "time": "0"}
    root = ET.Element("testsuites", {"name": "lds", **numbers})
    suite = ET.SubElement(
        root, "testsuite", {"name": _clean(f"{report.dataset} {report.stage}"), **numbers, "skipped": "0"}
    )
    for code in report.codes:
        _case(suite, code, report)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, code: str, report: Report) -> None:
    entry, number = catalogue.entry(code), report.tally.get(code, 0)
    case = ET.SubElement(
        suite, "testcase", {"classname": _clean(f"{report.dataset}.{report.stage}"), "name": code, "time": "0"}
    )
    if not number:
        return
    text = "\n".join(_lines(code, report))
    severity = report.severity(code)
    if severity == "error":
        said = {"message": f"{number} x {entry.meaning}", "type": code}
        ET.SubElement(case, "failure", said).text = text
    else:
        ET.SubElement(case, "system-out").text = f"{severity}: {number} x {entry.meaning}\n{text}"


def _lines(code: str, report: Report) -> Iterator[str]:
    found = report.of(code)
    for item in found[:ROWS]:
        where = place(item)
        yield _clean(f"{where}: {item.finding.message}" if where else item.finding.message)
    if report.tally[code] > ROWS:
        yield f"... and {report.tally[code] - min(ROWS, len(found)):,} more"
    yield f"fix: {catalogue.entry(code).fix}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", visible(text, 1000))
