"""A schema as a document: read, and refused before any row is looked at if it would check nothing or too much.

A user's schema is a program for a small machine, so it is held to what can be proved about it: a known dialect, known
keywords and formats (a misspelled one checks nothing and passes in silence), references into itself or into the schemas
that ``lds`` ships, and patterns that a linear-time engine can run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from listen_datasets.errors import SchemaError
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.strict_json import parse
from listen_datasets.schema.keywords import (
    ANNOTATIONS,
    DIALECTS,
    SILENT_WITHOUT,
    UNSUPPORTED,
    Dialect,
    subschemas,
)
from listen_datasets.schema.references import Names, settle
from listen_datasets.schema.violation import Spellings

MAX_BYTES = 2**20
"""Largest schema."""
MAX_PATTERNS = 256
"""Most patterns in one schema: each may compile to some megabytes."""

REGEX = jsonschema_rs.RegexOptions()
"""Makes jsonschema-rs run patterns on the linear-time engine of Rust's ``regex``."""

_BACKTRACKING = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<")


@dataclass(frozen=True)
class Document:
    """A schema that may be used.

    Attributes:
        name: How errors call it.
        dialect: Its version of JSON Schema.
        root: The schema, without the names in it, and with the shipped schemas that it refers to under ``$defs``.
        nodes: JSON Pointer to every schema in it that is an object.
        targets: What each ``$ref`` leads to, as a JSON Pointer; those that lead to ``true`` or ``false`` are not in.
        copied: The places of the shipped schemas.
    """

    name: str
    dialect: Dialect
    root: dict[str, Any]
    nodes: Mapping[str, dict[str, Any]]
    targets: Mapping[str, str]
    copied: frozenset[str] = frozenset()


def load_bytes(path: Path) -> bytes:
    """Read the file of a schema.

    Raises:
        SchemaError: It is not there, no regular file, or larger than ``MAX_BYTES``.
    """
    try:
        with opened(path.parent, path.name) as file:
            data = file.read(0, MAX_BYTES + 1)
            file.check_unchanged()
    except InputProblem as problem:
        raise SchemaError(problem.reason, where=path.name) from problem
    return data


def document(data: bytes, *, name: str) -> Document:
    """Read a schema and prove that it may be used.

    Raises:
        SchemaError: It may not; ``where`` is the JSON Pointer behind the name.
    """
    root = _parsed(data, name)
    dialect = _dialect(root, name)
    nodes = dict(_nodes(root))
    _check_unknown(nodes, dialect, name)
    _check_meta(root, dialect, name)
    if dialect.is_draft_07:
        _check_siblings(nodes, name)
    names = Names(root, dialect, name)
    targets, copied = settle(root, names, dialect, name)
    _check_unknown({at: names.nodes[at] for at in copied}, dialect, name)
    _check_formats(names.nodes, dialect, name)
    _check_patterns(names.nodes, dialect, name)
    return Document(name, dialect, root, names.nodes, targets, frozenset(copied))


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise SchemaError(f"the schema is larger than {MAX_BYTES} bytes", where=name)
    try:
        root = parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SchemaError("the schema is not UTF-8", where=name) from None
    except ValueError as error:
        raise SchemaError(str(error), where=name) from None
    if isinstance(root, bool):
        return {} if root else {"not": {}}
    if not isinstance(root, dict):
        raise SchemaError("the schema is not an object", where=name, hint="the smallest useful one names `properties`")
    return root


def _dialect(root: Mapping[str, Any], name: str) -> Dialect:
    said = root.get("$schema", DIALECTS[0].uri)
    found = next(
        (dialect for dialect in DIALECTS if isinstance(said, str) and said.removesuffix("#") == dialect.uri), None
    )
    if found is None:
        hint = f"use {DIALECTS[0].uri}, or the one of 2019-09 or draft-07"
        raise SchemaError(f"the dialect {shown(said)} is not known", where=f"{name}#/$schema", hint=hint)
    return found


