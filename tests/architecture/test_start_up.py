from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"numpy", "pandas", "pyarrow", "soundfile", "librosa", "scipy", "numba", "jsonschema", "msgspec", "tqdm"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--no-such-option"], ["no-such-command"]])
def test_front_of_the_command_line_imports_click_alone(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from listen_datasets.cli.program import run\n"
        f"run({arguments!r})\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split()[1:])

    assert "click" in loaded
    assert loaded & HEAVY == set()
