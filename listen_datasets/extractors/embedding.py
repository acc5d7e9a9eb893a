"""Extractor ``embedding``: what an ONNX model of the user's makes of the samples (extra ``onnx``)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from listen_datasets import digest
from listen_datasets.analysis.sound import OfSound, Row, Samples, Sound, column, matrix
from listen_datasets.errors import RecipeError
from listen_datasets.features.sections import Embedding as Settings

_WHERE = "[features.embedding] model"


class Embedding(OfSound):
    """The first output of a model whose only input is a signal: (n), (1, n) or (1, 1, n) float32, full scale 1.

    It is run by onnxruntime on the processor, with one thread. What it gives is taken as rows of the length of its last
    axis; those of all windows follow each other.

    Args:
        settings: Of the section.
        root: Folder that the path of the model is relative to.

    Raises:
        RecipeError: There is no model, it is not the one that was meant, or cannot be run.
    """

    name: ClassVar[str] = "embedding"
    version: ClassVar[str] = "1"

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings
        if settings.model is None:
            raise RecipeError("no model is named", where=_WHERE, hint='such as `model = "models/yamnet.onnx"`')
        self._path = root / settings.model
        if not self._path.is_file():
            raise RecipeError(
                f"there is no model {settings.model}", where=_WHERE, hint="paths are relative to lds.toml"
            )
        self.model_sha256 = digest.of_file(self._path)
        if settings.sha256 not in (None, self.model_sha256):
            raise RecipeError(
                f"the model has the digest {self.model_sha256}, not {settings.sha256}",
                where=_WHERE,
                hint="bring it back",
            )
        self._session = _session(self._path, self.model_sha256)
        self._width = self._of_output()

    def fields(self) -> list[pa.Field]:
        """Return the column ``embedding``."""
        about = "What the model gives: a list of vectors; null if the clip is shorter than a window."
        return [column("embedding", matrix(self._settings.dtype, self._width), about)]

    def measure(self, sound: Sound) -> Row:
        """Return ``embedding`` (vectors, width) of one clip."""
        mono = sound.mono(self._settings.sample_rate, self._settings.channels)
        window = self._settings.window or len(mono)
        if not window or len(mono) < window:
            return {"embedding": None}
        starts = range(0, len(mono) - window + 1, self._settings.hop_length or window)
        return {"embedding": np.concatenate([self._run(mono[start : start + window]) for start in starts])}

    def _run(self, signal: Samples) -> npt.NDArray[np.float32]:
        put = self._session.get_inputs()[0]
        shaped = signal.reshape((1,) * (len(put.shape) - 1) + (-1,))
        output = np.asarray(self._session.run(None, {put.name: shaped})[0], np.float32)
        return output.reshape(-1, output.shape[-1] if output.ndim else 1)

    def _of_output(self) -> int:
        """Return the length of a vector: as the model says, or else as a second of silence shows."""
        said = self._session.get_outputs()[0].shape
        if said and isinstance(said[-1], int):
            return said[-1]
        silence = np.zeros(self._settings.window or self._settings.sample_rate, np.float32)
        return int(self._run(silence).shape[1])


@functools.lru_cache(maxsize=4)
def _session(path: Path, sha256: str) -> Any:  # noqa: ANN401, ARG001 - a session of onnxruntime; another digest, another one
    try:
        import onnxruntime  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise RecipeError(
            "onnxruntime is not installed", where=_WHERE, hint='pip install "listen-datasets[onnx]"'
        ) from problem
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # noqa: BLE001 - the border to other people's code, whose errors have no common root
        raise RecipeError(
            f"the model cannot be run: {problem}", where=_WHERE, hint="check it with onnxruntime"
        ) from None
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or not 1 <= len(inputs[0].shape) <= 3:
        shown = ", ".join(f"{one.name}: {one.type} {one.shape}" for one in inputs)
        raise RecipeError(
            f"the model does not take a signal: {shown}", where=_WHERE, hint="one float input: (n), (1, n) or (1, 1, n)"
        )
    return session
