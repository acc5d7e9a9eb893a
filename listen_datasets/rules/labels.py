"""Labels and names of groups that are spelled in two ways, with stray white space, or not at all.

``Rain`` and ``rain `` would become two classes, and ``NaN`` a third one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.placeholders import is_placeholder
from listen_datasets.recipe import Validate
from listen_datasets.tables import user_columns

_MOST_SPELLINGS = 10  # that a sentence lists
# Controls, separators of lines, marks of direction and of bytes; not the joiners, which Persian and emoji need.
_INVISIBLE = r"[\p{Cc}\p{Zl}\p{Zp}\x{AD}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}]"


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return what is wrong in the text columns that ``label_columns`` names, once for each value.

    ``label.twins`` are values that differ by case, white space or Unicode form alone; ``label.untidy`` has white space at an
    end or characters that nobody sees; ``label.placeholder`` stands where a label should.
    """
    names = {users: column for column, users in user_columns(table).items()}
    findings: list[Finding] = []
    for name in config.label_columns:
        column = names.get(name)
        if column is not None and pa.types.is_string(table.schema.field(column).type):
            findings += (_twins(table, name, column, group) for group in _groups(table.column(column)))
            findings += _odd(table, name, column)
    return findings


def _odd(table: pa.Table, name: str, column: str) -> Iterator[Finding]:
    counted = pc.value_counts(table.column(column).drop_null())
    values, counts = counted.field("values"), counted.field("counts")
    untidy = pc.or_(pc.not_equal(values, pc.utf8_trim_whitespace(values)), pc.match_substring_regex(values, _INVISIBLE))
    placeholder = is_placeholder(pa.chunked_array([values])).combine_chunks()
    for code, mask, says in (
        ("label.placeholder", placeholder, "stands where a value of `{}` should"),
        ("label.untidy", pc.and_not(untidy, placeholder), "in `{}` holds white space at an end, or what nobody sees"),
    ):
        for value, count in zip(values.filter(mask).to_pylist(), counts.filter(mask).to_pylist(), strict=True):
            yield _about(
                table, code, name, column, value, f"{says.format(shown(name, 80))} (number of clips: {count:,})"
            )


def _about(table: pa.Table, code: str, name: str, column: str, value: str, says: str) -> Finding:
    first = rows(table, pc.equal(table.column(column), value), ("metadata_file", "metadata_line"))[0]
    return catalogue.finding(
        code,
        f"`{shown(value, 80)}` {says}.",
        path=first["metadata_file"],
        line=first["metadata_line"],
        field=pointer(name),
        value=shown(value),
    )


def _groups(column: pa.ChunkedArray) -> Iterator[dict[str, int]]:
    """Yield the spellings of each value that has several, with their number of clips."""
    counted = pc.value_counts(column.drop_null())
    values, counts = counted.field("values"), counted.field("counts")
    spellings = pa.table({"form": _form(values), "value": values, "count": counts})
    forms = spellings.group_by("form").aggregate([("value", "count")])
    several = forms.filter(pc.greater(forms.column("value_count"), 1)).column("form")
    found = spellings.filter(pc.is_in(spellings.column("form"), several.combine_chunks())).to_pylist()
    for form in sorted(several.to_pylist()):
        yield {row["value"]: row["count"] for row in found if row["form"] == form}


def _form(values: pa.Array) -> pa.Array:
    """Return texts in lower case and Unicode form C, each run of white space as one space, none at the ends."""
    spaced = pc.replace_substring_regex(pc.utf8_normalize(values, form="NFC"), r"\s+", " ")
    return pc.utf8_lower(pc.utf8_trim_whitespace(spaced))


def _twins(table: pa.Table, name: str, column: str, spellings: dict[str, int]) -> Finding:
    ordered = sorted(spellings, key=lambda value: (-spellings[value], value))
    rarest = ordered[-1]
    first = rows(table, pc.equal(table.column(column), rarest), ("metadata_file", "metadata_line"))[0]
    listed = ", ".join(f"`{shown(value, 80)}` ({spellings[value]:,})" for value in ordered[:_MOST_SPELLINGS])
    return catalogue.finding(
        "label.twins",
        f"One value of `{shown(name, 80)}` is spelled in {len(ordered)} ways, by number of clips: {listed}.",
        path=first["metadata_file"],
        line=first["metadata_line"],
        field=pointer(name),
        value=shown(rarest),
        hint=f"write `{shown(ordered[0], 80)}` everywhere, if they mean the same",
        evidence={"spellings": len(ordered), "rarest": spellings[rarest]},
    )
