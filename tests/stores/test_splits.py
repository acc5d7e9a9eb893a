from __future__ import annotations

import doctest

import pytest

from listen_datasets.stores import splits
from listen_datasets.stores.splits import pattern, placed, split_of_folders


def test_examples_run() -> None:
    assert doctest.testmod(splits).failed == 0


@pytest.mark.parametrize(
    ("path", "config", "split"),
    [
        ("data/train-00000-of-00002.parquet", "", "train"),
        ("data/train-00000-of-00002-6f3c9d1b.parquet", "", "train"),
        ("data/test.other-00000-of-00001.parquet", "", "test.other"),
        ("data/dev-00000-of-00001.parquet", "", "dev"),
        ("clean/train.360-00010-of-00014.parquet", "clean", "train.360"),
        ("de/default/validation/0003.parquet", "de", "validation"),
        ("default/partial-train/0000.parquet", "", "train"),
        ("train.parquet", "", "train"),
        ("data/eval_2.parquet", "", "test"),
        ("a/b/0000.parquet", "a/b", None),
        ("training_set_is_restrained.parquet", "", "train"),
        ("constrained.parquet", "", None),
        ("train/000001.tar", "", "train"),
    ],
)
def test_name_of_a_shard_says_configuration_and_split(path: str, config: str, split: str | None) -> None:
    assert placed(path) == (config, split)


@pytest.mark.parametrize(
    ("path", "split"),
    [("train/a/b.wav", "train"), ("x/Dev/b.wav", "validation"), ("trains/b.wav", None), ("train.wav", None)],
)
def test_split_of_a_file_is_a_folder_of_that_whole_name(path: str, split: str | None) -> None:
    assert split_of_folders(path) == split


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.tar"], "a.tar"),
        (["s-000.tar", "s-001.tar", "s-010.tar"], "s-*.tar"),
        (["train.tar", "test.tar"], "t*.tar"),
        (["a", "b"], "*"),
    ],
)
def test_several_files_have_one_name(names: list[str], expected: str) -> None:
    assert pattern(names) == expected
