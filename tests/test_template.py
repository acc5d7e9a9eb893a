from __future__ import annotations

import re
import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import config, profiles, recipe, template

KEY = re.compile(r"^# ([a-z_-]+ = (?!\(not set\)).*)$", re.MULTILINE)
NAMED = {"dataset": {"name": "d"}}


def uncommented(text: str) -> str:
    """Return a recipe in which every key stands with the value that it shows."""
    return KEY.sub(r"\1", text)


def test_the_first_recipe_can_be_used_as_it_is() -> None:
    assert config.parse(template.recipe_text(NAMED)) == recipe.Recipe(dataset=recipe.About(name="d"))


def test_every_key_shows_its_default() -> None:
    shown = config.parse(uncommented(template.recipe_text(NAMED)))

    # Authors and what is ignored are shown by an example: their default says nothing.
    expected = recipe.Recipe(
        dataset=recipe.About(name="d", authors=shown.dataset.authors),
        validate=recipe.Validate(ignore=shown.validate.ignore),
    )

    assert shown == expected
    assert (len(shown.dataset.authors), len(shown.validate.ignore)) == (1, 1)


@pytest.mark.parametrize("profile", profiles.VALIDATE)
def test_every_key_shows_what_the_profile_says_of_it(profile: str) -> None:
    text = template.recipe_text({**NAMED, "validate": {"profile": profile}})

    shown = config.parse(uncommented(text)).validate

    assert shown == msgspec.structs.replace(config.parse(text).validate, ignore=shown.ignore)


def test_every_key_of_every_section_stands_there() -> None:
    text = template.recipe_text(NAMED)
    (shown,) = [tomllib.loads(uncommented(text).replace("(not set)", "0"))]
    unset = re.findall(r"^# ([a-z-]+) = \(not set\)$", text, re.MULTILINE)

    sections: dict[str, type[recipe.Section]] = {
        "split": recipe.Split,
        "ingest": recipe.Ingest,
        "validate": recipe.Validate,
    }
    for name, section in sections.items():
        assert {flag.key for flag in config.flags(section)} <= {*shown[name], *unset}


def test_a_key_without_a_default_is_marked_as_such() -> None:
    assert "# license = (not set)" in template.recipe_text(NAMED)


def test_help_stands_above_the_key() -> None:
    assert "# Another seed gives another split of the same quality.\n# seed = 0\n" in template.recipe_text(NAMED)


def test_lines_are_short_enough_to_read() -> None:
    assert max(map(len, template.recipe_text(NAMED).splitlines())) <= 120


def test_known_values_stand_there_without_a_comment() -> None:
    values: dict[str, dict[str, Any]] = {
        "dataset": {"name": "d", "license": "CC0-1.0"},
        "split": {"group-by": ["speaker", "site"], "ratios": {"train": 0.5, "test": 0.5}},
        "features.mfcc": {"n-mfcc": 13},
        "validate": {"exclude-errors": False},
    }

    read = config.parse(template.recipe_text(values))

    assert read.dataset.license == "CC0-1.0"
    assert read.split == recipe.Split(group_by=("speaker", "site"), ratios={"train": 0.5, "test": 0.5})
    assert (read.features.mfcc.n_mfcc, read.validate.exclude_errors) == (13, False)


def test_sources_are_put_behind() -> None:
    text = template.recipe_text(NAMED, ['[[source]]\nname = "a"\npath = "b"\n'])

    assert config.parse(text).source == (recipe.Source(name="a", path="b"),)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_any_value_is_written_so_that_toml_reads_it_back(value: Any) -> None:
    assert tomllib.loads(f"x = {template.toml_value(value)}") == {"x": value}


@pytest.mark.parametrize("section", ["log-mel", "mfcc"])
def test_parameters_of_extractors_have_sections_of_their_own(section: str) -> None:
    assert f"\n[features.{section}]\n" in template.recipe_text(NAMED)


def test_the_text_does_not_depend_on_the_order_of_what_is_known() -> None:
    one: dict[str, dict[str, Any]] = {"dataset": {"name": "d", "label": "x"}, "split": {"seed": 1}}
    other: dict[str, dict[str, Any]] = {"split": {"seed": 1}, "dataset": {"label": "x", "name": "d"}}

    assert template.recipe_text(one) == template.recipe_text(other)


def test_a_recipe_that_says_everything_loses_nothing_on_its_way_through_the_ledger() -> None:
    shown = config.parse(uncommented(template.recipe_text(NAMED)))

    assert msgspec.convert(config.builtins(shown), recipe.Recipe) == shown
