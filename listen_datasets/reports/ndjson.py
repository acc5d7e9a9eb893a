"""One JSON object a line: every finding that is kept, then a summary."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from listen_datasets.reports import Report

SCHEMA_VERSION = 1


def render(report: Report) -> str:
    """Return a line a finding (``"type": "finding"``), and a last one (``"type": "summary"``) with exact counts."""
    lines: list[dict[str, Any]] = [
        {"type": "finding", "file": item.file, **msgspec.to_builtins(item.finding)} for item in report.findings
    ]
    lines.append(
        {
            "type": "summary",
            "schema_version": SCHEMA_VERSION,
            "dataset": report.dataset,
            "stage": report.stage,
            "counts": dict(report.counts),
            "by_severity": report.by_severity,
            "by_code": dict(report.tally),
            "left_out": sum(report.tally.values()) - len(report.findings),
        }
    )
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
