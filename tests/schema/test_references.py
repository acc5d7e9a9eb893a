from __future__ import annotations

import json
import time
from typing import Any

import pytest

from listen_datasets.errors import SchemaError
from listen_datasets.schema import MetadataSchema
from listen_datasets.schema.document import Document, document
from listen_datasets.schema.references import shipped

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
MANIFEST = next(uri for uri in shipped() if uri.endswith("manifest.schema.json"))


def settled(schema: object) -> Document:
    return document(json.dumps(schema).encode(), name="s.json")


def broken(schema: object, row: dict[str, Any]) -> list[str]:
    held = json.dumps(schema)
    return [item.pointer for item in MetadataSchema.load(json.loads(held)).check([(0, row)])]


@pytest.mark.parametrize(
    "schema",
    [
        {"$id": "https://x.org/s.json", "$ref": "https://x.org/s.json#/$defs/a"},
        {"$id": "https://x.org/s.json", "$ref": "/s.json#here"},
        {"$id": "urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed", "$ref": "urn:uuid:deadbeef-1234-00ff-ff00-4321feebdaed#here"},
        {"$ref": "#here"},
        {"$ref": "inner.json"},
        {"$id": "https://x.org/", "$ref": "https://x.org/inner.json"},
        {"$id": "https://x.org/", "$ref": "https://x.org/inner.json#within"},
        {"$dynamicRef": "#moving"},
        {"$dynamicRef": "#here"},
        {"$dynamicRef": "#/$defs/a"},
    ],
)  # fmt: skip
def test_a_name_is_as_good_as_a_pointer(schema: dict[str, Any]) -> None:
    number = {"properties": {"n": {"type": "integer"}}}
    defs = {
        "a": {"$anchor": "here", **number},
        "b": {"$id": "inner.json", "$ref": "#/$defs/c", "$defs": {"c": {"$anchor": "within", **number}}},
        "d": {"$dynamicAnchor": "moving", **number},
    }
    assert broken({**schema, "$defs": defs}, {"n": 1}) == []
    assert broken({**schema, "$defs": defs}, {"n": "x"}) == ["/n"]


@pytest.mark.parametrize("schema", [{"$schema": DRAFT_07, "definitions": {"a": {"$id": "#here", "type": "integer"}}}])
def test_an_id_of_draft_07_may_be_an_anchor(schema: dict[str, Any]) -> None:
    assert broken({**schema, "properties": {"n": {"$ref": "#here"}}}, {"n": "x"}) == ["/n"]


def test_a_recursive_reference_leads_to_the_top() -> None:
    tree = {"$schema": DRAFT_2019, "$recursiveAnchor": True, "properties": {"n": {"type": "integer"}}}
    tree["properties"]["child"] = {"$recursiveRef": "#"}  # type: ignore[index]
    assert broken(tree, {"child": {"child": {"n": "x"}}}) == ["/child/child/n"]


def test_the_outermost_of_two_dynamic_anchors_is_meant() -> None:
    schema = {
        "$dynamicAnchor": "row",
        "required": ["n"],
        "properties": {"inner": {"$ref": "other"}},
        "$defs": {"o": {"$id": "other", "$dynamicAnchor": "row", "properties": {"next": {"$dynamicRef": "#row"}}}},
    }
    assert broken(schema, {"n": 1, "inner": {"next": {}}}) == ["/inner/next/n"]


@pytest.mark.parametrize(("root", "pointers"), [(True, []), (False, [""])])
def test_a_schema_may_be_a_truth_value(root: object, pointers: list[str]) -> None:
    schema = MetadataSchema(settled(root))
    assert [item.pointer for item in schema.check([(0, {"a": 1})])] == pointers


@pytest.mark.parametrize(("value", "pointers"), [(True, []), (False, ["/a"])])
def test_a_reference_may_lead_to_a_truth_value(value: object, pointers: list[str]) -> None:
    assert broken({"$defs": {"b": value}, "properties": {"a": {"$ref": "#/$defs/b"}}}, {"a": 1}) == pointers


def test_engines_get_plain_pointers_and_no_names() -> None:
    schema = settled(
        {
            "$id": "https://x.org/s.json",
            "properties": {"a": {"$ref": "t.json#x"}, "b": {"$ref": f"{MANIFEST}#/properties/duration"}},
            "$defs": {"a b%": {"$id": "t.json", "$anchor": "x"}},
        }
    )
    references = [node["$ref"] for node in schema.nodes.values() if "$ref" in node]
    assert [reference[:2] for reference in references] == ["#/"] * len(references)
    assert set(references) == set(schema.targets)
    assert all(node.keys().isdisjoint({"$id", "$anchor"}) for node in schema.nodes.values())


