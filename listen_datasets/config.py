"""How a section of the recipe is read: from ``lds.toml``, from the command line, into the ledger.

The structs in :mod:`listen_datasets.recipe` are the one definition; everything here is derived from them.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import inspect, structs

from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.recipe import Features, Recipe
from listen_datasets.section import Section, fields, shapes, with_profile

C = TypeVar("C", bound=Section)
Kind = Literal["text", "integer", "number", "switch", "choice", "shares", "levels"]

RECIPE = "lds.toml"
_LARGEST_RECIPE = 2**20


@dataclass(frozen=True)
class Flag:
    """One option of a stage, as the command line shows it.

    Attributes:
        field: Name in the struct.
        key: Name in ``lds.toml``, and of the flag after its two dashes.
        kind: How its text is read.
        many: May be given several times.
        choices: The values allowed, for the kinds ``choice`` and ``levels``.
        default: Value if nothing is said.
        help: One sentence.
    """

    field: str
    key: str
    kind: Kind
    many: bool
    choices: tuple[str, ...]
    default: Any
    help: str


def flags(section: type[Section]) -> Iterator[Flag]:
    """Derive the flags of a section; sections in it, and lists of them, have keys in ``lds.toml`` only."""
    for entry in fields(section):
        shape = shapes(section)[entry.encode_name]
        text = ""
        if isinstance(shape, inspect.Metadata):
            text = str((shape.extra_json_schema or {}).get("description", ""))
            shape = shape.type
        if is_nested(shape):
            continue
        kind, many, choices = _kind(shape)
        yield Flag(entry.name, entry.encode_name, kind, many, choices, _default(entry), text)


_PLAIN: Mapping[type[inspect.Type], Kind] = {
    inspect.BoolType: "switch",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
}


def is_nested(shape: inspect.Type) -> bool:
    """Tell whether a type is that of a section in a section, or of a list of them."""
    if isinstance(shape, inspect.Metadata):
        return is_nested(shape.type)
    if isinstance(shape, inspect.VarTupleType):
        return is_nested(shape.item_type)
    if isinstance(shape, inspect.DictType):
        return isinstance(shape.value_type, inspect.DictType)
    return isinstance(shape, inspect.StructType)


def _default(entry: structs.FieldInfo) -> Any:  # noqa: ANN401 - whatever the field holds
    if entry.default is not msgspec.NODEFAULT:
        return entry.default
    return None if entry.default_factory is msgspec.NODEFAULT else entry.default_factory()


def _kind(shape: inspect.Type) -> tuple[Kind, bool, tuple[str, ...]]:
    match shape:
        case inspect.UnionType(types=types):
            return _kind(next(option for option in types if not isinstance(option, inspect.NoneType)))
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.VarTupleType(item_type=item):
            kind, _, choices = _kind(item)
            return kind, True, choices
        case inspect.DictType(value_type=inspect.LiteralType(values=values)):
            return "levels", False, tuple(str(value) for value in values)
        case inspect.DictType():
            return "shares", False, ()
        case inspect.LiteralType(values=values):
            return "choice", False, tuple(str(value) for value in values)
        case _:
            return _PLAIN.get(type(shape), "text"), False, ()


def merged(section: C, overrides: Mapping[str, Any]) -> C:
    """Return the section with some keys replaced, checked like ``lds.toml`` itself.

    A profile among the overrides replaces what it speaks of, but no other override.

    Args:
        section: What the recipe says.
        overrides: Values by field name; None means not given.

    Raises:
        UsageError: A value is out of bounds or of the wrong type.
    """
    names = {entry.name: entry.encode_name for entry in fields(type(section))}
    given = {names[field]: value for field, value in overrides.items() if value is not None}
    try:
        return msgspec.convert({**builtins(section), **with_profile(type(section), given)}, type(section))
    except msgspec.ValidationError as problem:
        raise UsageError(_in_words(problem, "--"), hint="see the command's --help for types and bounds") from problem


def builtins(section: Section) -> dict[str, Any]:
    """Return a section as plain JSON values under the keys of ``lds.toml``: what the ledger stores."""
    # Through JSON, so that it equals what is read back from there: lists, not tuples.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(section))
    return plain


def deciding(section: type[Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values of a section without those that never change what comes of a stage."""
    return {key: value for key, value in values.items() if key not in section.how}


