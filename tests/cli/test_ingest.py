from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from listen_datasets import Dataset, lock
from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode
from listen_datasets.recipe import Source
from listen_datasets.storage import Disk
from listen_datasets.testing.small import recording


def lds(*arguments: str | Path) -> ExitCode:
    return run([*map(str, arguments), "--engine", "serial"])


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A dataset as `lds init` leaves it."""
    assert lds("init", tmp_path / "empty") is ExitCode.OK
    return tmp_path / "empty"


@pytest.fixture
def recordings(small: Path, tmp_path: Path) -> Path:
    """A folder of recordings beside the datasets, with a table."""
    folder = tmp_path / "recordings"
    shutil.copytree(small / "recordings", folder)
    shutil.copy(small / "metadata.csv", tmp_path / "metadata.csv")
    return folder


def sources(root: Path) -> tuple[Source, ...]:
    return Dataset.open(root).recipe.source


def test_a_new_source_is_entered_with_its_table(empty: Path, recordings: Path) -> None:
    assert lds("ingest", empty, recordings, "-m", recordings.parent / "metadata.csv") is ExitCode.OK

    assert sources(empty) == (Source(name="recordings", path="../recordings", metadata=("../metadata.csv",)),)
    assert Dataset.open(empty).manifest.num_rows == 8


def test_a_source_that_was_entered_is_read_again_without_being_named(empty: Path, recordings: Path) -> None:
    lds("ingest", empty, recordings)
    (recordings / "new.wav").write_bytes(recording(99))

    assert lds("ingest", empty) is ExitCode.OK
    assert Dataset.open(empty).manifest.num_rows == 9


def test_naming_it_twice_enters_it_once(empty: Path, recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lds("ingest", empty, recordings)
    text = (empty / "lds.toml").read_bytes()
    capsys.readouterr()

    assert lds("ingest", empty, recordings) is ExitCode.OK
    assert "ingest (up to date: nothing has changed)" in capsys.readouterr().out
    assert (empty / "lds.toml").read_bytes() == text


def test_several_sources_at_once(empty: Path, recordings: Path) -> None:
    assert lds("ingest", empty, recordings / "group0", recordings / "group1") is ExitCode.OK

    assert [source.name for source in sources(empty)] == ["group0", "group1"]
    assert Dataset.open(empty).manifest["source"].to_pylist() == ["group0"] * 2 + ["group1"] * 2


def test_metadata_of_several_sources_is_refused(empty: Path, recordings: Path) -> None:
    table = recordings.parent / "metadata.csv"

    assert lds("ingest", empty, recordings / "group0", recordings / "group1", "-m", table) is ExitCode.USAGE
    assert lds("ingest", empty, "-m", table) is ExitCode.USAGE


FAILURES = {
    "a flag out of bounds": (("--max-reject", "2"), ExitCode.USAGE),
    "no such column": (("--join-key", "nothing"), ExitCode.USAGE),
    "another run": ((), ExitCode.LOCKED),
}


@pytest.mark.parametrize("why", FAILURES)
def test_a_run_that_fails_leaves_the_recipe_as_it_was(empty: Path, recordings: Path, why: str) -> None:
    text = (empty / "lds.toml").read_bytes()
    options, code = FAILURES[why]
    call: list[str | Path] = ["ingest", empty, recordings, "-m", recordings.parent / "metadata.csv", *options]

    if code is ExitCode.LOCKED:
        with lock.locked(Disk(empty), empty, "other"):
            assert lds(*call) is code
    else:
        assert lds(*call) is code

    assert (empty / "lds.toml").read_bytes() == text
    assert not (empty / "manifest.parquet").exists()


def test_a_folder_without_recordings_is_not_entered(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "silence").mkdir()

    assert lds("ingest", empty, tmp_path / "silence") is ExitCode.NOTHING
    assert sources(empty) == ()


def test_the_dataset_itself_is_no_source(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds("ingest", empty, empty) is ExitCode.USAGE
    assert "the dataset lies inside its source" in capsys.readouterr().err


def test_findings_are_shown_with_examples_and_their_number(
    empty: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        (recordings / f"bad{number}.wav").write_bytes(b"x")

    assert lds("ingest", empty, recordings) is ExitCode.FINDINGS

    out = capsys.readouterr().out
    assert "error audio.not_audio  x5" in out
    assert out.count("bad") == 3
    assert "... and 2 more" in out


def test_names_cannot_steer_the_terminal(empty: Path, recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recordings / "a\x1b[31m\u202e.wav").write_bytes(recording(50))
    (recordings / "b\u202e.wav").write_bytes(b"x")

    assert lds("ingest", empty, recordings) is ExitCode.FINDINGS

    said = capsys.readouterr()
    assert not set("\x1b\u202e") & set(said.out + said.err)
    assert "a\\x1b[31m\\u202e.wav" in said.out
    assert "b\\u202e.wav" in said.out
