from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from listen_datasets.documents import features
from listen_datasets.documents.facts import Column


def column(kind: pa.DataType, **more: Any) -> Column:
    return Column(name="x", type=kind, owner=more.pop("owner", "metadata"), description="", **more)


PLACE = pa.struct([("lat", pa.float32()), ("tags", pa.list_(pa.string()))])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.string(), {"dtype": "string"}),
        (pa.float64(), {"dtype": "float64"}),
        (pa.float16(), {"dtype": "float16"}),
        (pa.uint8(), {"dtype": "uint8"}),
        (pa.bool_(), {"dtype": "bool"}),
        (pa.list_(pa.string()), {"sequence": "string"}),
        (pa.list_(pa.list_(pa.int64())), {"sequence": {"sequence": "int64"}}),
        (PLACE, {"struct": [{"name": "lat", "dtype": "float32"}, {"name": "tags", "sequence": "string"}]}),
        (pa.list_(pa.struct([("a", pa.int8())])), {"list": [{"name": "a", "dtype": "int8"}]}),
    ],
)
def test_a_type_is_spelled_as_datasets_does(kind: pa.DataType, expected: dict[str, Any]) -> None:
    assert features.features([column(kind)], None) == [{"name": "x", **expected}]


@pytest.mark.parametrize(("rate", "expected"), [(None, "audio"), (8_000, {"audio": {"sampling_rate": 8_000}})])
def test_a_sampling_rate_is_said_only_if_it_is_shared(rate: int | None, expected: Any) -> None:
    assert features.features([column(PLACE, owner="recording")], rate) == [{"name": "x", "dtype": expected}]


def test_the_keys_of_classes_are_text() -> None:
    found = features.features([column(pa.int64(), classes=("no", "yes"))], None)
    assert found == [{"name": "x", "dtype": {"class_label": {"names": {"0": "no", "1": "yes"}}}}]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.float64(), "float64"),
        (pa.list_(pa.float32()), "list of float32"),
        (PLACE, "struct of lat: float32, tags: list of string"),
    ],
)
def test_types_have_names_for_people(kind: pa.DataType, expected: str) -> None:
    assert features.type_name(kind) == expected
