from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listen_datasets.errors import RecipeError
from listen_datasets.recipe import Recipe
from listen_datasets.stage import Outcome, check_laws
from listen_datasets.stages import dedup
from listen_datasets.testing.manifests import RECIPE, manifest, row, span, workspace

Row = dict[str, Any]

LABELLED: Recipe = msgspec.structs.replace(RECIPE, dataset=msgspec.structs.replace(RECIPE.dataset, label="label"))

SAME = "5" * 32
LONG = row("long.wav", b"long")
"""A recording of which only spans are clips."""


def applied(folder: Path, rows: Sequence[Row], recipe: Recipe = RECIPE, **config: Any) -> Outcome:
    """Apply the stage to clips of which there are no fingerprints."""
    table = manifest(rows)
    outcome = dedup.run(workspace(folder, table, recipe), dedup.Config(**{"level": "pcm", **config}))
    check_laws(dedup.STAGE, table, outcome)
    return outcome


def marks(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Return, for each duplicate, the path that is kept and the level."""
    assert outcome.manifest is not None
    rows = outcome.manifest.to_pylist()
    path = {cells["clip_id"]: cells["path"] for cells in rows}
    return {
        cells["path"]: (path[cells["duplicate_of"]], cells["duplicate_level"])
        for cells in rows
        if cells["duplicate_of"] is not None
    }


def test_the_same_bytes_are_a_duplicate(tmp_path: Path) -> None:
    outcome = applied(tmp_path, [row("b.wav", b"x"), row("a.wav", b"x"), row("c.wav")])
    assert marks(outcome) == {"b.wav": ("a.wav", "exact")}
    assert outcome.report == {
        "groups": 1,
        "duplicates": 1,
        "grouped": 2,
        "by_level": {"exact": 1, "pcm": 0},
        "not_searched": ["near duplicates (re-encoded, resampled, cut)"],
    }


def test_the_same_samples_in_another_file_are_a_duplicate(tmp_path: Path) -> None:
    rows = [row("a.flac", container="flac", pcm_md5=SAME), row("a.wav", pcm_md5=SAME)]
    assert marks(applied(tmp_path, rows)) == {"a.wav": ("a.flac", "pcm")}


def test_level_exact_looks_no_further(tmp_path: Path) -> None:
    rows = [row("a.flac", pcm_md5=SAME), row("a.wav", pcm_md5=SAME), row("b.wav", b"x"), row("c.wav", b"x")]
    outcome = applied(tmp_path, rows, level="exact")
    assert marks(outcome) == {"c.wav": ("b.wav", "exact")}
    assert outcome.report["by_level"] == {"exact": 1}


@pytest.mark.parametrize(
    "difference",
    [{"sample_rate": 8_000}, {"num_channels": 2}, {"peak_dbfs": None}],
    ids=str,
)
def test_samples_are_compared_with_what_they_mean(tmp_path: Path, difference: Row) -> None:
    rows = [row("a.wav", pcm_md5=SAME), row("b.wav", pcm_md5=SAME, **difference)]
    assert marks(applied(tmp_path, rows)) == {}


@pytest.mark.parametrize("second", [(8_000, 8_000), (4_000, 8_000), (0, 16_000)], ids=["behind", "overlap", "longer"])
def test_spans_of_one_recording_are_no_duplicates(tmp_path: Path, second: tuple[int, int]) -> None:
    rows = [span(LONG, 0, 8_000), span(LONG, *second)]
    assert marks(applied(tmp_path, rows)) == {}


def test_the_same_span_of_the_same_bytes_is_a_duplicate(tmp_path: Path) -> None:
    copy = row("z.wav", b"long", clip_id="copy")
    rows = [span(LONG, 0, 8_000), span(LONG, 8_000, 8_000), span(copy, 8_000, 8_000), span(copy, 9_000, 7_000)]
    outcome = applied(tmp_path, rows)
    assert outcome.manifest is not None
    assert outcome.manifest.column("duplicate_of").to_pylist() == [None, None, rows[1]["clip_id"], None]
    (finding,) = outcome.findings
    assert (finding.code, finding.clip_id) == ("dedup.same_bytes", "copy_8000_8000")
    assert finding.message == (
        "main:z.wav (0.500 s to 1.000 s) holds the same bytes as main:long.wav (0.500 s to 1.000 s), which is kept."
    )


def test_the_same_samples_elsewhere_in_a_recording_are_a_duplicate(tmp_path: Path) -> None:
    rows = [span(LONG, 0, 8_000, pcm_md5=SAME), span(LONG, 8_000, 8_000, pcm_md5=SAME), row("a.wav", pcm_md5=SAME)]
    outcome = applied(tmp_path, rows)
    assert outcome.manifest is not None
    assert outcome.manifest.column("duplicate_of").to_pylist() == [rows[2]["clip_id"], rows[2]["clip_id"], None]
    assert outcome.report["by_level"] == {"exact": 0, "pcm": 2}


def test_digital_silence_is_no_duplicate(tmp_path: Path) -> None:
    assert marks(applied(tmp_path, [row(f"{n}.wav", b"silence", peak_dbfs=None) for n in range(3)])) == {}


def test_an_excluded_clip_is_neither_kept_nor_marked(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x", excluded_by="audio.clipped"), row("b.wav", b"x"), row("c.wav", b"x", excluded_by=None)]
    assert marks(applied(tmp_path, rows)) == {"c.wav": ("b.wav", "exact")}


def test_a_clip_with_metadata_is_kept_before_one_without(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x", metadata_line=None), row("b.wav", b"x"), row("c.wav", b"x")]
    assert marks(applied(tmp_path, rows)) == {"a.wav": ("b.wav", "exact"), "c.wav": ("b.wav", "exact")}


def test_the_first_source_is_kept_before_the_first_path(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x", source="second"), row("z.wav", b"x", source="first")]
    assert marks(applied(tmp_path, rows)) == {"a.wav": ("z.wav", "exact")}


def test_each_duplicate_is_a_finding_that_names_both(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x"), row("b.wav", b"x"), row("c.flac", b"y", pcm_md5=row("a.wav", b"x")["pcm_md5"])]
    found = applied(tmp_path, rows).findings
    assert [(finding.code, finding.severity, finding.path) for finding in found] == [
        ("dedup.same_bytes", "warning", "b.wav"),
        ("dedup.same_samples", "warning", "c.flac"),
    ]
    assert found[0].message == "main:b.wav holds the same bytes as main:a.wav, which is kept."
    assert found[0].evidence == {"duplicate_of": rows[0]["clip_id"], "kept": "main:a.wav"}


def test_copies_with_different_labels_are_an_error(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x", label="dog"), row("b.wav", b"x", label="cat"), row("c.wav", b"x", label="cat")]
    conflict = applied(tmp_path, rows, LABELLED).findings[-1]
    assert (conflict.code, conflict.severity, conflict.field) == ("label.conflict", "error", "/label")
    assert conflict.message == "Copies differ in `label`: cat (main:b.wav), dog (main:a.wav)."


@pytest.mark.parametrize("label", ["dog", None])
def test_an_empty_label_contradicts_nobody(tmp_path: Path, label: str | None) -> None:
    found = applied(tmp_path, [row("a.wav", b"x", label="dog"), row("b.wav", b"x", label=label)], LABELLED).findings
    assert [finding.code for finding in found] == ["dedup.same_bytes"]


def test_long_labels_are_told_apart_to_the_end(tmp_path: Path) -> None:
    rows = [row("a.wav", b"x", label="a" * 300 + "b"), row("b.wav", b"x", label="a" * 300 + "c")]
    assert applied(tmp_path, rows, LABELLED).findings[-1].code == "label.conflict"


def test_a_label_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no column 'label'"):
        applied(tmp_path, [row("a.wav")], LABELLED)


def test_an_empty_manifest_is_valid(tmp_path: Path) -> None:
    assert applied(tmp_path, []).report["groups"] == 0


CELLS = st.tuples(st.sampled_from([b"x", b"y", b"z"]), st.sampled_from([SAME, "6" * 32, "7" * 32]), st.booleans())


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, max_size=12), st.randoms(use_true_random=False))
def test_marks_form_an_equivalence_whatever_the_order(tmp_path: Path, cells: list[Any], random: Random) -> None:
    rows = [
        row(f"{number:02}.wav", data, pcm_md5=pcm, metadata_line=2 if has_metadata else None)
        for number, (data, pcm, has_metadata) in enumerate(cells)
    ]
    found = marks(applied(tmp_path, rows))
    kept = {cells["path"] for cells in rows} - set(found)
    assert all(target in kept for target, _ in found.values())
    for content in ("sha256", "pcm_md5"):
        values = [cells[content] for cells in rows if cells["path"] in kept]
        assert len(values) == len(set(values))
    assert marks(applied(tmp_path, random.sample(rows, len(rows)))) == found


@pytest.mark.parametrize(("column", "matters"), [("label", True), ("pcm_md5", True), ("take", False)])
def test_inputs_are_the_columns_that_are_compared(tmp_path: Path, column: str, matters: bool) -> None:  # noqa: FBT001
    tables = [manifest([{**row("a.wav", label="x", take="1"), column: value}]) for value in ("one", "other")]
    one, other = (dedup.inputs(workspace(tmp_path, table, LABELLED), dedup.Config(level="pcm")) for table in tables)
    assert (one != other) == matters
