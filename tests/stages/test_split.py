from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listen_datasets.errors import InternalError, NothingError, RecipeError, UsageError
from listen_datasets.leakage import Relation
from listen_datasets.stage import Outcome, check_laws
from listen_datasets.stages import split
from listen_datasets.testing.manifests import manifest, row, span, workspace

Row = dict[str, Any]
Apply = Callable[..., Outcome]

DIGITS = [
    row(f"{label}_{speaker}_{take}.wav", label=label, speaker=speaker)
    for label in "0123456789"
    for speaker in ("ann", "bob", "cyd", "dan", "eve", "fay")
    for take in range(5)
]


@pytest.fixture
def applied(tmp_path: Path) -> Apply:
    """Return a function that runs the stage over rows, each time into a folder of its own."""
    runs = itertools.count()

    def apply(rows: Sequence[Row], **config: Any) -> Outcome:
        table = manifest(rows)
        outcome = split.run(workspace(tmp_path / str(next(runs)), table), split.Config(**config))
        check_laws(split.STAGE, table, outcome)
        return outcome

    return apply


def splits_of(outcome: Outcome) -> dict[str, str | None]:
    """Return the split of each path."""
    assert outcome.manifest is not None
    table = outcome.manifest
    return dict(zip(table.column("path").to_pylist(), table.column("split").to_pylist(), strict=True))


def codes(outcome: Outcome) -> Counter[str]:
    return Counter(finding.code for finding in outcome.findings)


# ----------------------------------------------------------------------------------------------------------------------
# Ratios and proportions


def test_six_speakers_go_four_one_one_with_every_label_everywhere(applied: Apply) -> None:
    found = splits_of(applied(DIGITS, group_by=("speaker",), stratify_by=("label",)))
    speakers = {name: {path.split("_")[1] for path in found if found[path] == name} for name in set(found.values())}
    labels = {name: {path[0] for path in found if found[path] == name} for name in set(found.values())}
    assert {name: len(group) for name, group in speakers.items()} == {"train": 4, "validation": 1, "test": 1}
    assert set(map(len, labels.values())) == {10}


def test_without_groups_ratios_and_proportions_are_met_to_the_clip(applied: Apply) -> None:
    outcome = applied(DIGITS, stratify_by=("label",))
    found = Counter((name, path[0]) for path, name in splits_of(outcome).items())
    assert {found["train", label] for label in "0123456789"} == {24}
    assert {found["test", label] for label in "0123456789"} == {3}
    assert "split.label_missing" not in codes(outcome)


def test_several_columns_make_one_stratum(applied: Apply) -> None:
    outcome = applied(DIGITS, stratify_by=("label", "speaker"), ratios={"train": 0.8, "test": 0.2})
    found = Counter((name, *path.split("_")[:2]) for path, name in splits_of(outcome).items())
    assert {count for (name, *_), count in found.items() if name == "train"} == {4}
    assert {count for (name, *_), count in found.items() if name == "test"} == {1}


def test_no_value_is_a_stratum_too(applied: Apply) -> None:
    rows = [row(f"{number}.wav", label=None if number < 10 else "x") for number in range(30)]
    outcome = applied(rows, stratify_by=("label",), ratios={"train": 0.8, "test": 0.2})
    found = splits_of(outcome)
    assert sum(found[f"{number}.wav"] == "test" for number in range(10)) == 2


def test_a_ratio_of_zero_gets_nothing(applied: Apply) -> None:
    found = splits_of(applied(DIGITS, ratios={"train": 0.9, "validation": 0.0, "test": 0.1}))
    assert Counter(found.values()) == {"train": 270, "test": 30}


def test_the_order_of_the_ratios_does_not_matter(applied: Apply) -> None:
    one = applied(DIGITS, ratios={"train": 0.8, "validation": 0.1, "test": 0.1})
    other = applied(DIGITS, ratios={"test": 0.1, "validation": 0.1, "train": 0.8})
    assert splits_of(other) == splits_of(one)


