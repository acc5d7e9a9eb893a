from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.metadata import Recordings

NFC, NFD = "b/\u00e9.wav", "b/e\u0301.wav"
FOLDERS = st.sampled_from(["a", "b", "c", "\u00e9", "e\u0301"])
PATHS = st.lists(FOLDERS, min_size=1, max_size=3).map("/".join)


def test_the_very_path_is_found_before_its_twin() -> None:
    recordings = Recordings([NFC, NFD])
    assert (recordings.at(NFC), recordings.at(NFD)) == ((NFC,), (NFD,))


@pytest.mark.parametrize(("there", "asked"), [(NFC, NFD), (NFD, NFC)])
def test_another_normal_form_finds_the_only_one(there: str, asked: str) -> None:
    assert list(Recordings([there]).at(asked)) == [there]


def test_a_third_normal_form_finds_both_twins() -> None:
    # U+212B and A + U+030A both are U+00C5 in form C.
    assert list(Recordings(["\u00c5", "A\u030a"]).at("\u212b")) == ["\u00c5", "A\u030a"]


def test_what_is_not_there_is_not_found() -> None:
    recordings = Recordings(["a/x.wav"])
    assert (list(recordings.at("x.wav")), recordings.akin("b/x.wav"), recordings.namesake("y.wav")) == ([], set(), None)


def test_a_recording_in_another_folder_is_a_namesake() -> None:
    assert Recordings(["a/" + NFC]).namesake("c/" + NFD) == "a/" + NFC


@given(paths=st.lists(PATHS, unique=True), asked=PATHS)
def test_akin_are_those_of_which_one_path_ends_with_the_other(paths: list[str], asked: str) -> None:
    def form(path: str) -> str:
        return "/" + unicodedata.normalize("NFC", path)

    longer = {path for path in paths if form(path) != form(asked) and form(path).endswith(form(asked))}
    shorter = {path for path in paths if form(path) != form(asked) and form(asked).endswith(form(path))}
    found = Recordings(paths).akin(asked)
    assert shorter <= found <= shorter | longer
    assert len(found & longer) >= min(2, len(longer))


def test_a_path_that_comes_twice_counts_once() -> None:
    assert Recordings(["a.wav", "a.wav"]).akin("data/a.wav") == {"a.wav"}
