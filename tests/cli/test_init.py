from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from listen_datasets import Dataset, config
from listen_datasets.cli.init import PROFILES
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode
from listen_datasets.schema import MetadataSchema


def test_it_writes_a_recipe_and_a_schema_and_says_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "new"

    assert run(["init", str(root)]) is ExitCode.OK

    said = capsys.readouterr()
    assert said.out == f"wrote {root}/lds.toml\nwrote {root}/metadata.schema.json\n"
    assert said.err == f"next: edit lds.toml, then lds ingest {root} SOURCE --metadata FILE\n"
    assert sorted(path.name for path in root.iterdir()) == ["lds.toml", "metadata.schema.json"]


@pytest.mark.parametrize("profile", [None, *PROFILES])
def test_the_schema_is_one(tmp_path: Path, profile: str | None) -> None:
    run(["init", str(tmp_path / "new"), *([] if profile is None else ["--profile", profile])])
    schema = json.loads((tmp_path / "new" / "metadata.schema.json").read_bytes())

    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["properties"] == {}) == (profile is None)
    assert ("duration" in MetadataSchema.load(tmp_path / "new" / "metadata.schema.json").columns()) == bool(profile)


def test_what_is_given_stands_in_the_recipe(tmp_path: Path) -> None:
    options = [
        "--name",
        "x-1",
        "--license",
        "CC0-1.0",
        "--label",
        "word",
        "--group-by",
        "speaker",
        "--group-by",
        "site",
    ]
    run(["init", str(tmp_path / "new"), *options, "--stratify-by", "word"])

    recipe = config.read(tmp_path / "new")

    assert (recipe.dataset.name, recipe.dataset.license, recipe.dataset.label) == ("x-1", "CC0-1.0", "word")
    assert (recipe.split.group_by, recipe.split.stratify_by) == (("speaker", "site"), ("word",))


@pytest.mark.parametrize(
    ("folder", "name"), [("My Data (2024)", "my-data-2024"), ("a.b_c-d", "a.b_c-d"), ("x" * 150, "x" * 80)]
)
def test_the_name_is_made_of_the_folders(tmp_path: Path, folder: str, name: str) -> None:
    assert run(["init", str(tmp_path / folder)]) is ExitCode.OK
    assert config.read(tmp_path / folder).dataset.name == name


def test_a_folder_that_gives_no_name_asks_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path / "日本")]) is ExitCode.USAGE
    assert "try: give one: --name my-dataset" in capsys.readouterr().err
    assert not (tmp_path / "日本").exists()


@pytest.mark.parametrize("name", ["lds.toml", "metadata.schema.json"])
def test_it_writes_over_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")

    assert run(["init", str(tmp_path), "--name", "x"]) is ExitCode.USAGE
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_folder_with_recordings_can_be_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()

    assert run(["init", str(tmp_path), "--name", "x"]) is ExitCode.OK


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_that_of_the_schema_and_of_the_thresholds(tmp_path: Path, profile: str) -> None:
    run(["init", str(tmp_path / "d"), "--profile", profile])

    assert Dataset.open(tmp_path / "d").recipe.validate.profile == profile
