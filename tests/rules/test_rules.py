"""What holds for every rule, ours or not."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets import catalogue, registry
from listen_datasets.recipe import Validate

RULES = registry.names("rules")


@pytest.fixture
def bad(clips: Callable[..., pa.Table]) -> pa.Table:
    """Return clips that are wrong in every way there is a rule for."""
    return clips(
        duration=[0.001, 99.0, 2.0, 2.0],
        sample_rate=[8000, 16000, 16000, 16000],
        silent_fraction=[0.0, 0.0, 1.0, 0.0],
        clipped_fraction=[0.0, 0.5, 0.0, None],
        loudness_lufs=[-80.0, 3.0, None, None],
        num_dead_channels=[0, 1, 0, None],
        cutoff_hz=[None, 4000.0, None, None],
        declared_duration=["2", "2", "2", "x"],
        license=["none", None, "MIT", "MIT"],
        label=["a", "A", "b", "b"],
        transcript=["a", "n/a", "b", "c"],
        date=["2026-01-01", "soon", "2026", "2026"],
    )


_STRICT = Validate(max_duration=10.0, sample_rates=(16000,), label_columns=("label",))


@pytest.mark.parametrize("name", RULES)
def test_rule_finds_something_and_takes_severities_from_the_catalogue(bad: pa.Table, name: str) -> None:
    found = registry.find("rules", name)(bad, _STRICT)
    assert (
        {(finding.code, finding.severity) for finding in found}
        == {(finding.code, catalogue.severity(finding.code)) for finding in found}
        != set()
    )


@pytest.mark.parametrize("name", RULES)
def test_rule_gives_the_same_findings_again(bad: pa.Table, name: str) -> None:
    rule = registry.find("rules", name)
    assert rule(bad, _STRICT) == rule(bad, _STRICT)


@pytest.mark.parametrize("name", RULES)
def test_rule_does_not_depend_on_chunks(bad: pa.Table, name: str) -> None:
    rule = registry.find("rules", name)
    chunked = pa.concat_tables([bad.slice(row, 1) for row in range(bad.num_rows)])
    assert rule(chunked, _STRICT) == rule(bad, _STRICT)


@pytest.mark.parametrize("name", RULES)
def test_rule_accepts_an_empty_table(bad: pa.Table, name: str) -> None:
    assert registry.find("rules", name)(bad.slice(0, 0), _STRICT) == []


@pytest.mark.parametrize("name", RULES)
def test_rule_finds_nothing_in_good_clips(clips: Callable[..., pa.Table], name: str) -> None:
    good = clips(declared_duration=["2.0", "2.01"], license=["CC0-1.0", None], label=["rain", "wind"])
    assert registry.find("rules", name)(good, Validate(label_columns=("label",))) == []


@pytest.mark.parametrize("name", RULES)
def test_findings_name_a_field_of_the_row(bad: pa.Table, name: str) -> None:
    found = registry.find("rules", name)(bad, _STRICT)
    assert all(finding.field and finding.field.startswith("/") for finding in found)
