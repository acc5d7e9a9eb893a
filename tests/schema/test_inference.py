from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from listen_datasets.errors import NothingError, SchemaError
from listen_datasets.metadata import MetadataTable, read
from listen_datasets.schema import MetadataSchema, infer
from listen_datasets.schema.document import MAX_BYTES, MAX_PATTERNS
from listen_datasets.schema.inference import as_text

SAMPLES = Path(__file__).parents[2] / "sample_data"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CELLS = st.one_of(
    TEXTS,
    st.sampled_from(
        ["007", "1", "-3", "1.5", "1e3", "true", "false", "NA", "2024-01-02", "2024-13-02", "https://a.b/c", "a:b"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
)
VALUES: st.SearchStrategy[list[Any]] = st.one_of(
    st.lists(st.none() | CELLS, min_size=1, max_size=30),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1),
    st.lists(st.none() | st.floats(), min_size=1),
    st.lists(st.none() | st.booleans(), min_size=1),
    st.lists(st.none() | st.lists(st.integers(0, 9)), min_size=1),
    st.sampled_from(["a", "b", "c 1"]).flatmap(lambda word: st.lists(st.just(word), min_size=1, max_size=12)),
)


def table(columns: dict[str, Any], name: str = "m.csv") -> MetadataTable:
    made = pa.table(columns)
    return MetadataTable(name=name, columns=made, lines=range(1, made.num_rows + 1))


def violations(schema: dict[str, Any], *tables: MetadataTable) -> list[str]:
    """Return what rows break, read as `lds validate` does: with the types that the schema declares."""
    judge = MetadataSchema.load(schema, name="inferred")
    found = []
    for item in tables:
        final, findings = judge.typed(item)
        found += [finding.message for finding in findings]
        found += [violation.message for violation in judge.check(judge.instances(final.columns))]
    return found


def inferred(values: list[Any], name: str = "x") -> dict[str, Any]:
    """Return the property of one column, without the words for people."""
    found: dict[str, Any] = infer([table({name: values})])["properties"][name]
    return {key: value for key, value in found.items() if key not in {"description", "$comment"}}


@given(tables=st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=2))
@example(tables=[[["a"]], [[math.inf]]])
def test_every_row_is_valid_by_what_was_inferred_from_it(tables: list[list[list[Any]]]) -> None:
    made = []
    for columns in tables:
        rows = max(map(len, columns))
        made.append(
            table({f"c{index}": values + [None] * (rows - len(values)) for index, values in enumerate(columns)})
        )
    assert violations(infer(made), *made) == []


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=40))
def test_every_row_of_a_file_is_valid(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b"), *((a.replace("\0", ""), b.replace("\0", "")) for a, b in rows)]
    )
    path = tmp_path_factory.mktemp("tables") / "m.csv"
    path.write_bytes(file.getvalue().encode())
    made = read(path, name="m.csv")
    assert violations(infer([made]), made) == []


def test_the_samples_are_valid_by_what_was_inferred_from_them() -> None:
    made = read(SAMPLES / "metadata.csv", name="metadata.csv")
    schema = infer([made])
    properties = schema["properties"]
    assert violations(schema, made) == []
    assert {name: found.get("type") for name, found in properties.items() if found.get("type") != "string"} == {
        "duration": "number"
    }
    assert properties["take"]["pattern"] == "^[0-9]{3}$"
    assert set(properties["language"]["enum"]) == {"de", "en"}
    assert properties["license"]["const"] == "CC0-1.0"
    assert "`whistel`" in properties["label"]["$comment"]
    assert "enum" not in properties["speaker"]
    assert schema["required"] == ["file_name", "label", "group", "take", "duration", "license"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2", "10"], {"type": "integer", "minimum": 0}),
        (["-1", "2"], {"type": "integer"}),
        (["0.5", "1"], {"type": "number", "minimum": 0}),
        (["true", "false", None], {"type": "boolean"}),
        (["2024-01-31", "2024-02-01"], {"type": "string", "format": "date"}),
        (["2024-01-31T10:00:00Z"], {"type": "string", "format": "date-time"}),
        (["https://a.example/x", "s3://bucket/y"], {"type": "string", "format": "uri"}),
        (["dog", "cat", "dog", "dog", "cat", "cat"], {"type": "string", "enum": ["cat", "dog"]}),
        (["dog"] * 3, {"type": "string", "const": "dog"}),
        (["A-1", "A-2", "A-3", "A-4", "A-5"], {"type": "string", "pattern": "^A-[0-9]$"}),
        (["one", "two", "three"], {"type": "string", "minLength": 1}),
        (["one", ""], {"type": "string"}),
        ([None, None], {"type": "string"}),
        ([1, 2, None], {"type": "integer", "minimum": 0}),
        ([1.5, -2.0], {"type": "number"}),
        ([float("nan"), 1.0], {}),
        ([True, False], {"type": "boolean"}),
        ([["a"], ["b"]], {"type": "array"}),
        ([{"a": 1}], {"type": "object"}),
    ],
)
def test_a_column_is_guessed_from_its_values(values: list[Any], expected: dict[str, Any]) -> None:
    array = pa.array(values, pa.string()) if set(map(type, values)) == {type(None)} else values
    assert inferred(array) == expected