def changed(said: C, wanted: C) -> dict[str, Any]:
    """Return the keys, with values, that a section would have to say to be another one; what never matters is left out.

    A profile stands for all that it says.
    """
    profile = builtins(wanted)["profile"] if "profile" in shapes(type(said)) else None
    before = {
        **builtins(merged(said, {"profile": profile})),
        **({"profile": builtins(said)["profile"]} if profile else {}),
    }
    after = deciding(type(said), builtins(wanted))
    return {key: value for key, value in after.items() if before[key] != value}


def read(folder: Path) -> Recipe:
    """Read ``lds.toml`` of a dataset.

    Raises:
        RecipeError: It is missing, no TOML, or says something that ``lds`` does not know or allow.
    """
    path = folder / RECIPE
    try:
        size = path.stat().st_size
        if size > _LARGEST_RECIPE:
            raise RecipeError(f"{RECIPE} has {size} bytes; {_LARGEST_RECIPE} are allowed", where=str(path))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(
            f"{folder} is no dataset: it has no {RECIPE}", where=str(path), hint=f"lds init {folder}"
        ) from None
    except UnicodeDecodeError as problem:
        raise RecipeError(f"{RECIPE} is not UTF-8: {problem.reason} at byte {problem.start}", where=str(path)) from None
    return parse(text)


def parse(text: str) -> Recipe:
    """Read the text of an ``lds.toml``; see :func:`read`."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # also numbers of too many digits and tables nested too deep
        raise RecipeError(f"{RECIPE} is no TOML: {problem}", where=RECIPE) from None
    data = _with_sets(data)
    _refuse_unknown(data, Recipe, "")
    try:
        return msgspec.convert(_with_profiles(data), Recipe)
    except msgspec.ValidationError as problem:
        raise RecipeError(_in_words(problem, ""), where=RECIPE) from None


def _with_profiles(data: Mapping[str, Any], section: type[Section] = Recipe) -> dict[str, Any]:
    """Return what ``lds.toml`` says, and in the sections with a profile what that says of the keys not given."""
    nested = shapes(section)
    filled = {}
    for key, value in with_profile(section, data).items():
        shape = nested.get(key)
        if isinstance(shape, inspect.StructType) and issubclass(shape.cls, Section) and isinstance(value, dict):
            filled[key] = _with_profiles(value, shape.cls)
        else:
            filled[key] = value
    return filled


def _with_sets(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``lds.toml`` says, the tables of ``[features]`` that name an extractor gathered as ``sets``."""
    features = data.get("features")
    if not isinstance(features, dict):
        return dict(data)
    if "sets" in features:
        raise RecipeError("unknown key features.sets", where=RECIPE, hint="write [features.NAME] with a key extractor")
    sections = shapes(Features)
    sets = {
        key: value
        for key, value in features.items()
        if key not in sections and isinstance(value, dict) and isinstance(value.get("extractor"), str)
    }
    others = {key: value for key, value in features.items() if key not in sets}
    return {**data, "features": {**others, **({"sets": sets} if sets else {})}}


def _refuse_unknown(data: Mapping[str, Any], section: type[Section], prefix: str) -> None:
    known = shapes(section)
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"keys known here: {', '.join(sorted(known))}"
            raise RecipeError(f"unknown key {prefix}{key}", where=RECIPE, hint=hint)
        for child, where in _sections(known[key], value, f"{prefix}{key}"):
            _refuse_unknown(*child, where)


def _sections(
    shape: inspect.Type,
    value: Any,  # noqa: ANN401 - whatever a recipe holds
    where: str,
) -> Iterator[tuple[tuple[Mapping[str, Any], Any], str]]:
    if isinstance(shape, inspect.Metadata):
        shape = shape.type
    if isinstance(shape, inspect.StructType) and isinstance(value, Mapping):
        yield (value, shape.cls), f"{where}."
    if isinstance(shape, inspect.VarTupleType) and isinstance(shape.item_type, inspect.StructType):
        for index, item in enumerate(value if isinstance(value, list) else []):
            if isinstance(item, Mapping):
                yield (item, shape.item_type.cls), f"{where}[{index}]."


def _in_words(problem: msgspec.ValidationError, prefix: str) -> str:
    """Turn msgspec's "Expected ... - at `$.split.seed`" into "split.seed: expected ..."."""
    what, _, place = str(problem).partition(" - at `$")
    key = place.strip("`").lstrip(".")
    said = what[:1].lower() + what[1:]
    return f"{prefix}{key}: {said}" if key else said