def test_a_shipped_schema_is_copied_in_once_and_beside_others() -> None:
    reference = {"$ref": f"{MANIFEST}#/properties/duration"}
    schema = {"$defs": {MANIFEST: {"type": "string"}}, "properties": {"a": reference, "b": reference}}
    assert list(settled(schema).root["$defs"]) == [MANIFEST, f"{MANIFEST}#"]
    assert broken(schema, {"a": -1, "b": 1}) == ["/a"]


@pytest.mark.parametrize("uri", shipped())
@pytest.mark.parametrize("dialect", [DRAFT_07, DRAFT_2019, "https://json-schema.org/draft/2020-12/schema"])
def test_a_shipped_schema_means_the_same_in_every_dialect(uri: str, dialect: str) -> None:
    schema = MetadataSchema.load({"$schema": dialect, "allOf": [{"$ref": uri}]})
    assert schema.columns() == MetadataSchema.load(shipped()[uri]).columns()
    found = {item.pointer for item in schema.check([(0, {"duration": "x", "sample_rate": -1})])}
    assert found >= {"/duration", "/sample_rate"}


def test_what_is_copied_in_stays_as_it_was() -> None:
    before = json.dumps(shipped()[MANIFEST])
    settled({"properties": {"a": {"$ref": MANIFEST}}})
    assert json.dumps(shipped()[MANIFEST]) == before


def test_a_shipped_schema_that_the_user_brings_along_is_the_one_that_is_meant() -> None:
    schema = {"$defs": {"mine": {"$id": MANIFEST, "required": ["n"]}}, "properties": {"a": {"$ref": MANIFEST}}}
    assert broken(schema, {"a": {}}) == ["/a/n"]


@pytest.mark.parametrize(
    "inner",
    [
        {"$id": "r{}", "$dynamicAnchor": "x{}", "properties": {"n": {"$dynamicRef": "#x{}"}}},
        {"$anchor": "x{}", "properties": {"n": {"$ref": "#x{}"}}},
    ],
)
def test_many_names_are_looked_up_at_once(inner: dict[str, Any]) -> None:
    definitions = {f"d{number}": json.loads(json.dumps(inner).replace("{}", str(number))) for number in range(6000)}
    start = time.process_time()
    assert MetadataSchema.load({"$id": "https://x.org/" + "a" * 1000, "$defs": definitions}).document
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("manifest.schema.json", f"did you mean {MANIFEST}?"),
        (MANIFEST.replace("manifest", "mainfest"), f"did you mean {MANIFEST}?"),
        ("https://example.org/", "refer to #/$defs"),
        ("#/$defs/none", "refer to #/$defs"),
    ],
)
def test_a_schema_that_is_nearly_named_is_told(reference: str, hint: str) -> None:
    with pytest.raises(SchemaError, match="does not lead") as caught:
        MetadataSchema.load({"$ref": reference})
    assert str(caught.value.hint).startswith(hint)


@pytest.mark.parametrize("schema", [{"$id": "a" * 3000}, {"$ref": "a" * 3000}, {"$defs": {"a": {"$id": "a" * 3000}}}])
def test_a_name_without_end_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="longer than 2048 characters"):
        MetadataSchema.load(schema)


@pytest.mark.parametrize(
    ("schema", "where", "message"),
    [
        ({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}, "/$defs/a", "`?x`? is given twice"),
        ({"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}}, "/$defs/a", "x is given twice"),
        ({"$defs": {"a": {"$dynamicAnchor": "x"}, "b": {"$anchor": "x"}}}, "/$defs/a", "given twice"),
        ({"properties": {"a": {"$ref": "#", "$dynamicRef": "#"}}}, "/properties/a/$dynamicRef", "two references"),
        ({"$id": "https://x.org/", "$ref": "http://[x"}, "/$ref", "is no URI"),
        ({"$schema": DRAFT_2019, "properties": {"a": {"$recursiveAnchor": True}}}, "/properties/a", "beside `\\$id`"),
        ({"$schema": DRAFT_2019, "properties": {"a": {"$recursiveRef": "#/properties"}}}, "/properties/a/$recursiveRef",
         "does not lead"),
        ({"$defs": {"a": {"$id": "a", "$dynamicAnchor": "x"}, "b": {"$id": "b", "$dynamicAnchor": "x", "$dynamicRef": "#x"}}},
         "/$defs/b/$dynamicRef", "depends on the row"),
        ({"$ref": "list", "$defs": {"l": {"$id": "list", "$ref": "#"}}}, "/$defs/l", "back to itself"),
        ({"$dynamicAnchor": "x", "allOf": [{"$dynamicRef": "#x"}]}, "", "back to itself"),
    ],
)  # fmt: skip
def test_names_that_mean_two_things_or_none_are_refused(schema: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        MetadataSchema.load(schema, name="s.json")
    assert str(caught.value.where).removeprefix("s.json#") == where