@pytest.mark.parametrize(
    "values",
    [
        ["001", "002", "010"],
        ["1", "+2"],
        ["1", " 2"],
        ["1.0", "1.00"],
        ["1e999", "1"],
        ["100001", "100002", "100003"],
        ["123456789012345678901234567890", "1"],
        ["True", "False"],
        ["yes", "no"],
        ["NA", "1"],
        ["1,5", "2,5"],
        ["nan", "1.0"],
    ],
    ids=["zeros lead", "a sign", "a space", "equal numbers", "too large", "long and different", "too long", "capitals", "words", "NA",
         "decimal commas", "nan"],
)  # fmt: skip
def test_what_looks_like_a_number_and_may_be_a_name_stays_text(values: list[str]) -> None:
    assert inferred(values)["type"] == "string"


@pytest.mark.parametrize("name", ["speaker", "Speaker_ID", "id", "clip-id", "zip", "postcode", "take", "session no"])
def test_numbers_that_are_names_stay_text(name: str) -> None:
    assert inferred(["12", "7", "12", "9"], name)["type"] == "string"
    assert inferred(["12", "7", "12", "9"], "age")["type"] == "integer"


@pytest.mark.parametrize(
    "values", [["2024-02-30"], ["2024-01-31", "31.1.2024"], ["2024-01-31T10:00:00"], ["https://a b"]]
)
def test_what_only_looks_like_a_format_gets_none(values: list[str]) -> None:
    assert "format" not in inferred(values)


@pytest.mark.parametrize(
    "values",
    [["dog", "cat", "dog"], ["x" * 65, "y"] * 5, [str(number) + "a" * (number % 3) for number in range(51)] * 3],
    ids=["too few repeats", "too long", "too many"],
)
def test_what_is_no_vocabulary_stays_open(values: list[str]) -> None:
    assert "enum" not in inferred(values)


def test_the_path_of_the_recording_is_known_by_its_name() -> None:
    assert inferred(["1", "2"], "file_name") == {"type": "string", "minLength": 1}


def test_a_column_that_one_table_lacks_is_not_required() -> None:
    first, second = table({"a": ["1"], "b": ["x"]}), table({"a": ["2"]}, "n.csv")
    schema = infer([first, second])
    assert schema["required"] == ["a"]
    assert schema["title"] == "A row of m.csv, n.csv"
    assert schema["properties"]["b"]["description"].endswith("absent in 1 of 2 rows.")


def test_columns_of_several_types_keep_them_all() -> None:
    tables = table({"a": ["x"]}), table({"a": [1]}, "n.parquet")
    assert infer(tables)["properties"]["a"]["type"] == ["integer", "string"]
    assert violations(infer(tables), *tables) == []


def test_more_patterns_than_a_schema_may_have_are_left_out() -> None:
    made = table({f"c{number}": [f"{row:03d}" for row in range(6)] for number in range(MAX_PATTERNS + 20)})
    assert violations(infer([made]), made) == []


def test_a_wide_table_gets_a_schema_that_can_be_read() -> None:
    made = table({f"column {number}": [f"word {number % 7}"] for number in range(10_000)})
    schema = infer([made])
    assert len(as_text(schema).encode()) <= MAX_BYTES
    assert violations(schema, made) == []


def test_names_that_fill_a_schema_alone_are_refused() -> None:
    with pytest.raises(SchemaError, match="would be larger"):
        infer([table({"x" * 500 + str(number): ["a"] for number in range(3000)})])


@pytest.mark.parametrize("tables", [[], [table({"a": pa.array([], pa.string())})]])
def test_nothing_gives_no_schema(tables: list[MetadataTable]) -> None:
    with pytest.raises(NothingError):
        infer(tables)


def test_inferring_twice_gives_the_same_text() -> None:
    made = table({"a": ["b", "a"] * 9, "c": ["1", "2"] * 9})
    assert as_text(infer([made])) == as_text(infer([made]))
    assert json.loads(as_text(infer([made]))) == infer([made])
