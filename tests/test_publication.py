from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from listen_datasets.errors import NothingError, RecipeError
from listen_datasets.publication import classes_of, licensed, publication, unlicensed
from listen_datasets.recipe import Recipe
from listen_datasets.testing.manifests import RECIPE, manifest, row

Row = dict[str, Any]


def published(rows: Sequence[Row], labels: Sequence[str] = ()) -> Any:
    clips = manifest([{"license": "CC0-1.0", **cells} for cells in rows])
    return publication(clips, pa.chunked_array([["train"] * len(rows)]), labels)


def recipe(source: str | None, dataset: str | None) -> Recipe:
    about = msgspec.structs.replace(RECIPE.dataset, license=dataset)
    sources = (msgspec.structs.replace(RECIPE.source[0], license=source),)
    return msgspec.structs.replace(RECIPE, dataset=about, source=sources)


@pytest.mark.parametrize(
    ("own", "source", "dataset", "expected"),
    [
        ("CC-BY-4.0", "CC0-1.0", "MIT", "CC-BY-4.0"),
        (None, "CC0-1.0", "MIT", "CC0-1.0"),
        ("", "CC0-1.0", None, "CC0-1.0"),
        (" \t", None, "MIT", "MIT"),
        (None, " ", "MIT", "MIT"),
        (None, None, "", None),
        (None, None, None, None),
        (" CC0-1.0 ", None, None, " CC0-1.0 "),
    ],
)
def test_a_licence_is_that_of_the_clip_else_the_source_else_the_dataset(
    own: str | None, source: str | None, dataset: str | None, expected: str | None
) -> None:
    clips = manifest([row("a.wav", license=own), row("b.wav", license="X")])
    assert licensed(clips, recipe(source, dataset)).column("license").to_pylist() == [expected, "X"]


def test_a_column_for_the_licence_is_added() -> None:
    clips = licensed(manifest([row("a.wav")]), recipe(None, "CC0-1.0"))
    assert clips.column("license").to_pylist() == ["CC0-1.0"]


def test_a_column_of_licences_without_any_gets_those_of_the_dataset() -> None:
    clips = licensed(manifest([row("a.wav", license=None)]), recipe(None, "CC0-1.0"))
    assert clips.column("license").to_pylist() == ["CC0-1.0"]


def test_each_clip_without_a_licence_is_a_finding() -> None:
    clips = licensed(manifest([row("a.wav", license=None), row("b.wav", license="MIT")]), recipe(None, None))
    (finding,) = unlicensed(clips)
    assert (finding.code, finding.severity, finding.path) == ("license.missing", "error", "a.wav")


def test_a_licence_that_is_no_text_is_refused() -> None:
    with pytest.raises(RecipeError, match="int64, not text"):
        licensed(manifest([row("a.wav", license=1)]), RECIPE)


def test_columns_come_in_a_fixed_order_without_the_private_ones() -> None:
    found = published([row("a.wav", take="1", label="x", excluded_by=None, duplicate_of=None)], ["label"])
    names = found.schema().names
    assert names[:5] == ["clip_id", "audio", "label", "license", "take"]
    assert names[5:9] == ["recording_id", "source", "path", "sha256"]
    assert not {"metadata_file", "metadata_line", "excluded_by", "duplicate_of"} & set(names)


def test_a_column_of_the_user_that_is_called_audio_gives_way() -> None:
    rows = published([row("a.wav", audio="a.wav")]).rows
    assert rows.column("declared_audio").to_pylist() == ["a.wav"]


def test_two_columns_with_one_name_are_refused() -> None:
    with pytest.raises(RecipeError, match="audio and declared_audio"):
        published([row("a.wav", audio="a.wav", declared_audio="b.wav")])


@pytest.mark.parametrize(
    ("values", "names", "positions"),
    [
        (["siren", "dog", "siren"], ["dog", "siren"], [1, 0, 1]),
        (["10", "9", "0"], ["0", "9", "10"], [2, 1, 0]),
        (["10", "9", "-1"], ["-1", "9", "10"], [2, 1, 0]),
        (["10", "9", "x"], ["10", "9", "x"], [0, 1, 2]),
        (["7", "007", "7"], ["007", "7"], [1, 0, 1]),
        ([10, 9, None], ["9", "10"], [1, 0, None]),
        ([True, False, None], ["false", "true"], [1, 0, None]),
        (["None", None, "NA"], ["NA", "None"], [1, None, 0]),
    ],
    ids=str,
)
def test_a_class_label_is_the_position_of_its_name(values: list[Any], names: list[str], positions: list[Any]) -> None:
    found = published([row(f"{n}.wav", label=value) for n, value in enumerate(values)], ["label"])
    assert found.class_labels == {"label": names}
    assert found.rows.column("label").to_pylist() == positions
    assert found.rows.schema.field("label").type == pa.int64()


def test_a_label_that_nobody_has_stays_a_column() -> None:
    found = published([row("a.wav", label=None)], ["label"])
    assert found.class_labels == {}
    assert found.rows.column("label").null_count == 1


@pytest.mark.parametrize("values", [[0.5], [["a"]], [{"a": 1}]], ids=str)
def test_what_is_no_name_cannot_be_a_class(values: list[Any]) -> None:
    with pytest.raises(RecipeError, match="cannot be a class label"):
        classes_of(pa.chunked_array([pa.array(values)]), "label")


def test_a_private_column_cannot_be_a_class() -> None:
    with pytest.raises(RecipeError, match="'metadata_file' is not published"):
        published([row("a.wav")], ["metadata_file"])


@pytest.mark.parametrize(("rates", "expected"), [((8000, 8000), 8000), ((8000, 16000), None)])
def test_the_sampling_rate_is_one_that_all_clips_share(rates: tuple[int, int], expected: int | None) -> None:
    assert published([row(f"{n}.wav", sample_rate=rate) for n, rate in enumerate(rates)]).sampling_rate == expected


def test_descriptions_and_units_travel_with_the_columns() -> None:
    field = published([row("a.wav")]).schema().field("duration")
    assert field.metadata[b"unit"] == b"s"


def test_no_clip_is_no_publication() -> None:
    with pytest.raises(NothingError, match="no clip is left"):
        published([])


@pytest.mark.parametrize("name", ["source", "codec", "sample_rate"])
def test_what_lds_has_found_out_is_no_class_label(name: str) -> None:
    with pytest.raises(RecipeError, match=f"the column '{name}' is what lds has found out"):
        published([row("a.wav")], [name])


def test_rows_know_where_their_sound_is_in_every_split() -> None:
    rows = [row("a.wav", label="x"), row("b.wav", label="y")]
    clips = manifest([{"license": "CC0-1.0", **cells} for cells in rows])
    found = publication(clips, pa.chunked_array([["train", "test"]]), ["label"])
    shown, places = found.of("test")
    assert (shown.column("label").to_pylist(), places.column("path").to_pylist()) == ([1], ["b.wav"])
