from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from listen_datasets.extractors.memo import of_last_call

Array = npt.NDArray[np.float32]


class Counting:
    """A pure function that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, samples: Array, sample_rate: int, settings: str) -> Array:
        self.calls += 1
        return samples * np.float32(sample_rate + len(settings))


def samples(*, frozen: bool = True) -> Array:
    array = np.ones(4, np.float32)
    array.flags.writeable = not frozen
    return array


def test_second_call_with_the_same_samples_is_remembered() -> None:
    function = Counting()
    remembering = of_last_call(function)
    clip = samples()

    assert remembering(clip, 1, "a") is remembering(clip, 1, "a")
    assert function.calls == 1


@pytest.mark.parametrize(("sample_rate", "settings"), [(2, "a"), (1, "ab")])
def test_call_with_other_arguments_is_computed(sample_rate: int, settings: str) -> None:
    remembering = of_last_call(Counting())
    clip = samples()

    remembering(clip, 1, "a")

    assert np.array_equal(remembering(clip, sample_rate, settings), clip * (sample_rate + len(settings)))


def test_equal_samples_in_another_array_are_computed() -> None:
    function = Counting()
    remembering = of_last_call(function)
    first, second = samples(), samples()

    remembering(first, 1, "a")
    remembering(second, 1, "a")

    assert function.calls == 2


def test_samples_that_may_change_are_computed_each_time() -> None:
    remembering = of_last_call(Counting())
    clip = samples(frozen=False)

    remembering(clip, 1, "a")
    clip *= 3

    assert np.array_equal(remembering(clip, 1, "a"), clip * 2)


def test_remembered_result_cannot_be_changed() -> None:
    result = of_last_call(Counting())(samples(), 1, "a")

    with pytest.raises(ValueError, match="read-only"):
        result[0] = 5