def _nodes(root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    todo: list[tuple[str, Any]] = [("", root)]
    while todo:
        at, schema = todo.pop()
        if isinstance(schema, dict):
            yield at, schema
            todo += [(at + pointer(*inner.steps), inner.schema) for inner in subschemas(schema)]


def _check_unknown(nodes: Mapping[str, dict[str, Any]], dialect: Dialect, name: str) -> None:
    for at, schema in nodes.items():
        for keyword in schema:
            where = f"{name}#{at}{pointer(keyword)}"
            if keyword in UNSUPPORTED:
                raise SchemaError(f"the keyword `{keyword}` is not supported", where=where, hint="use $ref and $defs")
            if keyword not in dialect.known and not keyword.startswith("x-"):
                message = f"the keyword `{shown(keyword, 80)}` checks nothing in this dialect"
                raise SchemaError(message, where=where, hint=_nearest(keyword, dialect.known))
            needed = SILENT_WITHOUT.get(keyword)
            if needed is not None and needed not in schema:
                raise SchemaError(f"`{keyword}` checks nothing without `{needed}`", where=where)
        if schema.get("$schema", dialect.uri) not in (dialect.uri, f"{dialect.uri}#"):
            message = "a schema inside another one has the same dialect"
            raise SchemaError(message, where=f"{name}#{at}/$schema", hint="leave its `$schema` out")


def _nearest(word: str, known: Iterable[str]) -> str:
    slip = Spellings(sorted(known)).nearest(word)
    close = [slip] if slip else difflib.get_close_matches(word[:80], sorted(known), n=1)
    return f"did you mean `{close[0]}`?" if close else "notes of your own may stand in keywords that begin with x-"


def _check_meta(root: dict[str, Any], dialect: Dialect, name: str) -> None:
    try:
        jsonschema_rs.meta.validate({**root, "$schema": dialect.uri})
    except jsonschema_rs.ValidationError as error:
        where = f"{name}#{pointer(*error.instance_path)}"
        raise SchemaError(f"this is no JSON Schema: {shown(error.message)}", where=where) from None


def _check_siblings(nodes: Mapping[str, dict[str, Any]], name: str) -> None:
    for at, schema in nodes.items():
        if "$ref" in schema and not schema.keys() <= ANNOTATIONS:
            hint = "put the $ref and the rest into two schemas under allOf"
            raise SchemaError("draft-07 checks nothing that stands beside $ref", where=f"{name}#{at}/$ref", hint=hint)


def _check_formats(nodes: Mapping[str, dict[str, Any]], dialect: Dialect, name: str) -> None:
    for at, schema in nodes.items():
        if "format" in schema and schema["format"] not in dialect.formats:
            message = f"the format `{shown(schema['format'], 80)}` is not checked by anything"
            raise SchemaError(message, where=f"{name}#{at}/format", hint=_nearest(schema["format"], dialect.formats))


def _patterns(nodes: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for at, schema in nodes.items():
        if "pattern" in schema:
            yield f"{at}/pattern", schema["pattern"]
        for pattern in schema.get("patternProperties", ()):
            yield f"{at}{pointer('patternProperties', pattern)}", pattern


def _check_patterns(nodes: Mapping[str, dict[str, Any]], dialect: Dialect, name: str) -> None:
    for count, (at, pattern) in enumerate(_patterns(nodes), start=1):
        where = f"{name}#{at}"
        if count > MAX_PATTERNS:
            raise SchemaError(f"the schema has more than {MAX_PATTERNS} patterns", where=where)
        try:
            dialect.decider({"pattern": pattern}, pattern_options=REGEX)
        except (jsonschema_rs.ValidationError, ValueError):
            if _BACKTRACKING.search(pattern):
                message = "the pattern looks around or back, which only an engine that may run for ever can do"
                raise SchemaError(message, where=where, hint="write it without (?=, (?!, (?<, (?> and \\1") from None
            message = f"the pattern {shown(pattern, 80)} is no regular expression, or too large a one"
            raise SchemaError(message, where=where, hint="the syntax is that of Rust's regex and of RE2") from None
