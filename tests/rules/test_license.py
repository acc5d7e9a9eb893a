from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.license import check


@pytest.mark.parametrize("text", ["CC-BY-4.0", "cc0-1.0", "CC-BY-4.0 AND MIT", "LicenseRef-Sampling-Plus"])
def test_spdx_expression_passes(clips: Callable[..., pa.Table], text: str) -> None:
    assert check(clips(license=[text]), Validate()) == []


def test_clip_without_licence_passes(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(license=pa.array([None], pa.string())), Validate()) == []


def test_text_that_is_no_spdx_expression_is_one_warning(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(license=["MIT", "all rights reserved", "all rights reserved"]), Validate())
    assert (finding.code, finding.severity, finding.clip_id) == ("license.invalid", "warning", None)
    assert (finding.line, finding.value, finding.evidence) == (3, "all rights reserved", {"clips": 2})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/", "CC-BY-NC-SA-3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/legalcode", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
    ],
)
def test_hint_names_the_id_that_was_meant(clips: Callable[..., pa.Table], text: str, meant: str) -> None:
    (finding,) = check(clips(license=[text]), Validate())
    assert finding.hint == f"did you mean {meant}?"


@pytest.mark.parametrize(
    "text", ["", "CC-BY-4.0 AND", "https://creativecommons.org/licenses/sampling+/1.0/", "((", "a\nb"]
)
def test_text_of_any_kind_is_a_finding_and_no_error(clips: Callable[..., pa.Table], text: str) -> None:
    assert [finding.code for finding in check(clips(license=[text]), Validate())] == ["license.invalid"]


@pytest.mark.parametrize("columns", [{"label": ["x"]}, {"license": [4]}])
def test_manifest_without_a_text_column_of_licences_passes(
    clips: Callable[..., pa.Table], columns: dict[str, Any]
) -> None:
    assert check(clips(**columns), Validate()) == []
