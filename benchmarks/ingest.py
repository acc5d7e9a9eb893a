"""Ingest of a corpus beside what else reads every byte and sample of it, in turn, in the same run.

    python benchmarks/ingest.py CORPUS... [--rounds N] [--jobs N]

CORPUS is a folder of recordings. The peers:

- `floor`: sha256 of every file and a bare soundfile decode of every sample, in processes that share the files. It keeps
  nothing; ingest must stay within 2.5 times its CPU time.
- `imports`: nothing but the libraries that ingest needs, once in a coordinator and once where its workers come from: what
  it takes however little there is to read.
- `lhotse`: ``RecordingSet.from_dir`` and ``validate(read_data=True)``, where lhotse is installed.
- `audiofolder`: ``datasets.load_dataset("audiofolder")``, which copies the bytes and decodes none of them, where
  datasets and torchcodec are installed.

The first round warms caches and is not counted. Printed are medians; CPU and peak memory (PSS) are of all processes.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import Cost, measure

FLOOR = """
import hashlib, os, sys
from multiprocessing import Pool
import soundfile as sf

def read(path):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    samples = 0
    with sf.SoundFile(path) as file:
        kind = "int16" if file.subtype == "PCM_16" else "float32"
        for block in file.blocks(1 << 16, dtype=kind, always_2d=True):
            samples += len(block)
    return digest, samples

if __name__ == "__main__":
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(sys.argv[1]) for name in names
                   if name.lower().endswith((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")))
    with Pool(int(sys.argv[2])) as pool:
        for _ in pool.imap_unordered(read, paths, 64):
            pass
"""
IMPORTS = """
import subprocess, sys
import click, msgspec, pyarrow, pyarrow.compute, pyarrow.parquet
subprocess.run([sys.executable, "-c", "import numpy, soundfile, numba, scipy.fft"], check=True)
"""
LHOTSE = """
import sys
from pathlib import Path
from lhotse import RecordingSet
from lhotse.qa import validate
found = [RecordingSet.from_dir(Path(sys.argv[1]), f"**/*.{end}", num_jobs=int(sys.argv[2]))
         for end in ("wav", "flac", "ogg", "mp3") if next(Path(sys.argv[1]).rglob(f"*.{end}"), None)]
for recordings in found:
    validate(recordings, read_data=True)
"""
AUDIOFOLDER = """
import sys
import datasets
datasets.load_dataset("audiofolder", data_dir=sys.argv[1], num_proc=int(sys.argv[2]), cache_dir=sys.argv[3])
"""


def main() -> int:
    """Time all of them and print a table a corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    for corpus in options.corpus:
        costs: dict[str, list[Cost]] = {
            name: [] for name in ("lds ingest", "lds ingest again", "floor", "imports", *_peers())
        }
        with tempfile.TemporaryDirectory() as scratch:
            for number in range(options.rounds + 1):
                for name, listed in costs.items():
                    cost = once(name, corpus.resolve(), Path(scratch), options.jobs)
                    if number:
                        listed.append(cost)
        report(corpus, costs, options.rounds)
    return 0


def _peers() -> list[str]:
    needs = {"lhotse": ("lhotse", "torch"), "audiofolder": ("datasets", "torchcodec")}
    return [name for name, modules in needs.items() if all(map(importlib.util.find_spec, modules))]


def once(name: str, corpus: Path, scratch: Path, jobs: int) -> Cost:
    """Run one of them, from nothing but for `again`."""
    dataset, cache = scratch / "dataset", scratch / "cache"
    if name != "lds ingest again":
        shutil.rmtree(dataset if name == "lds ingest" else cache, ignore_errors=True)
    if name.startswith("lds"):
        dataset.mkdir(exist_ok=True)
        recipe = f'[dataset]\nname = "corpus"\n\n[[source]]\nname = "corpus"\npath = "{corpus}"\n'
        (dataset / "lds.toml").write_text(recipe, encoding="utf-8")
        command = ["-m", "listen_datasets", "ingest", str(dataset), "--quiet", "--jobs", str(jobs), "--max-reject", "1"]
    else:
        script = {"floor": FLOOR, "imports": IMPORTS, "lhotse": LHOTSE, "audiofolder": AUDIOFOLDER}[name]
        path = scratch / f"read_by_{name}.py"  # not the name of the package, which it would import
        path.write_text(script, encoding="utf-8")
        command = [str(path), str(corpus), str(jobs), str(cache)]
    cost = measure([sys.executable, *command])
    # 1: the recordings have findings.
    if cost.code not in {0, 1} or (cost.code == 1 and not name.startswith("lds")):
        sys.exit(f"{name} failed with exit code {cost.code}: {' '.join(command)}")
    return cost


def report(corpus: Path, costs: dict[str, list[Cost]], rounds: int) -> None:
    """Print medians, and each as a multiple of the floor."""
    print(f"{corpus.name}: median of {rounds} rounds")
    print("                     wall s    CPU s  peak MB   wall/floor  CPU/floor")
    floor = _medians(costs["floor"])
    for name, listed in costs.items():
        wall, cpu, peak = _medians(listed)
        ratios = f"{wall / floor[0]:>10.2f} {cpu / floor[1]:>10.2f}"
        print(f"{name:<18} {wall:>8.2f} {cpu:>8.2f} {peak / 1e6:>8.0f}   {ratios}")


def _medians(listed: Sequence[Cost]) -> tuple[float, float, float]:
    return (
        statistics.median(cost.wall for cost in listed),
        statistics.median(cost.cpu for cost in listed),
        statistics.median(float(cost.peak) for cost in listed),
    )


if __name__ == "__main__":
    sys.exit(main())
