from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.recipe import Validate
from listen_datasets.rules.format import check


@pytest.mark.parametrize(
    ("column", "values", "config", "code"),
    [
        ("sample_rate", [16000, 8000], Validate(sample_rates=(22050, 16000)), "audio.sample_rate_not_allowed"),
        ("num_channels", [1, 6], Validate(num_channels=(1, 2)), "audio.channels_not_allowed"),
    ],
)
def test_format_that_is_not_in_the_list_is_an_error(
    clips: Callable[..., pa.Table], column: str, values: list[int], config: Validate, code: str
) -> None:
    (finding,) = check(clips(**{column: values}), config)
    assert (finding.code, finding.severity, finding.path, finding.value) == (code, "error", "1.wav", str(values[1]))


def test_message_lists_what_is_allowed(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(sample_rate=[8000]), Validate(sample_rates=(22050, 16000)))
    assert finding.message == "The sample rate is 8000 Hz; expected 16000 or 22050."
    assert finding.evidence == {"value": 8000, "threshold": "16000 or 22050"}


def test_mixed_sample_rates_are_one_note(clips: Callable[..., pa.Table]) -> None:
    (finding,) = check(clips(sample_rate=[16000, 8000, 16000]), Validate())
    assert (finding.code, finding.severity, finding.clip_id) == ("audio.mixed_sample_rates", "note", None)
    assert finding.evidence == {"8000": 1, "16000": 2}


def test_mixed_sample_rates_that_the_recipe_allows_pass(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(sample_rate=[16000, 8000]), Validate(sample_rates=(8000, 16000))) == []


def test_one_sample_rate_passes(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(sample_rate=[8000, 8000]), Validate()) == []


def test_mixed_numbers_of_channels_are_one_note_unless_the_recipe_allows_them(clips: Callable[..., pa.Table]) -> None:
    table = clips(num_channels=[1, 2, 2])
    (finding,) = check(table, Validate())

    assert (finding.code, finding.severity, finding.evidence) == ("audio.mixed_channels", "note", {"1": 1, "2": 2})
    assert check(table, Validate(num_channels=(1, 2))) == []
