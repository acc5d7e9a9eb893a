"""Texts that stand where a value should, because a program or a hurried person left them there."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# Words that people mean are not here: `none`, `unknown`, `na`, and `null`, which is zero in German.
_WORDS = (
    "nan", "<na>", "n/a", "#n/a", "#name?", "#ref!", "#value!", "tbd", "todo", "tba", "fixme", "xxx", "lorem ipsum",
    "[transcript]", "<transcript>", "[text]", "<text>", "<unk>", "[unk]", "undefined", "<null>", "(null)", "[object object]",
)  # fmt: skip


def is_placeholder(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a mask (n) of texts that are one of the known words, or that hold no letter, digit or symbol of any script.

    Blank texts and null are none: they hold nothing.
    """
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    is_word = pc.is_in(trimmed, pa.array(_WORDS, pa.string()))
    is_blank = pc.equal(trimmed, "")
    has_content = pc.match_substring_regex(trimmed, r"[\p{L}\p{N}\p{M}\p{S}]")
    found = pc.and_not(pc.or_(is_word, pc.invert(has_content)), is_blank)
    return pc.fill_null(found, fill_value=False)
