from __future__ import annotations

from typing import Any

import pytest

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Validate
from listen_datasets.set_rules.uniqueness import IDS, check
from listen_datasets.testing.manifests import clips


def found(unique: tuple[str, ...] = (), /, **columns: Any) -> list[Finding]:
    return check(clips(**columns), Validate(unique_columns=unique), Recipe(dataset=About(name="t")))


def test_a_value_that_should_be_unique_is_an_error_with_its_lines() -> None:
    (finding,) = found(("prompt",), prompt=["a", "b", "a", "c"])

    assert (finding.code, finding.severity, finding.value) == ("metadata.not_unique", "error", "a")
    assert (finding.path, finding.line, finding.field) == ("metadata.csv", 2, "/prompt")
    assert finding.message == "`a` stands 2 times in `prompt`: lines 2, 4."


@pytest.mark.parametrize("name", [name for name in IDS if name != "clip_id"])
def test_an_id_that_comes_twice_is_a_warning(name: str) -> None:
    assert [item.code for item in found((), **{name: ["x", "x", "y"]})] == ["metadata.duplicate_id"]


def test_an_id_of_the_users_under_a_name_of_ours_is_one() -> None:
    (finding,) = found(declared_clip_id=["x", "x"])

    assert finding.field == "/clip_id"


def test_a_row_that_describes_several_clips_says_its_id_once() -> None:
    assert found(id=["x", "x", "y"], metadata_line=[2, 2, 3]) == []


def test_values_that_are_missing_repeat_nothing() -> None:
    assert found(("prompt",), prompt=["a", None, None]) == []


def test_long_lists_of_lines_are_cut() -> None:
    (finding,) = found(id=[7] * 8)

    assert "lines 2, 3, 4, 5, 6 and 3 more" in finding.message
    assert finding.evidence == {"value": 8, "threshold": 1}


def test_other_columns_may_repeat() -> None:
    assert found(label=["a", "a"], speaker_id=["s", "s"]) == []
