from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from listen_datasets.analysis.engine import Engine, make
from listen_datasets.errors import RecipeError
from listen_datasets.extractors.embedding import Embedding
from listen_datasets.features.sections import Embedding as Settings
from listen_datasets.features.sections import Features
from listen_datasets.testing.signals import noise

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RATE = 16_000
WINDOW = 400


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that takes (1, WINDOW) and gives (1, 3): the sums of the samples times 1, 2 and 3."""
    weights = onnx.numpy_helper.from_array(np.tile(np.array([1, 2, 3], np.float32), (WINDOW, 1)), "weights")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["signal", "weights"], ["vector"])],
        "sums",
        [onnx.helper.make_tensor_value_info("signal", onnx.TensorProto.FLOAT, [1, WINDOW])],
        [onnx.helper.make_tensor_value_info("vector", onnx.TensorProto.FLOAT, [1, 3])],
        [weights],
    )
    path = tmp_path / "sums.onnx"
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(made.SerializeToString())
    return path


def test_each_window_of_a_clip_is_a_vector(model: Path) -> None:
    samples = noise(1, duration=0.1, num_channels=2)
    extract = Embedding(Settings(model=model.name, window=WINDOW, hop_length=200), model.parent)

    found = np.asarray(extract(samples, RATE)["embedding"])

    mono = samples.mean(axis=1)
    sums = [mono[start : start + WINDOW].sum() for start in range(0, len(mono) - WINDOW + 1, 200)]
    assert found.shape == (7, 3)
    assert np.allclose(found, np.outer(sums, [1, 2, 3]), atol=1e-4)


def test_a_clip_shorter_than_a_window_has_no_embedding_and_that_is_said(model: Path) -> None:
    config = Features(extractors=("embedding",), embedding=Settings(model=model.name, window=WINDOW))

    result = Engine(make(config, model.parent))(noise(1, duration=0.01), RATE)

    assert result.rows == {"embedding": {"embedding": None}}
    assert [trouble.columns for trouble in result.troubles] == [("embedding",)]


def test_the_digest_of_the_model_is_part_of_what_made_it(model: Path) -> None:
    config = Features(extractors=("embedding",), embedding=Settings(model=model.name, window=WINDOW))
    before = make(config, model.parent)["embedding"].about()

    assert len(before["model_sha256"]) == 64


def test_another_model_than_the_one_meant_is_refused(model: Path) -> None:
    with pytest.raises(RecipeError, match=r"^the model has the digest [0-9a-f]{64}, not 0{64}$"):
        Embedding(Settings(model=model.name, sha256="0" * 64), model.parent)


@pytest.mark.parametrize(
    ("name", "message"),
    [(None, r"^no model is named$"), ("gone.onnx", r"^there is no model gone\.onnx$"), ("bad.onnx", "cannot be run")],
)
def test_a_model_that_cannot_be_used_is_a_slip_in_the_recipe(tmp_path: Path, name: str | None, message: str) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")

    with pytest.raises(RecipeError, match=message):
        Embedding(Settings(model=name), tmp_path)
