from __future__ import annotations

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Split, Validate
from listen_datasets.set_rules.groups import check
from listen_datasets.testing.manifests import clips

RECIPE = Recipe(dataset=About(name="t", label="label"), split=Split(group_by=("speaker",)))


def found(labels: list[str | None], speakers: list[str | None]) -> list[Finding]:
    return check(clips(label=labels, speaker=speakers), Validate(), RECIPE)


def test_a_class_that_one_speaker_alone_speaks_is_a_warning() -> None:
    (finding,) = found(["yes", "yes", "yes", "no", "no"], ["ann", "ben", "ben", "ann", "ann"])

    assert (finding.code, finding.severity, finding.value, finding.field) == (
        "label.one_group",
        "warning",
        "no",
        "/label",
    )
    assert "`ann`" in finding.message


def test_classes_that_all_speak_are_fine() -> None:
    assert found(["yes", "no"] * 4, ["ann", "ann", "ben", "ben"] * 2) == []


def test_a_class_of_one_clip_is_of_one_group_whatever_is_done() -> None:
    assert found(["yes", "yes", "yes", "yes", "no"], ["ann", "ann", "ben", "ben", "ann"]) == []


def test_where_there_is_one_group_no_class_is_told_by_it() -> None:
    assert found(["yes", "no"] * 4, ["ann"] * 8) == []


def test_groups_of_one_clip_are_counted() -> None:
    (finding,) = found(["a", "b", "a", "b", "a", "b"], ["ann", "ann", "ben", "cat", "ann", "ann"])

    assert (finding.code, finding.severity, finding.field) == ("group.single", "note", "/speaker")
    assert finding.evidence == {"value": 2, "groups": 3}


def test_clips_without_a_group_or_a_label_are_left_alone() -> None:
    codes = [item.code for item in found([None, None, "a", "a", "a"], ["x", "x", None, "y", "y"])]

    assert codes == []  # `a` is known of one group alone, and there is no other one that has a label


def test_a_group_that_is_the_label_itself_says_nothing() -> None:
    recipe = Recipe(dataset=About(name="t", label="label"), split=Split(group_by=("label",)))
    assert check(clips(label=["a", "a", "b", "b"]), Validate(), recipe) == []
