from __future__ import annotations

import pytest

from listen_datasets.documents.facts import Facts
from listen_datasets.stage import Workspace
from listen_datasets.stages import card
from listen_datasets.testing.publications import sharded


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a dataset of six clips with shards, in which nothing is missing."""
    return sharded(tmp_path_factory.mktemp("documents") / "dataset")


@pytest.fixture(scope="session")
def facts(workspace: Workspace) -> Facts:
    """Return what its documents say."""
    return card.facts_of(workspace)
