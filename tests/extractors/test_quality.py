from __future__ import annotations

import pytest

from listen_datasets.extractors.quality import Quality
from listen_datasets.features.sections import Quality as Settings
from listen_datasets.testing.signals import noise

pytest.importorskip("speechmos")


def test_noise_is_heard_as_bad_speech() -> None:
    row = Quality(Settings())(noise(1, duration=2.0), 16_000)

    assert list(row) == ["dnsmos_overall", "dnsmos_speech", "dnsmos_background", "dnsmos_p808"]
    assert all(isinstance(value, float) and 1 <= value < 3 for value in row.values())
