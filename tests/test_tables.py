from __future__ import annotations

import json
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import tables
from listen_datasets.model import SEVERITIES, Fate, Finding, Rejected
from listen_datasets.stages import ORDER
from listen_datasets.testing.manifests import manifest, row

SCHEMA = json.loads((tables.schemas_folder() / "manifest.schema.json").read_text(encoding="utf-8"))
OWNED = sorted(SCHEMA["properties"])
ARROW = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
         "array": pa.list_(pa.float64())}  # fmt: skip


def test_the_schema_of_the_manifest_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_row_of_a_manifest_is_what_the_schema_says() -> None:
    cells: dict[str, Any] = {
        "excluded_by": None,
        "duplicate_of": None,
        "duplicate_level": "pcm",
        "split": "train",
        "mine": 1,
    }
    made = manifest([row("a.wav", **cells)]).to_pylist()[0]

    jsonschema.validate({name: value for name, value in made.items() if name != "mine"}, SCHEMA)


@pytest.mark.parametrize("name", OWNED)
def test_a_column_has_the_type_of_its_values_and_says_what_it_is(name: str) -> None:
    entry = SCHEMA["properties"][name]
    kinds = entry.get("type", "string")
    (kind,) = {kinds} if isinstance(kinds, str) else set(kinds) - {"null"}

    field = tables.arrow_field(name)

    assert field.type == ARROW[kind]
    assert field.metadata[b"description"].decode() == entry["description"]
    assert (b"unit" in field.metadata) == ("x-unit" in entry)


@pytest.mark.parametrize("name", OWNED)
def test_a_column_belongs_to_a_stage_and_a_group(name: str) -> None:
    entry = SCHEMA["properties"][name]

    assert name in tables.added_by(entry["x-stage"])
    assert entry["x-group"] in {"identity", "span", "format", "signal", "tags", "decision"}
    assert name == name.lower().strip("_")


def test_the_stages_add_all_columns_once() -> None:
    assert sorted(name for stage in ORDER for name in tables.added_by(stage)) == OWNED


def test_columns_keep_the_order_of_the_schema() -> None:
    assert list(tables.owned_columns()) == list(SCHEMA["properties"])


def test_a_table_has_all_columns_of_its_stage_and_null_where_nothing_is_known() -> None:
    table = tables.table_of([{"clip_id": "a", "start": 0}, {"clip_id": "b", "bytes": 2**40}], "ingest")

    assert tuple(table.column_names) == tables.added_by("ingest")
    assert table.column("start").to_pylist() == [0.0, None]
    assert table.column("bytes").to_pylist() == [None, 2**40]


def test_an_empty_table_has_its_types_all_the_same() -> None:
    empty, full = tables.table_of([], "ingest"), tables.table_of([{}], "ingest")

    assert empty.schema.equals(full.schema, check_metadata=True)


@pytest.mark.parametrize("values", [["train", None], pa.array(["train", None])], ids=["list", "array"])
def test_appended_columns_have_their_type_and_notes(values: Any) -> None:
    table = tables.with_columns(pa.table({"clip_id": ["a", "b"]}), {"split": values})

    assert table.schema.field("split").equals(tables.arrow_field("split"), check_metadata=True)
    assert table.column("split").to_pylist() == ["train", None]


@pytest.mark.parametrize("name", ["duration", "path", "sha256", "split"])
def test_a_name_that_is_taken_arrives_as_declared(name: str) -> None:
    assert tables.manifest_name(name) == f"declared_{name}"


@pytest.mark.parametrize("name", ["label", "Duration", "declared_duration", "license", ""])
def test_any_other_name_arrives_as_it_is(name: str) -> None:
    assert tables.manifest_name(name) == name


def test_the_users_columns_are_known_by_their_own_names() -> None:
    table = pa.table({"clip_id": ["a"], "label": ["x"], "declared_path": ["a.wav"], "declared_age": ["7"]})

    assert tables.user_columns(table) == {"label": "label", "declared_path": "path", "declared_age": "declared_age"}


def test_rejected_inputs_are_sorted_by_place() -> None:
    items = [
        Rejected(source=source, path=path, code="audio.truncated", reason="Cut.")
        for source, path in [("b", "a.wav"), ("a", "b.wav"), ("a", "a.wav")]
    ]

    table = tables.rejected_table(items)

    assert [(each["source"], each["path"]) for each in table.to_pylist()] == [
        ("a", "a.wav"),
        ("a", "b.wav"),
        ("b", "a.wav"),
    ]


def test_a_rejected_input_keeps_all_that_is_known_of_it() -> None:
    item = Rejected(
        source="a", path="x.wav", code="input.unreadable", reason="No.", fate=Fate.UNREADABLE, bytes=7, sha256="00"
    )

    (stored,) = tables.rejected_table([item]).to_pylist()

    assert Rejected(**stored) == item


SCALARS = st.text() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
FINDINGS = st.builds(
    Finding,
    code=st.text(),
    severity=st.sampled_from(SEVERITIES),
    message=st.text(),
    clip_id=st.none() | st.text(),
    path=st.none() | st.text(),
    line=st.none() | st.integers(1, 2**40),
    field=st.none() | st.text(),
    value=st.none() | st.text(),
    hint=st.none() | st.text(),
    evidence=st.none() | st.dictionaries(st.text(), SCALARS | st.none(), max_size=3),
)


@given(st.lists(FINDINGS, max_size=4))
def test_findings_come_back_from_their_table_as_they_were(findings: list[Finding]) -> None:
    assert tables.findings_of(tables.findings_table(findings)) == tuple(findings)


def test_the_table_of_findings_has_a_column_for_everything_a_finding_says() -> None:
    assert tuple(tables.FINDINGS_SCHEMA.names) == Finding.__struct_fields__


def test_the_table_of_the_rejected_has_a_column_for_everything_they_say() -> None:
    assert tuple(tables.REJECTED_SCHEMA.names) == Rejected.__struct_fields__
