"""Every console block of the documents is run, in one folder a document, and its output compared.

In a block, ``$ `` begins a command; the lines up to the next are its output (standard output and standard error
together). ``...`` as a line stands for any lines, within a line for any text; ``[exit 1]`` asserts the exit code, which is
0 if nothing is said. A block that begins with ``# not run`` shows what only its reader can do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "schemas/README.md")
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document: str) -> list[str]:
    found = _BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))
    return [block for block in found if not block.startswith("# not run")]


def steps(block: str) -> list[tuple[str, str, int]]:
    parsed = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        code = re.search(r"^\[exit (\d+)\]\n?", output, re.MULTILINE)
        text = re.sub(r"^\[exit \d+\]\n?", "", output, flags=re.MULTILINE)
        parsed.append((command, text, int(code.group(1)) if code else 0))
    return parsed


def pattern(output: str) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in output.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    bin_folder = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_console_blocks_do_what_they_show(document: str, tmp_path: Path, environment: dict[str, str]) -> None:
    for name in ("sample_data", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("recordings", "metadata.csv"):
        source = ROOT / "sample_data" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    for block in blocks(document):
        for command, expected, code in steps(block):
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=environment, text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert done.returncode == code, f"{command}\n{done.stdout}"
            assert pattern(expected).fullmatch(done.stdout), f"{command}\n{done.stdout}\n--- expected\n{expected}"


def test_readme_has_blocks_that_run() -> None:
    assert len(blocks("README.md")) >= 3


def test_readme_names_every_command() -> None:
    from listen_datasets.cli.commands import COMMANDS  # noqa: PLC0415 - the one test that needs it

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"lds {name}" not in text] == []


def test_readme_table_of_exit_codes_is_true() -> None:
    from listen_datasets.errors import ExitCode  # noqa: PLC0415

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", text, re.MULTILINE)
    assert {(int(code), name) for code, name in rows} == {(int(code), code.name.lower()) for code in ExitCode}


def test_python_blocks_run(tmp_path: Path, environment: dict[str, str]) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    # The extractor that it shows is one.
    blocks.append("from listen_datasets.testing.extractors import broken_promises\nprint(broken_promises(Peak()))")
    (tmp_path / "script.py").write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.endswith("\n[]\n")
