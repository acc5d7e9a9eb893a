"""How long `lds dedup` takes for very many clips, and how much memory: fingerprints of real sounds, each unlike the others.

    python benchmarks/many_clips.py FOLDER [--clips 100000] [--jobs 2]

FOLDER holds recordings of about ten seconds. Each is played at 25 speeds, 5 % apart, forwards and backwards, which no search
takes for copies of one another; one clip in a hundred is then there twice, 6 dB softer with noise at 20 dB. Fingerprints are measured
as ingest measures them and put into a dataset with a manifest, and `lds dedup` is run on it. Printed are time, CPU time and memory of
that command, how many of the planted copies it marked, and how many clips it marked beside them: the recordings may share sounds.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import soundfile as sf
import soxr
from measure import measure

from listen_datasets import recipe, tables
from listen_datasets.dataset import Dataset
from listen_datasets.fingerprints import RATE, keeping
from listen_datasets.fingerprints.keeping import Row
from listen_datasets.fingerprints.measuring import Fingerprinter
from listen_datasets.stage import Outcome, Stage, Workspace
from listen_datasets.testing.manifests import row

_SPEEDS = tuple(0.6 * 1.05**step for step in range(25))
_WAYS = tuple(itertools.product(_SPEEDS, (False, True)))
_COPY_EVERY = 100


class Heard(NamedTuple):
    """A clip: its path, its length in s, and the digest and fingerprint of a recording that nobody has."""

    path: str
    seconds: float
    row: Row


def heard(path: Path) -> list[Heard]:
    """Return the clips that are made of a recording, the copies of some among them."""
    samples, rate = sf.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate, RATE)
    return [
        clip for way, (speed, is_mirrored) in enumerate(_WAYS) for clip in _made(path, mono, way, speed, is_mirrored)
    ]


def _made(path: Path, mono: Any, way: int, speed: float, is_mirrored: bool) -> Iterator[Heard]:  # noqa: ANN401, FBT001
    at = np.arange(0, len(mono) - 1, speed)
    played = np.interp(at, np.arange(len(mono)), mono).astype(np.float32)
    if is_mirrored:
        played = played[::-1]
    name = f"{path.stem}/{way:02}"
    yield _one(name, played)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if random.integers(_COPY_EVERY) == 0:
        level = np.sqrt(np.mean(np.square(played, dtype=np.float64))) / 10
        noise = random.standard_normal(len(played)).astype(np.float32) * np.float32(level)
        yield _one(f"{name}-copy", (played + noise) / 2)


def _one(name: str, samples: Any) -> Heard:  # noqa: ANN401
    listener = Fingerprinter(RATE, 1)
    listener.update(np.ascontiguousarray(samples.reshape(-1, 1), np.float32))
    path = f"{name}.wav"
    return Heard(path, len(samples) / RATE, Row.of(row(path)["sha256"], listener.finish()))


def make(folder: Path, recordings: Sequence[Path], clips: int, jobs: int) -> pa.Table:
    """Make the dataset and return its manifest."""
    found: list[Heard] = []
    with ProcessPoolExecutor(jobs) as pool:
        for some in pool.map(heard, recordings, chunksize=4):
            found += some
            if len(found) >= clips:
                pool.shutdown(cancel_futures=True)
                break
    del found[clips:]
    manifest = tables.table_of([_row(clip) for clip in found], "ingest")

    def run(workspace: Workspace, _: recipe.Ingest) -> Outcome:
        rows = [clip.row for clip in found]
        files, _kept = keeping.update(workspace.disk, workspace.staging, {}, [], rows, {item.sha256 for item in rows})
        return Outcome(manifest=manifest, rejected=tables.rejected_table([]), used={}, files=files)

    about = b'[dataset]\nname = "many"\n\n[[source]]\nname = "recordings"\npath = "audio"\n'
    ingest = Stage(
        name="ingest", version="1", config=recipe.Ingest, run=run, inputs=lambda _, __: {}, needs=(),
        owns=(f"{keeping.FOLDER}/",),
    )  # fmt: skip
    Dataset.create(folder, {"lds.toml": about}).apply(ingest)
    return manifest


def _row(clip: Heard) -> dict[str, Any]:
    count = round(clip.seconds * RATE)
    facts: dict[str, Any] = {
        "sample_rate": RATE,
        "num_samples": count,
        "recording_num_samples": count,
        "duration": clip.seconds,
    }
    return row(clip.path, **facts)


def main() -> int:
    """Make the dataset, run the command, print what it took and found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    recordings = sorted(path for path in options.folder.rglob("*") if path.suffix in (".wav", ".flac", ".ogg", ".mp3"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "many"
        made = make(folder, recordings, options.clips, options.jobs)
        size = sum(path.stat().st_size for path in (folder / keeping.FOLDER).iterdir())
        hours = sum(made.column("duration").to_pylist()) / 3600
        print(f"{made.num_rows:,} clips, {hours:,.0f} h; {size / 1e6:,.0f} MB of fingerprints", flush=True)
        cost = measure([sys.executable, "-m", "listen_datasets", "dedup", str(folder), "--fail-on", "never", "--quiet"])
        print(f"exit {cost.code}: {cost.wall:,.0f} s, {cost.cpu:,.0f} CPU s, {cost.peak / 1e6:,.0f} MB")
        _report(folder)
    return 0


def _report(folder: Path) -> None:
    manifest = Dataset.open(folder).manifest
    names = manifest.column("path").to_pylist()
    group = dict(zip(names, manifest.column("duplicate_group").to_pylist(), strict=True))
    planted = [name for name in names if name.endswith("-copy.wav") and name.replace("-copy", "") in group]
    together = [name for name in planted if group[name] and group[name] == group[name.replace("-copy", "")]]
    ends = {*planted, *(name.replace("-copy", "") for name in planted)}
    others = [name for name in names if group[name] and name not in ends]
    print(f"{len(together):,} of {len(planted):,} planted copies found; {len(others):,} other clips in groups")


if __name__ == "__main__":
    raise SystemExit(main())
