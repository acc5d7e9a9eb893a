from __future__ import annotations

from typing import Any

import pytest

from listen_datasets import catalogue
from listen_datasets.errors import UsageError
from listen_datasets.policy import Policy
from listen_datasets.recipe import Ignore, Validate
from listen_datasets.testing.manifests import clips

CLIPPED = catalogue.finding(
    "audio.clipped", "x", clip_id=f"{1:020x}", path="drums/loud.wav", field="/clipped_fraction", value="0.2"
)
BAD_ROW = catalogue.finding(
    "metadata.schema", "x", clip_id=f"{0:020x}", path="meta.csv", line=2, field="/label", value="dgo"
)


def policy(*, version: str = "1.2.0", ignore: tuple[Ignore, ...] = (), **settings: Any) -> Policy:
    return Policy(Validate(ignore=ignore, **settings), version, clips(path=["speech/calm.wav", "drums/loud.wav"]))


def entry(code: str = "audio.clipped", **narrowing: Any) -> Ignore:
    return Ignore(code=code, reason="meant", **narrowing)


def test_a_code_that_is_switched_off_is_gone() -> None:
    assert policy(disable=("audio.clipped",)).looked_for([CLIPPED, BAD_ROW]) == [BAD_ROW]


def test_a_level_of_the_recipe_replaces_that_of_the_catalogue() -> None:
    (finding,) = policy(levels={"audio.clipped": "note"}).looked_for([CLIPPED])

    assert (CLIPPED.severity, finding.severity) == ("error", "note")


@pytest.mark.parametrize(
    "settings",
    [{"disable": ("audio.cliped",)}, {"levels": {"audio.cliped": "note"}}, {"ignore": (entry("audio.cliped"),)}],
)
def test_a_code_that_does_not_exist_is_refused_with_the_nearest_one(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        policy(**settings)

    assert caught.value.hint == "did you mean audio.clipped?"


@pytest.mark.parametrize(
    ("narrowing", "is_ignored"),
    [
        ({}, True),
        ({"path": "drums/*"}, True),
        ({"path": "*loud*"}, True),
        ({"path": "drums"}, False),
        ({"path": "Drums/*"}, False),
        ({"column": "clipped_fraction"}, True),
        ({"column": "dc_offset"}, False),
        ({"value": "0.2"}, True),
        ({"value": "0.3"}, False),
        ({"path": "drums/*", "value": "0.3"}, False),
    ],
)
def test_an_entry_ignores_what_fits_all_that_it_says(narrowing: dict[str, str], is_ignored: bool) -> None:  # noqa: FBT001
    judged = policy(ignore=(entry(**narrowing),)).counting([CLIPPED, BAD_ROW])

    assert judged == ([BAD_ROW] if is_ignored else [CLIPPED, BAD_ROW])


@pytest.mark.parametrize(("path", "is_ignored"), [("speech/*", True), ("meta.csv", True), ("drums/*", False)])
def test_a_finding_about_a_row_is_about_its_table_and_its_recording(path: str, is_ignored: bool) -> None:  # noqa: FBT001
    judged = policy(ignore=(entry("metadata.schema", path=path),)).counting([BAD_ROW])

    assert judged == ([] if is_ignored else [BAD_ROW])


def test_what_is_ignored_is_counted_under_the_first_entry_that_fits() -> None:
    both = policy(ignore=(entry(path="drums/*", until="2.0.0"), entry()))
    both.counting([CLIPPED, CLIPPED])

    assert both.report() == [{"code": "audio.clipped", "reason": "meant", "until": "2.0.0", "findings": 2}]


@pytest.mark.parametrize(
    ("version", "until", "is_expired"),
    [("1.2.0", "1.2.1", False), ("1.2.0", "1.2.0", True), ("1.10.0", "1.9.0", True), ("1.2.0", "10.0.0", False)],
)
def test_an_entry_expires_with_a_version_of_the_dataset(version: str, until: str, is_expired: bool) -> None:  # noqa: FBT001
    dated = policy(version=version, ignore=(entry(until=until),))
    judged = dated.counting([CLIPPED])

    assert judged == ([CLIPPED] if is_expired else [])
    assert [finding.code for finding in dated.remarks()] == (["ignore.expired"] if is_expired else [])


def test_an_entry_with_nothing_to_ignore_is_noted() -> None:
    idle = policy(ignore=(entry("audio.silent", path="gone/*"), entry()))
    idle.counting([CLIPPED])
    (finding,) = idle.remarks()

    assert (finding.code, finding.severity, finding.value) == ("ignore.unused", "note", "audio.silent")
    assert "path `gone/*`" in finding.message


def test_remarks_obey_the_recipe_too() -> None:
    assert policy(ignore=(entry("audio.silent"),), disable=("ignore.unused",)).remarks() == []
