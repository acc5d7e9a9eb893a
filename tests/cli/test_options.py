from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from listen_datasets import config, stages
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.options import Levels, Shares, executor
from listen_datasets.cli.program import run
from listen_datasets.cli.render import counts, duration, findings, size
from listen_datasets.dataset import Dataset
from listen_datasets.errors import ExitCode
from listen_datasets.executors.local import LocalProcesses, available_workers
from listen_datasets.executors.serial import Serial
from listen_datasets.model import Counts, Finding


def command(name: str) -> click.Command:
    found: click.Command = importlib.import_module(f"listen_datasets.cli.{name}").command
    return found


def options(name: str) -> dict[str, click.Option]:
    return {str(item.name): item for item in command(name).params if isinstance(item, click.Option)}


def every_flag() -> Iterator[tuple[str, config.Flag]]:
    for name in stages.ORDER:
        for flag in config.flags(stages.find(name).config):
            yield name, flag


FLAGS = list(every_flag())


@pytest.mark.parametrize(("stage", "flag"), FLAGS, ids=[f"{stage}-{flag.key}" for stage, flag in FLAGS])
def test_every_key_of_a_section_is_an_option_with_its_help(stage: str, flag: config.Flag) -> None:
    option = options(stage)[flag.field]

    assert option.help is not None
    assert option.help.startswith(flag.help)
    # A plural key may be spelled in the singular where it is repeated.
    assert f"--{flag.key}".startswith(option.opts[0])
    assert (option.multiple, option.default) == (flag.many, None)


@pytest.mark.parametrize(("stage", "flag"), FLAGS, ids=[f"{stage}-{flag.key}" for stage, flag in FLAGS])
def test_the_help_shows_the_default(stage: str, flag: config.Flag) -> None:
    text = options(stage)[flag.field].help or ""

    assert ("[default:" in text) == (flag.default not in (None, "", (), {}))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) is ExitCode.OK

    text = capsys.readouterr().out
    assert text.startswith(tuple(f"Usage: lds {name} [OPTIONS] {what}" for what in ("DATASET", "COMMAND", "[CODE]")))
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("train=0.8,test=0.2", {"train": 0.8, "test": 0.2}),
        (" train = 1 ", {"train": 1.0}),
        ("a.b=1e-1,c=.9", {"a.b": 0.1, "c": 0.9}),
    ],
)
def test_shares_are_read(text: str, shares: dict[str, float]) -> None:
    assert Shares().convert(text, None, None) == shares


@pytest.mark.parametrize("text", ["", "train", "train=", "train=x", "train=1,train=0", "train=1,", "=1=2"])
def test_shares_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Shares().convert(text, None, None)


def test_levels_are_read() -> None:
    assert Levels(("error", "note")).convert("a.b=note, c.d = error", None, None) == {"a.b": "note", "c.d": "error"}


@pytest.mark.parametrize("text", ["", "a.b", "a.b=", "a.b=fatal", "a.b=note,a.b=error", "a.b=note,"])
def test_levels_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Levels(("error", "note")).convert(text, None, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {"seed": 0, "group-by": ["group"]}),
        (("--seed", "5", "--group-by", "take"), {"seed": 5, "group-by": ["take"]}),
        (("--ratios", "train=0.5,test=0.5"), {"ratios": {"train": 0.5, "test": 0.5}}),
    ],
)
def test_flags_replace_what_the_recipe_says_for_this_run(
    small: Path, arguments: tuple[str, ...], expected: dict[str, Any]
) -> None:
    run(["ingest", str(small), "--engine", "serial"])
    assert run(["split", str(small), "--engine", "serial", *arguments]) is ExitCode.OK

    entry = Dataset.open(small).ledger().entries[-1]
    assert {key: entry.config[key] for key in expected} == expected


def test_a_switch_can_be_turned_off(small: Path) -> None:
    (small / "metadata.schema.json").write_text('{"required": ["nothing"]}', encoding="utf-8")
    run(["ingest", str(small), "--engine", "serial"])

    assert run(["validate", str(small), "--engine", "serial", "--no-exclude-errors"]) is ExitCode.FINDINGS
    assert Dataset.open(small).ledger().entries[-1].counts["excluded"] == 0


def test_the_engine_is_the_executor() -> None:
    assert executor("serial", None, 900.0) == Serial()
    assert executor("local", 3, 5.0) == LocalProcesses(workers=3, timeout=5.0)
    assert executor("local", None, None) == LocalProcesses(workers=available_workers())


# ----------------------------------------------------------------------------------------------------------------------
# Words


def test_counts_are_one_equation() -> None:
    text = counts(Counts(inputs=15, kept=1, duplicate=2, excluded=3, rejected=4, unreadable=5))

    assert text == "15 inputs = 1 kept + 2 duplicate + 3 excluded + 4 rejected + 5 unreadable"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (119.9, "119.9 s"), (120, "2.0 min"), (7199, "120.0 min"), (7200, "2.0 h")]
)
def test_a_length_of_audio_is_spelled_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (7e12, "7000.0 GB")]
)
def test_a_number_of_bytes_is_spelled_for_people(number: float, text: str) -> None:
    assert size(number) == text


def test_findings_come_by_severity_then_by_number() -> None:
    items = [
        Finding(code="b.note", severity="note", message="b happened.", path="x.wav"),
        Finding(code="a.warn", severity="warning", message="a happened.", path="x.wav", line=3, hint="look"),
        Finding(code="c.err", severity="error", message="c happened."),
    ]

    lines = list(findings(items, {"b.note": 9, "a.warn": 1, "c.err": 1}))

    assert [line for line in lines if " x" in line and ":" not in line] == [
        "\x1b[31merror\x1b[0m c.err  x1",
        "\x1b[33mwarning\x1b[0m a.warn  x1",
        "\x1b[34mnote\x1b[0m b.note  x9",
    ]
    assert "  x.wav:3: a happened." in lines
    assert "    try: look" in lines


@pytest.mark.parametrize("option", ["--timeout", "--lock-timeout"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "1e10", "-1", "x"])
def test_a_time_that_nobody_can_wait_for_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ingest", "anywhere", option, value]) is ExitCode.USAGE
    assert option in capsys.readouterr().err


def test_an_option_that_the_recipe_does_not_know_is_said_to_be_for_once(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = "this run only; to keep it, write in [ingest] of lds.toml: "
    run(["ingest", str(small), "--engine", "serial", "--tags", "title", "--no-spans", "--max-reject", "1"])
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if line.startswith(keep)] == [
        f"{keep}spans = false",
        f'{keep}tags = ["title"]',
    ]
    recipe = (small / "lds.toml").read_text(encoding="utf-8")
    (small / "lds.toml").write_text(f'{recipe}\n[ingest]\ntags = ["title"]\n', encoding="utf-8")
    run(["ingest", str(small), "--engine", "serial", "--tags", "title"])
    assert keep not in capsys.readouterr().err


def test_a_profile_on_the_command_line_is_said_to_be_for_once_and_not_all_that_it_says(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["ingest", str(small), "--engine", "serial"])
    run(["validate", str(small), "--engine", "serial", "--profile", "strict", "--min-class-clips", "3"])

    keep = "this run only; to keep it, write in [validate] of lds.toml: "
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith(keep)]
    assert said == [f'{keep}profile = "strict"', f"{keep}min-class-clips = 3"]
