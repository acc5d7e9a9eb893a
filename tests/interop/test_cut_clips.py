"""What ``datasets.load_dataset`` and Croissant make of clips that were cut out of long recordings."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode
from listen_datasets.testing.small import RATE, spanned_dataset

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def spanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = spanned_dataset(tmp_path_factory.mktemp("spanned") / "spanned")
    assert run(["run", str(root), "--quiet", "--engine", "serial"]) is ExitCode.OK
    return root


def test_load_dataset_gives_the_right_sound_for_each_clip(
    spanned: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")

    loaded = datasets.load_dataset(str(spanned / "dist"), cache_dir=str(tmp_path))

    seen = 0
    for split in loaded.values():
        assert split.features["audio"].sampling_rate == RATE
        for row in split.cast_column("audio", datasets.Audio(decode=False)):
            whole, _ = sf.read(spanned / "recordings" / row["path"], dtype="float32")
            sound, _ = sf.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
            first = round(row["start"] * RATE)
            assert np.array_equal(sound, whole[first : first + row["num_samples"]])
            seen += 1
    assert seen == 12


def test_croissant_finds_every_clip(spanned: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")

    records = list(croissant.Dataset(spanned / "dist" / "croissant.json").records("default"))

    assert len({record["default/clip_id"] for record in records}) == 12
    assert {record["default/audio"][:4] for record in records} == {b"fLaC", b"RIFF"}
