"""Every exit code from the shell's side, as the table in README.md promises them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

import pytest

from listen_datasets import Dataset, lock, stages
from listen_datasets.audio import Unusable
from listen_datasets.cli import program
from listen_datasets.cli.program import run
from listen_datasets.cli.stage_command import exit_code
from listen_datasets.errors import ExitCode
from listen_datasets.executors import Done, Lost
from listen_datasets.model import Fate
from listen_datasets.storage import Disk

T = TypeVar("T")
R = TypeVar("R")

LDS = [sys.executable, "-m", "listen_datasets"]


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def lds(*arguments: str) -> ExitCode:
    return run([*arguments, "--engine", "serial"])


def test_0_when_all_is_well(small: Path) -> None:
    assert lds("ingest", str(small)) is ExitCode.OK


def test_1_when_the_data_has_errors(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")

    assert lds("ingest", str(small)) is ExitCode.FINDINGS
    assert "audio.not_audio  x1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fail_on", "code"), [("error", ExitCode.OK), ("warning", ExitCode.FINDINGS), ("never", ExitCode.OK)]
)
def test_fail_on_says_what_counts(small: Path, fail_on: str, code: ExitCode) -> None:
    shutil.copy(small / "recordings" / "group0" / "low.wav", small / "recordings" / "group0" / "low.flac")

    assert lds("ingest", str(small), "--fail-on", fail_on) is code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "there is no command 'no-such-command'"),
        (["ingst"], "did you mean ingest?"),
        (["ingest"], "Missing argument 'DATASET'"),
        (["split", "{}", "--seed", "x"], "'x' is not a valid integer"),
        (["split", "{}", "--seed", "-1"], "--seed: expected `int` >= 0"),
        (["split", "{}", "--ratios", "train=1,train=1"], "is not of the form"),
        (["split", "{}", "--group-by", "nothing"], "the manifest has no column 'nothing'"),
        (["features", "{}", "--extractor", "mfc"], "did you mean 'mfcc'"),
        (["init", "{}"], "metadata.schema.json is there already"),
        (["status", "{}/elsewhere"], "is no dataset"),
    ],
)
def test_2_when_the_call_is_wrong(
    arguments: list[str], said: str, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}

    assert lds(*(text.replace("{}", str(finished)) for text in arguments)) is ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before


class _NoPermission:
    """An executor whose workers may not read anything: root may read every file, so no file can stand for it."""

    def map(self, fn: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Done[R] | Lost]:
        raise NotImplementedError

    def map_batches(
        self,
        fn: Callable[[T], R],  # noqa: ARG002
        items: Sequence[T],  # noqa: ARG002
        batches: Sequence[range],
        seconds: Sequence[float] | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[int, Done[R] | Lost]]:
        refused = Unusable("input.unreadable", "permission denied", Fate.UNREADABLE)
        for batch in batches:
            yield from ((position, Done(cast("R", refused))) for position in batch)


def test_3_when_an_input_cannot_be_read(small: Path) -> None:
    applied = Dataset.open(small).apply(stages.find("ingest"), executor=_NoPermission())

    assert applied.counts.unreadable == applied.counts.inputs == 8
    assert exit_code(applied, "error") is ExitCode.INCOMPLETE


def test_4_when_another_run_holds_the_dataset(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with lock.locked(Disk(small), small, "other-run"):
        assert lds("ingest", str(small)) is ExitCode.LOCKED
    assert "other-run" in capsys.readouterr().err


def test_5_when_there_is_nothing(small: Path) -> None:
    shutil.rmtree(small / "recordings")
    (small / "recordings").mkdir()
    (small / "lds.toml").write_text(
        '[dataset]\nname = "x"\n[[source]]\nname = "main"\npath = "recordings"\n', encoding="utf-8"
    )

    assert lds("ingest", str(small)) is ExitCode.NOTHING


def test_6_when_a_byte_has_changed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (copy / "dist" / "README.md").open("ab") as card:
        card.write(b"x")

    assert lds("verify", str(copy)) is ExitCode.CORRUPT
    assert "damaged dist/README.md" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_7_when_standard_output_is_full(finished: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*LDS, "log", str(finished)], check=False, stdout=full, stderr=subprocess.PIPE)

    assert done.returncode == ExitCode.ENVIRONMENT
    assert b"ENOSPC" in done.stderr


def test_70_when_lds_has_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run([object()]) is ExitCode.INTERNAL  # type: ignore[list-item]
    assert "this is a bug in lds" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_when_a_signal_ends_it(small: Path, number: signal.Signals, code: int) -> None:
    with lock.locked(Disk(small), small, "other-run"):
        waiting = subprocess.Popen([*LDS, "ingest", str(small), "--lock-timeout", "60"], stderr=subprocess.PIPE)
        # It has installed its handlers when it waits for the lock, which it has opened by then.
        deadline = time.monotonic() + 20
        while not _has_open(waiting.pid, small / lock.NAME) and time.monotonic() < deadline:
            time.sleep(0.02)
        waiting.send_signal(number)
        _, said = waiting.communicate(timeout=20)

    assert waiting.returncode == code
    assert b"Traceback" not in said


def _has_open(pid: int, path: Path) -> bool:
    folder = Path(f"/proc/{pid}/fd")
    links = list(folder.iterdir()) if folder.exists() else []
    return any(os.path.realpath(link) == str(path) for link in links if link.is_symlink())


def test_141_when_nobody_reads(finished: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*LDS, "log", str(finished)], check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)

    assert done.returncode == ExitCode.SIGPIPE
    assert done.stderr == b""


COMMANDS = ("ingest", "validate", "dedup", "features", "split", "shard", "card", "run", "status", "log", "verify")


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document_and_the_last_line_of_stderr_says_the_code(
    command: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = lds(command, str(copy), "--json")
    said = capsys.readouterr()

    assert json.loads(said.out)["schema_version"] == 1
    assert json.loads(said.out)["command"] == command
    last = json.loads(said.err.splitlines()[-1])
    assert (last["message_type"], last["code"]) == ("exit", int(code))


@pytest.mark.parametrize("command", COMMANDS)
def test_quiet_says_nothing_beside_the_result(command: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lds(command, str(copy), "--quiet") is ExitCode.OK
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", [*COMMANDS, "init"])
def test_help_of_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) is ExitCode.OK
    said = capsys.readouterr().out
    for option in ("--json", "--quiet", "--jobs", "--engine"):
        assert option in said
