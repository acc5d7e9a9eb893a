from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
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
        digest.of_table(pinned, ["a", "b"]) == "sha256:aba3965ba6ba12fef5830da806e77b1fed43e8008ee94eafbb7525d3e33e5579"
    )


def test_canonical_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest.canonical_json({"x": float("nan")})


TEXT = st.text("a0 \né", max_size=5)
COLUMNS = {
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "int16": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "float64": (pa.float64(), st.floats(allow_nan=False)),
    "float32": (pa.float32(), st.floats(allow_nan=False, width=32)),
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), TEXT),
    "large string": (pa.large_string(), TEXT),
    "binary": (pa.binary(), st.binary(max_size=5)),
    "list": (pa.list_(pa.int32()), st.lists(st.integers(0, 9) | st.none(), max_size=3)),
    "fixed list": (pa.list_(pa.float32(), 2), st.lists(st.integers(0, 9), min_size=2, max_size=2)),
    "list of text": (pa.list_(pa.string()), st.lists(TEXT | st.none(), max_size=3)),
    "struct": (
        pa.struct({"a": pa.int64(), "b": pa.string()}),
        st.fixed_dictionaries({"a": st.integers(0, 9), "b": TEXT}),
    ),
    "null": (pa.null(), st.none()),
}
LETTERS = {"int64": "q", "uint64": "Q", "int16": "h", "int32": "i", "double": "d", "float": "f", "bool": "?"}


@st.composite
def arrays(draw: st.DrawFn) -> pa.Array:
    kind, values = COLUMNS[draw(st.sampled_from(sorted(COLUMNS)))]
    return pa.array(draw(st.lists(values | st.none(), max_size=6)), kind)


def canonical(values: list[Any], kind: pa.DataType) -> bytes:
    """Return a column in the form that the module's text specifies, value by value."""
    valid = bytes(value is not None for value in values)
    if pa.types.is_null(kind):
        return valid
    if pa.types.is_struct(kind):
        fields = (kind.field(position) for position in range(kind.num_fields))
        return valid + b"".join(canonical([(value or {}).get(f.name) for value in values], f.type) for f in fields)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        lengths = b"".join(struct.pack("<q", len(value or [])) for value in values)
        return valid + lengths + canonical([item for value in values for item in value or []], kind.value_type)
    if str(kind) in LETTERS:
        return valid + b"".join(struct.pack("<" + LETTERS[str(kind)], 0 if v is None else v) for v in values)
    data = [value.encode() if isinstance(value, str) else value or b"" for value in values]
    return valid + b"".join(struct.pack("<q", len(value)) for value in data) + b"".join(data)


@given(arrays())
def test_digest_is_that_of_the_form_specified(array: pa.Array) -> None:
    # Of the lists here none holds a list, so the name of the items stands once.
    head = json.dumps(["x", str(array.type).replace("list<item: ", "list<")], separators=(",", ":")).encode() + b"\n"
    expected = hashlib.sha256(head + canonical(array.to_pylist(), array.type)).hexdigest()

    assert digest.of_table(pa.table({"x": array}), ["x"]) == f"sha256:{expected}"


@given(arrays())
def test_digest_of_a_slice_is_that_of_its_values(array: pa.Array) -> None:
    # A slice of a longer array keeps the buffers of the whole.
    part = pa.concat_arrays([array, array, array]).slice(len(array), len(array))

    assert digest.of_table(pa.table({"x": part}), ["x"]) == digest.of_table(pa.table({"x": array}), ["x"])


def test_a_dictionary_counts_by_its_values() -> None:
    one = pa.array(["b", "a", None]).dictionary_encode()
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int32()), pa.array(["a", "b"]))

    assert digest.of_table(pa.table({"x": one}), ["x"]) == digest.of_table(pa.table({"x": other}), ["x"])


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="decimal128"):
        digest.of_table(pa.table({"x": pa.array([1], pa.decimal128(5))}), ["x"])


@pytest.mark.parametrize("data", [b"", b"abc", bytes(3_000_000)], ids=len)
def test_a_file_is_hashed_whole(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)

    assert digest.of_file(tmp_path / "file") == hashlib.sha256(data).hexdigest()


def test_digest_of_nested_columns_survives_parquet(tmp_path: Path) -> None:
    nested = pa.table({"list": [[{"q": 1}], None, [None]], "struct": [{"l": [1, 2]}, None, {"l": None}]})
    pq.write_table(nested, tmp_path / "nested.parquet")
    read_back = pq.read_table(tmp_path / "nested.parquet")

    assert digest.of_table(nested, ["list", "struct"]) == digest.of_table(read_back, ["list", "struct"])
