"""What of the manifest is published: which clips, which columns, under which names and types, and under which licence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue, huggingface, tables
from listen_datasets.arrays import whole
from listen_datasets.errors import NothingError, RecipeError
from listen_datasets.metadata.shown import shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Recipe
from listen_datasets.shards import Clip

LICENSE = "license"

_PRIVATE = frozenset(
    {
        "metadata_file",
        "metadata_line",
        "excluded_by",
        "duplicate_of",
        "duplicate_level",
        "duplicate_group",
        "split",
        "left_out_by",
    }
)
"""Columns of ``lds`` that say nothing about a clip that is published; its split is the file that it is in."""

_NAMEABLE = (pa.types.is_string, pa.types.is_integer, pa.types.is_boolean, pa.types.is_null)
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class Publication:
    """The clips that are published.

    Attributes:
        rows: What is published of them but for the sound, in the order of the manifest.
        clips: What of the manifest says where their sound is.
        splits: The split of each (n rows).
        class_labels: Names of the classes, by label column; a value of the column is a position in them.
        sampling_rate: In Hz, if all recordings share it.
    """

    rows: pa.Table
    clips: pa.Table
    splits: pa.ChunkedArray
    class_labels: Mapping[str, Sequence[str]]
    sampling_rate: int | None

    def of(self, split: str) -> tuple[pa.Table, pa.Table]:
        """Return the rows of a split as they are published, and what says where their sound is."""
        in_split = pc.equal(self.splits, split)
        return self.rows.filter(in_split).combine_chunks(), self.clips.filter(in_split).combine_chunks()

    def schema(self) -> pa.Schema:
        """Return the schema of every shard: with the sound, as the second column."""
        first, *others = (pa.field(field.name, field.type, metadata=field.metadata) for field in self.rows.schema)
        columns = pa.schema([first, pa.field(huggingface.AUDIO, huggingface.AUDIO_TYPE), *others])
        return huggingface.schema_with(columns, self.class_labels, self.sampling_rate)


def licensed(clips: pa.Table, recipe: Recipe) -> pa.Table:
    """Return clips with the licence of each in the column ``license``, null if it is not known.

    It is what the clip's metadata says, else what the recipe says of its source, else of the dataset. Blank is unknown.

    Raises:
        RecipeError: The user's column ``license`` is no text.
    """
    by_source = {source.name: source.license for source in recipe.source}
    sources = whole(clips.column("source")).dictionary_encode()
    of_source = pa.array([by_source.get(name) for name in sources.dictionary.to_pylist()], pa.string()).take(
        sources.indices
    )
    known = [of_source, pa.repeat(pa.scalar(recipe.dataset.license, pa.string()), len(clips))]
    at = clips.schema.get_field_index(LICENSE)
    if at < 0:
        return clips.append_column(LICENSE, pc.coalesce(*(_unless_blank(texts) for texts in known)))
    column = clips.column(LICENSE)
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        raise RecipeError(f"the column {LICENSE} is {column.type}, not text", hint="write SPDX ids, such as CC-BY-4.0")
    texts = pc.coalesce(*(_unless_blank(texts) for texts in (whole(column), *known)))
    return clips.set_column(at, clips.schema.field(at).with_type(pa.string()), texts)


def unlicensed(clips: pa.Table) -> Iterator[Finding]:
    """Yield a finding for each clip whose licence is not known."""
    lacking = clips.filter(pc.is_null(clips.column(LICENSE))).select(["clip_id", "source", "path"])
    for row in lacking.to_pylist():
        yield catalogue.finding(
            "license.missing",
            "The licence is not known, so the clip is not published.",
            clip_id=row["clip_id"],
            path=row["path"],
            field="/" + LICENSE,
            hint=f"fill in `{LICENSE}` in its metadata, in the [[source]] {shown(row['source'])}, or in [dataset]",
        )


def publication(clips: pa.Table, splits: pa.ChunkedArray, labels: Sequence[str]) -> Publication:
    """Return what is published of clips that have their licences.

    Args:
        clips: Rows of the manifest.
        splits: The split of each.
        labels: Columns that become class labels.

    Raises:
        NothingError: There is no clip.
        RecipeError: A label column cannot hold classes, or two columns would have one name.
    """
    if not clips.num_rows:
        raise NothingError("no clip is left to publish")
    names = _names(clips, labels)
    _refuse_unpublished(labels, names)
    classes = {name: classes_of(clips.column(name), name) for name in labels}
    arrays = [
        _positions(clips.column(name), classes[name]) if classes.get(name) else clips.column(name) for name in names
    ]
    fields = [
        pa.field(names[name], array.type, metadata=clips.schema.field(name).metadata)
        for name, array in zip(names, arrays, strict=True)
    ]
    rates = pc.unique(clips.column("sample_rate")).to_pylist()
    return Publication(
        rows=pa.table(arrays, schema=pa.schema(fields)),
        clips=clips.select(Clip._fields),
        splits=splits,
        class_labels={names[name]: texts for name, texts in classes.items() if texts},
        sampling_rate=rates[0] if len(rates) == 1 else None,
    )


def _refuse_unpublished(labels: Sequence[str], names: Mapping[str, str]) -> None:
    for name in labels:
        if name not in names:
            raise RecipeError(f"the column {name!r} is not published, so it cannot be a class label")
        if name in tables.owned_columns():
            raise RecipeError(
                f"the column {name!r} is what lds has found out, so it cannot be a class label",
                where="[shard] class-labels",
                hint="name a column of your metadata",
            )


def classes_of(column: pa.ChunkedArray, name: str) -> list[str]:
    """Return the names of the classes of a column: its distinct values, sorted; as numbers if all are whole numbers.

    Raises:
        RecipeError: The values are no text, whole numbers or truth values.
    """
    kind = column.type
    if not any(is_kind(kind) for is_kind in _NAMEABLE):
        raise RecipeError(
            f"the column {name!r} is {kind}, which cannot be a class label",
            where="[shard] class-labels",
            hint="name a column of text, whole numbers or truth values",
        )
    texts: list[str] = pc.unique(column).cast(pa.string()).drop_null().to_pylist()
    if all(_WHOLE_NUMBER.fullmatch(text) for text in texts):
        return sorted(texts, key=lambda text: (int(text), text))
    return sorted(texts)


def _positions(column: pa.ChunkedArray, classes: Sequence[str]) -> pa.ChunkedArray:
    # int64 exactly: readers take any other integer for a plain number.
    return pc.index_in(column.cast(pa.string()), pa.array(classes, pa.string())).cast(pa.int64())


def _names(clips: pa.Table, labels: Sequence[str]) -> dict[str, str]:
    """Return the columns that are published, in order: name in the manifest to name in the shards."""
    owned = [name for name in tables.owned_columns() if name in clips.column_names and name not in _PRIVATE]
    users = list(tables.user_columns(clips))
    published = {*users, *owned}
    order = dict.fromkeys(["clip_id", *(name for name in labels if name in published), *users, *owned])
    names = {name: tables.DECLARED + name if name == huggingface.AUDIO else name for name in order}
    if len(set(names.values())) < len(names):
        both = f"{huggingface.AUDIO} and {tables.DECLARED}{huggingface.AUDIO}"
        raise RecipeError(f"the metadata has the columns {both}; one would hide the other", hint="rename one of them")
    return names


def _unless_blank(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), pa.scalar(None, pa.string()), texts)
