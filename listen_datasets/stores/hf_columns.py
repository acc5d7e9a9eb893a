"""What the columns of a Parquet shard are: which holds the sound, which are metadata, and what the class numbers mean.

What Arrow's types cannot say, ``datasets`` writes as JSON under the footer key ``huggingface``
(:mod:`listen_datasets.huggingface` writes the same). Where that is missing, the type tells: sound is embedded as
``struct<bytes: binary, path: string>``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from listen_datasets import catalogue
from listen_datasets.errors import MetadataError, RecipeError
from listen_datasets.metadata.parquet import plain_type
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.metadata.strict_json import parse
from listen_datasets.metadata.table import check_names
from listen_datasets.model import Finding

_KEY = b"huggingface"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a shard.

    Attributes:
        sound: The one that holds the recordings.
        has_path: Whether it says what a recording is called.
        types: The others by name, with the types in which they arrive; null where a shard holds no value.
        labels: Names of the classes of those that hold numbers of classes.
        findings: What is left out.
    """

    sound: str
    has_path: bool
    types: Mapping[str, pa.DataType]
    labels: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


def columns_of(schema: pa.Schema, wanted: str | None, name: str) -> Columns | None:
    """Return what the columns of a shard are; None if none holds sound.

    Args:
        schema: Of the shard.
        wanted: The column that the user says holds the sound.
        name: What messages call the shard.

    Raises:
        RecipeError: Several columns hold sound, and the user has not said which is meant.
        MetadataError: Columns cannot be told apart.
    """
    check_names(schema.names, where=name)
    features = _features(schema)
    candidates = [field.name for field in schema if _is_sound(field, features)]
    sound = wanted if wanted is not None else candidates[0] if candidates else None
    if sound is None or sound not in candidates:
        return None
    if wanted is None and len(candidates) > 1:
        listed = ", ".join(shown(column, 40) for column in candidates[:10])
        hint = f"say which: hf-parquet:FOLDER#{shown(sound, 40)}"
        raise RecipeError(f"several columns hold sound: {listed}", where=name, hint=hint)
    types, findings = _metadata(schema, sound, candidates, name)
    labels = {column: names for column in types if (names := _class_names(features.get(column)))}
    has_path = schema.field(sound).type.get_field_index("path") >= 0
    return Columns(sound=sound, has_path=has_path, types=types, labels=labels, findings=tuple(findings))


def _features(schema: pa.Schema) -> dict[str, Any]:
    """Return what the footer says of the columns; nothing if it says nothing that can be read."""
    try:
        found = parse((schema.metadata or {})[_KEY].decode())["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_sound(field: pa.Field, features: Mapping[str, Any]) -> bool:
    kind = field.type
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    data = kind.field("bytes").type
    if not (pa.types.is_binary(data) or pa.types.is_large_binary(data)):
        return False
    said = features.get(field.name)
    if isinstance(said, dict) and "_type" in said:
        return bool(said["_type"] == "Audio")
    at = kind.get_field_index("path")
    return at >= 0 and bool(pa.types.is_string(kind.field(at).type) or pa.types.is_large_string(kind.field(at).type))


def _metadata(
    schema: pa.Schema, sound: str, candidates: Sequence[str], name: str
) -> tuple[dict[str, pa.DataType], list[Finding]]:
    types: dict[str, pa.DataType] = {}
    findings: list[Finding] = []
    for field in schema:
        if field.name == sound:
            continue
        if field.name in candidates:
            findings.append(_left_out(field.name, f"the column `{shown(field.name, 80)}` holds sound too", name))
            continue
        try:
            is_empty = pa.types.is_null(field.type)
            types[field.name] = field.type if is_empty else plain_type(field.type, field.name, name)
        except MetadataError as error:
            findings.append(_left_out(field.name, error.message, name))
    return types, findings


def _left_out(column: str, reason: str, name: str) -> Finding:
    message = f"{reason[0].upper()}{reason[1:]}, so it is left out."
    return catalogue.finding("metadata.column_left_out", message, path=name, field=pointer(column))


def _class_names(feature: object) -> tuple[str, ...]:
    """Return the names of the classes that a column, or each item of its lists, holds the numbers of; none if none."""
    while isinstance(feature, dict) and feature.get("_type") in {"Sequence", "List", "LargeList"}:
        feature = feature.get("feature")
    if isinstance(feature, list) and len(feature) == 1:
        return _class_names(feature[0])
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return ()
    names = feature.get("names")
    is_sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if is_sound and names else ()


def named(array: pa.Array, names: Sequence[str]) -> tuple[pa.Array, list[int]]:
    """Return numbers of classes (n), or lists of such, as names.

    -1 is what ``datasets`` writes where there is no label, and becomes null. A number that names no class stays a
    number, as text.

    Returns:
        The names (n), and the positions of rows with a number that names no class.
    """
    wrong: list[int] = []
    values = [_named(value, names, row, wrong) for row, value in enumerate(array.to_pylist())]
    return pa.array(values, _with_text(array.type)), list(dict.fromkeys(wrong))


def _named(value: Any, names: Sequence[str], row: int, wrong: list[int]) -> Any:  # noqa: ANN401 - numbers or lists of such
    if isinstance(value, list):
        return [_named(item, names, row, wrong) for item in value]
    if value is None or value == -1:
        return None
    if 0 <= value < len(names):
        return names[value]
    wrong.append(row)
    return str(value)


def _with_text(kind: pa.DataType) -> pa.DataType:
    return pa.list_(_with_text(kind.value_type)) if pa.types.is_list(kind) else pa.string()


def holds_numbers(kind: pa.DataType) -> bool:
    """Tell whether a column can hold numbers of classes: integers, or lists of such."""
    while pa.types.is_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_integer(kind))


def wrong_label(line: int, value: object, column: str, name: str) -> Finding:
    """Return the finding about a number that names no class."""
    return catalogue.finding(
        "metadata.unknown_class",
        f"The number of a class in `{shown(column, 80)}` is none that the shard has a name for.",
        path=name,
        line=line,
        field=pointer(column),
        value=shown(value),
    )
