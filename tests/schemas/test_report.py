"""What commands print with `--json` is what `schemas/report.schema.json` says."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from listen_datasets import stages, tables
from listen_datasets.cli.program import run
from listen_datasets.model import Counts, Finding

SCHEMA: dict[str, Any] = json.loads((tables.schemas_folder() / "report.schema.json").read_text(encoding="utf-8"))

Printed = Callable[..., dict[str, Any]]


def closed(schema: object) -> object:
    """Return the schema with no field in its objects but those that it describes, which readers must not ask for."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(part) for name, part in schema.items()}
    is_open = "properties" not in inner or "additionalProperties" in inner
    return inner if is_open else {**inner, "additionalProperties": False}


def problems(document: object, schema: object = SCHEMA) -> list[str]:
    assert isinstance(schema, dict)
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    def call(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        run([*arguments, "--engine", "serial", "--json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return call


@pytest.fixture
def bad(small: Path) -> Path:
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    table = small / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",low,", ",lo,", 1), encoding="utf-8")
    return small


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_describes_every_field() -> None:
    definitions = SCHEMA["$defs"]
    fields = [field for part in definitions.values() for field in part.get("properties", {}).values()]

    assert [field for field in fields if "description" not in definitions.get(field.get("$ref", "")[8:], field)] == []


def test_the_schema_has_the_fields_of_the_code() -> None:
    assert list(SCHEMA["$defs"]["finding"]["properties"]) == list(Finding.__struct_fields__)
    assert list(SCHEMA["$defs"]["counts"]["properties"]) == list(Counts.__struct_fields__)
    assert SCHEMA["$defs"]["of_a_stage"]["properties"]["command"]["enum"] == list(stages.ORDER)


@pytest.mark.parametrize("stage", stages.ORDER)
def test_a_stage_prints_what_the_schema_says(stage: str, finished: Path, tmp_path: Path, printed: Printed) -> None:
    root = shutil.copytree(finished, tmp_path / "copy")

    assert problems(printed(stage, str(root), "--force"), closed(SCHEMA)) == []


def test_a_run_with_findings_prints_what_the_schema_says(bad: Path, printed: Printed) -> None:
    document = printed("run", str(bad))

    assert problems(document, closed(SCHEMA)) == []
    found = document["stages"]["validate"]
    assert (found["valid"], found["findings"]["left_out"]) == (False, 0)
    assert {"line", "field", "value"} <= set(found["findings"]["items"][0])
    assert document["stages"]["dedup"]["valid"]


def test_nothing_prints_what_the_schema_says(small: Path, printed: Printed) -> None:
    assert problems(printed("validate", str(small), "--allow-empty"), closed(SCHEMA)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schema_version",), 2),
        (("command",), "status"),
        (("counts", "kept"), -1),
        (("findings", "items", 0, "severity"), "fatal"),
        (("findings", "items", 0, "code"), "bad label"),
        (("findings", "items", 0, "line"), "2"),
        (("findings", "items", 0, "evidence"), {"rows": [1]}),
        (("valid",), None),
    ],
)
def test_the_schema_finds_what_is_wrong(
    place: tuple[str | int, ...], value: object, bad: Path, printed: Printed
) -> None:
    run(["ingest", str(bad), "--engine", "serial", "--quiet"])
    document = printed("validate", str(bad))
    broken: Any = copy.deepcopy(document)
    parent = broken
    for part in place[:-1]:
        parent = parent[part]
    parent[place[-1]] = value

    assert problems(document) == []
    assert problems(broken)
