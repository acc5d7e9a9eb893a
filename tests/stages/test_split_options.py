"""What `[split]` can ask for beside ratios, and what becomes of clips that have a split when a dataset grows."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from listen_datasets import config, tables
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.ledger import Entry, Generated
from listen_datasets.stage import Outcome, check_laws
from listen_datasets.stages import split
from listen_datasets.testing.manifests import manifest, row, workspace

Row = dict[str, Any]
Apply = Callable[..., Outcome]
HALF = {"train": 0.5, "test": 0.5}


@pytest.fixture
def applied(tmp_path: Path) -> Apply:
    """Return a function that runs the stage over rows, in a new folder or in that of an earlier outcome."""
    runs = itertools.count()

    def apply(rows: Sequence[Row], after: Outcome | None = None, **options: Any) -> Outcome:
        root, table = tmp_path / str(next(runs)), manifest(rows)
        settings = split.Config(**options)
        history: Mapping[str, Entry] = {}
        if after is not None:
            for path, file in after.files.items():
                root.mkdir(exist_ok=True)
                (root / path).write_bytes(file.path.read_bytes())
            made = {path: Generated(bytes=file.bytes, sha256=file.sha256) for path, file in after.files.items()}
            said = {**config.builtins(settings), **dict(after.report["asked"])} if "asked" in after.report else None
            history = {"split": entry(said or config.builtins(settings), made)}
        outcome = split.run(workspace(root, table, history=history), settings)
        check_laws(split.STAGE, table, outcome)
        return outcome

    return apply


def entry(settings: Mapping[str, Any], generated: Mapping[str, Generated]) -> Entry:
    return Entry(
        n=1, run="r", stage="split", version="3", started="2024-01-01T00:00:00+00:00", seconds=0.1, config=dict(settings),
        used={}, generated=dict(generated), agent={}, counts={}, findings={}, report={},
    )  # fmt: skip


def splits_of(outcome: Outcome) -> dict[str, str | None]:
    assert outcome.manifest is not None
    table = outcome.manifest
    return dict(zip(table.column("path").to_pylist(), table.column("split").to_pylist(), strict=True))


def codes(outcome: Outcome) -> Counter[str]:
    return Counter(finding.code for finding in outcome.findings)


def clips(speakers: Sequence[Any], takes: int = 4, **columns: Any) -> list[Row]:
    return [row(f"{name}_{take}.wav", speaker=f"{name}", **columns) for name in speakers for take in range(takes)]


# ----------------------------------------------------------------------------------------------------------------------
# Options


def test_seconds_are_balanced_where_clips_would_not_be(applied: Apply) -> None:
    rows = [row(f"{n}.wav", duration=9.0 if n < 10 else 1.0) for n in range(100)]
    outcome = applied(rows, ratios=HALF, balance="seconds")
    assert {part["seconds"] for part in outcome.report["ratios"].values()} == {90.0}


def test_folds_are_equal_and_divide_no_group(applied: Apply) -> None:
    outcome = applied(clips(range(10)), folds=5, group_by=("speaker",))
    assert Counter(splits_of(outcome).values()) == {f"fold_{n}": 8 for n in range(1, 6)}
    assert outcome.report["relations"]["speaker"]["straddling"] == 0


def test_one_group_is_left_out_at_a_time(applied: Apply) -> None:
    found = splits_of(applied(clips("cab"), leave_one_group_out="speaker"))
    assert [found[f"{name}_0.wav"] for name in "abc"] == ["fold_1", "fold_2", "fold_3"]


def test_a_clip_of_no_group_cannot_be_left_out_with_one(applied: Apply) -> None:
    outcome = applied([*clips("ab"), row("x.wav", speaker=None)], leave_one_group_out="speaker")
    assert splits_of(outcome)["x.wav"] is None
    assert codes(outcome)["split.no_value"] == 1


@pytest.mark.parametrize("spelled", ["2024-01-{:02d}", "2024-01-{:02d}T10:00:00Z", "{}"])
def test_what_is_tested_comes_after_all_that_is_trained_on(applied: Apply, spelled: str) -> None:
    rows = [row(f"{day}.wav", day=spelled.format(day)) for day in range(10, 30)]
    found = splits_of(applied(rows, time_by="day"))
    latest = {name: max(int(path[:2]) for path in found if found[path] == name) for name in set(found.values())}
    earliest = {name: min(int(path[:2]) for path in found if found[path] == name) for name in set(found.values())}
    assert latest["train"] < earliest["validation"] <= latest["validation"] < earliest["test"]
    assert Counter(found.values()) == {"train": 16, "validation": 2, "test": 2}


def test_groups_whose_times_overlap_cannot_be_parted_by_time(applied: Apply) -> None:
    rows = [row(f"{n}.wav", speaker="ab"[n % 2], day=n) for n in range(10)]
    with pytest.raises(UsageError, match=r"1 stretch of time cannot fill 2 splits.*speaker = [ab]"):
        applied(rows, time_by="day", group_by=("speaker",), ratios=HALF)


def test_a_time_that_cannot_be_ordered_is_named(applied: Apply) -> None:
    with pytest.raises(RecipeError, match=r"'09/03/26' in 'day' is no time"):
        applied([row("a.wav", day="09/03/26"), row("b.wav", day="2026-03-09")], time_by="day", ratios=HALF)


def test_published_splits_are_kept_and_the_rest_joins_its_group(applied: Apply) -> None:
    rows = clips(range(10))
    said = ["test" if cells["path"].startswith(("3_0", "4_")) else None for cells in rows]
    outcome = applied(
        [{**cells, "declared_split": said} for cells, said in zip(rows, said, strict=True)],
        official="split", group_by=("speaker",), ratios=HALF,
    )  # fmt: skip
    found = splits_of(outcome)
    assert {found[f"{name}_{take}.wav"] for name in "34" for take in range(4)} == {"test"}
    assert Counter(found.values()) == {"train": 20, "test": 20}


def test_published_folds_are_kept_by_their_numbers(applied: Apply) -> None:
    rows = [row(f"{n}.wav", fold=str(1 + n % 3)) for n in range(9)]
    found = splits_of(applied(rows, official="fold", folds=3))
    assert found["1.wav"] == "fold_2"


def test_a_published_split_that_nobody_asked_for_is_named(applied: Apply) -> None:
    rows = [row(f"{n}.wav", fold="extra" if n == 3 else "dev") for n in range(9)]
    with pytest.raises(RecipeError, match="published splits are called extra") as caught:
        applied(rows, official="fold")
    assert "extra = 0" in str(caught.value.hint)


def test_published_splits_that_share_a_group_are_an_error(applied: Apply) -> None:
    rows = [{**cells, "fold": "test" if cells["path"] == "a_0.wav" else "train"} for cells in clips("abcd")]
    outcome = applied(rows, official="fold", group_by=("speaker",), ratios=HALF)
    assert codes(outcome)["split.torn"] == 1
    assert outcome.report["relations"]["speaker"]["pairs_across"] == 3
    assert splits_of(outcome)["a_0.wav"] == "test"


def test_what_a_large_group_has_too_much_is_left_out(applied: Apply) -> None:
    outcome = applied([*clips("a", 20), *clips("bcdef")], group_by=("speaker",), ratios=HALF, max_per_group=5)
    found = splits_of(outcome)
    assert sum(found[f"a_{take}.wav"] is not None for take in range(20)) == 5
    assert codes(outcome)["split.over_limit"] == 15
    assert outcome.manifest is not None
    assert Counter(outcome.manifest.column("left_out_by").to_pylist()) == {None: 25, "split.over_limit": 15}


def test_every_split_gets_so_many_clips_of_each_label(applied: Apply) -> None:
    rows = [row(f"{n}.wav", label="rare" if n < 6 else "usual") for n in range(200)]
    found = splits_of(applied(rows, stratify_by=("label",), min_per_class=2))
    assert Counter(found[f"{n}.wav"] for n in range(6)) == {"train": 2, "validation": 2, "test": 2}


def test_a_label_with_too_few_groups_is_named(applied: Apply) -> None:
    rows = [row(f"{n}.wav", label="rare" if n < 9 else "usual", speaker=str(max(n, 8))) for n in range(200)]
    with pytest.raises(
        UsageError, match=r"3 splits cannot each have 2 clips with label = rare: there are 9 in 1 group"
    ):
        applied(rows, stratify_by=("label",), group_by=("speaker",), min_per_class=2)


def test_each_value_of_a_list_is_a_label(applied: Apply) -> None:
    rows = [
        row(f"{n}.wav", sounds=[*(["rain"] if n % 2 else []), *(["bird"] if n % 5 == 0 else [])]) for n in range(100)
    ]
    outcome = applied(rows, stratify_by=("sounds",), ratios={"train": 0.8, "test": 0.2})
    found = splits_of(outcome)
    assert sum(found[f"{n}.wav"] == "test" for n in range(1, 100, 2)) == 10
    assert sum(found[f"{n}.wav"] == "test" for n in range(0, 100, 5)) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"folds": 5, "ratios": HALF}, {"folds": 5, "leave-one-group-out": "s"}, {"folds": 5, "time-by": "t"},
        {"leave-one-group-out": "s", "ratios": HALF}, {"leave-one-group-out": "s", "stratify-by": ["l"]},
        {"leave-one-group-out": "s", "time-by": "t"}, {"time-by": "t", "stratify-by": ["l"]},
        {"time-by": "t", "official": "o"}, {"leave-one-group-out": "s", "balance": "seconds"},
    ],
    ids=str,
)  # fmt: skip
def test_keys_that_contradict_are_refused_with_the_reason(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="exclude each other: "):
        msgspec.convert(options, split.Config)


def test_near_duplicates_never_straddle_splits(applied: Apply) -> None:
    rows = [row(f"{n}.wav", duplicate_group=str(n // 2)) for n in range(40)]
    outcome = applied(rows, ratios=HALF)
    found = splits_of(outcome)
    assert all(found[f"{n}.wav"] == found[f"{n + 1}.wav"] for n in range(0, 40, 2))
    assert outcome.report["relations"]["duplicate_group"]["straddling"] == 0
    assert outcome.report["not_checked"] == []


# ----------------------------------------------------------------------------------------------------------------------
# Growth


def test_clips_keep_their_split_when_others_are_added(applied: Apply) -> None:
    first = applied(clips(range(20)), group_by=("speaker",))
    grown = applied(clips(range(60), takes=5), after=first, group_by=("speaker",))
    before, after = splits_of(first), splits_of(grown)
    assert {path: after[path] for path in before} == before
    assert all(after[f"{name}_4.wav"] == before[f"{name}_0.wav"] for name in range(20))
    assert {after[f"{name}_0.wav"] for name in range(20, 60)} >= {"train"}


def test_copies_that_grow_apart_agree_on_what_they_share(applied: Apply) -> None:
    first = applied(clips(range(10)), group_by=("speaker",))
    one = splits_of(applied(clips(range(40)), after=first, group_by=("speaker",)))
    other = splits_of(applied(clips([*range(10), *range(30, 90)]), after=first, group_by=("speaker",)))
    assert {path: one[path] for path in one.keys() & other.keys()} == {
        path: other[path] for path in one.keys() & other.keys()
    }


def test_a_clip_that_was_away_comes_back_to_its_split(applied: Apply) -> None:
    rows = clips(range(20))
    first = applied(rows)
    away = applied(rows[1:], after=first)
    assert splits_of(applied(rows, after=away)) == splits_of(first)


def test_a_new_clip_that_would_join_two_splits_is_left_out(applied: Apply) -> None:
    rows = [{**cells, "session": None} for cells in clips(range(10))]
    options: dict[str, Any] = {"group_by": ("speaker", "session"), "ratios": HALF}
    first = applied(rows, **options)
    found = splits_of(first)
    one, other = (next(path for path in sorted(found, key=str) if found[path] == name) for name in ("train", "test"))
    rows = [{**cells, "session": "s" if cells["path"] == one else None} for cells in rows]
    outcome = applied([*rows, row("new.wav", speaker=other[0], session="s")], after=first, **options)
    assert splits_of(outcome) == {**found, "new.wav": None}
    assert codes(outcome)["split.bridge"] == 1
    assert "anew" in str(outcome.findings[-1].hint)


def test_other_options_ask_for_a_new_assignment(applied: Apply) -> None:
    first = applied(clips(range(10)))
    asked = msgspec.structs.replace  # the settings that the record was made with
    settings = config.builtins(asked(split.Config(), seed=9))
    outcome = type(first)(manifest=first.manifest, files=first.files, report={"asked": settings})
    with pytest.raises(UsageError, match="what they were made by has changed: seed") as caught:
        applied(clips(range(10)), after=outcome)
    assert "--assignment anew" in str(caught.value.hint)


@pytest.mark.parametrize(
    "options",
    [{}, {"folds": 3, "group_by": ("speaker",)}, {"leave_one_group_out": "speaker"}, {"stratify_by": ("speaker",)}],
    ids=str,
)
def test_the_report_is_what_its_schema_says(applied: Apply, options: dict[str, Any]) -> None:
    schema = json.loads((tables.schemas_folder() / "split_report.schema.json").read_text(encoding="utf-8"))
    outcome = applied(clips(range(9)), **options)
    jsonschema.Draft202012Validator(schema).validate(json.loads(outcome.files["split_report.json"].path.read_bytes()))
