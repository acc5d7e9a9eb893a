from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import config, recipe
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.features.sections import kinds

HEAD = '[dataset]\nname = "x"\n'
SECTIONS: list[type[recipe.Section]] = [
    recipe.Ingest,
    recipe.Validate,
    recipe.Dedup,
    recipe.Features,
    recipe.Split,
    recipe.Shard,
    recipe.Card,
]
NUMBERS = [
    (section.__name__.lower(), flag.key)
    for section in SECTIONS
    for flag in config.flags(section)
    if flag.kind == "number"
]


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
        ("[split]\nratios = {}", "ratios sum to 0, not to 1", None),
        ("[split]\nseed = 9223372036854775808", r"split\.seed: ", None),
        ("[ingest]\nmax-reject = 1.5", r"ingest\.max-reject: expected `float` <= 1", None),
        ("[ingest]\nmax-reject = true", r"ingest\.max-reject: expected `float`, got `bool`", None),
        ('[dedup]\nlevel = "ears"', r"dedup\.level: invalid enum value 'ears'", None),
        ("[dedup]\nxyz = 1", r"unknown key dedup\.xyz", "keys known here: keep, keep-all, level, min-score"),
        ("[shard]\nmax_shard_size = 1", r"unknown key shard\.max_shard_size", "did you mean shard.max-shard-size?"),
        ('[features]\nextractors = "mfcc"', r"features\.extractors: expected `array`, got `str`", None),
        ("[features.mfcc]\nn-mfcc = 0", r"features\.mfcc\.n-mfcc: expected `int` >= 1", None),
        ("[features.log-mel]\ntop-db = inf", r"features\.log-mel\.top-db: ", None),
        ('[[source]]\npath = "a"', r"source\[0\]: object missing required field `name`", None),
        ('[[source]]\nname = "A"\npath = "a"', r"source\[0\]\.name: expected `str` matching regex", None),
        ('[[source]]\nname = "a"\npath = ""', r"source\[0\]\.path: expected `str` matching regex", None),
        ('[[source]]\nname = "a"\npath = "x\\u0000"', r"source\[0\]\.path: expected `str` matching regex", None),
        ("[split\n", r"is no TOML: .*line 3", None),
    ],
)
def test_recipe_errors_say_where_and_what(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        config.parse(HEAD + text)

    assert caught.value.hint == hint


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(("section", "key"), NUMBERS)
def test_a_number_that_is_none_is_refused(section: str, key: str, value: str) -> None:
    with pytest.raises(RecipeError, match=rf"^{section}\.{key}: "):
        config.parse(f"{HEAD}[{section}]\n{key} = {value}\n")


def test_unknown_keys_of_an_author_are_refused_too() -> None:
    with pytest.raises(RecipeError, match=r"unknown key dataset\.authors\[0\]\.mail"):
        config.parse(HEAD + 'authors = [{ name = "A", mail = "x" }]\n')


@pytest.mark.parametrize("names", ["aa", "bab"])
def test_two_sources_of_one_name_are_refused(names: str) -> None:
    sources = "".join(f'[[source]]\nname = "{name}"\npath = "{number}"\n' for number, name in enumerate(names))

    with pytest.raises(RecipeError, match=f"two sources are called '{names[0]}'"):
        config.parse(HEAD + sources)


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 100_000, "[split]\nseed = " + "9" * 5000], ids=["nested too deep", "5000 digits"]
)
def test_toml_made_to_exhaust_a_reader_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"lds\.toml is no TOML"):
        config.parse(HEAD + text)


def test_a_folder_without_a_recipe_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"is no dataset: it has no lds\.toml") as caught:
        config.read(tmp_path)

    assert caught.value.hint == f"lds init {tmp_path}"


def test_a_recipe_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lds.toml").write_bytes(b'[dataset]\nname = "\xe9"\n')

    with pytest.raises(RecipeError, match=r"lds\.toml is not UTF-8: .* at byte 18"):
        config.read(tmp_path)


