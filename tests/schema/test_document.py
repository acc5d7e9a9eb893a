from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from listen_datasets.errors import SchemaError
from listen_datasets.schema import FORMATS, MetadataSchema
from listen_datasets.schema.document import MAX_BYTES, MAX_PATTERNS
from listen_datasets.schema.references import shipped

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def doubling(levels: int) -> dict[str, Any]:
    names = [f"a{level}" for level in range(levels)]
    definitions: dict[str, Any] = {
        name: {"allOf": [{"$ref": f"#/$defs/{after}"}, {"$ref": f"#/$defs/{after}"}]}
        for name, after in zip(names, [*names[1:], "end"], strict=True)
    }
    return {"$defs": {**definitions, "end": {"type": "object"}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize("uri", [None, DRAFT_2020, DRAFT_2020 + "#", DRAFT_2019, DRAFT_07, DRAFT_07.rstrip("#")])
def test_the_three_dialects_are_known(uri: str | None) -> None:
    schema = {"properties": {"label": {"type": "string"}}} | ({} if uri is None else {"$schema": uri})
    assert list(MetadataSchema.load(schema).columns()) == ["label"]


def test_a_schema_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "metadata.schema.json"
    path.write_text("\ufeff" + json.dumps({"properties": {"b": {}, "a": {}}}))
    assert list(MetadataSchema.load(path).columns()) == ["b", "a"]


@pytest.mark.parametrize(
    ("schema", "where", "message", "hint"),
    [
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "/$schema", "dialect", "2020-12"),
        ({"$schema": "https://example.org/mine"}, "/$schema", "dialect", "2020-12"),
        ({"$schema": 7}, "/$schema", "dialect", "2020-12"),
        ({"propertis": {}}, "/propertis", "`propertis` checks nothing", "did you mean `properties`?"),
        ({"properties": {"a": {"eunm": [1]}}}, "/properties/a/eunm", "`eunm` checks nothing", "did you mean `enum`?"),
        ({"properties": {"a": {"typ": "string"}}}, "/properties/a/typ", "`typ` checks nothing", "did you mean `type`?"),
        ({"properties": {"a": {"items": {"minimun": 1}}}}, "/properties/a/items/minimun", "checks nothing", "`minimum`"),
        ({"dependencies": {"a": ["b"]}}, "/dependencies", "checks nothing", None),
        ({"$schema": DRAFT_07, "$defs": {}}, "/$defs", "checks nothing", None),
        ({"$schema": DRAFT_07, "dependentRequired": {}}, "/dependentRequired", "checks nothing", None),
        ({"prefixItem": []}, "/prefixItem", "checks nothing", "did you mean `prefixItems`?"),
        ({"then": {"required": ["a"]}}, "/then", "`then` checks nothing without `if`", None),
        ({"$vocabulary": {"https://x.org/v": True}}, "/$vocabulary", "not supported", "$ref"),
        ({"$recursiveRef": "#"}, "/$recursiveRef", "checks nothing", None),
        ({"$schema": DRAFT_2019, "$dynamicRef": "#a"}, "/$dynamicRef", "checks nothing", None),
        ({"type": "strnig"}, "/type", "no JSON Schema", None),
        ({"properties": {"a": {"minimum": "1"}}}, "/properties/a/minimum", "no JSON Schema", None),
        ({"required": "a"}, "/required", "no JSON Schema", None),
        ({"properties": []}, "/properties", "no JSON Schema", None),
        ({"properties": {"a": {"format": "dat"}}}, "/properties/a/format", "format `dat`", "did you mean `date`?"),
        ({"$schema": DRAFT_07, "properties": {"a": {"format": "uuid"}}}, "/properties/a/format", "format `uuid`", None),
        ({"properties": {"a": {"$schema": DRAFT_2019}}}, "/properties/a/$schema", "the same dialect", None),
        ({"$schema": DRAFT_07, "definitions": {"a": {}}, "properties": {"b": {"$ref": "#/definitions/a", "minLength": 1}}},
         "/properties/b/$ref", "beside", "allOf"),
    ],
)  # fmt: skip
def test_a_schema_that_would_check_nothing_is_refused(
    schema: dict[str, Any], where: str, message: str, hint: str | None
) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        MetadataSchema.load(schema, name="s.json")
    assert str(caught.value.where).removeprefix("s.json").removeprefix("#") == where
    assert (hint or "") in str(caught.value.hint)


@pytest.mark.parametrize(
    "schema",
    [
        {"x-unit": "s", "properties": {"a": {"x-note": {"typ": 1}, "$comment": "typ", "title": "t", "examples": [{"typ": 1}]}}},
        {"properties": {"typ": {"enum": [{"typ": 1}], "default": {"$ref": "http://x.org"}}}},
        {"definitions": {"a": {}}, "properties": {"b": {"$ref": "#/definitions/a", "minLength": 1}}},
        {"$schema": DRAFT_07, "definitions": {"a": {}}, "properties": {"b": {"$ref": "#/definitions/a", "title": "b"}}},
        {"$schema": DRAFT_07, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
        {"$schema": DRAFT_2019, "properties": {"a": {"items": [{}], "additionalItems": False}}},
        {"$id": "https://x.org/s.json", "$defs": {"a": {}}, "properties": {"b": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a/b": {"$anchor": "here"}}, "properties": {"b": {"$ref": "#here"}, "c": {"$ref": "#/$defs/a~1b"}}},
        {"properties": {"a b": {}, "c": {"$ref": "#/properties/a%20b"}}},
        {"properties": {"children": {"items": {"$ref": "#"}}}},
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "up": {"$ref": "#"}}},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
    ],
)  # fmt: skip
def test_a_look_alike_is_accepted(schema: dict[str, Any]) -> None:
    assert MetadataSchema.load(schema).document


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_each_format_is_known_to_the_engine(name: str) -> None:
    assert MetadataSchema.load({"properties": {"a": {"format": name}}}).document


@pytest.mark.parametrize("uri", [DRAFT_07, DRAFT_2019, DRAFT_2020])
def test_a_remote_reference_opens_no_connection(uri: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        remote = f"http://127.0.0.1:{server.getsockname()[1]}/s.json"
        with pytest.raises(SchemaError, match="does not lead to a schema in this file"):
            MetadataSchema.load({"$schema": uri, "properties": {"a": {"$ref": remote}}})
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "reference",
    ["other.json", "other.json#/$defs/a", "file:///etc/passwd", "/etc/passwd", "#/$defs/none", "#none", "#/x-hidden", DRAFT_2020,
     "#/properties/a/enum/0", "https://x.org/t.json#/$defs/a", "//x.org/t.json", "https://x.org/s.json#/$defs/none", "#%00",
     "urn:x", "https://listen-datasets.example/schemas/1/none.schema.json"],
)  # fmt: skip
def test_a_reference_that_leads_out_or_to_no_schema_is_refused(reference: str) -> None:
    schema = {
        "$id": "https://x.org/s.json",
        "$defs": {"a": {}},
        "x-hidden": {"type": "string"},
        "properties": {"a": {"enum": [{}]}, "b": {"$ref": reference}},
    }
    with pytest.raises(SchemaError, match="does not lead to a schema"):
        MetadataSchema.load(schema)


def test_the_schemas_of_lds_may_be_referred_to() -> None:
    uri = next(uri for uri in shipped() if uri.endswith("manifest.schema.json"))
    schema = MetadataSchema.load({"properties": {"duration": {"$ref": uri + "#/properties/duration"}}})
    assert list(schema.check([(0, {"duration": 1.5})])) == []
    assert [item.pointer for item in schema.check([(0, {"duration": -1})])] == ["/duration"]


def test_an_id_does_not_turn_local_references_into_others() -> None:
    uri = next(iter(shipped()))
    schema = MetadataSchema.load(
        {
            "$id": uri,
            "$defs": {"mine": {"type": "integer"}},
            "properties": {"a": {"$ref": "#/$defs/mine"}, "b": {"$ref": f"{uri}#/properties/clip_id"}},
        }
    )
    assert [item.pointer for item in schema.check([(0, {"a": "x", "b": 1})])] == ["/a", "/b"]


def test_a_reference_into_the_schemas_of_lds_must_lead_somewhere() -> None:
    with pytest.raises(SchemaError):
        MetadataSchema.load({"properties": {"a": {"$ref": next(iter(shipped())) + "#/properties/none"}}})


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<n>a)\k<n>", "(?>a)"])
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_a_pattern_that_needs_backtracking_is_refused(pattern: str, keyword: str) -> None:
    schema = {"properties": {"a": {"pattern": pattern}}} if keyword == "pattern" else {keyword: {pattern: {}}}
    with pytest.raises(SchemaError, match="looks around or back") as caught:
        MetadataSchema.load(schema)
    assert keyword in str(caught.value.where)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"\h", "a{2,1}", "(a{1000}){1000}"])
