"""The demo: the whole job on a copy of the sample data, and how many of the planted defects it finds.

Run it as ``python demo.py [FOLDER]``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from listen_datasets import Dataset
from listen_datasets.model import Fate
from listen_datasets.text import visible

HERE = Path(__file__).resolve().parent
INPUTS = ("recordings", "metadata.csv", "metadata.schema.json", "lds.toml")
FINDINGS = 1  # exit code of a run that is complete and has found errors in the data


def main() -> int:
    """Run the job, print the summary, and return 0 if every planted defect that can be found was found."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo")
    copy_inputs(folder)
    for arguments in (["run", str(folder)], ["verify", str(folder)]):
        print(f"\n$ lds {' '.join(arguments)}", flush=True)
        code = subprocess.run([sys.executable, "-m", "listen_datasets", *arguments], check=False).returncode
        if code not in (0, FINDINGS):
            return code
    return summary(folder)


def copy_inputs(folder: Path) -> None:
    """Copy the sample data; an earlier demo in the same folder makes way, anything else does not."""
    if folder.exists():
        if not (folder / "lds.toml").is_file():
            sys.exit(f"{folder} exists and is no dataset: choose another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in INPUTS:
        source = HERE / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, folder / name)


def summary(folder: Path) -> int:
    """Compare what was found with what was planted."""
    dataset = Dataset.open(folder)
    counts = dataset.ledger().entries[-1].counts
    planted = json.loads((HERE / "planted.json").read_text(encoding="utf-8"))
    missed = []
    print("\nPlanted defects:")
    for defect in planted:
        if defect["code"] is None:
            print(f"  later   {visible(defect['path'])}: {defect['what']}")
            continue
        is_found = found(dataset, defect["stage"], defect["code"], defect["path"])
        print(f"  {'found' if is_found else 'MISSED':<7} {visible(defect['path'])}: {defect['code']}")
        if not is_found:
            missed.append(defect["path"])
    fates = ", ".join(f"{counts[fate]} {fate}" for fate in Fate)
    print(f"\n{counts['inputs']} inputs: {fates}")
    print(f"{len(missed)} of the defects that this version looks for were missed")
    print(f"The card: {folder / 'dist' / 'README.md'}")
    return 1 if missed else 0


def found(dataset: Dataset, stage: str, code: str, path: str) -> bool:
    """Tell whether a stage has a finding with this code about this recording or row."""
    names = {row["clip_id"]: row["path"] for row in dataset.manifest.select(["clip_id", "path"]).to_pylist()}
    return any(
        item.code == code and path in (item.path, item.value, names.get(item.clip_id or ""))
        for item in dataset.findings(stage)
    )


if __name__ == "__main__":
    sys.exit(main())
