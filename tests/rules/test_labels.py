from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.labels import check

_LABEL = Validate(label_columns=("label",))


@pytest.mark.parametrize("twin", ["Rain", " rain", "RAIN ", "rain\u00a0"])
def test_second_spelling_is_a_warning_at_its_line(clips: Callable[..., pa.Table], twin: str) -> None:
    finding = check(clips(label=["rain", "rain", twin, "wind"]), _LABEL)[0]
    assert (finding.code, finding.severity, finding.clip_id) == ("label.twins", "warning", None)
    assert (finding.path, finding.line, finding.field) == ("metadata.csv", 4, "/label")
    assert finding.evidence == {"spellings": 2, "rarest": 1}


def test_spellings_that_differ_in_unicode_form_are_twins(clips: Callable[..., pa.Table]) -> None:
    table = clips(label=["gr\u00fc\u00dfe", "gru\u0308\u00dfe"])
    assert [finding.code for finding in check(table, _LABEL)] == ["label.twins"]


def test_white_space_inside_counts_as_one_space(clips: Callable[..., pa.Table]) -> None:
    found = check(clips(label=["dog  bark", "dog bark", "dog\tbark"]), _LABEL)
    assert [finding.code for finding in found].count("label.twins") == 1


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


@pytest.mark.parametrize("label", ["rain ", "\train", "ra\u200bin", "rain\ufeff", "ra\u00adin", "ra\x07in"])
def test_what_nobody_sees_is_untidy(clips: Callable[..., pa.Table], label: str) -> None:
    (finding,) = check(clips(label=["wind", label]), _LABEL)
    assert (finding.code, finding.severity, finding.line) == ("label.untidy", "warning", 3)


@pytest.mark.parametrize(
    "label", ["dog bark", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f680", "C#", "+"]
)
def test_what_a_script_needs_is_tidy(clips: Callable[..., pa.Table], label: str) -> None:
    assert check(clips(label=["wind", label]), _LABEL) == []


@pytest.mark.parametrize("label", ["NaN", "n/a", "?", "--", "TODO", "#N/A", " nan "])
def test_a_placeholder_is_no_label(clips: Callable[..., pa.Table], label: str) -> None:
    (finding,) = check(clips(label=["wind", label]), _LABEL)
    assert (finding.code, finding.severity, finding.line) == ("label.placeholder", "warning", 3)


@pytest.mark.parametrize("label", ["none", "unknown", "na", "null", "", None, "7", "silence"])
def test_a_word_that_may_be_meant_is_a_label(clips: Callable[..., pa.Table], label: str | None) -> None:
    assert check(clips(label=pa.array(["wind", label], pa.string())), _LABEL) == []
