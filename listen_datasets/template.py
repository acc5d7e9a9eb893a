"""The first ``lds.toml`` of a dataset: what is known is filled in, every other key stands there as a comment."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from listen_datasets import config, recipe
from listen_datasets.section import fields

_SECTIONS: Mapping[str, type[recipe.Section]] = {
    "dataset": recipe.About,
    "ingest": recipe.Ingest,
    "validate": recipe.Validate,
    "dedup": recipe.Dedup,
    "features": recipe.Features,
    "features.log-mel": recipe.LogMel,
    "features.mfcc": recipe.Mfcc,
    "split": recipe.Split,
    "shard": recipe.Shard,
    "card": recipe.Card,
}
_WIDTH = 118
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EXAMPLES = {
    "authors": (
        "# Who made it.",
        '# authors = [{ name = "Ada Example", affiliation = "Example University" }]',
    ),
    "ignore": (
        "# Findings that are known and meant: of this code, of recordings or tables whose path fits, until this version.",
        '# ignore = [{ code = "audio.clipped", path = "drums/*", until = "1.1.0", reason = "the pedal clips by design" }]',
    ),
}


def recipe_text(values: Mapping[str, Mapping[str, Any]], sources: Sequence[str] = ()) -> str:
    """Return the text of an ``lds.toml``.

    Args:
        values: What is known, by section and key.
        sources: ``[[source]]`` blocks as text.
    """
    lines = ["# The recipe of this dataset. A key behind # has the value that it shows; remove the # to change it."]
    for name, section in _SECTIONS.items():
        lines += ["", f"[{name}]", *_keys(section, values.get(name, {}))]
    return "\n".join([*lines, "", *sources]).rstrip("\n") + "\n"


def _keys(section: type[recipe.Section], known: Mapping[str, Any]) -> Iterator[str]:
    usual = section.profiles.get(known.get("profile", ""), {})
    for flag in config.flags(section):
        yield from textwrap.wrap(flag.help, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        default = usual.get(flag.key, flag.default)
        if flag.key in known:
            yield f"{flag.key} = {toml_value(known[flag.key])}"
        elif default is None:
            yield f"# {flag.key} = (not set)"
        else:
            yield f"# {flag.key} = {toml_value(default)}"
    for entry in fields(section):
        yield from _EXAMPLES.get(entry.encode_name, ())


def toml_value(value: Any) -> str:  # noqa: ANN401 - whatever a recipe holds
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        return "{ " + ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        # TOML and JSON differ in one character alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else toml_value(text)
