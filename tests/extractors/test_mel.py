"""Agreement with librosa: the one test module that imports it."""

from __future__ import annotations

import warnings
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf
from librosa.filters import mel as librosa_mel_bank

from listen_datasets import recipe
from listen_datasets.analysis.sound import resample
from listen_datasets.errors import RecipeError
from listen_datasets.extractors import mel
from listen_datasets.extractors.log_mel import LogMel
from listen_datasets.extractors.mfcc import Mfcc
from listen_datasets.testing.signals import constant, noise, tone

FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd" / "recordings"

SETTINGS = [
    pytest.param(recipe.LogMel(), id="default"),
    pytest.param(recipe.LogMel(sample_rate=22050, n_fft=2048, hop_length=512, n_mels=128), id="music"),
    pytest.param(recipe.LogMel(n_fft=400, hop_length=160, n_mels=80), id="speech"),
    pytest.param(recipe.LogMel(sample_rate=8000, n_fft=512, hop_length=100, n_mels=40, top_db=60.0), id="8 kHz"),
    pytest.param(recipe.LogMel(n_fft=511, hop_length=128, n_mels=40), id="odd window"),
    pytest.param(recipe.LogMel(n_fft=1024, hop_length=1024, n_mels=3), id="three bands"),
]

SIGNALS = [
    pytest.param(noise(1), 16_000, id="noise"),
    pytest.param(noise(2, num_channels=2), 16_000, id="stereo"),
    pytest.param(noise(3, num_channels=6), 44_100, id="six channels at 44.1 kHz"),
    pytest.param(noise(4, duration=0.3), 8_000, id="8 kHz"),
    pytest.param(tone(-0.1, 440.0), 16_000, id="tone"),
    pytest.param(tone(-80.0, 3000.0), 48_000, id="quiet tone at 48 kHz"),
    pytest.param(constant(0.5), 16_000, id="offset"),
    pytest.param(constant(0.0), 16_000, id="silence"),
    pytest.param(constant(0.7, duration=1 / 16_000), 16_000, id="one sample"),
    pytest.param(constant(0.7, duration=1 / 16_000), 48_000, id="one sample at 48 kHz"),
]


def reference(samples: npt.NDArray[np.float32], sample_rate: int, settings: recipe.LogMel) -> npt.NDArray[np.float64]:
    """Return librosa's log-mel spectrogram (frames, n_mels), taken in double precision."""
    mono = librosa.to_mono(samples.T)
    if sample_rate != settings.sample_rate:
        mono = librosa.resample(mono, orig_sr=sample_rate, target_sr=settings.sample_rate)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal")
        power = librosa.feature.melspectrogram(
            y=mono.astype(np.float64),
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            hop_length=settings.hop_length,
            n_mels=settings.n_mels,
        )
    levels: npt.NDArray[np.float64] = librosa.power_to_db(power, top_db=settings.top_db).T
    return levels


@pytest.mark.parametrize(
    ("sample_rate", "n_fft", "n_mels"),
    [(16_000, 1024, 64), (22_050, 2048, 128), (16_000, 400, 80), (8_000, 511, 40), (1_500, 64, 3), (96_000, 4096, 1)],
)
def test_mel_bank_equals_librosas_bit_for_bit(sample_rate: int, n_fft: int, n_mels: int) -> None:
    expected = librosa_mel_bank(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)

    assert np.array_equal(mel.bank(mel.Bands(sample_rate, n_fft, n_mels)), expected)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("samples", "sample_rate"), SIGNALS)
def test_log_mel_agrees_with_librosa(
    samples: npt.NDArray[np.float32], sample_rate: int, settings: recipe.LogMel
) -> None:
    expected = reference(samples, sample_rate, settings)

    levels = LogMel(settings)(samples, sample_rate)["log_mel"]

    assert isinstance(levels, np.ndarray)
    assert levels.dtype == np.float32
    assert levels.shape == expected.shape
    # Measured: 7.6e-4 at most, but for 1.5e-3 close to the floor of noise that was brought up from 8 kHz.
    assert np.abs(levels - expected).max() <= 2e-3


@pytest.mark.parametrize(("samples", "sample_rate"), SIGNALS)
def test_mfcc_agrees_with_librosa(samples: npt.NDArray[np.float32], sample_rate: int) -> None:
    expected = librosa.feature.mfcc(S=reference(samples, sample_rate, recipe.LogMel()).T, n_mfcc=13).T

    coefficients = Mfcc(recipe.Mfcc(n_mfcc=13))(samples, sample_rate)["mfcc"]

    assert isinstance(coefficients, np.ndarray)
    assert coefficients.dtype == np.float32
    assert coefficients.shape == expected.shape
    assert np.abs(coefficients - expected).max() <= 1e-3


@pytest.mark.skipif(not FSDD.is_dir(), reason="the Free Spoken Digit Dataset is not here")
@pytest.mark.parametrize("settings", SETTINGS)
def test_log_mel_of_speech_agrees_with_librosa(settings: recipe.LogMel) -> None:
    extractor = LogMel(settings)
    recordings = [sf.read(path, dtype="float32", always_2d=True) for path in sorted(FSDD.glob("*.wav"))[::100]]

    differences = [
        np.abs(np.asarray(extractor(samples, rate)["log_mel"]) - reference(samples, rate, settings)).max()
        for samples, rate in recordings
    ]

    assert len(differences) == 30
    assert max(differences) <= 1e-3


@pytest.mark.parametrize("num_samples", [1, 2, 3, 999, 1000, 1001])
def test_resampled_length_is_librosas(num_samples: int) -> None:
    mono = noise(5, duration=num_samples / 16_000)[:, 0]

    resampled = resample(mono, 44_100, 16_000)

    assert np.array_equal(resampled, librosa.resample(mono, orig_sr=44_100, target_sr=16_000))


def test_bands_without_a_bin_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"^\d+ of 128 mel bands lie between the bins of a transform of 256 samples$"):
        LogMel(recipe.LogMel(n_fft=256, n_mels=128))
