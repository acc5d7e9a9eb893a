"""A small dataset on disk, made of tones: for tests of stages, of the command line, and of plug-ins."""

from __future__ import annotations

import json
from pathlib import Path

from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import tone

RATE = 8000
LABELS = ("low", "high")
SPLIT = 'ratios = { train = 0.5, validation = 0.25, test = 0.25 }\ngroup-by = ["group"]\nstratify-by = ["label"]'


def recording(number: int) -> bytes:
    """Return a WAV of half a second whose samples are those of no other number."""
    return encode(tone(-12.0, 220.0 + 10 * number, duration=0.5, sample_rate=RATE), RATE)


def small_dataset(root: Path, *, groups: int = 4, extra: str = "") -> Path:
    """Make a dataset that has not been ingested: a low and a high tone a group, with metadata, recipe and schema.

    Args:
        root: Its folder, which is made.
        groups: How many groups.
        extra: Text behind the recipe.

    Returns:
        The folder.
    """
    lines = ["file_name,label,group,take,license"]
    for group in range(groups):
        for index, label in enumerate(LABELS):
            path = root / "recordings" / f"group{group}" / f"{label}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(recording(2 * group + index))
            lines.append(f"group{group}/{label}.wav,{label},group{group},{group:03d},CC0-1.0")
    (root / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["file_name", "label"],
        "properties": {"file_name": {"type": "string"}, "label": {"enum": list(LABELS)}},
    }
    (root / "metadata.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    recipe = (
        '[dataset]\nname = "small"\nlabel = "label"\n\n[features]\nextractors = ["loudness"]\n\n'
        f'[split]\n{SPLIT}\n\n[[source]]\nname = "main"\npath = "recordings"\nmetadata = ["metadata.csv"]\n'
    )
    (root / "lds.toml").write_text(recipe + extra, encoding="utf-8")
    return root
