"""``lds features``."""

from __future__ import annotations

from listen_datasets.cli.stage_command import stage_command
from listen_datasets.recipe import Features

command = stage_command(
    "features",
    Features,
    details="""
    Each extractor writes DATASET/features/NAME; what is there and has not changed stays. Parameters are set in lds.toml, such
    as [features.log-mel]; a table [features.NAME] with a key extractor is a set of other parameters, with a name of its own.

    Not run unless asked for, as they are slow: tempo imports librosa (two seconds a worker); f0 with method pyin takes a tenth
    of the duration of the clips, chroma and tonnetz with method cqt a hundredth; quality and embedding need extras.
    """,
    spelling={"extractors": "extractor"},
)
