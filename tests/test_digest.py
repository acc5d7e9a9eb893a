from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets import digest

CELLS = st.one_of(st.none(), st.text(max_size=5))
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.just(0.0))


def table(texts: list[str | None], numbers: list[float | None]) -> pa.Table:
    columns = {
        "text": pa.array(texts, pa.string()),
        "number": pa.array(numbers, pa.float64()),
        "flag": pa.array([None if value is None else value > 0 for value in numbers], pa.bool_()),
        "list": pa.array([None if value is None else [value, value] for value in texts], pa.list_(pa.string())),
        "struct": pa.array([{"a": value} for value in texts], pa.struct([("a", pa.string())])),
    }
    return pa.table(columns)


@given(st.lists(st.tuples(CELLS, NUMBERS), min_size=1, max_size=12), st.integers(0, 12))
def test_digest_does_not_depend_on_chunks(rows: list[tuple[str | None, float | None]], cut: int) -> None:
    whole = table([text for text, _ in rows], [number for _, number in rows])
    pieces = pa.concat_tables([whole[:cut], whole[cut:]])

    assert digest.of_table(whole, whole.column_names) == digest.of_table(pieces, whole.column_names)


@given(st.lists(CELLS, min_size=1, max_size=8), st.integers(0, 7), CELLS)
def test_digest_changes_with_any_value(values: list[str | None], position: int, other: str | None) -> None:
    position %= len(values)
    changed = [*values[:position], other, *values[position + 1 :]]
    before, after = pa.table({"x": pa.array(values, pa.string())}), pa.table({"x": pa.array(changed, pa.string())})

    assert (digest.of_table(before, ["x"]) == digest.of_table(after, ["x"])) == (values == changed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([None, 0]), pa.array([0, None])),
        (pa.array(["", None]), pa.array([None, ""])),
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array([[1], [2, 3]]), pa.array([[1, 2], [3]])),
        (pa.array([1], pa.int64()), pa.array([1], pa.int32())),
        (pa.array(["1"]), pa.array([1])),
    ],
)
def test_digest_tells_look_alikes_apart(one: pa.Array, other: pa.Array) -> None:
    assert digest.of_table(pa.table({"x": one}), ["x"]) != digest.of_table(pa.table({"x": other}), ["x"])


def test_digest_of_a_table_is_pinned() -> None:
    pinned = pa.table({"a": ["x", None, "é"], "b": [1.5, None, 2.0]})

    assert (
        digest.of_table(pinned, ["a", "b"])
        == "sha256:aba3965ba6ba12fef5830da806e77b1fed43e8008ee94eafbb7525d3e33e5579"
    )


def test_canonical_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest.canonical_json({"x": float("nan")})