def test_another_seed_gives_another_split_of_the_same_quality(applied: Apply) -> None:
    one, again, other = (applied(DIGITS, group_by=("speaker",), seed=seed) for seed in (0, 0, 3))
    assert splits_of(again) == splits_of(one)
    assert splits_of(other) != splits_of(one)
    assert {name: share["got"] for name, share in other.report["ratios"].items()} == {
        name: share["got"] for name, share in one.report["ratios"].items()
    }


# ----------------------------------------------------------------------------------------------------------------------
# What may not be divided

RELATED = ("speaker", "session", "sha256", "pcm_md5", "recording_id")
VALUES = st.sampled_from([*[None] * 8, *"abcdef"])
CONTENTS = st.integers(0, 200).map(lambda number: f"{number:064x}")


@st.composite
def rows_of(draw: st.DrawFn) -> list[Row]:
    """Draw clips that share speakers, sessions, bytes, samples and recordings at random; some are not published."""
    rows = []
    for number in range(draw(st.integers(3, 25))):
        columns = {
            "speaker": draw(VALUES),
            "session": draw(VALUES),
            "sha256": draw(CONTENTS),
            "pcm_md5": draw(CONTENTS)[-32:],
            "recording_id": draw(CONTENTS)[-20:],
            "label": draw(VALUES),
            "excluded_by": draw(st.sampled_from([None, None, None, "audio.truncated"])),
            "duplicate_of": draw(st.sampled_from([None, None, None, "f" * 20])),
            "duration": draw(st.floats(0.1, 100)),
        }
        rows.append(row(f"{number}.wav", **columns))
    return rows


def is_published(cells: Row) -> bool:
    return cells["excluded_by"] is None and cells["duplicate_of"] is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows_of(), st.randoms(use_true_random=False))
def test_related_clips_never_lie_in_two_splits_in_whatever_order(
    applied: Apply, rows: list[Row], random: Random
) -> None:
    config: dict[str, Any] = {"group_by": ("speaker", "session"), "stratify_by": ("label",)}
    config["ratios"] = {"train": 0.7, "test": 0.3}
    try:
        outcome = applied(rows, **config)
    except (UsageError, NothingError):
        return
    found = splits_of(outcome)
    published = [cells for cells in rows if is_published(cells)]
    for cells in rows:
        assert (found[cells["path"]] in {"train", "test"}) == is_published(cells)
    for one, other in itertools.combinations(published, 2):
        if any(one[name] is not None and one[name] == other[name] for name in RELATED):
            assert found[one["path"]] == found[other["path"]]
    shuffled = random.sample(rows, len(rows))
    assert splits_of(applied(shuffled, **config)) == found


def test_a_copy_that_is_not_published_links_the_groups_it_belongs_to(applied: Apply) -> None:
    rows = [row(f"{speaker}_{take}.wav", speaker=speaker) for speaker in "abcdefgh" for take in range(2)]
    rows += [row("a_copy.wav", b"a_0.wav", speaker="b", duplicate_of="0" * 20)]
    outcome = applied(rows, group_by=("speaker",), ratios={"train": 0.5, "test": 0.5})
    assert outcome.report["components"] == 7
    assert splits_of(outcome)["a_1.wav"] == splits_of(outcome)["b_1.wav"]
    assert splits_of(outcome)["a_copy.wav"] is None


LONG = [row(f"{name}.wav") for name in "abcdef"]


def test_spans_of_one_recording_stay_together_whatever_clips_are_grouped_by(applied: Apply) -> None:
    rows = [
        span(recording, first, 1_000, speaker=f"{number} {first}", label="xy"[number % 2])
        for number, recording in enumerate(LONG)
        for first in range(0, 5_000, 500)
    ]
    config = {"stratify_by": ("label",), "ratios": {"train": 0.6, "validation": 0.2, "test": 0.2}}
    outcome = applied(rows, group_by=("speaker",), **config)
    assert outcome.manifest is not None
    pairs = set(zip(*(outcome.manifest.column(name).to_pylist() for name in ("path", "split")), strict=True))
    assert len(pairs) == 6
    assert outcome.report["components"] == 6
    assert outcome.report["relations"]["recording_id"] == {"values": 6, "straddling": 0, "pairs_across": 0}


