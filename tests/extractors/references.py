"""What others say of a clip, column by column: the references that extractors are held against."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import librosa as _librosa
import numpy as np
import numpy.typing as npt
import scipy.signal

librosa: Any = _librosa  # its parts are loaded when they are asked for
Array = npt.NDArray[Any]
RATE = 22_050


def mono(samples: Array, sample_rate: int, target: int) -> Array:
    """Return the clip as librosa would load it, in double precision."""
    signal = librosa.to_mono(samples.T)
    if sample_rate != target:
        signal = librosa.resample(signal, orig_sr=sample_rate, target_sr=target)
    return np.asarray(signal, np.float64)


def log_mel(samples: Array, sample_rate: int, *, htk: bool = False) -> Mapping[str, Any]:
    """librosa.feature.melspectrogram and power_to_db."""
    signal = mono(samples, sample_rate, 16_000)
    power = librosa.feature.melspectrogram(y=signal, sr=16_000, n_fft=1024, hop_length=256, n_mels=64, htk=htk)
    return {"log_mel": librosa.power_to_db(power).T}


def log_mel_htk(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """The same with htk=True."""
    return log_mel(samples, sample_rate, htk=True)


def kaldi(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """kaldi-native-fbank without dither, 80 bands."""
    import kaldi_native_fbank as knf  # noqa: PLC0415 - not everywhere

    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = 16_000
    options.mel_opts.num_bins = 80
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(16_000, mono(samples, sample_rate, 16_000).astype(np.float32).tolist())
    bank.input_finished()
    return {"log_mel": np.array([bank.get_frame(frame) for frame in range(bank.num_frames_ready)])}


def whisper(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """The steps of Whisper's audio.py, with scipy's transform and librosa's mel bank, which is where Whisper's comes from."""
    signal = np.pad(mono(samples, sample_rate, 16_000), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(signal, 400)[::160] * scipy.signal.get_window("hann", 400)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    levels = np.log10(np.maximum(power[:-1] @ librosa.filters.mel(sr=16_000, n_fft=400, n_mels=80).T, 1e-10))
    return {"log_mel": (np.maximum(levels, levels.max() - 8) + 4) / 4}


def mfcc(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.feature.mfcc and delta."""
    found = librosa.feature.mfcc(S=log_mel(samples, sample_rate)["log_mel"].T)
    deltas = [librosa.feature.delta(found, order=order).T if found.shape[1] >= 9 else None for order in (1, 2)]
    return {"mfcc": found.T, "mfcc_delta": deltas[0], "mfcc_delta2": deltas[1]}


def spectral(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """The functions of librosa.feature; flux from librosa.stft."""
    signal = mono(samples, sample_rate, RATE)
    magnitude = np.abs(librosa.stft(signal))
    changes = np.diff(magnitude, axis=1, prepend=magnitude[:, :1])
    return {
        "spectral_centroid": librosa.feature.spectral_centroid(S=magnitude)[0],
        "spectral_bandwidth": librosa.feature.spectral_bandwidth(S=magnitude)[0],
        "spectral_rolloff": librosa.feature.spectral_rolloff(S=magnitude)[0],
        "spectral_flatness": librosa.feature.spectral_flatness(S=magnitude)[0],
        "spectral_flux": np.sqrt((changes**2).mean(axis=0)),
        "zero_crossing_rate": librosa.feature.zero_crossing_rate(signal)[0],
        "rms": librosa.feature.rms(y=signal)[0],
        "spectral_contrast": librosa.feature.spectral_contrast(S=magnitude).T,
    }


def chroma(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.feature.chroma_stft with a tuning of 0."""
    power = np.abs(librosa.stft(mono(samples, sample_rate, RATE))) ** 2
    return {"chroma": librosa.feature.chroma_stft(S=power, tuning=0.0).T}


def tonnetz(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.feature.tonnetz of that chroma."""
    return {"tonnetz": librosa.feature.tonnetz(chroma=chroma(samples, sample_rate)["chroma"].T).T}


def onsets(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.onset.onset_strength and onset_detect."""
    strength = librosa.onset.onset_strength(y=mono(samples, sample_rate, RATE), sr=RATE)
    found = librosa.onset.onset_detect(onset_envelope=strength, sr=RATE, units="time")
    return {"onset_strength": strength, "onsets": found}


def tempo(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.beat.beat_track over librosa's onset strength."""
    strength = librosa.onset.onset_strength(y=mono(samples, sample_rate, RATE), sr=RATE, aggregate=np.median)
    if not strength.any():
        return {"tempo_bpm": None, "beats": None}
    bpm, beats = librosa.beat.beat_track(onset_envelope=strength, sr=RATE, units="time")
    return {"tempo_bpm": float(np.ravel(bpm)[0]), "beats": beats}


def f0(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """librosa.yin, of frames that are not digital silence."""
    signal = mono(samples, sample_rate, RATE)
    found = librosa.yin(signal, fmin=65, fmax=2093, sr=RATE)
    frames = librosa.util.frame(np.pad(signal, 1024), frame_length=2048, hop_length=512)
    return {"f0_hz": np.where((frames**2).mean(axis=0) > 1e-14, found, 0.0)}


def loudness(samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """libebur128."""
    import pyebur128  # noqa: PLC0415 - not everywhere

    modes = pyebur128.MeasurementMode
    meter = pyebur128.R128State(
        samples.shape[1], sample_rate, modes.MODE_I | modes.MODE_LRA | modes.MODE_TRUE_PEAK | modes.MODE_S
    )
    meter.add_frames(np.ascontiguousarray(samples).reshape(-1), len(samples))
    integrated = pyebur128.get_loudness_global(meter)
    peak = max(pyebur128.get_true_peak(meter, channel) for channel in range(samples.shape[1]))
    is_long = len(samples) >= 3 * sample_rate
    return {
        "loudness_lufs": integrated if np.isfinite(integrated) else None,
        "loudness_range_lu": pyebur128.get_loudness_range(meter) if is_long and np.isfinite(integrated) else None,
        "true_peak_dbtp": 20 * np.log10(peak) if peak else None,
    }


def quietly(reference: Any, samples: Array, sample_rate: int) -> Mapping[str, Any]:
    """Return what a reference says, without what librosa has to say of short clips."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Mapping[str, Any] = reference(samples, sample_rate)
    return found
