"""How many changed copies are found, and how many clips are called copies that are none: lds beside chromaprint.

    python benchmarks/dedup.py CORPORA [--fsdd FOLDER] [--clips 120] [--takes]

CORPORA is a folder with the Debian corpora that benchmarks/false_alarms.py describes; --fsdd is a folder with the 3,000 WAV files of
the Free Spoken Digit Dataset. Clips are put in classes by their length; those of 60 s are put together from others, each used once.
Every clip is changed in fifteen ways, and each way is searched on its own: the originals together with the changed ones. A pair
counts as found if its score exceeds that of all pairs but 0 or 1 % that are no copies (precision 1 and 0.99, by class, over all
ways). A cut takes 0.25 to 2 s, but never more than half of a clip. The pairs that the corpora themselves hold (`_SAME`) count
neither way. chromaprint, by way of pyacoustid (not a dependency), is given every pair at every offset.

--takes searches the whole of FSDD instead, 50 takes of each digit by each of six speakers, and prints whatever is called a copy.
Needs sox for tempo, pitch and speed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from listen_datasets.fingerprints.keeping import Row, packed
from listen_datasets.fingerprints.measuring import Fingerprinter
from listen_datasets.fingerprints.near import Clip, matches
from listen_datasets.fingerprints.shelf import Shelf
from listen_datasets.progress import Silent

Samples = npt.NDArray[np.float32]
Pair = tuple[int, int]

_CLASSES = {"0.4-1 s": (0.4, 1.0), "1-3 s": (1.0, 3.0), "3-10 s": (3.0, 10.0)}
_LONG = 60.0
_SAME = (
    {"camera-shutter", "screen-capture"},
    {"privacy-thankyou", "auth-thankyou"},
    {"queue-seconds", "seconds"},
    {"dialog-error", "dialog-warning", "window-question", "window-attention"},
    {"tabla_tun2", "tabla_tun3"},
    {"drum_cymbal_soft", "drum_cymbal_hard"},
)
"""Recordings that hold the same sound: where they are aligned, the waveforms correlate by 1.00, the last two by 0.99 and 0.97."""


class Sound(NamedTuple):
    """A clip in memory."""

    name: str
    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate


def main() -> int:
    """Print a table a class, or what is found among takes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--fsdd", type=Path)
    parser.add_argument("--clips", type=int, default=120, help="clips a class")
    parser.add_argument("--takes", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.takes:
            takes(options.fsdd, Path(scratch))
            return 0
        peer = chromaprint()
        for name, sounds in classes(options.corpora, options.fsdd, options.clips).items():
            print(
                f"\n{name}: {len(sounds)} clips, each in {len(CHANGES)} ways; CPU {os.times().user:.0f} s", flush=True
            )
            ours: dict[str, dict[Pair, float]] = {}
            theirs: dict[str, dict[Pair, float]] = {}
            for way, change in CHANGES.items():
                changed = [
                    change(sound, np.random.default_rng(number), Path(scratch)) for number, sound in enumerate(sounds)
                ]
                ours[way] = scores([*sounds, *changed], Path(scratch))
                if peer is not None:
                    theirs[way] = peer([*sounds, *changed])
            table(sounds, {"lds": ours, **({"chromaprint": theirs} if theirs else {})})
    return 0


def table(sounds: Sequence[Sound], tools: Mapping[str, Mapping[str, Mapping[Pair, float]]]) -> None:
    """Print the recall of each way."""
    count = len(sounds)
    columns: dict[str, dict[str, float]] = {}
    for tool, ways in tools.items():
        copies, others = defaultdict(list), []
        for way, pairs in ways.items():
            for (first, second), score in pairs.items():
                if first % count == second % count:
                    copies[way].append(score)
                elif not is_same(sounds[first % count].name, sounds[second % count].name):
                    others.append(score)
        for precision in (1.0, 0.99):
            line = threshold([score for found in copies.values() for score in found], others, precision)
            columns[f"{tool} P={precision:g}"] = {
                way: sum(score > line for score in copies[way]) / count for way in ways
            }
    print("| way | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for way in CHANGES:
        print(f"| {way} | " + " | ".join(f"{column[way]:.3f}" for column in columns.values()) + " |")


def threshold(copies: Sequence[float], others: Sequence[float], precision: float) -> float:
    """Return the score above which enough of what is found are copies."""
    lines = np.unique([0.0, *others])
    right, wrong = (len(some) - np.searchsorted(np.sort(some), lines, side="right") for some in (copies, others))
    fine = wrong <= (1 - precision) * (right + wrong) + 1e-9
    return float(lines[fine][0])


def is_same(first: str, second: str) -> bool:
    """Tell whether two recordings are known to hold the same sound."""
    return first == second or any({first, second} <= group for group in _SAME)


# ----------------------------------------------------------------------------------------------------------------------
# Sounds


def classes(corpora: Path, fsdd: Path | None, most: int) -> dict[str, list[Sound]]:
    """Return the clips of each class, drawn evenly from what there is."""
    sounds = [sound for path in paths(corpora, fsdd) if (sound := read(path)) is not None]
    found = {name: [one for one in sounds if low <= one.seconds < high] for name, (low, high) in _CLASSES.items()}
    found["60 s"] = list(medleys(sounds))
    random = np.random.default_rng(1)
    return {name: [some[at] for at in sorted(random.permutation(len(some))[:most])] for name, some in found.items()}


def paths(corpora: Path, fsdd: Path | None) -> Iterator[Path]:
    """Yield the recordings in an order that does not change."""
    for folder in (corpora, *([fsdd] if fsdd else [])):
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac", ".oga"))


def read(path: Path) -> Sound | None:
    """Return a recording; None for silence."""
    samples, rate = sf.read(path, dtype="float32", always_2d=True)
    return Sound(path.stem, samples, rate) if np.any(samples) and "silence" not in str(path) else None


def medleys(sounds: Sequence[Sound]) -> Iterator[Sound]:
    """Yield clips of a minute, put together from recordings of one format, each used once."""
    pools: dict[tuple[int, int], list[Sound]] = defaultdict(list)
    for sound in sounds:
        pools[sound.rate, sound.samples.shape[1]].append(sound)
    random = np.random.default_rng(2)
    for (rate, _), pool in sorted(pools.items()):
        together = np.concatenate([pool[at].samples for at in random.permutation(len(pool))])
        length = round(_LONG * rate)
        for number in range(len(together) // length):
            yield Sound(f"medley {rate} {number}", together[number * length : (number + 1) * length], rate)


# ----------------------------------------------------------------------------------------------------------------------
# Changes

Change = Callable[[Sound, np.random.Generator, Path], Sound]


def again(sound: Sound, samples: Samples, scratch: Path, rate: int | None = None, **options: Any) -> Sound:  # noqa: ANN401
    """Write samples as a file and return what is read from it."""
    path = scratch / "changed"
    sf.write(path, samples, rate or sound.rate, **options)
    back, its_rate = sf.read(path, dtype="float32", always_2d=True)
    return Sound(sound.name, back, its_rate)


def pcm(sound: Sound, samples: Samples, scratch: Path) -> Sound:
    """Return samples as 16 bits hold them, clipped if they must be."""
    return again(sound, np.clip(samples, -1, 32767 / 32768), scratch, format="WAV", subtype="PCM_16")


def mp3(kilobits: int) -> Change:
    """Return an encoder; where the rate does not allow so much, as much as it does."""

    def change(sound: Sound, _: np.random.Generator, scratch: Path) -> Sound:
        samples, rate = at_rate(sound, (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000))
        high, low = (320, 32) if rate >= 32_000 else (160, 8) if rate >= 16_000 else (64, 8)
        level = min(max((high - kilobits) / (high - low), 0.0), 1.0)
        form = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": level}
        return again(sound, samples, scratch, rate, **form)

    return change


def opus(sound: Sound, _: np.random.Generator, scratch: Path) -> Sound:
    """Encode at 32 kbit/s."""
    samples, rate = at_rate(sound, (8_000, 12_000, 16_000, 24_000, 48_000))
    level = 1 - (32_000 / samples.shape[1] - 6_000) / 250_000
    return again(sound, samples, scratch, rate, format="OGG", subtype="OPUS", compression_level=level)


def at_rate(sound: Sound, allowed: Sequence[int]) -> tuple[Samples, int]:
    """Return samples at a rate that an encoder takes."""
    if sound.rate in allowed:
        return sound.samples, sound.rate
    return soxr.resample(sound.samples, sound.rate, 48_000), 48_000


def gain(db: float) -> Change:
    """Return an amplifier."""
    return lambda sound, _, scratch: pcm(sound, sound.samples * np.float32(10 ** (db / 20)), scratch)


def noisy(snr_db: float) -> Change:
    """Return what adds white noise."""

    def change(sound: Sound, random: np.random.Generator, scratch: Path) -> Sound:
        level = float(np.sqrt(np.mean(np.square(sound.samples, dtype=np.float64)))) * 10 ** (-snr_db / 20)
        noise = random.standard_normal(sound.samples.shape).astype(np.float32) * np.float32(level)
        return pcm(sound, sound.samples + noise, scratch)

    return change


def cut(*, start: bool) -> Change:
    """Return what takes a part away."""

    def change(sound: Sound, random: np.random.Generator, scratch: Path) -> Sound:
        half = sound.seconds / 2
        count = round(min(half, random.uniform(0.25, min(2.0, max(half, 0.25)))) * sound.rate)
        return pcm(sound, sound.samples[count:] if start else sound.samples[: len(sound.samples) - count], scratch)

    return change


def padded(sound: Sound, random: np.random.Generator, scratch: Path) -> Sound:
    """Put silence around."""
    before, behind = (round(random.uniform(0.25, 2.0) * sound.rate) for _ in range(2))
    return pcm(sound, np.pad(sound.samples, ((before, behind), (0, 0))), scratch)


def sox(*effect: str) -> Change:
    """Return an effect of sox."""

    def change(sound: Sound, _: np.random.Generator, scratch: Path) -> Sound:
        before, behind = scratch / "before.wav", scratch / "behind.wav"
        sf.write(before, np.clip(sound.samples, -1, 32767 / 32768), sound.rate, subtype="PCM_16")
        effects = [item.format(rate=sound.rate) for item in effect]
        subprocess.run(["sox", "-R", "-V1", str(before), str(behind), *effects], check=True)
        samples, rate = sf.read(behind, dtype="float32", always_2d=True)
        return Sound(sound.name, samples, rate)

    return change


CHANGES: dict[str, Change] = {
    "MP3 64k": mp3(64), "MP3 128k": mp3(128), "Opus 32k": opus, "gain +6 dB": gain(6), "gain -6 dB": gain(-6),
    "16 kHz": sox("rate", "16000"), "8 kHz": sox("rate", "8000"), "cut at start": cut(start=True),
    "cut at end": cut(start=False), "silence around": padded, "noise 20 dB": noisy(20), "noise 10 dB": noisy(10),
    "tempo 2 %": sox("tempo", "1.02"), "pitch 2 %": sox("pitch", "34"), "speed 2 %": sox("speed", "1.02", "rate", "{rate}"),
}  # fmt: skip


# ----------------------------------------------------------------------------------------------------------------------
# Searches


def scores(sounds: Sequence[Sound], scratch: Path) -> dict[Pair, float]:
    """Return the score of each pair that lds looks at."""
    rows = []
    for number, sound in enumerate(sounds):
        listener = Fingerprinter(sound.rate, sound.samples.shape[1])
        listener.update(np.ascontiguousarray(sound.samples))
        rows.append(Row.of(f"{number:064}", listener.finish()))
    path = scratch / "part.parquet"
    path.write_bytes(packed(rows))
    shelf = Shelf([path])
    found = matches([Clip(row.sha256, 0.0, None) for row in rows], shelf, 0.0, Silent())
    shelf.close()
    return {(match.first, match.second): match.score for match in found}


def chromaprint() -> Callable[[Sequence[Sound]], dict[Pair, float]] | None:
    """Return a search by chromaprint over all pairs of an original and a changed clip; None if it is not there."""
    try:
        from acoustid import fingerprint  # noqa: PLC0415
        from chromaprint import decode_fingerprint  # noqa: PLC0415
    except (ImportError, OSError) as error:
        print(f"without chromaprint: {error}")
        return None

    def heard(sound: Sound) -> npt.NDArray[np.uint32]:
        data = (np.clip(sound.samples, -1, 32767 / 32768) * 32768).astype("<i2").tobytes()
        encoded = fingerprint(sound.rate, sound.samples.shape[1], iter([data]), maxlength=10**6)
        return np.array(decode_fingerprint(encoded)[0], np.int64).astype(np.uint32)

    def search(sounds: Sequence[Sound]) -> dict[Pair, float]:
        prints = [heard(sound) for sound in sounds]
        half = len(prints) // 2
        pairs = itertools.product(range(half), range(half, 2 * half))
        return {pair: similarity(prints[pair[0]], prints[pair[1]]) for pair in pairs}

    return search


def similarity(first: npt.NDArray[np.uint32], second: npt.NDArray[np.uint32]) -> float:
    """Return the largest share of equal bits over all offsets at which half of the shorter one takes part."""
    short, long = sorted((first, second), key=len)
    count = len(short)
    if not count:
        return 0.0
    # Bits beyond the ends of the long one equal half of the time.
    margin = count // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(long, margin), count)
    inside = np.lib.stride_tricks.sliding_window_view(np.pad(np.ones(len(long), np.bool_), margin), count)
    differing = np.where(inside, np.bitwise_count(windows ^ short), 0).sum(axis=1)
    return float(np.max(1 - differing / (32 * inside.sum(axis=1))))


def takes(fsdd: Path, scratch: Path) -> None:
    """Search all takes, of which none is a copy of another."""
    sounds = [sound for path in paths(fsdd, None) if (sound := read(path)) is not None]
    found = {pair: score for pair, score in scores(sounds, scratch).items() if score >= 0.5}
    print(
        f"{len(sounds)} takes, {len(sounds) * (len(sounds) - 1) // 2:,} pairs; called copies from a score of 0.5 on: {len(found)}"
    )
    for (first, second), score in sorted(found.items(), key=lambda item: -item[1]):
        print(f"  {score:.2f} {sounds[first].name} {sounds[second].name}")


if __name__ == "__main__":
    raise SystemExit(main())
