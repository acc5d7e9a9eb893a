"""Advice about a schema that may be used: what its author can hardly have meant.

Everything here is a warning. What must not pass is refused by :mod:`listen_datasets.schema.document`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.schema import ranges
from listen_datasets.schema.columns import places_of, together, types_of
from listen_datasets.schema.document import REGEX, Document
from listen_datasets.schema.keywords import UNIQUE, subschemas
from listen_datasets.schema.references import fragment
from listen_datasets.schema.violation import Spellings

_OWN_NAME = "urn:lds:schema"
_CITED = 80
_ANY = 7  # as many types there are
_CLOSING = ("additionalProperties", "unevaluatedProperties")
_DESCRIBING = frozenset({"contentEncoding", "contentMediaType", "contentSchema"})
_ALTERNATIVES = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[()|]")


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One thing that should be looked at.

    Attributes:
        pointer: JSON Pointer into the schema.
        message: What was seen.
        hint: What to write instead.
    """

    pointer: str
    message: str
    hint: str


def advice(document: Document) -> list[Advice]:
    """Return what should be looked at in a schema, in the order of its places."""
    found = [*_columns(document), *_names(document), *_closed(document)]
    for at in document.nodes:
        if at not in document.copied:
            found += [
                *_enum(document, at),
                *_patterns(document, at),
                *_impossible(document, [at], at),
                *_idle(document, at),
            ]
    found += _examples(document)
    return sorted(dict.fromkeys(found), key=lambda item: (item.pointer, item.message))


def unchecked(document: Document) -> list[str]:
    """Return what a schema leaves open, in words."""
    left = []
    if not any(document.nodes[at].get(word) is False for at in together(document, "") for word in _CLOSING):
        left.append("columns that are not named")
    keywords = {word for at, schema in document.nodes.items() if at not in document.copied for word in schema}
    described = sorted(keywords & _DESCRIBING) if not document.dialect.is_draft_07 else []
    left += [f"{word}, which only describes" for word in described]
    return left + [f"{word}, a keyword of your own" for word in sorted(keywords - {UNIQUE}) if word.startswith("x-")]


def _columns(document: Document) -> Iterator[Advice]:
    columns = places_of(document)
    for name, places in columns.items():
        own = [at for at in places if at not in document.copied]
        # A column that is `true` or `false` is meant so.
        if not own or any(at not in document.nodes for at in places):
            continue
        if len(types_of(document, places)) == _ANY:
            message = f"the column `{shown(name, _CITED)}` has no type, so that its text stays text, numbers among it"
            yield Advice(pointer=own[0], message=message, hint='say what it holds, such as "type": "string"')
        elif len(places) > 1:
            yield from _impossible(document, places, own[0])
    for twins in _twins(columns):
        own = [at for name in twins for at in columns[name] if at not in document.copied]
        if own:
            message = f"the columns {_listed(twins)} differ by case, white space or Unicode form alone"
            yield Advice(pointer=own[-1], message=message, hint="keep the one that the table has")


def _names(document: Document) -> Iterator[Advice]:
    """Look for names of columns that are asked for and described nowhere."""
    applied = _applied(document)
    named = {name for at in applied for name in document.nodes[at].get("properties", ())}
    spellings = Spellings(sorted(named))
    patterned = any("patternProperties" in document.nodes[at] for at in applied)
    for at in applied:
        schema = document.nodes[at]
        asked = [("required", name) for name in schema.get("required", ())]
        for given, needed in schema.get("dependentRequired", {}).items():
            asked += [("dependentRequired", name) for name in (given, *needed)]
        for keyword, name in asked:
            if name not in named and not patterned and at not in document.copied:
                near = spellings.nearest(name)
                hint = f"did you mean `{shown(near, _CITED)}`?" if near else "describe it under `properties`"
                message = f"`{keyword}` asks for `{shown(name, _CITED)}`, which `properties` lacks"
                yield Advice(pointer=at + pointer(keyword), message=message, hint=hint)


def _applied(document: Document) -> list[str]:
    """Return the schemas that may hold for the row itself."""
    found: dict[str, None] = {}
    todo = [""]
    while todo:
        at = todo.pop()
        if at in document.nodes and at not in found:
            found[at] = None
            schema = document.nodes[at]
            todo += [at + pointer(*inner.steps) for inner in subschemas(schema) if inner.place == "same"]
            if "$ref" in schema and (target := document.targets.get(schema["$ref"])) is not None:
                todo.append(target)
    return list(found)


def _closed(document: Document) -> Iterator[Advice]:
    for at, schema in document.nodes.items():
        if schema.get("additionalProperties") is not False or at in document.copied or "patternProperties" in schema:
            continue
        elsewhere = {name for inner in together(document, at) for name in document.nodes[inner].get("properties", ())}
        unseen = sorted(elsewhere - schema.get("properties", {}).keys())
        if unseen:
            message = f"`additionalProperties` does not see {_listed(unseen)}, and refuses them"
            hint = '"unevaluatedProperties": false sees what $ref and allOf name'
            yield Advice(pointer=at + "/additionalProperties", message=message, hint=hint)


