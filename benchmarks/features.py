"""Features of a clip of 10 s on one thread: our engine, librosa, kaldi-native-fbank and pyloudnorm, in turn, in one run.

    python benchmarks/features.py [RECORDING...] [--rounds N]

The clips are the first 10 s of each recording given (repeated if it is shorter), or else noise with tones in it. Mono at
22.05 kHz with n_fft 2048, hop 512 and 128 mel bands for all but loudness, which has stereo at 44.1 kHz; kaldi-native-fbank has
16 kHz, 25 ms, 10 ms and 80 bands, beside our own profile of that name. Printed are medians of processor time in ms a clip.

- `floor`: the transform of all frames in single precision by scipy, and nothing else.
- `ordinary`: librosa called function by function with `y=`, as its documentation shows it.
- `clever`: librosa with one spectrogram shared by all functions through `S=`, and the tuning given.
- The ten: log-mel, MFCC, chroma, contrast, centroid, bandwidth, roll-off, flatness, zero crossings, RMS. Ours adds flux.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import kaldi_native_fbank as knf  # noqa: E402 - after the threads are set
import librosa  # noqa: E402
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import pyloudnorm  # noqa: E402
import scipy.fft  # noqa: E402
import soundfile as sf  # noqa: E402

from listen_datasets.analysis.engine import Engine, make  # noqa: E402
from listen_datasets.features.sections import Features, Loudness  # noqa: E402

RATE, STEREO_RATE, SPEECH_RATE, SECONDS = 22_050, 44_100, 16_000, 10
MUSIC: dict[str, Any] = {"sample-rate": RATE, "n-fft": 2048, "hop-length": 512, "n-mels": 128}
SETS: dict[str, dict[str, Any]] = {
    "log-mel-music": {"extractor": "log-mel", **MUSIC},
    "mfcc-music": {"extractor": "mfcc", **MUSIC},
    "kaldi": {"extractor": "log-mel", "profile": "kaldi"},
}
Array = npt.NDArray[np.float32]


def engine(*names: str, true_peak: bool = True) -> Engine:
    """Return our engine for some sets."""
    config = Features(extractors=names, sets=SETS, loudness=Loudness(true_peak=true_peak))
    return Engine(make(config, Path()))


def floor(y: Array) -> object:
    """Transform all frames."""
    frames = librosa.util.frame(np.pad(y, 1024), frame_length=2048, hop_length=512, axis=0)
    return [scipy.fft.rfft(frames[first : first + 64], axis=1) for first in range(0, len(frames), 64)]


def librosa_log_mel(y: Array) -> object:
    """Return the log-mel spectrogram as librosa has it."""
    return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=RATE))


def ordinary(y: Array) -> object:
    """Call librosa function by function."""
    feature = librosa.feature
    return (
        librosa_log_mel(y),
        feature.mfcc(y=y, sr=RATE, n_mfcc=20),
        feature.chroma_stft(y=y, sr=RATE),
        feature.spectral_contrast(y=y, sr=RATE),
        feature.spectral_centroid(y=y, sr=RATE),
        feature.spectral_bandwidth(y=y, sr=RATE),
        feature.spectral_rolloff(y=y, sr=RATE),
        feature.spectral_flatness(y=y),
        feature.zero_crossing_rate(y),
        feature.rms(y=y),
    )


def clever(y: Array) -> object:
    """Call librosa with what its functions can share."""
    feature = librosa.feature
    magnitude = np.abs(librosa.stft(y))
    power = magnitude**2
    levels = librosa.power_to_db(feature.melspectrogram(S=power, sr=RATE))
    centroid = feature.spectral_centroid(S=magnitude, sr=RATE)
    return (
        levels,
        feature.mfcc(S=levels, n_mfcc=20),
        feature.chroma_stft(S=power, sr=RATE, tuning=0.0),
        feature.spectral_contrast(S=magnitude, sr=RATE),
        centroid,
        feature.spectral_bandwidth(S=magnitude, sr=RATE, centroid=centroid),
        feature.spectral_rolloff(S=magnitude, sr=RATE),
        feature.spectral_flatness(S=magnitude),
        feature.zero_crossing_rate(y),
        feature.rms(S=magnitude),
    )


def kaldi(y: Array) -> object:
    """Return Kaldi's filter banks."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(SPEECH_RATE, y)
    bank.input_finished()
    return [bank.get_frame(frame) for frame in range(bank.num_frames_ready)]


