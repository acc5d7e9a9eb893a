from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest

from listen_datasets import tables
from listen_datasets.conformity import violations
from listen_datasets.model import Finding
from listen_datasets.schema import MetadataSchema

_LABELS = {
    "type": "object",
    "required": ["label", "license"],
    "properties": {"label": {"enum": ["rain", "wind"]}, "duration": {"type": "number", "maximum": 10}},
}


def _manifest(users: Mapping[str, pa.Array], lines: Sequence[int | None] | None = None) -> pa.Table:
    number = len(next(iter(users.values()), [0]))
    lines = lines or range(2, number + 2)
    rows = [
        {"clip_id": f"{i}", "path": f"{i}.wav", "metadata_file": "m.csv" if line else None, "metadata_line": line}
        for i, line in zip(range(number), lines, strict=True)
    ]
    table = tables.table_of(rows, "ingest")
    for name, values in users.items():
        table = table.append_column(name, values)
    return table


def _found(manifest: pa.Table, schema: Mapping[str, Any] = _LABELS) -> list[Finding]:
    return list(violations(manifest, MetadataSchema.load(schema), "s.json"))


def test_value_that_breaks_the_schema_is_an_error_on_its_line() -> None:
    manifest = _manifest({"label": pa.array(["rain", "rian"]), "license": pa.array(["MIT", "MIT"])})
    (finding,) = _found(manifest)
    assert (finding.code, finding.severity, finding.clip_id) == ("metadata.schema", "error", "1")
    assert (finding.path, finding.line, finding.field, finding.value) == ("m.csv", 3, "/label", "rian")
    assert finding.hint == "did you mean `rain`?"


@pytest.mark.parametrize(
    ("column", "value", "evidence"),
    [
        ({"enum": ["rain", "wind"]}, "rian", {"rule": "enum", "expected": '["rain", "wind"]'}),
        ({"const": "rain"}, "rian", {"rule": "const", "expected": "rain"}),
        ({"type": "number", "maximum": 10}, "11", {"rule": "maximum", "expected": 10}),
        ({"type": "number", "maximum": 1.5}, "11", {"rule": "maximum", "expected": 1.5}),
        ({"type": ["integer", "null"]}, "x", {"rule": "type", "expected": "integer or null"}),
        ({"pattern": "^a$"}, "b", {"rule": "pattern", "expected": "^a$"}),
        ({"format": "date"}, "b", {"rule": "format", "expected": "date"}),
        ({"pattern": "^" + "a" * 300}, "b", {"rule": "pattern", "expected": "^" + "a" * 199 + "… (301 characters)"}),
        (False, "b", {"rule": "falseSchema"}),
        ({"allOf": [{"enum": ["c"]}], "anyOf": [{}]}, "b", {"rule": "enum", "expected": '["c"]'}),
    ],
)  # fmt: skip
def test_the_rule_and_what_it_expects_are_evidence(column: object, value: str, evidence: Mapping[str, object]) -> None:
    (finding,) = _found(_manifest({"a/b": pa.array([value])}), {"properties": {"a/b": column}})
    assert finding.evidence == {"column": "a/b", **evidence}


def test_a_missing_value_has_a_rule_and_a_column_as_evidence() -> None:
    (finding,) = _found(_manifest({"label": pa.array(["rain"])}))
    assert finding.evidence == {"rule": "required", "column": "license"}


def test_every_violation_of_a_row_is_a_finding() -> None:
    manifest = _manifest({"label": pa.array(["rian"])})
    assert [finding.field for finding in _found(manifest)] == ["/label", "/license"]


def test_absent_value_counts_as_an_absent_property() -> None:
    manifest = _manifest({"label": pa.array(["rain"]), "license": pa.array([None], pa.string())})
    (finding,) = _found(manifest)
    assert (finding.field, finding.value) == ("/license", None)


def test_column_whose_name_lds_owns_is_judged_under_the_users_name() -> None:
    users = {"label": ["rain"], "license": ["MIT"], "declared_duration": ["11"]}
    (finding,) = _found(_manifest({name: pa.array(values) for name, values in users.items()}))
    assert finding.field == "/duration"


def test_columns_of_lds_are_not_judged() -> None:
    closed = {**_LABELS, "additionalProperties": False, "properties": {"label": {}, "license": {}}}
    assert _found(_manifest({"label": pa.array(["x"]), "license": pa.array(["MIT"])}), closed) == []


def test_recording_without_a_row_gives_one_finding_for_all_that_is_required() -> None:
    users = {"label": pa.array(["rain", None]), "license": pa.array(["MIT", None])}
    (finding,) = _found(_manifest(users, lines=[2, None]))
    assert (finding.clip_id, finding.path, finding.line) == ("1", "1.wav", None)
    assert finding.message == "No row of the metadata describes the recording, but s.json requires `label`, `license`."


def test_recording_without_a_row_passes_where_nothing_is_required() -> None:
    users = {"label": pa.array(["rain", None])}
    assert _found(_manifest(users, lines=[2, None]), {"properties": {"label": {"type": "string"}}}) == []


def test_line_belongs_to_the_row_behind_recordings_without_one() -> None:
    users = {"label": pa.array([None, None, "rian"]), "license": pa.array([None, None, "MIT"])}
    last = _found(_manifest(users, lines=[None, None, 7]))[0]
    assert (last.clip_id, last.line) == ("2", 7)


def test_dataset_without_metadata_is_a_note_and_not_checked() -> None:
    (finding,) = _found(_manifest({}))
    assert (finding.code, finding.severity, finding.clip_id) == ("metadata.none", "note", None)


@pytest.mark.parametrize("users", [{}, {"label": pa.array([], pa.string())}])
def test_manifest_without_clips_has_no_findings(users: Mapping[str, pa.Array]) -> None:
    assert _found(_manifest(users).slice(0, 0)) == []
