from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode

LDS = [sys.executable, "-m", "listen_datasets"]


@pytest.fixture
def findings(small: Path) -> Path:
    """A dataset whose ingest has findings to show in colour."""
    (small / "recordings" / "page.wav").write_bytes(b"<!DOCTYPE html><html></html>")
    return small


def on_terminal(arguments: list[str], **environment: str) -> str:
    """Run `lds` with a terminal for all that it says, and return that."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [*LDS, *arguments, "--engine", "serial"]
    subprocess.run(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **environment}, check=False)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 1 << 16):
            said += piece
    except OSError:  # nobody holds the other end any more
        pass
    os.close(ours)
    return said.decode()


@pytest.mark.parametrize(("environment", "is_coloured"), [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_asks_for_none(
    findings: Path,
    environment: dict[str, str],
    is_coloured: bool,  # noqa: FBT001
) -> None:
    said = on_terminal(["ingest", str(findings)], **environment)

    assert "audio.not_audio" in said
    assert (re.search(r"\x1b\[\d*m", said) is not None) == is_coloured
    assert "recording/s" in said  # the bar


def test_quiet_draws_no_bar(findings: Path) -> None:
    assert "recording/s" not in on_terminal(["ingest", str(findings), "--quiet", "--fail-on", "never"], NO_COLOR="1")


@pytest.mark.parametrize(("environment", "width"), [({}, 80), ({"COLUMNS": "60"}, 60), ({"COLUMNS": "1"}, 40)])
def test_a_terminal_gets_lines_that_fit_and_a_pipe_whole_ones(
    findings: Path, environment: dict[str, str], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    run(["ingest", str(findings), "--engine", "serial", "--quiet"])
    arguments = ["validate", str(findings), "--quiet", "--force", "--min-bandwidth-ratio", "0.2"]
    command = [*LDS, *arguments]
    piped = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    shown = on_terminal(arguments, NO_COLOR="1", **environment)

    assert max(map(len, piped.stdout.splitlines())) > 80
    assert max(map(len, shown.splitlines())) <= width
    assert shown.split() == piped.stdout.split()


def test_a_pipe_gets_neither_colour_nor_a_bar(findings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["ingest", str(findings), "--engine", "serial"])
    said = capsys.readouterr()

    assert "\x1b" not in said.out + said.err
    assert said.err == f"next: lds validate {findings}\n"


def test_results_go_to_stdout_and_errors_to_stderr(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(small)]) is ExitCode.NOTHING

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == ("error: validate needs ingest, which has not run\n  try: lds ingest small, or lds run small\n")


def test_json_is_all_that_stdout_gets(findings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingest", str(findings), "--engine", "serial", "--json"]) is ExitCode.FINDINGS

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["counts"] == {
        "inputs": 9, "kept": 8, "duplicate": 0, "excluded": 0, "rejected": 1, "unreadable": 0,
    }  # fmt: skip
    assert document["findings"]["by_severity"] == {"error": 1, "warning": 1, "note": 0}
    assert {item["code"] for item in document["findings"]["items"]} == set(document["findings"]["by_code"])
    assert said.err.splitlines()[-1] == '{"message_type": "exit", "code": 1, "reason": "findings"}'


def test_an_error_is_the_reason_of_the_exit(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["validate", str(small), "--json"])

    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err.splitlines()[-1]) == {
        "message_type": "exit",
        "code": 5,
        "reason": "validate needs ingest, which has not run",
    }


@pytest.mark.parametrize("arguments", [["log", "{}", "--json", "--nope"], ["nothing", "--json"], ["log", "--json"]])
def test_a_call_that_cannot_be_parsed_ends_with_the_exit_line_too(
    arguments: list[str], small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([text.format(small) for text in arguments]) is ExitCode.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err.splitlines()[-1])["code"] == 2


def test_no_command_at_all_shows_the_help_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) is ExitCode.USAGE

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Usage: lds [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    ("stdout", "stderr", "code"),
    [("/dev/full", "/dev/null", 7), ("/dev/null", "/dev/full", 0), ("-", "/dev/null", 0), ("/dev/null", "-", 0)],
)
def test_a_stream_that_cannot_be_written(small: Path, stdout: str, stderr: str, code: int) -> None:
    def redirection(number: int, target: str) -> str:
        return f"{number}>&-" if target == "-" else f"{number}>{target}"

    command = f'"$@" {redirection(1, stdout)} {redirection(2, stderr)}'
    done = subprocess.run(["/bin/sh", "-c", command, "sh", *LDS, "status", str(small)], check=False)

    assert done.returncode == code


def test_python_m_is_the_program() -> None:
    done = subprocess.run([*LDS, "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"lds \d+\.\d+\.\d+\S*\n", done.stdout)


def test_a_name_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "e\x1b]0;title\x07\u202e"
    assert run(["init", str(folder), "--name", "x"]) is ExitCode.OK
    assert run(["ingest", str(folder)]) is ExitCode.USAGE

    said = capsys.readouterr()
    assert r"e\x1b]0;title\x07\u202e" in said.out
    assert r"e\x1b]0;title\x07\u202e" in said.err
    assert not any(character in said.out + said.err for character in "\x1b\x07\u202e")


def test_what_an_error_quotes_begins_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(tmp_path / "a\n::warning::b")]) is ExitCode.USAGE

    said = capsys.readouterr().err
    assert [line.partition(":")[0].strip() for line in said.splitlines()] == ["error", "where", "try"]
    assert r"a\x0a::warning::b" in said