def clips(paths: list[Path]) -> Iterator[tuple[Array, int]]:
    """Yield 10 s of stereo of each recording, and their rate."""
    for path in paths:
        samples, rate = sf.read(path, dtype="float32", always_2d=True, frames=SECONDS * 192_000)
        stereo = samples[:, [0, -1]]
        yield np.resize(stereo, (SECONDS * rate, 2)) if len(stereo) < SECONDS * rate else stereo[: SECONDS * rate], rate
    if not paths:
        generator = np.random.default_rng(1)
        times = np.arange(SECONDS * STEREO_RATE)[:, None] / STEREO_RATE
        tones = sum(np.sin(2 * np.pi * 220 * order * times) / order for order in range(1, 9))
        loud = 0.5 + 0.5 * np.sin(2 * np.pi * 2 * times)
        yield (0.1 * loud * tones + 0.02 * generator.standard_normal((len(times), 2))).astype(np.float32), STEREO_RATE


def resampled(samples: Array, rate: int, target: int) -> Array:
    """Return stereo at another rate."""
    return np.ascontiguousarray(librosa.resample(samples.T, orig_sr=rate, target_sr=target).T.astype(np.float32))


def contestants() -> dict[str, tuple[int, Callable[[Array], object]]]:
    """Return what is timed: the rate of the clip, and what is done with it (mono, or stereo at 44.1 kHz)."""
    one, two, ten, speech = (
        engine("log-mel-music"),
        engine("log-mel-music", "mfcc-music"),
        engine("log-mel-music", "mfcc-music", "chroma", "spectral"),
        engine("kaldi"),
    )
    loud, integrated = engine("loudness"), engine("loudness", true_peak=False)
    meter = pyloudnorm.Meter(STEREO_RATE)
    return {
        "floor: FFT alone": (RATE, floor),
        "log-mel: librosa": (RATE, librosa_log_mel),
        "log-mel: lds": (RATE, lambda y: one(y[:, None], RATE)),
        "log-mel + mfcc: librosa": (RATE, lambda y: (librosa_log_mel(y), librosa.feature.mfcc(y=y, sr=RATE))),
        "log-mel + mfcc: lds": (RATE, lambda y: two(y[:, None], RATE)),
        "ten: librosa, ordinary": (RATE, ordinary),
        "ten: librosa, clever": (RATE, clever),
        "ten: lds": (RATE, lambda y: ten(y[:, None], RATE)),
        "fbank: kaldi-native-fbank": (SPEECH_RATE, kaldi),
        "fbank: lds": (SPEECH_RATE, lambda y: speech(y[:, None], SPEECH_RATE)),
        "loudness: pyloudnorm": (STEREO_RATE, meter.integrated_loudness),
        "loudness: lds, without true peak": (STEREO_RATE, lambda y: integrated(y, STEREO_RATE)),
        "loudness: lds": (STEREO_RATE, lambda y: loud(y, STEREO_RATE)),
    }


def main() -> None:
    """Time all of them and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    timed = contestants()
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for stereo, rate in clips(arguments.recording):
        signals = {target: resampled(stereo, rate, target) for target in (RATE, SPEECH_RATE, STEREO_RATE)}
        given = {target: one if target == STEREO_RATE else one.mean(axis=1) for target, one in signals.items()}
        for turn in range(arguments.rounds + 1):
            for name, (target, work) in timed.items():
                begin = time.process_time()
                work(given[target])
                if turn:  # the first warms up
                    taken[name].append(1e3 * (time.process_time() - begin))
    median = {name: statistics.median(times) for name, times in taken.items()}
    rivals = {name.split(":")[0]: median[name] for name in reversed(median) if "lds" not in name}
    for name, time_taken in median.items():
        ratio = f"{rivals[name.split(':')[0]] / time_taken:6.1f} x" if "lds" in name else ""
        print(f"{name:<34}{time_taken:9.2f} ms {ratio}")


if __name__ == "__main__":
    main()
