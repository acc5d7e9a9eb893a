from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled


@compiled("float64(float64[::1])")
def total(values: npt.NDArray[np.float64]) -> float:
    result = 0.0
    for value in values:
        result += value
    return result


def test_a_loop_is_compiled_when_its_module_is_imported() -> None:
    assert total.signatures  # type: ignore[attr-defined]
    assert total(np.array([1.0, 2.5])) == 3.5


def test_a_loop_that_cannot_be_cached_is_compiled_all_the_same() -> None:
    # Code without a file has no place for a cache, as a package in a read-only folder of a user without a home has none.
    scope: dict[str, Callable[[float], float]] = {}
    exec("def twice(x):\n    return 2 * x\n", scope)  # noqa: S102
    assert compiled("float64(float64)")(scope["twice"])(1.5) == 3.0
