from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.inputs import safe_relative
from listen_datasets.stores.row_names import RowNames


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.wav", "train/a.wav"),
        ("b/a.wav", "train/b/a.wav"),
        ("./b//a.wav", "train/b/a.wav"),
        ("/home/me/a.wav", "train/a.wav"),
        ("../../a.wav", "train/a.wav"),
        (r"C:\sounds\a.wav", "train/a.wav"),
        ("hf://datasets/x/a.wav", "train/a.wav"),
        ("~/a.wav", "train/a.wav"),
        (None, "train/000007"),
        ("", "train/000007"),
        ("..", "train/000007"),
        ("a\x1b[2J.wav", "train/000007"),
        ("a\0.wav", "train/000007"),
        ("x" * 252 + ".wav", "train/000007"),
        ("x" * 251 + ".wav", "train/" + "x" * 251 + ".wav"),
        ("-a b$(x).wav", "train/-a b$(x).wav"),
    ],
)
def test_path_is_made_of_what_is_safe(name: str | None, expected: str) -> None:
    assert RowNames().path("train", name, 7) == expected


def test_the_first_keeps_its_name_and_others_get_a_number() -> None:
    names = RowNames(["b.wav"])
    given_names = ["a.wav", "a.wav", "a~2.wav", "a.wav", "b.wav"]

    assert [names.path("", name, row) for row, name in enumerate(given_names)] == [
        "a.wav",
        "a~2.wav",
        "a~2~2.wav",
        "a~3.wav",
        "b~2.wav",
    ]


_NAMES = st.lists(
    st.none() | st.text(max_size=8) | st.sampled_from(["a.wav", "a~2.wav", "/a.wav", "000001"]), max_size=20
)


@given(_NAMES, _NAMES)
def test_paths_are_safe_and_unique_and_stay_when_others_are_appended(
    first: list[str | None], more: list[str | None]
) -> None:
    def paths(names: list[str | None]) -> list[str]:
        maker = RowNames()
        return [maker.path("train", name, row) for row, name in enumerate(names)]

    found = paths([*first, *more])

    assert len(set(found)) == len(found)
    assert [safe_relative(path) for path in found] == found
    assert paths(first) == found[: len(first)]
