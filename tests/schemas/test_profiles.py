"""The metadata schemas that ``lds init --profile`` offers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from listen_datasets import tables
from listen_datasets.cli import init
from listen_datasets.schema import MetadataSchema

PROFILES = sorted((tables.schemas_folder() / "metadata").glob("*.schema.json"), key=lambda path: path.name)
CORE = "https://listen-datasets.example/schemas/1/metadata/core.schema.json"
_GOOD: dict[str, dict[str, Any]] = {
    "core": {
        "file_name": "a.wav",
        "start": "1.5",
        "duration": "2",
        "license": "CC0-1.0",
        "source_url": "https://x.org/a",
    },
    "music": {"file_name": "a.wav", "label": "jazz", "tempo_bpm": "120.5", "key": "Bb minor", "year": "1998"},
    "sound-event": {"file_name": "a.wav", "label": "rain", "recorded": "2024-02-29", "latitude": "-53.5"},
    "speech": {"file_name": "a.wav", "speaker": "007", "transcript": "null", "language": "de-AT", "consent": "true"},
}


def _name(path: Path) -> str:
    return path.name.removesuffix(".schema.json")


def _broken(path: Path, row: dict[str, Any]) -> list[tuple[str, str]]:
    schema = MetadataSchema.load(path)
    table = pa.table({name: pa.array([value], pa.string()) for name, value in row.items()})
    return [(violation.pointer, violation.keyword) for violation in schema.check(schema.instances(table))]


def _loaded(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def test_there_is_a_schema_for_each_profile_and_what_they_share() -> None:
    assert [_name(path) for path in PROFILES] == sorted(["core", *init.PROFILES])


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_it_is_valid_by_its_own_meta_schema(path: Path) -> None:
    schema = _loaded(path)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_the_rows_that_it_gives_as_examples_are_valid(path: Path) -> None:
    examples = _loaded(path)["examples"]
    assert len(examples) > 1
    strict = MetadataSchema.load({**_loaded(path), "unevaluatedProperties": False})
    assert list(strict.check(enumerate(examples))) == []


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_it_is_copied_and_edited_as_it_is(path: Path, tmp_path: Path) -> None:
    edited = _loaded(path)
    edited["properties"]["label"] = {"enum": ["dog", "cat"]}
    (tmp_path / "metadata.schema.json").write_text(json.dumps(edited), encoding="utf-8")
    schema = MetadataSchema.load(tmp_path / "metadata.schema.json")
    assert schema.columns()["duration"].text_becomes == "number"
    assert schema.columns()["license"].description
    found = list(schema.check([(0, {**_loaded(path)["examples"][0], "label": "dgo"})]))
    assert [(item.pointer, item.hint) for item in found] == [("/label", "did you mean `dog`?")]


@pytest.mark.parametrize("reference", [CORE, f"{CORE}#", "core.schema.json"])
@pytest.mark.parametrize("keyword", ["allOf", "$ref"])
def test_a_schema_may_build_on_what_they_share(reference: str, keyword: str) -> None:
    schema = MetadataSchema.load(
        {
            "$id": CORE.replace("core", "mine"),
            **({"$ref": reference} if keyword == "$ref" else {"allOf": [{"$ref": reference}]}),
            "properties": {"take": {"type": "integer"}},
            "unevaluatedProperties": False,
        }
    )
    assert list(schema.check([(0, {"file_name": "a.wav", "take": 1, "duration": 1.5})])) == []
    found = list(schema.check([(0, {"durtion": 1, "sample_rate": 1})]))
    assert [(item.pointer, item.keyword, item.hint) for item in found] == [
        ("/durtion", "unevaluatedProperties", "did you mean `duration`?"),
        ("/sample_rate", "minimum", None),
    ]


def test_core_asks_for_no_column() -> None:
    assert list(MetadataSchema.load({"$ref": CORE}).check([(0, {})])) == []


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_good_row_passes(path: Path) -> None:
    assert _broken(path, {**_GOOD[_name(path)], "notes": "of my own"}) == []


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_row_needs_what_is_required(path: Path) -> None:
    required = _loaded(path).get("required", [])
    assert _broken(path, {"notes": "x"}) == [(f"/{name}", "required") for name in sorted(required)]


@pytest.mark.parametrize(
    ("profile", "column", "value", "keyword"),
    [
        ("speech", "language", "English language", "pattern"),
        ("speech", "transcript", "", "minLength"),
        ("speech", "consent", "false", "const"),
        ("speech", "duration", "0", "exclusiveMinimum"),
        ("speech", "sample_rate", "44.1", "type"),
        ("music", "key", "H minor", "pattern"),
        ("music", "year", "098", "type"),
        ("music", "source_url", "no address", "format"),
        ("sound-event", "recorded", "2023-02-29", "format"),
        ("sound-event", "latitude", "91", "maximum"),
        ("sound-event", "confidence", "1.01", "maximum"),
    ],
)
def test_bad_value_is_found(profile: str, column: str, value: str, keyword: str) -> None:
    path = next(path for path in PROFILES if _name(path) == profile)
    assert _broken(path, {**_GOOD[profile], column: value}) == [(f"/{column}", keyword)]


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_every_column_has_a_description_and_an_example_that_passes(path: Path) -> None:
    columns = _loaded(path)["properties"]
    assert [name for name, column in columns.items() if not column["description"]] == []
    for name, column in columns.items():
        rows = [(row, {"value": example}) for row, example in enumerate(column["examples"])]
        alone = MetadataSchema.load({"type": "object", "properties": {"value": column}})
        assert (name, list(alone.check(rows))) == (name, [])


@pytest.mark.parametrize("path", PROFILES, ids=_name)
def test_columns_that_lds_measures_are_declared_with_the_same_type(path: Path) -> None:
    declared = {name: column.types for name, column in MetadataSchema.load(path).columns().items()}
    owned = {name: entry["type"] for name, entry in tables.owned_columns().items() if name in declared}
    assert {name: declared[name] for name in owned} == {
        "start": {"number", "integer"},
        "duration": {"number", "integer"},
        "sample_rate": {"integer"},
        "num_channels": {"integer"},
    }
