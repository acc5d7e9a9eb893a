"""Turn a folder of recordings and a table about them into a published audio ML dataset that others can trust."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Dataset", "Finding", "LdsError", "__version__"]

if TYPE_CHECKING:
    from listen_datasets.dataset import Dataset
    from listen_datasets.errors import LdsError
    from listen_datasets.model import Finding

logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES = {"Dataset": "dataset", "Finding": "model", "LdsError": "errors"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - module attributes have any type
    """Import public names on first use: `lds --help` must not pay for pyarrow."""
    if name in _HOMES:
        import importlib  # noqa: PLC0415 - start-up time

        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
