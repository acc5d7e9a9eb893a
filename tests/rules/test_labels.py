from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.labels import check

_LABEL = Validate(label_columns=("label",))


@pytest.mark.parametrize("twin", ["Rain", " rain", "RAIN ", "rain\u00a0"])
def test_second_spelling_is_a_warning_at_its_line(clips: Callable[..., pa.Table], twin: str) -> None:
    (finding,) = check(clips(label=["rain", "rain", twin, "wind"]), _LABEL)
    assert (finding.code, finding.severity, finding.clip_id) == ("label.twins", "warning", None)
    assert (finding.path, finding.line, finding.field) == ("metadata.csv", 4, "/label")
    assert finding.evidence == {"spellings": 2, "rarest": 1}


def test_spellings_that_differ_in_unicode_form_are_twins(clips: Callable[..., pa.Table]) -> None:
    table = clips(label=["gr\u00fc\u00dfe", "gru\u0308\u00dfe"])
    assert [finding.code for finding in check(table, _LABEL)] == ["label.twins"]


def test_white_space_inside_counts_as_one_space(clips: Callable[..., pa.Table]) -> None:
    assert len(check(clips(label=["dog  bark", "dog bark", "dog\tbark"]), _LABEL)) == 1


def test_message_counts_the_clips_of_each_spelling(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(label=["rain", "rain", "Rain"]), _LABEL)
    assert finding.message == "One value of `label` is spelled in 2 ways, by number of clips: `rain` (2), `Rain` (1)."


@pytest.mark.parametrize("labels", [["rain", "rein"], ["dogbark", "dog bark"], ["007", "7"], ["a", "a"], [None, ""]])
def test_different_values_pass(clips: Callable[..., pa.Table], labels: list[str | None]) -> None:
    assert check(clips(label=pa.array(labels, pa.string())), _LABEL) == []


def test_columns_that_are_not_named_pass(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(transcript=["Yes", "yes"]), _LABEL) == []


def test_column_is_named_as_the_user_names_it(clips: Callable[..., pa.Table]) -> None:
    table = clips(declared_source=["Lab", "lab"])
    (finding,) = check(table, Validate(label_columns=("source",)))
    assert finding.field == "/source"


def test_numbers_have_no_twins(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(label=[1, 2]), _LABEL) == []
