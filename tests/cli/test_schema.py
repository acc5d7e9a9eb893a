from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from listen_datasets.cli.program import run
from listen_datasets.dataset import Dataset
from listen_datasets.errors import ExitCode
from listen_datasets.metadata import read
from listen_datasets.schema import infer
from listen_datasets.schema.inference import as_text

TABLE = "file_name,label\n" + "".join(f"{row}.wav,{'dog' if row % 2 else 'cat'}\n" for row in range(8))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table."""
    (tmp_path / "m.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path / "m.csv"


def lds(*arguments: str) -> ExitCode:
    return run(["schema", "infer", *arguments])


def test_the_schema_of_a_table_is_printed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds(str(path)) is ExitCode.OK

    said = capsys.readouterr()
    assert said.out == as_text(infer([read(path, name="m.csv")]))
    assert said.err == "2 columns inferred from 8 rows; read and edit what $comment says was guessed\n"


def test_the_schema_of_a_dataset_is_that_of_the_table_in_its_archive(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "takes.zip", "w") as archive:
        archive.write(path, "notes/m.csv")
    Dataset.create(
        tmp_path / "dataset",
        {
            "lds.toml": b'[dataset]\nname = "made"\n[[source]]\nname = "takes"\npath = "../takes.zip"\n'
            b'metadata = ["../takes.zip/*/m.csv"]\n'
        },
    )

    assert lds(str(tmp_path / "dataset")) is ExitCode.OK
    assert capsys.readouterr().out == as_text(infer([read(path, name="m.csv")]))


def test_the_schema_of_a_dataset_is_that_of_its_tables(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds(str(small)) is ExitCode.OK

    assert capsys.readouterr().out == as_text(infer([read(small / "metadata.csv", name="metadata.csv")]))


def test_a_pattern_in_the_recipe_names_all_tables_that_fit(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = (small / "lds.toml").read_text(encoding="utf-8")
    (small / "lds.toml").write_text(recipe.replace('"metadata.csv"', '"tables/*.csv"'), encoding="utf-8")
    (small / "tables").mkdir()
    for name in ("a.csv", "b.csv"):
        (small / "tables" / name).write_text(TABLE, encoding="utf-8")

    assert lds(str(small), "--json") is ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert [(item["name"], item["rows"]) for item in document["tables"]] == [("a.csv", 8), ("b.csv", 8)]


def test_the_schema_is_written_and_not_over_another_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = path.with_name("s.json")
    assert lds(str(path), "--output", str(output)) is ExitCode.OK
    assert capsys.readouterr().out == f"wrote {output}\n"
    assert output.read_text(encoding="utf-8") == as_text(infer([read(path, name="m.csv")]))

    output.write_text("mine", encoding="utf-8")
    assert lds(str(path), "--output", str(output)) is ExitCode.USAGE
    assert output.read_text(encoding="utf-8") == "mine"
    assert "--force" in capsys.readouterr().err

    assert lds(str(path), "--output", str(output), "--force") is ExitCode.OK
    assert json.loads(output.read_text(encoding="utf-8"))["type"] == "object"


def test_json_is_one_document(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds(str(path), "--json", "--quiet") is ExitCode.OK

    document = json.loads(capsys.readouterr().out)
    assert (document["schema_version"], document["command"], document["output"]) == (1, "schema infer", None)
    assert document["schema"] == infer([read(path, name="m.csv")])
    assert document["tables"] == [{"name": "m.csv", "rows": 8, "refused": 0, "sha256": read(path, name="m.csv").sha256}]
    assert document["findings"] == []


def test_rows_that_cannot_be_read_are_told_and_exit_1(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text(TABLE + "9.wav\n", encoding="utf-8")

    assert lds(str(path)) is ExitCode.FINDINGS
    said = capsys.readouterr()
    assert json.loads(said.out)["required"] == ["file_name", "label"]
    assert "metadata.ragged_row" in said.err
    assert "m.csv:10" in said.err


def test_tables_of_one_name_are_told_apart(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other" / "m.csv"
    other.parent.mkdir()
    other.write_text(TABLE, encoding="utf-8")

    assert lds(str(path), str(other), "--json") is ExitCode.OK
    assert [item["name"] for item in json.loads(capsys.readouterr().out)["tables"]] == [str(path), str(other)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), ExitCode.USAGE, "Missing argument"),
        (("nothing.csv",), ExitCode.USAGE, "no file nothing.csv"),
        ((".", "m.csv"), ExitCode.USAGE, "a dataset and something else"),
        (("empty.csv",), ExitCode.NOTHING, "empty"),
    ],
)
def test_what_cannot_be_inferred_from_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...], code: ExitCode, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(path.parent)
    (path.parent / "empty.csv").write_bytes(b"")

    assert lds(*arguments) is code
    assert message in capsys.readouterr().err


def test_a_dataset_without_metadata_says_what_to_do(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = (small / "lds.toml").read_text(encoding="utf-8")
    (small / "lds.toml").write_text(recipe.replace('metadata = ["metadata.csv"]', ""), encoding="utf-8")

    assert lds(str(small)) is ExitCode.NOTHING
    assert "lds schema infer TABLE" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo"])
def test_only_a_regular_file_is_replaced(
    path: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"
    if kind == "fifo":
        os.mkfifo(output)
    else:
        output.symlink_to("m.csv" if kind == "link" else "gone")
    before = output.lstat()

    assert lds(str(path), "--output", str(output), "--force") is ExitCode.USAGE
    assert "is no regular file" in capsys.readouterr().err
    assert (output.lstat().st_ino, output.lstat().st_mode) == (before.st_ino, before.st_mode)
