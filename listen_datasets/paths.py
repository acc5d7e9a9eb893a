"""Where a path leads."""

from __future__ import annotations

import os
from pathlib import Path


def real(path: Path) -> Path:
    """Return the absolute path without links; of links that lead in a circle, the path up to there as it stands.

    `pathlib.Path.resolve` raises RuntimeError at such a circle, which is the user's and no bug.
    """
    return Path(os.path.realpath(path))
