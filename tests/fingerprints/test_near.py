"""What is a near duplicate, and what is none."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr

from listen_datasets.fingerprints.keeping import read
from listen_datasets.fingerprints.near import Clip, Match
from listen_datasets.testing.signals import noise, tone
from listen_datasets.testing.sounds import RATE, Samples, melody, name

Find = Callable[..., list[Match]]

TAKES = Path(__file__).with_name("takes.parquet")
"""Fingerprints of real takes: the word "three" fifty times by one speaker of the Free Spoken Digit Dataset (Z. Jackson et
al., CC BY-SA 4.0), and the hits of a drum kit from the samples of Sonic Pi (CC0) but for one, the soft cymbal, which is the
end of the hard one."""


def encoded(samples: Samples, form: str, subtype: str) -> Samples:
    file = io.BytesIO()
    sf.write(file, soxr.resample(samples, RATE, 48_000), 48_000, format=form, subtype=subtype)
    file.seek(0)
    return np.asarray(soxr.resample(sf.read(file, dtype="float32")[0], 48_000, RATE), np.float32)


def noisy(samples: Samples, snr_db: float) -> Samples:
    level = 20 * np.log10(np.sqrt(np.mean(samples**2))) - snr_db
    added = noise(9, duration=len(samples) / RATE, sample_rate=RATE, rms_dbfs=float(level))[:, 0]
    return (samples + added[: len(samples)]).astype(np.float32)


def padded(samples: Samples) -> Samples:
    return np.concatenate([np.zeros(5_001, np.float32), samples, np.zeros(3_000, np.float32)])


CHANGES: dict[str, Callable[[Samples], Samples]] = {
    "mp3": lambda samples: encoded(samples, "MP3", "MPEG_LAYER_III"),
    "opus": lambda samples: encoded(samples, "OGG", "OPUS"),
    "vorbis": lambda samples: encoded(samples, "OGG", "VORBIS"),
    "gain": lambda samples: samples * np.float32(0.1),
    "inverted": lambda samples: -samples,
    "clipped": lambda samples: np.clip(samples * 4, -0.3, 0.3),
    "noise": lambda samples: noisy(samples, 15),
    "silence": padded,
    "start": lambda samples: samples[len(samples) // 3 :],
    "end": lambda samples: samples[: -len(samples) // 3],
}


@pytest.mark.parametrize("seconds", [0.6, 2.0, 8.0])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(find: Find, change: str, seconds: float) -> None:
    sounds = [melody(seed, seconds) for seed in range(6)]
    found = find([*sounds, CHANGES[change](sounds[2])])
    assert [(match.first, match.second) for match in found] == [(2, 6)]


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_copy_that_is_a_little_faster_is_found(find: Find, factor: float) -> None:
    sounds = [melody(seed, 6.0) for seed in range(4)]
    faster = soxr.resample(sounds[1], RATE * factor, RATE)
    (match,) = find([*sounds, faster])
    assert (match.first, match.second, match.evidence) == (1, 4, "spectrum")


def test_a_clip_in_a_long_recording_is_found_where_it_is(find: Find) -> None:
    long = melody(1, 60.0)
    at = round(41.237 * RATE)
    (match,) = find([long[at : at + RATE], melody(2, 1.0), long])
    assert (match.first, match.second) == (0, 2)
    assert match.offset == pytest.approx(41.237, abs=0.001)
    assert match.of_first > 0.95
    assert match.of_second < 0.1


@pytest.mark.parametrize("seconds", [(1.0, 8.0), (4.0, 5.0)], ids=str)
def test_clips_that_share_a_jingle_are_none(find: Find, seconds: tuple[float, float]) -> None:
    jingle = melody(1, seconds[0])
    sounds = [np.concatenate([jingle, melody(2, seconds[1])]), np.concatenate([melody(3, seconds[1]), jingle])]
    assert find([*sounds, np.concatenate([jingle, melody(4, seconds[1])])]) == []


@pytest.mark.parametrize(
    "sounds",
    [
        [np.zeros(RATE, np.float32)] * 3,
        [noise(seed, duration=2.0, sample_rate=RATE)[:, 0].astype(np.float32) for seed in range(4)],
        [np.eye(1, 2 * RATE, place, dtype=np.float32)[0] for place in (100, 3_000, 9_000)],
        [tone(hz, duration=2.0, sample_rate=RATE)[:, 0].astype(np.float32) for hz in (440, 466, 494, 660)],
    ],
    ids=["silence", "noise", "clicks", "notes"],
)
def test_sounds_without_a_shape_of_their_own_are_none(find: Find, sounds: list[Samples]) -> None:
    assert find(sounds) == []


def test_other_takes_of_a_word_and_other_hits_of_a_kit_are_none(find: Find) -> None:
    takes = [row.fingerprint for row in read(TAKES)]
    assert len(takes) == 69
    assert find(takes) == []


def test_parts_of_one_recording_that_overlap_are_none(find: Find) -> None:
    long = melody(1, 8.0)
    clips = [Clip(name(0), start, start + 4.0) for start in (0.0, 1.0, 4.0)]
    assert find([long], clips) == []


def test_a_part_of_another_encoding_is_found(find: Find) -> None:
    long = melody(1, 8.0)
    clips = [Clip(name(0), 1.0, 3.0), Clip(name(0), 5.0, 7.0), Clip(name(1), 5.0, 7.0)]
    (match,) = find([long, encoded(long, "MP3", "MPEG_LAYER_III")], clips)
    assert (match.first, match.second) == (1, 2)


def test_the_same_sound_twice_in_one_recording_is_found(find: Find) -> None:
    sound = melody(1, 2.0)
    long = np.concatenate([sound, melody(2, 1.0), sound])
    clips = [Clip(name(0), 0.0, 2.0), Clip(name(0), 3.0, 5.0)]
    assert [(match.first, match.second) for match in find([long], clips)] == [(0, 1)]


def test_nothing_is_found_in_nothing(find: Find) -> None:
    assert find([np.zeros(0, np.float32), np.zeros(100, np.float32)]) == []