def test_too_few_recordings_are_named_as_what_holds_the_clips_together(applied: Apply) -> None:
    rows = [span(recording, first, 1_000) for recording in LONG[:2] for first in range(0, 5_000, 1_000)]
    with pytest.raises(UsageError, match=r"the largest group has 5 of 10 clips from 1 recording$"):
        applied(rows)


def test_digital_silence_in_several_recordings_does_not_unite_them(applied: Apply) -> None:
    silent = {"pcm_md5": "0" * 32, "peak_dbfs": None}
    rows = [row_ for recording in LONG for row_ in (span(recording, 0, 1_000, **silent), span(recording, 1_000, 1_000))]
    outcome = applied(rows)
    assert outcome.report["components"] == 6
    assert outcome.report["relations"]["pcm_md5"] == {"values": 6, "straddling": 0, "pairs_across": 0}


def test_silence_that_is_not_published_links_nobody(applied: Apply) -> None:
    rows = [row(f"{speaker}_{take}.wav", speaker=speaker) for speaker in "abcd" for take in range(2)]
    rows += [row("a_silence.wav", b"silence", speaker="a", peak_dbfs=None, excluded_by=None)]
    marked = {"peak_dbfs": None, "excluded_by": "audio.silent"}
    rows += [row(f"{speaker}_silence.wav", b"silence", speaker=speaker, **marked) for speaker in "bcd"]
    assert applied(rows, group_by=("speaker",), ratios={"train": 0.5, "test": 0.5}).report["components"] == 4


def test_a_clip_without_a_group_is_a_group_of_its_own(applied: Apply) -> None:
    rows = [row(f"{number}.wav", speaker=None) for number in range(10)]
    assert applied(rows, group_by=("speaker",)).report["components"] == 10


@pytest.mark.parametrize("pair", [("007", "7"), ("a", "A"), ("a", "a "), ("", "NA")], ids=str)
def test_groups_are_told_apart_by_their_exact_text(applied: Apply, pair: tuple[str, str]) -> None:
    rows = [row(f"{number}.wav", speaker=pair[number % 2]) for number in range(10)]
    assert applied(rows, group_by=("speaker",), ratios={"train": 0.5, "test": 0.5}).report["components"] == 2


def test_a_value_in_two_splits_would_stop_everything() -> None:
    relation = Relation(values=3, straddling=1, pairs_across=2)
    with pytest.raises(InternalError, match="1 values of speaker ended up in two splits"):
        split._checked({"speaker": relation})


# ----------------------------------------------------------------------------------------------------------------------
# What cannot be done


def test_fewer_groups_than_splits_are_refused_with_what_would_work(applied: Apply) -> None:
    rows = [row(f"{number}.wav", speaker="ab"[number > 7], take=str(number)) for number in range(10)]
    with pytest.raises(UsageError, match=r"2 groups of clips cannot fill 3 splits.* 8 of 10 clips") as caught:
        applied(rows, group_by=("speaker", "take"))
    assert "speaker = a" in caught.value.message
    assert "at most 2 splits" in str(caught.value.hint)
    assert "speaker alone gives 2, take alone gives 10" in str(caught.value.hint)


@pytest.mark.parametrize("rows", [[], [row("a.wav", excluded_by="audio.silent")]], ids=["empty", "excluded"])
def test_nothing_to_publish_is_not_green(applied: Apply, rows: list[Row]) -> None:
    with pytest.raises(NothingError, match="none of the"):
        applied(rows)


@pytest.mark.parametrize("key", ["group_by", "stratify_by"])
def test_a_column_that_is_not_there_is_named(applied: Apply, key: str) -> None:
    with pytest.raises(RecipeError, match="no column 'singer'") as caught:
        applied(DIGITS, **{key: ("singer",)})
    assert "label, speaker" in str(caught.value.hint)


def test_lists_cannot_be_groups(applied: Apply) -> None:
    with pytest.raises(RecipeError, match="cannot be compared"):
        applied([row(f"{number}.wav", speaker=["a", "b"]) for number in range(5)], group_by=("speaker",))


# ----------------------------------------------------------------------------------------------------------------------
# What it says


