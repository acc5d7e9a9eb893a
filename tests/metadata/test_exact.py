from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.metadata.exact import boolean, convert, integer, number


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_int64_converts_and_gives_its_text_back(value: int) -> None:
    assert integer(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_that_is_written_as_json_converts(value: float) -> None:
    assert number(json.dumps(value)) == value


@given(st.text())
def test_a_text_that_converts_to_an_integer_is_the_text_of_that_integer(text: str) -> None:
    value = integer(text)
    assert value is None or str(value) == text


@pytest.mark.parametrize(
    "text",
    ["", "007", "+1", " 1", "1 ", "1\n", "-0", "1.0", "1e3", "0x10", "1_000", "1,000", "٣", "NaN", "true", "--1",
     "9223372036854775808", "-9223372036854775809", "1" * 5000],
)  # fmt: skip
def test_what_is_no_exact_integer_does_not_convert(text: str) -> None:
    assert integer(text) is None


@pytest.mark.parametrize(
    "text",
    ["", ".5", "5.", "01.5", "+1.5", "1,5", "NaN", "nan", "Infinity", "inf", "1e999", "-1e999", "1e-999", "0.0e", "1_0.0",
     "9007199254740993", " 1.5", "1.5\n", "٣.٥", "1" * 5000],
)  # fmt: skip
def test_what_is_no_exact_number_does_not_convert(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("0.0e5", 0.0), ("1e3", 1000.0), ("-1.5E-2", -0.015), ("9007199254740992", 2.0**53), ("0.1", 0.1)],
)
def test_a_json_number_converts(text: str, value: float) -> None:
    assert number(text) == value


def test_the_sign_of_zero_stays() -> None:
    value = number("-0.0")
    assert value is not None
    assert math.copysign(1, value) == -1


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_json_truth_values_convert(text: str, value: bool) -> None:  # noqa: FBT001 - a case
    assert boolean(text) is value


@pytest.mark.parametrize("text", ["True", "FALSE", "yes", "no", "1", "0", "", " true"])
def test_other_words_are_no_truth_values(text: str) -> None:
    assert boolean(text) is None


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("5", {"integer"}, 5),
        ("5", {"integer", "string"}, "5"),
        ("5", set(), "5"),
        ("5", {"integer", "number"}, 5),
        ("5.5", {"integer", "number"}, 5.5),
        ("true", {"integer", "boolean"}, True),
        ("007", {"integer"}, "007"),
        ("[1]", {"array"}, "[1]"),
    ],
)
def test_a_text_becomes_what_the_types_ask_for_or_stays(text: str, types: set[str], value: object) -> None:
    converted = convert(text, types)
    assert (converted, type(converted)) == (value, type(value))
