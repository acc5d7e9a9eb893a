from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import InternalError
from listen_datasets.model import SEVERITIES, Counts, Fate, Finding, Rejected

NUMBERS = st.integers(0, 1000)


@given(st.lists(NUMBERS, min_size=5, max_size=5))
def test_counts_whose_fates_sum_to_the_inputs_are_accepted(numbers: list[int]) -> None:
    counts = Counts(inputs=sum(numbers), **dict(zip(Fate, numbers, strict=True)))

    assert counts.checked() is counts


@given(st.lists(NUMBERS, min_size=5, max_size=5), st.integers(-3, 3).filter(bool))
def test_an_input_lost_or_counted_twice_is_a_bug(numbers: list[int], off: int) -> None:
    counts = Counts(inputs=sum(numbers) + off, **dict(zip(Fate, numbers, strict=True)))

    with pytest.raises(InternalError, match="inputs but"):
        counts.checked()


def test_there_is_a_count_for_every_fate() -> None:
    assert Counts.__struct_fields__ == ("inputs", *Fate)


def test_severities_go_from_bad_to_worth_knowing() -> None:
    assert SEVERITIES == ("error", "warning", "note")


def test_a_finding_is_written_without_what_it_does_not_say() -> None:
    finding = Finding(code="audio.clipped", severity="error", message="It is clipped.", line=3)

    assert msgspec.to_builtins(finding) == {
        "code": "audio.clipped",
        "severity": "error",
        "message": "It is clipped.",
        "line": 3,
    }


@pytest.mark.parametrize("value", [Finding(code="a.b", severity="note", message="."), Counts(inputs=0)])
def test_values_cannot_be_changed(value: msgspec.Struct) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        setattr(value, value.__struct_fields__[0], None)


def test_what_is_rejected_was_read_unless_it_says_otherwise() -> None:
    assert Rejected(source="s", path="a.wav", code="audio.truncated", reason=".").fate is Fate.REJECTED