def test_the_report_lies_beside_the_manifest(applied: Apply) -> None:
    outcome = applied(DIGITS, group_by=("speaker",), stratify_by=("label",), seed=7)
    document = json.loads(outcome.files["split_report.json"].path.read_bytes())
    assert document["ratios"]["train"] == {
        "wanted": 0.8, "got": 0.666667, "clips": 200, "seconds": 200.0, "groups": 4, "effective_groups": 4.0
    }  # fmt: skip
    assert document["relations"]["speaker"] == {"values": 6, "straddling": 0, "pairs_across": 0}
    assert list(document["relations"]) == ["pcm_md5", "recording_id", "sha256", "speaker"]
    assert (document["seed"], document["components"], document["group_by"]) == (7, 6, ["speaker"])
    assert document["strata"][3]["stratum"] == {"label": "3"}
    assert document["strata"][3]["got"] == {"train": 0.1, "validation": 0.1, "test": 0.1}
    assert "divided" in document["method"]


def test_the_stratum_that_is_farthest_off_is_named(applied: Apply) -> None:
    rows = [row(f"{n}.wav", label="rare" if n == 0 else "usual", speaker=str(n % 5)) for n in range(20)]
    report = applied(rows, group_by=("speaker",), stratify_by=("label",), ratios={"train": 0.8, "test": 0.2}).report
    assert report["worst_stratum"] == {"stratum": {"label": "rare"}, "split": "test", "wanted": 0.05, "got": 0.0}


def test_shares_far_from_those_wanted_are_a_warning_that_names_the_largest_group(applied: Apply) -> None:
    rows = [row(f"{n}.wav", speaker="big" if n < 90 else str(n)) for n in range(100)]
    outcome = applied(rows, group_by=("speaker",), ratios={"train": 0.5, "test": 0.5})
    finding = outcome.findings[0]
    assert (finding.code, finding.severity, finding.value) == ("split.ratio_off", "warning", "test")
    assert finding.message == (
        "test got 90.0% of the clips, 50.0% were wanted; the largest group has 90 of 100 clips (speaker = big)."
    )


def test_a_label_that_a_split_lacks_is_a_warning(applied: Apply) -> None:
    rows = [row(f"{n}.wav", label="rare" if n == 0 else "common") for n in range(20)]
    outcome = applied(rows, stratify_by=("label",), ratios={"train": 0.8, "test": 0.2})
    assert codes(outcome) == {"split.label_missing": 1}
    assert outcome.findings[0].message == "No clip with label = rare is in test; there are 1 in all."
    assert (outcome.findings[0].field, outcome.findings[0].value) == ("/label", "rare")


@pytest.mark.parametrize("name", ["speaker", "Speaker_ID", "artist", "site", "session-id"])
def test_a_usual_group_that_nobody_asked_for_is_mentioned(applied: Apply, name: str) -> None:
    rows = [{**row(f"{number}.wav"), name: "x"} for number in range(10)]
    assert codes(applied(rows)) == {"split.no_group": 1}
    assert applied(rows).findings[0].field == f"/{name}"


def test_other_columns_are_not_taken_for_groups(applied: Apply) -> None:
    assert not applied([row(f"{number}.wav", speaker_age="x", tracker="y") for number in range(10)]).findings


# ----------------------------------------------------------------------------------------------------------------------
# What it depends on


@pytest.mark.parametrize(
    ("column", "matters"),
    [("speaker", True), ("label", True), ("sha256", True), ("excluded_by", True), ("decoder", False), ("take", False)],
)
def test_inputs_are_the_columns_that_decide(tmp_path: Path, column: str, matters: bool) -> None:  # noqa: FBT001
    cells: Row = {"speaker": "a", "label": "x", "take": "1", "excluded_by": None}
    config = split.Config(group_by=("speaker",), stratify_by=("label",))
    tables: list[pa.Table] = [manifest([row("a.wav", **cells)]), manifest([row("a.wav", **{**cells, column: "other"})])]
    one, other = (split.inputs(workspace(tmp_path, table), config) for table in tables)
    assert (one != other) == matters
