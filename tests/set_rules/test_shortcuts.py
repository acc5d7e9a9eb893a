from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Validate
from listen_datasets.set_rules.shortcuts import LEAST, _phi, check
from listen_datasets.testing.manifests import clips

LABEL = Recipe(dataset=About(name="t", label="label"))
DOGS = ["dog"] * 20 + ["cat"] * 30 + ["owl"] * 30
RANDOM = np.random.default_rng(1)


def found(labels: list[Any] = DOGS, *, most: float = 0.9, **facts: list[Any]) -> list[Finding]:
    return check(clips(label=labels, **facts), Validate(max_shortcut=most), LABEL)


def test_dogs_that_are_all_mp3_are_found() -> None:
    (finding,) = found(container=["mp3"] * 20 + ["wav"] * 60)

    assert (finding.code, finding.severity, finding.value, finding.field) == (
        "label.shortcut",
        "warning",
        "dog",
        "/label",
    )
    assert finding.message == (
        "The class `dog` is known by its container: it is mp3 for 20 of its 20 clips and for 0 of 60 others."
    )
    assert finding.evidence == {"value": 1.0, "threshold": 0.9, "fact": "container", "inside": 20, "outside": 0}


def test_two_classes_are_known_by_the_same_fact() -> None:
    labels = ["dog"] * 20 + ["cat"] * 20

    assert [item.value for item in found(labels, sample_rate=[8000] * 20 + [16000] * 20)] == ["cat", "dog"]


def test_some_others_of_the_same_kind_are_allowed_for() -> None:
    assert len(found(container=["mp3"] * 21 + ["wav"] * 59)) == 1
    assert found(container=["mp3"] * 40 + ["wav"] * 40) == []


def test_short_clips_are_found_with_their_limit() -> None:
    durations = [*RANDOM.uniform(0.5, 1.2, 19), 1.2, *RANDOM.uniform(1.3, 9.0, 60)]
    (finding,) = found(duration=durations)

    assert "duration (s): it is at most 1.2 for 20 of its 20 clips and for 0 of 60 others" in finding.message


def test_loud_clips_are_found_and_what_was_not_measured_is_no_fact() -> None:
    (finding,) = found(loudness_lufs=[-10.0] * 19 + [None] + [-30.0] * 59 + [None])

    assert finding.evidence is not None
    assert (finding.evidence["inside"], finding.evidence["fact"]) == (19, "loudness_lufs")
    assert "at least -10" in finding.message


def test_chance_gives_nothing_away() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        labels = random.permutation(["a"] * LEAST + ["b"] * 15 + ["c"] * 200).tolist()
        facts = {
            name: random.normal(size=len(labels)).tolist() for name in ("duration", "loudness_lufs", "bandwidth_hz")
        }
        assert found(labels, **facts, container=random.choice(["wav", "mp3"], len(labels)).tolist()) == []


@pytest.mark.parametrize(("inside", "others"), [(LEAST - 1, 50), (50, LEAST - 1)])
def test_few_clips_prove_nothing(inside: int, others: int) -> None:
    assert found(["a"] * inside + ["b"] * others, container=["mp3"] * inside + ["wav"] * others) == []


def test_clips_without_a_label_do_not_count() -> None:
    assert (
        len(found(["dog"] * 20 + ["cat"] * 20 + [None] * 40, container=["mp3"] * 20 + ["wav"] * 20 + ["mp3"] * 40)) == 2
    )


def test_it_does_not_depend_on_chunks() -> None:
    table = clips(label=DOGS, container=["mp3"] * 20 + ["wav"] * 60)
    chunked = pa.concat_tables([table.slice(row, 7) for row in range(0, table.num_rows, 7)])

    assert check(chunked, Validate(), LABEL) == check(table, Validate(), LABEL)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_phi_is_the_correlation_of_two_columns(pairs: list[tuple[bool, bool]]) -> None:
    member, holds = (np.array(column) for column in zip(*pairs, strict=True))
    inside, outside = np.array([(member & holds).sum()]), np.array([(~member & holds).sum()])

    phi = _phi(inside, outside, int(member.sum()), int((~member).sum()))[0]

    if member.std() and holds.std():
        assert phi == pytest.approx(np.corrcoef(member, holds)[0, 1])
    else:
        assert phi == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 30)), min_size=2 * LEAST, max_size=60))
def test_no_limit_tells_a_class_better_than_the_one_that_is_named(clips_: list[tuple[str, int | None]]) -> None:
    labels, durations = [label for label, _ in clips_], [value for _, value in clips_]
    member, values = np.array(labels) == "a", np.array(durations, np.float64)
    size, others = int(member.sum()), int((~member).sum())
    limits = np.unique(values[~np.isnan(values)])[1:]  # a limit parts the clips that were measured
    sides = [side for limit in limits for side in (values < limit, values >= limit)]
    inside, outside = (np.array([(side & of).sum() for side in sides], np.int64) for of in (member, ~member))
    most = max(_phi(inside, outside, size, others), default=0.0)

    named = [item.evidence for item in found(labels, most=0, leading_silence=durations) if item.value == "a"]

    if min(size, others) < LEAST or most <= 0:
        assert named == []
    else:
        assert named[0] is not None
        assert named[0]["value"] == pytest.approx(most, abs=1e-4)
