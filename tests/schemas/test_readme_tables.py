"""The tables of schemas/README.md say what the schemas and the code say."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from listen_datasets import catalogue, commit, ledger, recipe, tables
from listen_datasets.errors import ExitCode
from listen_datasets.schema import MetadataSchema

README = (tables.schemas_folder() / "README.md").read_text(encoding="utf-8")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _manifest(group: str) -> str:
    def row(name: str, entry: dict[str, Any]) -> tuple[str, ...]:
        null = "yes" if _may_be_null(entry) else ""
        return f"`{name}`", entry["x-arrow"], entry.get("x-unit", ""), null, entry["x-stage"], entry["description"]

    entries = {name: dict(entry) for name, entry in tables.owned_columns().items() if entry["x-group"] == group}
    return _table(("column", "type", "unit", "null", "stage", "meaning"), [row(*item) for item in entries.items()])


def _may_be_null(entry: dict[str, Any]) -> bool:
    return "null" in entry.get("type", ()) if "type" in entry else None in entry["enum"]


def _codes(severity: str) -> str:
    rows = [
        (f"`{code}`", entry.stage, entry.meaning, entry.why, entry.fix)
        for code, entry in catalogue.entries().items()
        if entry.severity == severity
    ]
    return _table(("code", "stage", "meaning", "why it matters", "what to do"), rows)


def _metadata(name: str) -> str:
    """The columns that a schema adds to those that all share, or that it requires."""
    folder = tables.schemas_folder() / "metadata"
    shared = set() if name == "core" else MetadataSchema.load(folder / "core.schema.json").columns().keys()
    rows = [
        (
            f"`{column.name}`",
            ", ".join(column.types),
            "yes" if column.required else "",
            "; ".join(column.allowed).replace("|", "\\|"),
            column.description or "",
        )
        for column in MetadataSchema.load(folder / f"{name}.schema.json").outline()
        if column.required or column.name not in shared
    ]
    return _table(("column", "type", "required", "allowed", "meaning"), rows)


def _columns_listed_under(heading: str) -> list[tuple[str, str]]:
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(row[0].removeprefix("| ").strip("`"), row[1]) for row in rows]


def _of(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in schema]


@pytest.mark.parametrize("group", ["identity", "span", "format", "signal", "tags", "decision"])
def test_readme_lists_the_manifest_columns_of_the_schema(group: str) -> None:
    assert _manifest(group) in README


def test_every_manifest_column_is_of_a_group_that_the_readme_lists() -> None:
    groups = {entry["x-group"] for entry in tables.owned_columns().values()}
    assert groups == {"identity", "span", "format", "signal", "tags", "decision"}


@pytest.mark.parametrize("name", ["core", "speech", "music", "sound-event"])
def test_readme_lists_the_columns_of_the_metadata_schemas(name: str) -> None:
    assert README.split(_metadata(name))[0].splitlines()[-2].startswith(f"`{name}`")


@pytest.mark.parametrize("severity", ["error", "warning", "note"])
def test_readme_lists_the_codes_of_the_catalogue(severity: str) -> None:
    assert _codes(severity) in README


def test_readme_lists_the_columns_of_rejected() -> None:
    assert _columns_listed_under("rejected.parquet") == _of(tables.REJECTED_SCHEMA)


def test_readme_lists_the_columns_of_findings() -> None:
    assert _columns_listed_under("findings/STAGE.parquet") == _of(tables.FINDINGS_SCHEMA)


def test_readme_lists_the_fields_of_the_ledger() -> None:
    fields = {*ledger.Entry.__struct_fields__, "crc"}
    assert {name for name, _ in _columns_listed_under("provenance.jsonl")} == fields


def test_readme_lists_the_fields_of_a_commit() -> None:
    fields = {*commit.Commit.__struct_fields__}
    assert {name for name, _ in _columns_listed_under(".lds/commit.json")} == fields


def test_readme_lists_the_exit_codes() -> None:
    listed = {(int(name), what) for name, what in _columns_listed_under("Exit codes")}
    assert listed == {(int(code), code.name.lower()) for code in ExitCode}


def test_readme_names_every_file_of_the_folder() -> None:
    folder = tables.schemas_folder()
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.json")]
    assert [name for name in names if f"`{name}`" not in README] == []


def test_schemas_are_json_with_an_id_and_a_description() -> None:
    documents = [_load(path) for path in sorted(tables.schemas_folder().rglob("*.json"))]
    assert [document["$id"] for document in documents if not document.get("description")] == []


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def test_readme_lists_every_rule_with_its_keys() -> None:
    section = README.split("## Rules\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    judged = {code for code, entry in catalogue.entries().items() if entry.stage == "validate"}
    known = {entry.encode_name for entry in msgspec.structs.fields(recipe.Validate)}

    assert {row[0].strip("| `") for row in rows} == judged
    assert {key for row in rows for key in re.findall(r"`([a-z-]+)`", row[1])} <= known
