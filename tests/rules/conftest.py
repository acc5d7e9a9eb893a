"""A manifest of good clips, in which a test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from listen_datasets.testing import manifests


@pytest.fixture
def clips() -> Callable[..., pa.Table]:
    """Return a function that makes a manifest: one column an argument, one value a clip."""
    return manifests.clips
