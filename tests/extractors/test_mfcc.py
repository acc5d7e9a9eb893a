from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from listen_datasets import recipe
from listen_datasets.errors import RecipeError
from listen_datasets.extractors.log_mel import LogMel
from listen_datasets.extractors.mfcc import Mfcc, dct_basis
from listen_datasets.testing.signals import noise


def test_column_is_a_list_of_frames() -> None:
    (field,) = Mfcc(recipe.Mfcc(n_mfcc=13)).fields()

    assert field.name == "mfcc"
    assert str(field.type) == "list<item: fixed_size_list<item: float>[13]>"


@pytest.mark.parametrize(("length", "count"), [(64, 20), (40, 40), (1, 1)])
def test_basis_is_that_of_the_orthonormal_dct(length: int, count: int) -> None:
    expected = scipy.fft.dct(np.eye(length), type=2, norm="ortho")[:, :count]

    assert np.abs(dct_basis(length, count) - expected).max() < 1e-6


def test_coefficients_are_the_dct_of_the_log_mel_spectrogram() -> None:
    samples = noise(1)
    levels = np.asarray(LogMel(recipe.LogMel())(samples, 16_000)["log_mel"], dtype=np.float64)

    coefficients = np.asarray(Mfcc(recipe.Mfcc())(samples, 16_000)["mfcc"])

    assert coefficients.dtype == np.float32
    assert np.abs(coefficients - scipy.fft.dct(levels, norm="ortho")[:, :20]).max() < 1e-3


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"^16 mel bands have no 20 coefficients$"):
        Mfcc(recipe.Mfcc(n_mels=16, n_mfcc=20))
