"""Licences of single clips that are no SPDX expressions, so that nobody can tell what they allow.

Ids and their spelling: SPDX License List, as :mod:`packaging.licenses` has it. A clip without any licence is the concern
of ``lds shard``.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.licences import canonical
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.recipe import Validate

_COLUMN = "license"
_DEED = re.compile(r"https?://creativecommons\.org/(licenses|publicdomain)/([a-z-]+)/([0-9.]+)", re.IGNORECASE)


def check(table: pa.Table, config: Validate) -> list[Finding]:  # noqa: ARG001 - the signature of every rule
    """Return ``license.invalid``, once for each text."""
    if _COLUMN not in table.column_names or not pa.types.is_string(table.schema.field(_COLUMN).type):
        return []
    counted = pc.value_counts(table.column(_COLUMN).drop_null()).to_pylist()
    wrong = {item["values"]: item["counts"] for item in counted if canonical(item["values"]) is None}
    return [_invalid(table, text, wrong[text]) for text in sorted(wrong)]


def _invalid(table: pa.Table, text: str, count: int) -> Finding:
    first = rows(table, pc.equal(table.column(_COLUMN), text), ("metadata_file", "metadata_line"))[0]
    guess = _guess(text)
    return catalogue.finding(
        "license.invalid",
        f"The licence `{shown(text, 80)}` is no SPDX expression (number of clips: {count:,}).",
        path=first["metadata_file"],
        line=first["metadata_line"],
        field=pointer(_COLUMN),
        value=shown(text),
        hint=f"did you mean {guess}?" if guess else "use an id of spdx.org/licenses, or a LicenseRef- of your own",
        evidence={"clips": count},
    )


def _guess(text: str) -> str | None:
    """Return the id that a text means: ``CC BY 4.0``, or the address of a Creative Commons deed."""
    deed = _DEED.match(text.strip())
    if deed is None:
        return canonical("-".join(text.split()))
    kind, terms, version = deed.groups()
    public = {"zero": f"CC0-{version}", "mark": f"CC-PDM-{version}"}
    return canonical(f"CC-{terms}-{version}") if kind.lower() == "licenses" else canonical(public.get(terms, ""))
