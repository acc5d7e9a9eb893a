"""What tests of the dataset and the command line share."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest

from listen_datasets import Dataset, stages
from listen_datasets.executors.serial import Serial
from listen_datasets.testing.small import small_dataset


def pytest_configure() -> None:
    """Heed SIGINT also where a shell has started the tests in the background, and with it what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what is loaded by now: it looks at it many times a second, and at the end for each worker."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the agreement table of schemas/FEATURES.md again."""
    parser.addoption("--agreement", metavar="DIR", help="compare extractors over corpora and write schemas/FEATURES.md")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A dataset of eight tones that has not been ingested."""
    return small_dataset(tmp_path / "small")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset through which the whole job has gone. Tests that change it work on a copy."""
    root = small_dataset(tmp_path_factory.mktemp("finished") / "small")
    dataset = Dataset.open(root)
    for name in stages.ORDER:
        dataset.apply(stages.find(name), executor=Serial())
    return root
