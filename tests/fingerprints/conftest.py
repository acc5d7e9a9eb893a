from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from listen_datasets.fingerprints.near import Match
from listen_datasets.testing import sounds


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., list[Match]]:
    return functools.partial(sounds.found, tmp_path)
