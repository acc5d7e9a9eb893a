"""Speed and memory of ingesting many tiny recordings, and of a second run that finds nothing new.

    python benchmarks/many_files.py [--files N...] [--jobs N]

The recordings are WAV files of 400 samples of noise, no two the same, a hundred to a folder. With several numbers of files the
rate shows whether it is steady, and the memory of the largest process what a file adds to it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from measure import Cost, measure

_RATE, _SAMPLES, _A_FOLDER = 8_000, 400, 100


def main() -> int:
    """Ingest each number of files anew and again, and print a line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, nargs="+", default=[25_000, 50_000, 100_000])
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print("  files  run                     wall s    CPU s  files/s  largest MB  of the first run")
    with tempfile.TemporaryDirectory() as scratch:
        audio, dataset = Path(scratch) / "audio", Path(scratch) / "dataset"
        there = 0
        for files in sorted(options.files):
            write(audio, range(there, files))
            there = files
            shutil.rmtree(dataset, ignore_errors=True)
            dataset.mkdir()
            recipe = f'[dataset]\nname = "many"\n\n[[source]]\nname = "many"\npath = "{audio}"\n'
            (dataset / "lds.toml").write_text(recipe, encoding="utf-8")
            first = ingest(dataset, options.jobs)
            show(files, "first", first, first)
            show(files, "again, by content", ingest(dataset, options.jobs), first)
            show(files, "again, by size and time", ingest(dataset, options.jobs, "--trust-stat"), first)
    return 0


def write(folder: Path, numbers: range) -> None:
    """Write recordings of noise, each made from its number."""
    for number in numbers:
        path = folder / f"{number // _A_FOLDER:06}" / f"{number:08}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = np.random.default_rng(number).integers(-8_000, 8_000, _SAMPLES, dtype="<i2")
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, _RATE, 0, "NONE", ""))
            file.writeframes(samples.tobytes())


def ingest(dataset: Path, jobs: int, *options: str) -> Cost:
    """Run ``lds ingest`` and return what it took."""
    command = ["-m", "listen_datasets", "ingest", str(dataset), "--quiet", "--jobs", str(jobs), *options]
    cost = measure([sys.executable, *command])
    # 1: the recordings have findings.
    if cost.code not in {0, 1}:
        sys.exit(f"lds ingest failed with exit code {cost.code}")
    return cost


def show(files: int, run: str, cost: Cost, first: Cost) -> None:
    """Print one line."""
    figures = f"{cost.wall:>8.2f} {cost.cpu:>8.2f} {files / cost.wall:>8,.0f} {cost.largest / 1e6:>11.0f}"
    print(f"{files:>7,}  {run:<23}{figures}  {cost.wall / first.wall:>12.1%} wall, {cost.cpu / first.cpu:.1%} CPU")


if __name__ == "__main__":
    sys.exit(main())
