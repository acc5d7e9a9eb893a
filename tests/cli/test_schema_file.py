from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from listen_datasets import tables
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode

CORE = "https://listen-datasets.example/schemas/1/metadata/core.schema.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA: dict[str, Any] = {
    "properties": {
        "label": {"type": "string", "enum": ["dog", "cat"], "description": "What is to be heard."},
        "year": {"type": "integer", "minimum": 1857},
        "note": True,
    },
    "required": ["label"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A schema without a slip."""
    return written(tmp_path, SCHEMA)


def written(folder: Path, schema: object) -> Path:
    path = folder / "s.json"
    path.write_text(json.dumps(schema), encoding="utf-8")
    return path


def test_a_schema_without_a_slip_is_fine(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "check", str(path)]) is ExitCode.OK

    said = capsys.readouterr()
    assert said.out == (
        f"s.json can be used\n  {DRAFT}: 3 columns, 1 of them required\n  not checked: columns that are not named\n"
    )
    assert said.err == "nothing in it looks like a slip\n"


def test_a_slip_is_told_with_its_place_and_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {**SCHEMA, "required": ["lable"], "additionalProperties": False})

    assert run(["schema", "check", str(path)]) is ExitCode.OK

    said = capsys.readouterr()
    assert said.out == (
        f"s.json can be used\n  {DRAFT}: 3 columns, 0 of them required\n"
        "  warning #/required: `required` asks for `lable`, which `properties` lacks\n"
        "    try: did you mean `label`?\n"
    )
    assert said.err == ""


def test_a_schema_that_cannot_be_used_ends_with_2_and_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, {"properties": {"label": {"typ": "string"}}})

    assert run(["schema", "check", str(path)]) is ExitCode.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "error: the keyword `typ` checks nothing in this dialect\n"
        "  where: s.json#/properties/label/typ\n"
        "  try: did you mean `type`?\n"
    )


def test_check_prints_one_document_with_the_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {**SCHEMA, "required": ["label", "lable"], "x-mine": 1})

    assert run(["schema", "check", str(path), "--json", "--quiet"]) is ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "command": "schema check",
        "file": str(path),
        "usable": True,
        "dialect": DRAFT,
        "columns": ["label", "year", "note"],
        "required": ["label"],
        "unchecked": ["columns that are not named", "x-mine, a keyword of your own"],
        "error": None,
        "warnings": [
            {
                "pointer": "/required",
                "message": "`required` asks for `lable`, which `properties` lacks",
                "hint": "did you mean `label`?",
            }
        ],
    }


def test_check_prints_one_document_with_the_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {"properties": {"label": {"typ": "string"}}})

    assert run(["schema", "check", str(path), "--json"]) is ExitCode.USAGE

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["usable"], document["warnings"]) == (False, [])
    assert document["error"] == {
        "message": "the keyword `typ` checks nothing in this dialect",
        "pointer": "/properties/label/typ",
        "hint": "did you mean `type`?",
    }
    assert json.loads(said.err.splitlines()[-1])["code"] == 2


def test_many_warnings_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {"properties": {f"c{number}": {} for number in range(60)}})

    assert run(["schema", "check", str(path)]) is ExitCode.OK
    out = capsys.readouterr().out
    assert out.count("has no type") == 50
    assert out.endswith("  ... and 10 more warnings; --json has all of them\n")


def test_show_prints_the_columns_as_a_table(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "show", str(path)]) is ExitCode.OK

    said = capsys.readouterr()
    assert said.out == (
        "column  type     required  allowed          description\n"
        "label   string   yes       one of dog, cat  What is to be heard.\n"
        "year    integer            at least 1857\n"
        "note    any\n"
    )
    assert said.err == ""


def test_long_cells_are_wrapped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "word " * 40
    path = written(tmp_path, {"properties": {"x": {"enum": words.split(), "description": words}}})

    assert run(["schema", "show", str(path)]) is ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 80


def test_show_finds_columns_through_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {**SCHEMA, "allOf": [{"$ref": CORE}]})

    assert run(["schema", "show", str(path), "--json"]) is ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert (document["schema_version"], document["command"], document["dialect"]) == (1, "schema show", DRAFT)
    assert document["columns"][0] == {
        "name": "label",
        "types": ["string"],
        "required": True,
        "allowed": ["one of dog, cat"],
        "description": "What is to be heard.",
    }
    core = json.loads((tables.schemas_folder() / "metadata" / "core.schema.json").read_text(encoding="utf-8"))
    assert [column["name"] for column in document["columns"]] == [*SCHEMA["properties"], *core["properties"]]


def test_a_schema_without_columns_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "show", str(written(tmp_path, {}))]) is ExitCode.OK

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the schema names no column\n")


def test_the_place_of_an_error_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, {"properties": {"a\n::error::b": {"typ": "string"}}})

    assert run(["schema", "check", str(path)]) is ExitCode.USAGE
    assert "  where: s.json#/properties/a\\x0a::error::b/typ\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "show"])
def test_words_of_a_schema_cannot_steer_the_terminal(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[31m\u202eevil\n\r"
    column = {"enum": [evil, evil.upper()], "description": evil, "pattern": "\u202eevil\n", "default": evil}
    path = written(tmp_path, {"properties": {evil: column}, "required": [evil + "x"], f"x-{evil}": 1})

    assert run(["schema", command, str(path)]) is ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("\\x0d") for line in lines)


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_dataset_stands_for_its_schema(
    command: str, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / "metadata.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    assert run(["schema", command, str(small)]) is ExitCode.OK
    said = capsys.readouterr().out

    monkeypatch.chdir(small)
    assert run(["schema", command]) is ExitCode.OK
    assert capsys.readouterr().out == said
    assert "3 columns" in said or "label   string" in said


@pytest.mark.parametrize("command", ["check", "show"])
@pytest.mark.parametrize(
    ("place", "code", "message"),
    [
        ("none.json", ExitCode.USAGE, "there is no file none.json"),
        ("empty", ExitCode.USAGE, "is no dataset"),
        ("dataset", ExitCode.NOTHING, "the dataset has no metadata schema"),
    ],
)
def test_what_is_not_there_is_told(
    command: str, place: str, code: ExitCode, message: str, small: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    (small / "metadata.schema.json").unlink(missing_ok=True)

    assert run(["schema", command, str(small if place == "dataset" else tmp_path / place)]) is code
    assert message in capsys.readouterr().err
