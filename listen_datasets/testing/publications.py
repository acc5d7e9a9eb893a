"""A dataset that has shards, as the stage after ``shard`` sees it: made from rows, without decoding a sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from listen_datasets import __version__, tables
from listen_datasets.config import builtins
from listen_datasets.ledger import Entry, Generated
from listen_datasets.model import Rejected
from listen_datasets.recipe import About, Author, Recipe, Shard
from listen_datasets.stage import Outcome, Workspace, fates
from listen_datasets.stages import shard
from listen_datasets.testing.manifests import FOLDER, RECIPE, manifest, row, workspace

AGENT = {"lds": __version__, "pyarrow": "26.0.1", "python": "3.11.7"}
SPLITS = ("train", "train", "train", "train", "validation", "test")

WHOLE: Recipe = msgspec.structs.replace(
    RECIPE,
    dataset=About(
        name="made",
        title="Made sounds",
        version="1.2.0",
        description="Sounds of our own making.",
        license="CC-BY-4.0",
        authors=(Author(name="Ada Example", orcid="https://orcid.org/0000-0002-1825-0097", affiliation="Example Lab"),),
        url="https://example.org/made",
        contact="ada@example.org",
        languages=("en",),
        keywords=("tones",),
        tasks=("audio-classification",),
        published="2024-02-29",
        label="label",
    ),
)
"""A recipe in which nothing is missing."""


def rows(**columns: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any cell
    """Return six rows in three splits, two labels and a speaker each; `columns` holds a value for each of all six."""
    given = {name: list(values) for name, values in columns.items()}
    return [
        row(
            f"{name}.wav",
            f"the bytes of {name}".encode(),
            **{
                "label": ("dog", "siren")[position % 2],
                "speaker": f"speaker {position}",
                "duration": 1.5 + position,
                "excluded_by": None,
                "split": SPLITS[position],
                "left_out_by": None,
                **{column: values[position] for column, values in given.items()},
            },
        )
        for position, name in enumerate("abcdef")
    ]


def sharded(
    root: Path,
    clips: Iterable[Mapping[str, Any]] | None = None,
    recipe: Recipe = WHOLE,
    *,
    rejected: Iterable[Rejected] = (),
    config: Shard | None = None,
    recordings: Mapping[str, bytes] | None = None,
) -> Workspace:
    """Write the recordings and the shards of a dataset, and return what the stage after ``shard`` sees.

    Args:
        root: An empty folder.
        clips: Rows of the manifest; those of :func:`rows` if left out.
        recipe: ``lds.toml``.
        rejected: Inputs that became no clip.
        config: Section ``[shard]``.
        recordings: Bytes by path; ``the bytes of <stem>`` if left out.
    """
    cells = list(rows() if clips is None else clips)
    (root / FOLDER).mkdir(parents=True)
    for path in {cell["path"] for cell in cells}:
        data = f"the bytes of {Path(path).stem}".encode() if recordings is None else recordings[path]
        (root / FOLDER / path).write_bytes(data)
    table = manifest(cells)
    settings = msgspec.structs.replace(recipe.split, group_by=("speaker",))
    refused = tables.rejected_table(rejected)
    counts = msgspec.to_builtins(fates(table, refused))
    history = {
        "ingest": _entry(1, "ingest", {"join-key": None, "max-reject": 0.05}, counts, used=_USED),
        "validate": _entry(2, "validate", {"min-duration": 0.5}, counts, findings={"audio.silent": 2}),
        "split": _entry(3, "split", builtins(settings), counts, findings={"split.ratio_off": 1}),
    }
    seen = replace(workspace(root, table, recipe, history=history), rejected=refused)
    outcome = shard.run(seen, config or Shard())
    generated = {path: Generated(bytes=file.bytes, sha256=file.sha256) for path, file in outcome.files.items()}
    made = _entry(4, "shard", builtins(config or Shard()), counts, generated=generated, report=dict(outcome.report))
    put(root, outcome)
    return replace(seen, history={**history, "shard": made})


def put(root: Path, outcome: Outcome) -> None:
    """Move the files of an outcome from the staging folder to their places."""
    for path, file in outcome.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(root / path)


_USED = {
    "recordings": f"sha256:{'1' * 64}",
    "metadata": f"sha256:{'2' * 64}",
    "probes": f"sha256:{'3' * 64}",
}


def _entry(n: int, stage: str, config: Mapping[str, Any], counts: Mapping[str, int], **more: Any) -> Entry:  # noqa: ANN401
    fields = {"findings": {}, "used": {}, "generated": {}, "report": {}, **more}
    return Entry(
        n=n,
        run=f"run{n}",
        stage=stage,
        version="1",
        started="2024-01-01T00:00:00+00:00",
        seconds=0.5,
        config=dict(config),
        counts=dict(counts),
        agent=AGENT,
        **fields,
    )
