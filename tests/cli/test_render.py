"""The text report: findings by code, errors and the most frequent first, a few examples each."""

from __future__ import annotations

import click

from listen_datasets import catalogue
from listen_datasets.cli.render import findings
from listen_datasets.model import Finding


def some(code: str, number: int) -> list[Finding]:
    return [catalogue.finding(code, f"{code} {index}", path=f"{index}.wav") for index in range(number)]


def lines(items: list[Finding], tally: dict[str, int]) -> list[str]:
    return [click.unstyle(line) for line in findings(items, tally)]


def test_errors_come_first_and_then_the_most_frequent() -> None:
    numbers = {"audio.identical_channels": 9, "audio.leading_silence": 1, "audio.low_snr": 5, "audio.silent": 1}
    numbers |= {"audio.clipped": 2, "metadata.schema": 2}
    found = [item for code, number in numbers.items() for item in some(code, number)]

    assert [line for line in lines(found, numbers) if not line.startswith(" ")] == [
        "error audio.clipped  x2",
        "error metadata.schema  x2",
        "error audio.silent  x1",
        "warning audio.low_snr  x5",
        "warning audio.leading_silence  x1",
        "note audio.identical_channels  x9",
    ]


def test_examples_are_few_and_the_number_is_exact() -> None:
    assert lines(some("audio.silent", 5), {"audio.silent": 1_234_567}) == [
        "error audio.silent  x1,234,567",
        "  0.wav: audio.silent 0",
        "  1.wav: audio.silent 1",
        "  2.wav: audio.silent 2",
        "  ... and 1,234,564 more",
    ]


def test_three_examples_are_all_of_three() -> None:
    assert lines(some("audio.silent", 3), {"audio.silent": 3})[-1] == "  2.wav: audio.silent 2"


def test_what_is_not_ours_is_escaped_and_cut() -> None:
    item = catalogue.finding("audio.silent", "x\x1b[31m" + "y" * 400, path="a\nb.wav", hint="\u202eno")

    _, message, hint = lines([item], {"audio.silent": 1})

    assert message.startswith("  a\\x0ab.wav: x\\x1b[31myyy")
    assert message.endswith("y… (406 characters)")
    assert hint == "    try: \\u202eno"


def test_a_path_is_never_a_command_of_a_ci_service() -> None:
    item = catalogue.finding("audio.silent", "x", path="::error::of its own.wav")

    assert lines([item], {"audio.silent": 1})[1] == "  ./::error::of its own.wav: x"
