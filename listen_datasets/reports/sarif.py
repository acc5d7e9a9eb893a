"""SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): what code scanning services read."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from listen_datasets import __version__, catalogue
from listen_datasets.reports import Located, Report
from listen_datasets.text import visible

MAX_RESULTS = 25_000
"""What GitHub takes of a run."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/listen-datasets/listen-datasets"
_NO_LINES = (".parquet", ".xlsx")  # files of which nobody can show a line


def render(report: Report) -> str:
    """Return a SARIF log of one run."""
    codes = report.codes
    driver = {
        "name": "lds",
        "version": __version__,
        "informationUri": _HOME,
        "rules": [_rule(code) for code in codes],
    }
    shown = report.findings[:MAX_RESULTS]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"lds/{report.dataset}/{report.stage}"},
        "results": [_result(item, codes.index(item.finding.code)) for item in shown],
        "properties": {
            "counts": dict(report.counts),
            "findings": dict(report.tally),
            "leftOut": sum(report.tally.values()) - len(shown),
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(code: str) -> dict[str, Any]:
    entry = catalogue.entry(code)
    return {
        "id": code,
        "shortDescription": {"text": entry.meaning},
        "fullDescription": {"text": f"{entry.meaning} {entry.why}"},
        "help": {"text": entry.fix},
        "defaultConfiguration": {"level": entry.severity},
    }


def _result(item: Located, index: int) -> dict[str, Any]:
    finding = item.finding
    text = visible(finding.message, 1000) + (f" {visible(finding.hint, 1000)}" if finding.hint else "")
    properties = {
        "clip_id": finding.clip_id,
        "path": finding.path,
        "value": finding.value,
        "evidence": finding.evidence,
    }
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": text},
        "partialFingerprints": {"ldsRowKey/v1": _fingerprint(item)},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }
    location = _location(item)
    return {**result, "locations": [location]} if location else result


def _location(item: Located) -> dict[str, Any]:
    finding, location = item.finding, dict[str, Any]()
    if item.file is not None:
        line = 1 if item.file.endswith(_NO_LINES) else finding.line or 1
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(item.file, errors="replace")},
            "region": {"startLine": max(1, line)},
        }
    if finding.field is not None:
        row = "" if finding.line is None else f"[{finding.line}]"
        location["logicalLocations"] = [{"fullyQualifiedName": f"rows{row}{finding.field}", "kind": "member"}]
    return location


def _fingerprint(item: Located) -> str:
    """Return what makes a finding the same one in the next run: not its line, which moves."""
    finding = item.finding
    key = [finding.clip_id or finding.path, finding.field, finding.code, finding.value]
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
