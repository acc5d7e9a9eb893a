"""References of a schema, turned into JSON Pointers into itself.

``$id``, anchors and dynamic references give one schema several names, and each engine looks names up in its own way. Here
they are looked up once. What the engines get has plain ``#/...`` references only and no names, so that there is nothing
left that could be fetched: a schema that ``lds`` ships and that is referred to is copied in under ``$defs``.

A ``$dynamicRef`` leads to the outermost of several schemas, as the row is evaluated. It is taken if that can be told from
the schema alone: if its name stands in one resource, or in the outermost one of all.
"""

from __future__ import annotations

import copy
import difflib
import functools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urljoin

from listen_datasets.errors import SchemaError
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.schema.keywords import Dialect, subschemas
from listen_datasets.tables import schemas_folder

MAX_URI = 2048
"""Longest name of a schema."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_NAMES = frozenset({"$id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor"})


@functools.cache
def shipped() -> Mapping[str, dict[str, Any]]:
    """Return the schemas that ``lds`` ships, by their ``$id``."""
    folder = schemas_folder()
    paths = [folder / "manifest.schema.json", *sorted((folder / "metadata").glob("*.schema.json"))]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {document["$id"]: document for document in documents}


@dataclass(frozen=True)
class _Resource:
    """A schema with a name of its own: where it stands, its name, and the names of places inside it."""

    at: str
    uri: str
    anchors: dict[str, str] = field(default_factory=dict)
    dynamic: dict[str, str] = field(default_factory=dict)


class Names:
    """The schemas in a schema, by their places and by the names that they give themselves.

    Attributes:
        nodes: JSON Pointer to every schema in it that is an object.
        places: JSON Pointer to every schema in it, ``true`` and ``false`` among them.

    Raises:
        SchemaError: A name is given twice.
    """

    def __init__(self, root: dict[str, Any], dialect: Dialect, name: str) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.places: set[str] = set()
        self._dialect = dialect
        self._name = name
        self._resources: dict[str, _Resource] = {}
        self._within: dict[str, _Resource] = {}
        self._dynamic: Counter[str] = Counter()  # in how many resources each name stands
        self.add("", root)

    def add(self, at: str, schema: dict[str, Any]) -> list[str]:
        """Learn a schema that stands at some place; return the places of the schemas in it that are objects."""
        todo: list[tuple[str, Any, _Resource]] = [(at, schema, self._within.get("", _Resource("", "")))]
        found = []
        while todo:
            place, held, outer = todo.pop()
            self.places.add(place)
            if isinstance(held, dict):
                found.append(place)
                self.nodes[place] = held
                self._within[place] = resource = self._named(place, held, outer)
                todo += [(place + pointer(*inner.steps), inner.schema, resource) for inner in subschemas(held)]
        return found

    def _named(self, at: str, schema: Mapping[str, Any], outer: _Resource) -> _Resource:
        """Note the names of a schema; return the resource that it belongs to."""
        resource, where = outer, f"{self._name}#{at}"
        # draft-07 looks at nothing beside $ref.
        uri, _, fragment = ("" if self._dialect.is_draft_07 and "$ref" in schema else schema.get("$id", "")).partition(
            "#"
        )
        if uri or not at:
            resource = _Resource(at, _joined(outer.uri, uri, where))
            # Who edits a copy of a schema that lds ships, and leaves its name in, still means ours by that name.
            if at or resource.uri not in shipped():
                self._note(self._resources, resource.uri, resource, where)
        for name in (fragment, schema.get("$anchor"), schema.get("$dynamicAnchor")):
            if name:
                self._note(resource.anchors, name, at, where)
        moving = schema.get("$dynamicAnchor", "" if schema.get("$recursiveAnchor") else None)
        if moving == "" and at != resource.at:
            raise SchemaError("`$recursiveAnchor` may only stand at the top, or beside `$id`", where=where)
        if moving is not None:
            resource.dynamic[moving] = at
            self._dynamic[moving] += 1
        return resource

    def _note(self, names: dict[str, Any], name: str, what: object, where: str) -> None:
        if name in names:
            raise SchemaError(f"the name {shown(name)} is given twice", where=where)
        names[name] = what

    def lacks(self, at: str, keyword: str) -> str | None:
        """Return the URI of the shipped schema that a reference leads to and that must be copied in first."""
        uri = self._uri(at, keyword)
        return uri if uri in shipped() and uri not in self._resources else None

    def target(self, at: str, keyword: str) -> str:
        """Return the place that a reference leads to.

        Raises:
            SchemaError: There is none.
        """
        reference, where = self.nodes[at][keyword], f"{self._name}#{at}/{keyword}"
        uri = self._uri(at, keyword)
        resource = self._within[at] if uri is None else self._resources.get(uri)
        fragment = unquote(reference.partition("#")[2])
        place = None
        if resource is not None and fragment in resource.dynamic and keyword != "$ref":
            place = self._outermost(resource, fragment, where)
        elif resource is not None:
            is_pointer = not fragment or fragment.startswith("/")
            place = resource.at + fragment if is_pointer else resource.anchors.get(fragment)
        if place is None or place not in self.places:
            message = f"the reference {shown(reference)} does not lead to a schema in this file"
            raise SchemaError(message, where=where, hint=_hint(reference.partition("#")[0]))
        return place

    def _uri(self, at: str, keyword: str) -> str | None:
        """Return the absolute URI that a reference holds; None if it has a fragment alone."""
        base = self.nodes[at][keyword].partition("#")[0]
        return _joined(self._within[at].uri, base, f"{self._name}#{at}/{keyword}") if base else None

    def _outermost(self, resource: _Resource, name: str, where: str) -> str:
        """Return where a dynamic reference ends, which is the same for each row."""
        outermost = self._within[""].dynamic
        if name in outermost:
            return outermost[name]
        if self._dynamic[name] > 1:
            raise SchemaError(
                "where the dynamic reference leads depends on the row", where=where, hint="use $ref and $defs"
            )
        return resource.dynamic[name]


def settle(root: dict[str, Any], names: Names, dialect: Dialect, name: str) -> tuple[dict[str, str], list[str]]:
    """Replace the references of a schema by JSON Pointers into it, and take its names away.

    Returns:
        What each ``$ref`` leads to, those that lead to ``true`` or ``false`` left out; and the places of the schemas that
        were copied in.

    Raises:
        SchemaError: A reference leads to no schema in it, and to none that ``lds`` ships.
    """
    found: dict[str, tuple[str, str]] = {}
    copied: list[str] = []
    todo = list(names.nodes)
    while todo:
        at = todo.pop()
        keywords = [keyword for keyword in _REFERENCES if keyword in names.nodes[at]]
        if len(keywords) > 1:
            hint = "put them into two schemas under allOf"
            raise SchemaError("two references stand in one schema", where=f"{name}#{at}/{keywords[1]}", hint=hint)
        for keyword in keywords:
            if (uri := names.lacks(at, keyword)) is not None:
                inside = names.add(*_copied(root, dialect.definitions, uri))
                copied += inside
                todo += inside
            found[at] = keyword, names.target(at, keyword)
    return _rewritten(names, found), copied


def _copied(root: dict[str, Any], definitions: str, uri: str) -> tuple[str, dict[str, Any]]:
    """Copy a shipped schema in; return its place and the copy."""
    held = root.setdefault(definitions, {})
    key = uri
    while key in held:
        key += "#"
    held[key] = copy.deepcopy(shipped()[uri])
    held[key].pop("$schema", None)
    return pointer(definitions, key), held[key]


def _rewritten(names: Names, found: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    targets = {}
    for at, (keyword, place) in found.items():
        del names.nodes[at][keyword]
        reference = fragment(place)
        names.nodes[at]["$ref"] = reference
        if place in names.nodes:
            targets[reference] = place
    for at, schema in names.nodes.items():
        for keyword in _NAMES if at else _NAMES - {"$schema"}:
            schema.pop(keyword, None)
    return targets


def _hint(uri: str) -> str:
    """Say which shipped schema was meant, or that only those and the file itself can be referred to."""
    file = uri.rpartition("/")[2]
    meant = [ours for ours in shipped() if file and ours.endswith(f"/{file}")]
    meant += difflib.get_close_matches(uri[:MAX_URI], shipped(), n=1, cutoff=0.9)
    if meant:
        return f"did you mean {meant[0]}?"
    return "refer to #/$defs/...; nothing is ever fetched from the network or from other files"


def fragment(place: str) -> str:
    """Return a JSON Pointer as the fragment of a URI."""
    return "#" + quote(place, safe="/~!$&'()*+,;=:@")


def _joined(base: str, uri: str, where: str) -> str:
    try:
        joined = urljoin(base, uri)
    except ValueError:
        raise SchemaError(f"{shown(uri)} is no URI", where=where) from None
    if len(joined) > MAX_URI:
        raise SchemaError(f"a URI is longer than {MAX_URI} characters", where=where)
    return joined
