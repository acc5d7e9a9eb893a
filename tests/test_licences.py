from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import licences

SOME = [
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC0-1.0",
    "ODbL-1.0",
    "MIT",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cc-by-4.0", "CC-BY-4.0"),
        ("MIT or Apache-2.0", "MIT OR Apache-2.0"),
        ("LicenseRef-Freesound-Sampling", "LicenseRef-Freesound-Sampling"),
        ("all rights reserved", None),
        ("https://creativecommons.org/licenses/by/4.0/", None),
        ("", None),
        ("CC-BY-4.0 AND", None),
    ],
)
def test_ids_get_their_usual_spelling(text: str, expected: str | None) -> None:
    assert licences.canonical(text) == expected


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("CC-BY-4.0", (True, False, False, False)),
        ("CC-BY-NC-SA-3.0-IGO", (True, True, True, False)),
        ("CC-BY-NC-ND-2.5", (True, True, False, True)),
        ("CC-BY-ND-4.0", (True, False, False, True)),
        ("CC0-1.0", (False, False, False, False)),
        ("PDDL-1.0", (False, False, False, False)),
        ("etalab-2.0", (True, False, False, False)),
        ("ODbL-1.0", (True, False, True, False)),
    ],
)
def test_terms_are_known(name: str, asked: tuple[bool, ...]) -> None:
    found = licences.terms(name)
    assert found is not None
    assert (found.attribution, found.non_commercial, found.share_alike, found.no_derivatives) == asked


@pytest.mark.parametrize("name", ["MIT", "C-UDA-1.0", "CC-SA-1.0", "CC-BY-4.0 AND CC0-1.0", "LicenseRef-x", "nonsense"])
def test_terms_of_anything_else_are_unknown(name: str) -> None:
    assert licences.terms(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CC-BY-4.0", "cc-by-4.0"),
        ("ODC-By-1.0", "odc-by"),
        ("ODbL-1.0", "odbl"),
        ("PDDL-1.0", "pddl"),
        ("C-UDA-1.0", "c-uda"),
        ("mit", "mit"),
        ("BSL-1.0", "bsl-1.0"),
        ("GPL-3.0-only", "other"),
        ("CC-BY-SA-2.0", "other"),
        ("CC-BY-3.0-DE", "other"),
        ("MIT OR Apache-2.0", "other"),
        ("LicenseRef-other", "other"),
        ("free for all", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_hub_id_follows_from_the_spdx_id(name: str | None, expected: str) -> None:
    assert licences.hub_id(name) == expected


def test_the_hub_has_83_ids() -> None:
    assert len(licences.HUB_IDS) == 83


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cc0-1.0", "https://spdx.org/licenses/CC0-1.0.html"),
        ("MIT OR Apache-2.0", None),
        ("LicenseRef-x", None),
        ("mine", None),
        (None, None),
    ],
)
def test_single_spdx_licences_have_a_page(name: str | None, expected: str | None) -> None:
    assert licences.page(name) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CC-BY-4.0", "CC0-1.0"], "yes"),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "no"),
        (["CC-BY-4.0", None], "unknown"),
        (["CC-BY-NC-4.0", "MIT"], "unknown"),
        ([], "unknown"),
    ],
)
def test_commercial_use_is_never_allowed_while_something_is_unknown(names: list[str | None], expected: str) -> None:
    assert licences.summary(dict.fromkeys(names, 1)).commercial_use == expected


def test_non_commercial_licences_are_named_even_if_the_answer_is_unknown() -> None:
    found = licences.summary({"CC-BY-NC-4.0": 2, None: 1})
    assert (found.commercial_use, found.non_commercial) == ("unknown", ("CC-BY-NC-4.0",))


@pytest.mark.parametrize(
    ("names", "conflicts"),
    [
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], (("CC-BY-NC-4.0", "CC-BY-SA-4.0"),)),
        (["ODbL-1.0", "CC-BY-SA-4.0"], (("CC-BY-SA-4.0", "ODbL-1.0"),)),
        (["CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"], ()),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0"], ()),
        (["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"], (("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"),)),
        (["CC-BY-4.0", "CC0-1.0", "CC-BY-NC-4.0"], ()),
    ],
)
def test_conflicts_concern_one_adaptation_of_all_clips(
    names: list[str], conflicts: tuple[tuple[str, str], ...]
) -> None:
    assert licences.summary(dict.fromkeys(names, 1)).conflicts == conflicts


def test_two_spellings_of_a_licence_are_one() -> None:
    found = licences.summary({"cc-by-4.0": 2, "CC-BY-4.0": 3, "CC0-1.0": 9})
    assert [(item.name, item.clips) for item in found.licences] == [("CC0-1.0", 9), ("CC-BY-4.0", 5)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CC0-1.0"], "CC0-1.0"),
        (["MIT OR Apache-2.0"], "MIT OR Apache-2.0"),
        (["MIT OR Apache-2.0", "CC0-1.0"], "(MIT OR Apache-2.0) AND CC0-1.0"),
        (["CC0-1.0", "LicenseRef-x"], "CC0-1.0 AND LicenseRef-x"),
        (["CC0-1.0", "free"], None),
        (["CC0-1.0", None], None),
        ([], None),
    ],
)
def test_the_expression_joins_all_licences(names: list[str | None], expected: str | None) -> None:
    assert licences.summary(dict.fromkeys(names, 1)).expression == expected


@given(st.dictionaries(st.sampled_from(SOME) | st.none() | st.text(max_size=8), st.integers(1, 99)))
def test_no_clip_is_lost_whatever_the_licences(clips: dict[str | None, int]) -> None:
    found = licences.summary(clips)
    assert sum(item.clips for item in found.licences) == sum(clips.values())
    assert found == licences.summary(dict(reversed(clips.items())))


@given(st.text(max_size=20))
def test_every_text_has_a_hub_id(text: str) -> None:
    assert licences.hub_id(text) in licences.HUB_IDS
    assert re.fullmatch(
        r"https://spdx\.org/licenses/[A-Za-z0-9.+-]+\.html", licences.page(text) or licences.page("MIT") or ""
    )