@pytest.mark.parametrize(("size", "is_read"), [(2**20, True), (2**20 + 1, False)])
def test_a_recipe_may_have_a_mebibyte(tmp_path: Path, size: int, is_read: bool) -> None:  # noqa: FBT001
    (tmp_path / "lds.toml").write_bytes(HEAD.encode().ljust(size, b"#"))

    if is_read:
        assert config.read(tmp_path).dataset.name == "x"
    else:
        with pytest.raises(RecipeError, match="1048577 bytes"):
            config.read(tmp_path)


def test_dataset_section_is_required() -> None:
    with pytest.raises(RecipeError, match="missing required field `dataset`"):
        config.parse("")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_flag_has_help_and_the_default_of_the_struct(section: type[recipe.Section]) -> None:
    fresh = section()

    for flag in config.flags(section):
        assert flag.help.endswith(".")
        assert flag.default == getattr(fresh, flag.field)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_that_is_no_section_is_a_flag(section: type[recipe.Section]) -> None:
    keys = msgspec.json.schema(section)["$defs"][section.__name__]["properties"]

    assert {flag.key for flag in config.flags(section)} == keys.keys() - {*kinds(), "sets", "ignore"}


@pytest.mark.parametrize(
    ("section", "key", "expected"),
    [
        (recipe.Ingest, "join-key", ("text", False, ())),
        (recipe.Ingest, "max-reject", ("number", False, ())),
        (recipe.Validate, "exclude-errors", ("switch", False, ())),
        (recipe.Validate, "disable", ("text", True, ())),
        (recipe.Validate, "levels", ("levels", False, ("error", "note", "warning"))),
        (recipe.Validate, "sample-rates", ("integer", True, ())),
        (recipe.Validate, "max-duration", ("number", False, ())),
        (recipe.Dedup, "level", ("choice", False, ("exact", "near", "pcm"))),
        (recipe.Split, "ratios", ("shares", False, ())),
        (recipe.Split, "seed", ("integer", False, ())),
    ],
)
def test_the_kind_of_a_flag_follows_from_its_type(
    section: type[recipe.Section], key: str, expected: tuple[str, bool, tuple[str, ...]]
) -> None:
    (flag,) = (flag for flag in config.flags(section) if flag.key == key)

    assert (flag.kind, flag.many, flag.choices) == expected


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_nothing_given_changes_nothing(section: type[recipe.Section]) -> None:
    nothing = dict.fromkeys(flag.field for flag in config.flags(section))

    assert config.merged(section(), nothing) == section()


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [("exclude_errors", False, False), ("disable", [], ()), ("min_bandwidth_ratio", 0, 0)],
)
def test_a_value_that_counts_as_false_is_given_all_the_same(field: str, given: Any, expected: Any) -> None:
    section = recipe.Validate(disable=("audio.clipped",))

    assert getattr(config.merged(section, {field: given}), field) == expected


def test_command_line_replaces_keys_of_the_recipe() -> None:
    merged = config.merged(recipe.Split(seed=3), {"seed": None, "group_by": ["speaker"]})

    assert merged == recipe.Split(seed=3, group_by=("speaker",))


@pytest.mark.parametrize(
    ("section", "given", "said"),
    [
        (recipe.Split(), {"seed": -1}, r"^--seed: expected `int` >= 0"),
        (recipe.Split(), {"ratios": {"train": 0.5}}, r"ratios sum to 0\.5, not to 1"),
        (recipe.Ingest(), {"max_reject": 2.0}, r"^--max-reject: expected `float` <= 1"),
        (recipe.Ingest(), {"max_reject": math.nan}, r"^--max-reject: "),
        (recipe.Validate(), {"max_duration": math.inf}, r"^--max-duration: "),
    ],
)
def test_command_line_is_held_to_the_same_bounds(section: recipe.Section, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        config.merged(section, given)


def test_ledger_form_equals_what_is_read_back() -> None:
    section = recipe.Split(group_by=("a", "b"))

    assert config.builtins(section)["group-by"] == ["a", "b"]


@given(seed=st.integers(0, 2**63 - 1), names=st.lists(st.text(min_size=1), max_size=3))
def test_a_section_comes_back_from_the_ledger_as_it_was(seed: int, names: list[str]) -> None:
    section = recipe.Split(seed=seed, group_by=tuple(names))

    assert msgspec.convert(config.builtins(section), recipe.Split) == section
