from __future__ import annotations

import re

import pytest

from listen_datasets import config, recipe, template
from listen_datasets.errors import RecipeError, UsageError

HEAD = '[dataset]\nname = "x"\n'
SECTIONS = [recipe.Ingest, recipe.Validate, recipe.Dedup, recipe.Features, recipe.Split, recipe.Shard, recipe.Card]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[split]\nseeds = 3", r"unknown key split\.seeds", "did you mean split.seed?"),
        ("[splt]\nseed = 3", "unknown key splt", "did you mean split?"),
        ("[features.log-mell]\n", r"unknown key features\.log-mell", "did you mean features.log-mel?"),
        ('[[source]]\nname = "a"\npat = "b"', r"unknown key source\[0\]\.pat", "did you mean source[0].path?"),
        ("[split]\nseed = -1", r"split\.seed: expected `int` >= 0", None),
        ('[split]\nseed = "1"', r"split\.seed: expected `int`, got `str`", None),
        ("[split]\nratios = { train = 0.5 }", "ratios sum to 0.5, not to 1", None),
        ("[split]\nratios = { dev-clean = 1.0 }", "'dev-clean' is no split name", None),
        ("[ingest]\nmax-reject = nan", r"ingest\.max-reject", None),
        ("[split\n", r"is no TOML: .*line 3", None),
    ],
)
def test_recipe_errors_say_where_and_what(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        config.parse(HEAD + text)

    assert caught.value.hint == hint


def test_dataset_section_is_required() -> None:
    with pytest.raises(RecipeError, match="missing required field `dataset`"):
        config.parse("")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_flag_has_help_and_the_default_of_the_struct(section: type[recipe.Section]) -> None:
    fresh = section()

    for flag in config.flags(section):
        assert flag.help.endswith(".")
        assert flag.default == getattr(fresh, flag.field)


def test_command_line_replaces_keys_of_the_recipe() -> None:
    merged = config.merged(recipe.Split(seed=3), {"seed": None, "group_by": ["speaker"]})

    assert merged == recipe.Split(seed=3, group_by=("speaker",))


def test_command_line_is_held_to_the_same_bounds() -> None:
    with pytest.raises(UsageError, match=r"--seed: expected `int` >= 0"):
        config.merged(recipe.Split(), {"seed": -1})


def test_ledger_form_equals_what_is_read_back() -> None:
    section = recipe.Split(group_by=("a", "b"))

    assert config.builtins(section)["group-by"] == ["a", "b"]


def test_template_is_a_recipe_of_the_defaults() -> None:
    text = template.recipe_text({"dataset": {"name": "x"}})

    assert config.parse(text) == config.parse(HEAD)


def test_template_shows_the_true_defaults() -> None:
    """Every key behind a # may be uncommented without changing anything."""
    text = template.recipe_text({"dataset": {"name": "x"}})
    shown = re.sub(r"^# ([a-z-]+ = (?!\(not set\)).*)$", r"\1", text, flags=re.MULTILINE)
    shown = shown.replace('authors = [{ name = "Ada Example", affiliation = "Example University" }]', "")

    assert len(re.findall(r"^[a-z-]+ = ", shown, re.MULTILINE)) > 30
    assert config.parse(shown) == config.parse(HEAD)
