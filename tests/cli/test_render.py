"""The text report: findings by code, errors and the most frequent first, a few examples each."""

from __future__ import annotations

from typing import Any

import click

from listen_datasets import catalogue
from listen_datasets.cli.render import classes, findings
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


def shown_classes(number: int, splits: dict[str, Any] | None = None) -> list[str]:
    listed = [
        {"class": f"c{n}", "clips": 1000 * (number - n), "seconds": 60.0, **(splits or {})} for n in range(number)
    ]
    report = {"column": "label", "classes": number, "split_column": "fold" if splits else None, "listed": listed}
    return [" ".join(line.split()) for line in classes(report)]


def test_the_largest_and_the_smallest_classes_are_shown() -> None:
    assert shown_classes(12)[1:] == [f"c{n} {1000 * (12 - n):,} clips 60.0 s" for n in range(12)]
    assert shown_classes(40)[0] == "classes of label: 40; clips and sound"
    assert [line.split()[0] for line in shown_classes(40)[1:]] == [
        *(f"c{n}" for n in range(6)), "...", *(f"c{n}" for n in range(34, 40))
    ]  # fmt: skip
    assert shown_classes(40)[7] == "... and 28 more (--json lists them)"


def test_classes_are_shown_with_their_published_splits() -> None:
    splits = {"splits": {"train": {"clips": 7, "seconds": 1.0}, "test": {"clips": 0, "seconds": 0.0}}}

    assert shown_classes(1, splits) == [
        "classes of label: 1; clips and sound, in each fold",
        "c0 1,000 clips 60.0 s train 7 test 0",
    ]


def test_a_path_is_never_a_command_of_a_ci_service() -> None:
    item = catalogue.finding("audio.silent", "x", path="::error::of its own.wav")

    assert lines([item], {"audio.silent": 1})[1] == "  ./::error::of its own.wav: x"
