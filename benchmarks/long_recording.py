"""Peak memory and speed of ingesting one recording of many hours, which must not grow with its length.

    python benchmarks/long_recording.py [--hours H] [--channels N] [--rate HZ]

The recording is RF64 (16 bits) and sparse: its samples are zeros that take no room on disk, and every one of them is
hashed, decoded and measured. 10 hours of 8 channels at 96 kHz are 55 GB and take a while.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
from pathlib import Path

from measure import measure


def main() -> int:
    """Make the recording, ingest it, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--rate", type=int, default=96_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        audio, dataset = Path(scratch) / "audio", Path(scratch) / "dataset"
        audio.mkdir()
        dataset.mkdir()
        samples = round(options.hours * 3600 * options.rate)
        size = write_sparse(audio / "long.wav", samples, options.channels, options.rate)
        recipe = f'[dataset]\nname = "long"\n\n[[source]]\nname = "long"\npath = "{audio}"\n'
        (dataset / "lds.toml").write_text(recipe, encoding="utf-8")
        cost = measure([sys.executable, "-m", "listen_datasets", "ingest", str(dataset), "--quiet", "--jobs", "1"])
    seconds = options.hours * 3600
    print(f"{options.hours:g} h, {options.channels} channels at {options.rate} Hz, {size / 1e9:.1f} GB")
    print(f"wall {cost.wall:.1f} s ({seconds / cost.wall:,.0f}x real time), CPU {cost.cpu:.1f} s")
    print(f"peak memory: largest process {cost.largest / 1e6:.0f} MB, all together {cost.peak / 1e6:.0f} MB")
    print(f"exit code {cost.code}")
    return cost.code


def write_sparse(path: Path, samples: int, channels: int, rate: int) -> int:
    """Write an RF64 file (EBU Tech 3306) of zeros and return its size in bytes."""
    data = samples * channels * 2
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head_size = 12 + 36 + len(form) + 8
    sizes = struct.pack("<4sIQQQI", b"ds64", 28, head_size + data - 8, data, samples, 0)
    head = b"RF64\xff\xff\xff\xffWAVE" + sizes + form + b"data\xff\xff\xff\xff"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + data)
    return len(head) + data


if __name__ == "__main__":
    sys.exit(main())
