"""Extractors: plug-ins that turn the samples of a clip into columns of numbers.

An extractor is a class looked up by name (:mod:`listen_datasets.registry`). It is made once and used for many clips,
possibly in several processes, so a call leaves nothing behind that could change the next one. An extractor of ours is
made with its section of ``lds.toml``. One of another package is made without arguments, or with a dict of what a named
set (``[features.NAME]`` with ``extractor``) says.

Those of ours that work on one signal or on spectra share the downmix, the resampling and the transform of a clip
(:mod:`listen_datasets.analysis.sound`, :mod:`listen_datasets.analysis.spectra`, :mod:`listen_datasets.analysis.engine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Samples = npt.NDArray[np.float32]


class Extractor(Protocol):
    """What an extractor has to offer.

    Attributes:
        name: Under which it is found; also the folder of its output.
        version: Changes whenever the same samples would give other values.
    """

    name: ClassVar[str]
    version: ClassVar[str]

    def fields(self) -> list[pa.Field]:
        """Return the columns it gives, with ``description`` and ``unit`` as metadata."""
        ...

    def __call__(self, samples: Samples, sample_rate: int) -> Mapping[str, object]:
        """Return the values of one clip by column.

        Args:
            samples: (num_samples, num_channels), full scale 1, finite; read only.
            sample_rate: Hz.

        Returns:
            One value a column: a number or text, None where the clip is too short to have one, an array for a list,
            and an array (m, n) for a list of fixed-size lists.
        """
        ...
