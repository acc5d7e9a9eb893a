"""Reports are read by the models of those who read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listen_datasets.reports import Report, junit, sarif
from listen_datasets.testing.reports import evil, report, some

pytestmark = pytest.mark.interop

REPORTS = pytest.mark.parametrize("made", [report(), some(), evil()], ids=["nothing", "some", "evil"])


@REPORTS
def test_sarif_is_what_its_model_takes(made: Report) -> None:
    model = pytest.importorskip("sarif_pydantic").Sarif.model_validate(json.loads(sarif.render(made)))

    assert len(model.runs[0].results) == len(made.findings)


@REPORTS
def test_junit_is_what_its_parser_takes(made: Report, tmp_path: Path) -> None:
    (tmp_path / "found.xml").write_text(junit.render(made), encoding="utf-8")
    parsed = pytest.importorskip("junitparser").JUnitXml.fromfile(str(tmp_path / "found.xml"))

    assert (parsed.tests, parsed.failures) == (
        len(made.codes),
        sum(code != "audio.leading_silence" for code in made.tally),
    )
