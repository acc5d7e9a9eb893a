from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from listen_datasets import config, profiles
from listen_datasets.errors import RecipeError
from listen_datasets.recipe import Validate

HEAD = '[dataset]\nname = "d"\n[validate]\n'


def said(text: str) -> Validate:
    return config.parse(HEAD + text).validate


def test_a_profile_is_what_its_name_says_and_nothing_more() -> None:
    names = next(entry.type for entry in msgspec.structs.fields(Validate) if entry.name == "profile")

    (choices, _none) = get_args(get_args(names)[0])
    assert set(get_args(choices)) == set(profiles.VALIDATE)


@pytest.mark.parametrize("profile", profiles.VALIDATE)
def test_every_value_of_a_profile_is_one_that_a_recipe_may_say_and_differs_from_the_default(profile: str) -> None:
    by_profile, plain = (config.builtins(said(text)) for text in (f'profile = "{profile}"', ""))

    assert {key: by_profile[key] for key in profiles.VALIDATE[profile]} == dict(profiles.VALIDATE[profile])
    differing = {key for key in plain if by_profile[key] != plain[key]}
    assert differing == {"profile", *profiles.VALIDATE[profile]}


def test_what_the_recipe_says_stands_beside_a_profile() -> None:
    found = said('profile = "speech"\nmax-duration = 60')

    assert (found.max_duration, found.min_snr) == (60.0, profiles.VALIDATE["speech"]["min-snr"])


def test_a_profile_on_the_command_line_is_stronger_than_the_recipe_and_weaker_than_its_neighbours() -> None:
    found = config.merged(said("max-clipped-fraction = 0.5"), {"profile": "strict", "min_class_clips": 3})

    assert (found.max_clipped_fraction, found.min_class_clips, found.profile) == (0.0, 3, "strict")


@pytest.mark.parametrize("value", ['"speach"', "3", '["speech"]', "{}"])
def test_an_unknown_profile_is_refused(value: str) -> None:
    with pytest.raises(RecipeError, match=r"^validate\.profile: "):
        said(f"profile = {value}")