def test_a_pattern_that_does_not_compile_is_refused(pattern: str) -> None:
    with pytest.raises(SchemaError, match="no regular expression"):
        MetadataSchema.load({"properties": {"a": {"pattern": pattern}}})


def test_too_many_patterns_are_refused() -> None:
    schema = {"properties": {f"a{number}": {"pattern": "a"} for number in range(MAX_PATTERNS + 1)}}
    with pytest.raises(SchemaError, match="more than 256 patterns"):
        MetadataSchema.load(schema)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"type": "object", "type": "array"}', "stands twice"),
        (b'{"maximum": NaN}', "NaN"),
        (b"[]", "not an object"),
        (b"1", "not an object"),
        (b"{", "no JSON"),
        (b'{"title": "\xe9"}', "not UTF-8"),
        (b'{"title": "' + b"x" * MAX_BYTES + b'"}', "larger than"),
        (b'{"not":' * 100 + b"{}" + b"}" * 100, "nested deeper"),
        (b'{"not":' * 100_000, "nested deeper|no JSON"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "s.json").write_bytes(data)
    with pytest.raises(SchemaError, match=message) as caught:
        MetadataSchema.load(tmp_path / "s.json")
    assert caught.value.where == "s.json"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"no file s\.json"):
        MetadataSchema.load(tmp_path / "s.json")


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(SchemaError, match="no JSON"):
        MetadataSchema.load({"default": {1, 2}})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        {"properties": {"x": {"if": {"$ref": "#/properties/x"}, "then": {}}}},
    ],
)
def test_a_reference_that_turns_in_a_circle_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="back to itself"):
        MetadataSchema.load(schema)


@pytest.mark.parametrize(
    "schema",
    [
        doubling(40),
        {"properties": {"x": {"anyOf": [{"items": {"$ref": "#/properties/x"}}] * 2}}},
        {"patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
    ],
    ids=["on one value", "in nested arrays", "in nested objects"],
)
def test_a_schema_of_exponential_work_is_refused_at_once(schema: dict[str, Any]) -> None:
    start = time.process_time()
    with pytest.raises(SchemaError, match="more than 10000 times"):
        MetadataSchema.load(schema)
    assert time.process_time() - start < 2


def test_a_wide_schema_is_no_exponential_one() -> None:
    columns = {f"c{number}": {"anyOf": [{"type": "integer"}, {"type": "null"}]} for number in range(8000)}
    start = time.process_time()
    assert len(MetadataSchema.load({"properties": columns}).columns()) == 8000
    assert time.process_time() - start < 4


def test_a_little_doubling_is_allowed() -> None:
    assert list(MetadataSchema.load(doubling(8)).check([(0, {})])) == []
