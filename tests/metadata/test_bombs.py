from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from listen_datasets.testing.damaged_tables.bombs import Bomb, bombs

SECONDS, MEGABYTES = 20, 512

# In a process of its own, because the peak of memory never falls. The children of `read` are not counted: they die.
SCRIPT = """
import json, pathlib, sys, time
from listen_datasets.errors import LdsError
from listen_datasets.metadata import read

if __name__ == "__main__":
    path, began = pathlib.Path(sys.argv[1]), time.monotonic()
    try:
        said = f"{len(read(path, name=path.name))} rows"
    except LdsError as error:
        said = f"{type(error).__name__}: {error.message}"
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps([said, time.monotonic() - began, peak]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("bomb", list(bombs()), ids=str)
def test_a_bomb_is_refused_in_time_and_little_memory(bomb: Bomb, tmp_path: Path) -> None:
    if bomb.file_name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    path = tmp_path / bomb.file_name
    with path.open("wb") as file:
        file.writelines(bomb.pieces())
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    run = subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True, check=True)
    said, seconds, megabytes = json.loads(run.stdout)
    assert said.startswith(("MetadataError", "NothingError"))
    assert (seconds < SECONDS, megabytes < MEGABYTES) == (True, True)
