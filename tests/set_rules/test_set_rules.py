"""What holds for every set rule, ours or not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from listen_datasets import catalogue, registry
from listen_datasets.recipe import About, Recipe, Split, Validate
from listen_datasets.testing.manifests import clips

SET_RULES = registry.names("set_rules")
_RECIPE = Recipe(dataset=About(name="t", label="label"), split=Split(group_by=("speaker",)))


@pytest.fixture
def bad() -> pa.Table:
    """Return clips that are wrong together in every way there is a rule for."""
    return clips(
        label=["dog"] * 20 + ["cat"] * 20 + ["owl"],
        speaker=["ann"] * 20 + ["ben"] * 20 + ["cy"],
        container=["mp3"] * 20 + ["wav"] * 21,
        duration=[2.0] * 40 + [200.0],
        license=["MIT"] * 20 + ["CC0-1.0"] * 21,
        id=["x"] * 41,
    )


@pytest.mark.parametrize("name", SET_RULES)
def test_set_rule_finds_something_and_takes_severities_from_the_catalogue(bad: pa.Table, name: str) -> None:
    found = registry.find("set_rules", name)(bad, Validate(), _RECIPE)
    assert found
    assert all(finding.severity == catalogue.severity(finding.code) for finding in found)


@pytest.mark.parametrize("name", SET_RULES)
def test_set_rule_does_not_depend_on_chunks(bad: pa.Table, name: str) -> None:
    rule = registry.find("set_rules", name)
    chunked = pa.concat_tables([bad.slice(row, 1) for row in range(bad.num_rows)])
    assert rule(chunked, Validate(), _RECIPE) == rule(bad, Validate(), _RECIPE)


@pytest.mark.parametrize("name", SET_RULES)
def test_set_rule_accepts_an_empty_table(bad: pa.Table, name: str) -> None:
    assert list(registry.find("set_rules", name)(bad.slice(0, 0), Validate(), _RECIPE)) == []


@pytest.mark.parametrize("name", SET_RULES)
def test_set_rule_leaves_alone_what_was_not_measured(bad: pa.Table, name: str) -> None:
    measured = ("loudness_lufs", "leading_silence", "bandwidth_hz", "noise_floor_dbfs", "bits_per_sample", "cutoff_hz")
    for column in measured:
        at = bad.schema.get_field_index(column)
        bad = bad.set_column(at, bad.schema.field(at), pa.nulls(len(bad), bad.schema.field(at).type))
    registry.find("set_rules", name)(bad, Validate(), _RECIPE)
