"""``lds split --audit``."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listen_datasets.cli import options, reporting
from listen_datasets.cli.console import Console
from listen_datasets.errors import ExitCode
from listen_datasets.text import visible

if TYPE_CHECKING:
    import pyarrow as pa

    from listen_datasets.leakage import Relation
    from listen_datasets.model import Finding


_SHOWN = 20
"""Pairs that people are shown."""


def audit(console: Console, place: Path, settings: Mapping[str, Any], call: Mapping[str, Any]) -> ExitCode:
    """Say which related clips lie in two splits; nothing is written below the place."""
    from listen_datasets.splitting.audit import audited, with_split  # noqa: PLC0415 - start-up time

    table, grouped = _table(console, place, call)
    clips = with_split(table, settings["official"])
    relations, found = audited(clips, settings["group_by"] or grouped)
    tally = {"split.leakage": pairs} if (pairs := sum(part.pairs_across for part in relations.values())) else {}
    if call["format"] == "text":
        _say(console, place, clips, relations, found)
    reporting.say_found(console, place.name, found, tally, call["format"], call["output"])
    console.document("split", _document(clips, relations, found, tally))
    return ExitCode.FINDINGS if tally and call["fail_on"] != "never" else ExitCode.OK


def _table(console: Console, place: Path, call: Mapping[str, Any]) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the clips and what the recipe, if there is one, groups them by."""
    from listen_datasets import config  # noqa: PLC0415 - start-up time
    from listen_datasets.dataset import Dataset  # noqa: PLC0415
    from listen_datasets.metadata.reading import SUFFIXES, read  # noqa: PLC0415
    from listen_datasets.stage import is_published  # noqa: PLC0415

    if place.suffix.lower() in SUFFIXES and place.is_file():
        return read(place, name=place.name).columns, ()
    if (place / config.RECIPE).is_file():
        opened = Dataset.open(place)
        return opened.manifest.filter(is_published(opened.manifest)), opened.recipe.split.group_by
    with tempfile.TemporaryDirectory() as folder:
        return _ingested(console, place, Path(folder) / "audited", call), ()


def _ingested(console: Console, place: Path, folder: Path, call: Mapping[str, Any]) -> pa.Table:
    """Return the manifest of recordings that lie in no dataset of ours, measured for this once."""
    from listen_datasets.dataset import Dataset  # noqa: PLC0415 - start-up time
    from listen_datasets.paths import real  # noqa: PLC0415
    from listen_datasets.sources import split_kind  # noqa: PLC0415
    from listen_datasets.stages import ingest  # noqa: PLC0415

    kind, path = split_kind(str(place))
    if not kind and any(Path(path).rglob("*.parquet")):
        kind = "hf-parquet:"
    elif not kind and Path(path).is_dir():
        kind = "audiofolder:"
    text = f"{kind}{real(Path(path))}"
    recipe = f'[dataset]\nname = "audited"\n\n[[source]]\nname = "main"\npath = {json.dumps(text)}\n'
    schema = b'{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}\n'
    opened = Dataset.create(folder, {"metadata.schema.json": schema, "lds.toml": recipe.encode()})
    executor = options.executor(call["engine"], call["jobs"], call["timeout"])
    applied = opened.apply(ingest.STAGE, executor=executor, progress=console.progress())
    for code, number in sorted(applied.entry.findings.items()):
        console.warn(f"while reading: {code} x{number}")
    return opened.manifest


def _say(
    console: Console, place: Path, clips: pa.Table, relations: Mapping[str, Relation], found: tuple[Finding, ...]
) -> None:
    sizes = Counter(clips.column("split").drop_null().to_pylist())
    console.say(f"audit of {visible(str(place))}")
    console.say("  " + ", ".join(f"{visible(name)} {number:,}" for name, number in sorted(sizes.items())))
    for name, part in relations.items():
        console.say(f"  pairs of clips across splits with the same {visible(name)}: {part.pairs_across:,}")
    for finding in found[:_SHOWN]:
        console.say(f"  {finding.severity} {finding.code}: {visible(finding.message)}")
    if len(found) > _SHOWN:
        console.say(f"  ... and {len(found) - _SHOWN:,} more; --format ndjson lists them")


def _document(
    clips: pa.Table, relations: Mapping[str, Relation], found: tuple[Finding, ...], tally: Mapping[str, int]
) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - start-up time

    return {
        "audit": {
            "splits": dict(sorted(Counter(clips.column("split").drop_null().to_pylist()).items())),
            "relations": {name: msgspec.to_builtins(part) for name, part in relations.items()},
        },
        "valid": not tally,
        "findings": {"by_code": dict(tally), "items": [msgspec.to_builtins(item) for item in found]},
    }
