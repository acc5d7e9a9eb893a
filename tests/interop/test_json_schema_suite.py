"""The official JSON Schema Test Suite, through our own entry point, with the verdicts of both engines.

All that differs stands in two tables: schemas that are refused, by reason, and verdicts. What is in a table and does not
differ fails, and so does what differs and is in none. ``optional`` is what the suite asks of nobody; all formats are there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from listen_datasets.errors import SchemaError
from listen_datasets.schema import FORMATS, MetadataSchema
from listen_datasets.schema.document import document
from listen_datasets.schema.explainer import Explainer

PINNED = Path(__file__).with_name("json-schema-suite.txt")
PACKED = Path(sys.prefix) / "share" / "json-schema-suite" / "jsonschema-4.26.0.tar.gz"

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not PACKED.is_file(), reason="the JSON Schema Test Suite is not here: make .venv/.interop"),
]

URIS = {
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
DIALECTS = pytest.mark.parametrize("dialect", URIS)
TESTS = {"draft7": (1407, 58), "draft2019-09": (1741, 123), "draft2020-12": (1769, 137)}
"""How many tests are judged, and how many belong to a schema that is refused."""

ALL = "7 2019 2020"
NEW = "2019 2020"
# What the message says, to file and group of the suite, to the dialects.
REFUSED: dict[str, dict[tuple[str, str], str]] = {
    # Nothing is fetched, and the meta-schemas are not ours to apply to a row.
    "does not lead to a schema in this file": {
        ("definitions", "validate definition against metaschema"): "7",
        ("defs", "validate definition against metaschema"): NEW,
        ("dynamicRef", "$ref and $dynamicAnchor are independent of order - $defs first"): "2020",
        ("dynamicRef", "$ref and $dynamicAnchor are independent of order - $ref first"): "2020",
        ("dynamicRef", "$ref to $dynamicRef finds detached $dynamicAnchor"): "2020",
        ("dynamicRef", "strict-tree schema, guards against misspelled properties"): "2020",
        ("dynamicRef", "tests for implementation dynamic anchor and reference link"): "2020",
        ("ref", "remote ref, containing refs itself"): ALL,
        ("refRemote", "$ref to $ref finds detached $anchor"): NEW,
        ("refRemote", "$ref to $ref finds location-independent $id"): "7",
        ("refRemote", "Location-independent identifier in remote ref"): ALL,
        ("refRemote", "anchor within remote ref"): NEW,
        ("refRemote", "base URI change"): ALL,
        ("refRemote", "base URI change - change folder"): ALL,
        ("refRemote", "base URI change - change folder in subschema"): ALL,
        ("refRemote", "fragment within remote ref"): ALL,
        ("refRemote", "ref within remote ref"): ALL,
        ("refRemote", "remote HTTP ref with different $id"): NEW,
        ("refRemote", "remote HTTP ref with different URN $id"): NEW,
        ("refRemote", "remote HTTP ref with nested absolute ref"): NEW,
        ("refRemote", "remote ref"): ALL,
        ("refRemote", "remote ref with ref to definitions"): "7",
        ("refRemote", "remote ref with ref to defs"): NEW,
        ("refRemote", "retrieved nested refs resolve relative to their URI not $id"): ALL,
        ("refRemote", "root ref in remote ref"): ALL,
        ("optional/cross-draft", "refs to future drafts are processed as future drafts"): "7 2019",
        ("optional/cross-draft", "refs to historic drafts are processed as historic drafts"): NEW,
        ("optional/refOfUnknownKeyword", "reference internals of known non-applicator"): NEW,
    },
    # The path of the evaluation decides, so that the work cannot be counted beforehand.
    "where the dynamic reference leads depends on the row": {
        ("dynamicRef", "$dynamicRef skips over intermediate resources - direct reference"): "2020",
        ("dynamicRef", "after leaving a dynamic scope, it is not used by a $dynamicRef"): "2020",
        ("dynamicRef", "multiple dynamic paths to the $dynamicRef keyword"): "2020",
        ("recursiveRef", "dynamic $recursiveRef destination (not predictable at schema compile time)"): "2019",
        ("recursiveRef", "multiple dynamic paths to the $recursiveRef keyword"): "2019",
        (
            "optional/dynamicRef",
            "$dynamicRef skips over intermediate resources - pointer reference across resource boundary",
        ): "2020",
    },
    # A schema that checks nothing without a word is a false green.
    "checks nothing": {
        ("additionalItems", "additionalItems as false without items"): "7 2019",
        ("additionalItems", "additionalItems does not look in applicators, valid case"): "7 2019",
        ("additionalItems", "additionalItems with null instance elements"): "7 2019",
        ("if-then-else", "ignore else without if"): ALL,
        ("if-then-else", "ignore then without if"): ALL,
        ("if-then-else", "non-interference across combined schemas"): ALL,
        ("maxContains", "maxContains without contains is ignored"): NEW,
        ("minContains", "minContains without contains is ignored"): NEW,
        ("ref", "ref overrides any sibling keywords"): "7",
        ("ref", "ref to else"): ALL,
        ("ref", "ref to then"): ALL,
        ("unevaluatedItems", "unevaluatedItems with ignored additionalItems"): "2019",
        ("unevaluatedItems", "unevaluatedItems with ignored applicator additionalItems"): "2019",
        ("optional/dependencies-compatibility", "boolean subschemas"): NEW,
        ("optional/dependencies-compatibility", "dependencies with escaped characters"): NEW,
        ("optional/dependencies-compatibility", "empty dependents"): NEW,
        ("optional/dependencies-compatibility", "multiple dependents required"): NEW,
        ("optional/dependencies-compatibility", "schema dependencies with escaped characters"): NEW,
        ("optional/dependencies-compatibility", "single dependency"): NEW,
        ("optional/dependencies-compatibility", "single schema dependency"): NEW,
        ("optional/refOfUnknownKeyword", "reference of a root arbitrary keyword "): NEW,
        ("optional/refOfUnknownKeyword", "reference of an arbitrary keyword of a sub-schema"): NEW,
        ("optional/unknownKeyword", "$id inside an unknown keyword is not a real identifier"): ALL,
    },
    "is not checked by anything": {("optional/format/unknown", "unknown format"): ALL},
    # Meta-schemas of others, with vocabularies of their own.
    "the dialect .* is not known": {
        ("vocabulary", "ignore unrecognized optional vocabulary"): NEW,
        ("vocabulary", "schema that uses custom metaschema with with no validation vocabulary"): NEW,
        ("optional/format-assertion", "schema that uses custom metaschema with format-assertion: false"): "2020",
        ("optional/format-assertion", "schema that uses custom metaschema with format-assertion: true"): "2020",
    },
    # Parquet holds integers of 64 bits with a sign.
    "does not fit into 64 bits": {
        ("optional/bignum", "maximum integer comparison"): ALL,
        ("optional/bignum", "minimum integer comparison"): ALL,
    },
}

CONTENT = "validation of string-encoded content based on media type"
BASE64 = "validation of binary string-encoding"
BOTH = "validation of binary-encoded media type documents"
# File, group and test of the suite to what the deciding and the explaining engine say.
DIFFERENT: dict[str, dict[tuple[str, str, str], tuple[bool, bool]]] = {
    # Where a schema does not ask for it, a format is a note to the suite. To us it is an assertion.
    "draft2020-12": {
        ("format", f"{name} format", f"invalid {name} string is only an annotation by default"): (False, False)
        for name in FORMATS
    },
    "draft2019-09": {},
    # The decider asserts contentEncoding and contentMediaType of draft-07, as the suite wants; the explainer does not.
    "draft7": {
        ("optional/content", CONTENT, "an invalid JSON document"): (False, True),
        ("optional/content", BASE64, "an invalid base64 string (% is not a valid character)"): (False, True),
        ("optional/content", BOTH, "a validly-encoded invalid JSON document"): (False, True),
        ("optional/content", BOTH, "an invalid base64 string that is valid JSON"): (False, True),
    },
}


@dataclass(frozen=True)
class Group:
    """A schema of the suite and the tests of it."""

    file: str
    name: str
    schema: Any
    tests: list[dict[str, Any]]


@functools.cache
def groups(dialect: str) -> tuple[Group, ...]:
    """Return the groups of a dialect."""
    if hashlib.sha256(PACKED.read_bytes()).hexdigest() not in PINNED.read_text(encoding="utf-8"):
        pytest.fail(f"{PACKED.name} is not the one that {PINNED.name} names")
    with tarfile.open(PACKED) as packed:
        return tuple(_groups(packed, dialect))


def _groups(packed: tarfile.TarFile, dialect: str) -> Iterator[Group]:
    folder = f"jsonschema-4.26.0/json/tests/{dialect}/"
    for member in packed.getmembers():
        held = packed.extractfile(member) if member.name.startswith(folder) and member.isfile() else None
        if held is not None:
            for group in json.load(held):
                schema = group["schema"]
                if isinstance(schema, dict):
                    schema = {"$schema": URIS[dialect], **schema}
                yield Group(
                    member.name.removeprefix(folder).removesuffix(".json"),
                    group["description"],
                    schema,
                    group["tests"],
                )


def refused(dialect: str) -> dict[tuple[str, str], str]:
    """Return the groups that must be refused, with the reason."""
    short = dialect.removeprefix("draft").partition("-")[0]
    return {
        group: reason for reason, listed in REFUSED.items() for group, where in listed.items() if short in where.split()
    }


@DIALECTS
def test_a_schema_is_refused_only_for_a_reason_that_is_listed(dialect: str) -> None:
    listed = refused(dialect)
    taken = [group for group in groups(dialect) if (group.file, group.name) not in listed]
    assert all(MetadataSchema.load(group.schema) for group in taken)
    assert len(groups(dialect)) - len(taken) == len(listed)


@pytest.mark.parametrize(
    ("dialect", "group"),
    [(dialect, group) for dialect in URIS for group in refused(dialect)],
    ids=lambda value: value if isinstance(value, str) else ": ".join(value),
)
def test_a_schema_that_is_listed_is_refused(dialect: str, group: tuple[str, str]) -> None:
    (found,) = [item for item in groups(dialect) if (item.file, item.name) == group]
    with pytest.raises(SchemaError, match=refused(dialect)[group]):
        MetadataSchema.load(found.schema)


@DIALECTS
def test_both_engines_say_what_the_suite_says_but_for_what_is_listed(dialect: str) -> None:
    different = {}
    for group in (item for item in groups(dialect) if (item.file, item.name) not in refused(dialect)):
        schema = MetadataSchema.load(group.schema)
        explainer = Explainer(document(json.dumps(group.schema).encode(), name="s"))
        for test in group.tests:
            said = not list(schema.check([(0, test["data"])])), explainer._validator.is_valid(test["data"])
            if said != (test["valid"],) * 2:
                different[group.file, group.name, test["description"]] = said
    assert different == DIFFERENT[dialect]


@DIALECTS
def test_the_whole_suite_was_looked_at(dialect: str) -> None:
    left_out = sum(len(group.tests) for group in groups(dialect) if (group.file, group.name) in refused(dialect))
    judged = sum(len(group.tests) for group in groups(dialect)) - left_out
    assert (judged, left_out) == TESTS[dialect]
