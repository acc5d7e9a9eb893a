"""A small dataset on disk, made of tones: for tests of stages, of the command line, and of plug-ins."""

from __future__ import annotations

import json
from pathlib import Path

from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise, tone

RATE = 8000
LABELS = ("low", "high")
SPLIT = 'ratios = { train = 0.5, validation = 0.25, test = 0.25 }\ngroup-by = ["group"]\nstratify-by = ["label"]'


_FORMS = (("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("WAV", "FLOAT"), ("OGG", "VORBIS"))


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


SPANS = ((0.0, 2.0), (1.5, 3.25), (4.0001, 6.0))
"""Where the clips of a long recording lie, in seconds; the first two overlap."""


def spanned_dataset(root: Path) -> Path:
    """Make a dataset that has not been ingested: four long recordings, of which a table names parts as clips.

    Returns:
        The folder; ``recordings/long<n>`` are WAV of 16 bits, FLAC, WAV with floating-point numbers, and Ogg Vorbis.
    """
    (root / "recordings").mkdir(parents=True)
    lines = ["file_name,start,end,label"]
    for number, (container, subtype) in enumerate(_FORMS):
        path = f"long{number}.{container.lower()}"
        sound = noise(number, duration=6.0, sample_rate=RATE, num_channels=1 + number % 2)
        (root / "recordings" / path).write_bytes(encode(sound, RATE, container=container, subtype=subtype))
        lines += [f"{path},{start},{end},{LABELS[index % 2]}" for index, (start, end) in enumerate(SPANS)]
    (root / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "lds.toml").write_text(
        '[dataset]\nname = "spanned"\nlabel = "label"\nlicense = "CC0-1.0"\n\n[features]\nextractors = ["loudness"]\n\n'
        "[split]\nratios = { train = 0.5, test = 0.5 }\n\n"
        '[[source]]\nname = "main"\npath = "recordings"\nmetadata = ["metadata.csv"]\n',
        encoding="utf-8",
    )
    return root