def _enum(document: Document, at: str) -> Iterator[Advice]:
    words = [value for value in document.nodes[at].get("enum", ()) if isinstance(value, str)]
    for twins in _twins(words):
        message = f"{_listed(twins)} differ by case, white space or Unicode form alone"
        yield Advice(pointer=at + "/enum", message=message, hint="allow one of them, so that the others are found")


def _patterns(document: Document, at: str) -> Iterator[Advice]:
    schema = document.nodes[at]
    held = [("/pattern", schema["pattern"])] if "pattern" in schema else []
    held += [(pointer("patternProperties", pattern), pattern) for pattern in schema.get("patternProperties", ())]
    for place, pattern in held:
        cited = f"the pattern {shown(pattern, _CITED)}"
        begins, ends = pattern.startswith(("^", r"\A")), pattern.endswith((r"\z", "$")) and not pattern.endswith(r"\$")
        if not (begins and ends):
            missing = "begin and end" if not begins and not ends else "end" if begins else "begin"
            hint = f"write ^{pattern.removeprefix('^').removesuffix('$')}$ to describe the whole text"
            yield Advice(pointer=at + place, message=f"{cited} may {missing} anywhere in a text", hint=shown(hint, 160))
        elif _has_alternatives(pattern):
            message = f"{cited} has alternatives, of which the first begins and the last ends with the text"
            yield Advice(pointer=at + place, message=message, hint="put them into (?:...)")


def _has_alternatives(pattern: str) -> bool:
    """Return whether there is a ``|`` outside of all groups."""
    depth = 0
    for sign in _ALTERNATIVES.findall(pattern):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "|" and not depth:
            return True
    return False


def _impossible(document: Document, places: Sequence[str], at: str) -> Iterator[Advice]:
    """Look for what no value can meet that stands under several schemas at once; ``at`` is the one to name."""
    types = types_of(document, places)
    if not types:
        hint = "look at `type`, `enum` and `const`"
        yield Advice(pointer=at, message="no value has all the types that are asked for", hint=hint)
    elif not at and "object" not in types:
        yield Advice(pointer=at, message="each row is an object, which the schema refuses", hint='"type": "object"')
    schemas = [document.nodes[inner] for place in places for inner in together(document, place)]
    for lower, upper in ranges.empty(schemas):
        yield Advice(pointer=at, message=f"no value meets {lower} and {upper}", hint="swap or correct them")


def _idle(document: Document, at: str) -> Iterator[Advice]:
    idle = list(ranges.beside(document.nodes[at], types_of(document, [at])))
    if idle and at:  # of the whole, that each row is an object is said already
        message = f"nothing is checked by {_listed(idle)}, because no value may have the type that is judged"
        yield Advice(pointer=at, message=message, hint="correct `type`, or leave them out")


def _examples(document: Document) -> Iterator[Advice]:
    """Put every ``default`` and every one of ``examples`` to the schema that it stands in."""
    own = {at: held for at, held in document.nodes.items() if at not in document.copied}
    given = {at: held for at, held in own.items() if "default" in held or "examples" in held}
    registry = jsonschema_rs.Registry([(_OWN_NAME, document.root)]) if given else None
    for at, schema in given.items():
        judge = document.dialect.decider(
            {"$schema": document.dialect.uri, "$ref": _OWN_NAME + fragment(at)},
            validate_formats=True, pattern_options=REGEX, registry=registry, offline=True,
        )  # fmt: skip
        values = [("/default", schema["default"])] if "default" in schema else []
        values += [(f"/examples/{number}", value) for number, value in enumerate(schema.get("examples", ()))]
        for place, value in values:
            yield from _refused(at + place, judge, value)


def _refused(at: str, judge: Any, value: Any) -> Iterator[Advice]:  # noqa: ANN401 - of an untyped library, any JSON value
    error = next(judge.iter_errors(value), None)
    if error is not None:
        inside = pointer(*error.instance_path)
        message = f"the schema refuses {shown(value, _CITED)}: `{shown(error.kind.name, _CITED)}`" + (
            f" of {inside}" if inside else ""
        )
        yield Advice(pointer=at, message=message, hint="correct it, or the schema")


def _twins(words: Iterable[str]) -> list[list[str]]:
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        alike[" ".join(unicodedata.normalize("NFKC", word).casefold().split())].append(word)
    return [group for group in alike.values() if len(group) > 1]


def _listed(words: Iterable[str]) -> str:
    cited = [f"`{shown(word, _CITED)}`" for word in words]
    more = f" and {len(cited) - 5} more" if len(cited) > 5 else ""
    return ", ".join(cited[:5]) + more
