from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.intake import Recording
from listen_datasets.intake.names import STEM, recording_ids


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ids(found: dict[str, str], earlier: dict[str, tuple[str, str]] | None = None) -> dict[str, str]:
    """Return ids by path; contents are given as words."""
    listing = [(("s", path), sha(found[path])) for path in sorted(found)]
    before = {("s", path): (sha(text), name) for path, (text, name) in (earlier or {}).items()}
    return dict(zip(sorted(found), recording_ids(listing, before), strict=True))


ONE = sha("one")[:STEM]


def test_an_id_is_made_of_the_content() -> None:
    assert ids({"a": "one", "b": "two"}) == {"a": ONE, "b": sha("two")[:STEM]}


def test_copies_are_numbered_in_the_order_of_their_paths() -> None:
    assert ids({"b": "one", "a": "one", "c": "one"}) == {"a": ONE, "b": f"{ONE}-1", "c": f"{ONE}-2"}


def test_a_copy_that_comes_later_takes_no_id_away() -> None:
    assert ids({"a": "one", "b": "one"}, {"b": ("one", ONE)}) == {"a": f"{ONE}-1", "b": ONE}


def test_a_renamed_recording_keeps_its_id() -> None:
    assert ids({"z": "one", "b": "one"}, {"a": ("one", ONE), "b": ("one", f"{ONE}-1")}) == {"z": ONE, "b": f"{ONE}-1"}


def test_a_recording_with_other_content_gets_another_id() -> None:
    assert ids({"a": "two"}, {"a": ("one", ONE)}) == {"a": sha("two")[:STEM]}


contents = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["one", "two", "three"]))


@given(st.lists(contents, min_size=1, max_size=5))
def test_ids_never_collide_and_never_change_while_the_recording_is_there(history: list[dict[str, str]]) -> None:
    before: dict[Recording, tuple[str, str]] = {}
    for found in history:
        listing = [(("s", path), sha(found[path])) for path in sorted(found)]
        names = recording_ids(listing, before)
        assert len(set(names)) == len(names)
        for (recording, digest), name in zip(listing, names, strict=True):
            assert name.startswith(digest[:STEM])
            if before.get(recording, ("", ""))[0] == digest:
                assert before[recording][1] == name
        before = {recording: (digest, name) for (recording, digest), name in zip(listing, names, strict=True)}
