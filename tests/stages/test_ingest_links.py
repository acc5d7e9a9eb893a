"""A recording that cannot be opened is one input, whether or not a row of the metadata names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from listen_datasets import Dataset, stages
from listen_datasets.executors.serial import Serial


@pytest.fixture
def with_link(small: Path) -> Path:
    (small / "recordings" / "link.wav").symlink_to(small / "recordings" / "group0" / "low.wav")
    with (small / "metadata.csv").open("a", encoding="utf-8") as table:
        table.write("link.wav,low,group0,009,CC0-1.0\n")
    return small


def test_link_that_a_row_names_is_one_input(with_link: Path) -> None:
    applied = Dataset.open(with_link).apply(stages.find("ingest"), executor=Serial())

    assert (applied.counts.inputs, applied.counts.kept, applied.counts.rejected) == (9, 8, 1)
    assert [item.code for item in applied.findings] == ["input.link"]


def test_link_that_a_row_names_does_not_make_ingest_run_again(with_link: Path) -> None:
    dataset = Dataset.open(with_link)
    dataset.apply(stages.find("ingest"), executor=Serial())

    assert dataset.apply(stages.find("ingest"), executor=Serial()).is_up_to_date


def test_row_without_a_file_does_not_make_ingest_run_again(small: Path) -> None:
    with (small / "metadata.csv").open("a", encoding="utf-8") as table:
        table.write("nowhere.wav,low,group0,009,CC0-1.0\n")
    dataset = Dataset.open(small)
    first = dataset.apply(stages.find("ingest"), executor=Serial())

    assert (first.counts.inputs, first.counts.rejected) == (9, 1)
    assert dataset.apply(stages.find("ingest"), executor=Serial()).is_up_to_date
