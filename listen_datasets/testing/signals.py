"""Made signals, whose facts are known by arithmetic.

All are float32 arrays (num_samples, num_channels) with full scale 1, C-contiguous, as probes and extractors get them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
"""Hz, where a signal does not say otherwise."""


def tone(
    peak_dbfs: float = -6.0,
    frequency: float = 1000.0,
    *,
    duration: float = 1.0,
    sample_rate: int = SAMPLE_RATE,
    num_channels: int = 1,
) -> Signal:
    """Return a sine, equal on all channels. Its power lies 3.01 dB below its peak.

    Args:
        peak_dbfs: Level of its peak, which a sample hits exactly if four times the frequency divides the sample rate.
        frequency: Hz.
        duration: Seconds, rounded to a sample.
        sample_rate: Hz.
        num_channels: Number of channels.
    """
    phase = 2 * np.pi * frequency / sample_rate * np.arange(round(duration * sample_rate))
    return _on_channels(10 ** (peak_dbfs / 20) * np.sin(phase), num_channels)


def noise(
    seed: int, rms_dbfs: float = -20.0, *, duration: float = 1.0, sample_rate: int = SAMPLE_RATE, num_channels: int = 1
) -> Signal:
    """Return white Gaussian noise of exactly this power, different on each channel, the same for the same seed."""
    generator = np.random.default_rng(seed)
    samples = generator.standard_normal((round(duration * sample_rate), num_channels))
    samples *= 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(samples**2))
    return np.ascontiguousarray(samples, dtype=np.float32)


def constant(
    value: float = 0.0, *, duration: float = 1.0, sample_rate: int = SAMPLE_RATE, num_channels: int = 1
) -> Signal:
    """Return one value throughout: an offset, or digital silence."""
    return np.full((round(duration * sample_rate), num_channels), value, dtype=np.float32)


def clipped(samples: Signal, gain_db: float) -> Signal:
    """Amplify and cut off hard at full scale, as 16 bits do: 32767/32768 above and -1 below."""
    louder = samples * np.float32(10 ** (gain_db / 20))
    return np.asarray(np.clip(louder, -1, 1 - 2.0**-15), dtype=np.float32)


def with_dead_channel(samples: Signal, channel: int) -> Signal:
    """Return a copy in which a channel is digital silence."""
    copy = samples.copy()
    copy[:, channel] = 0
    return copy


def quantised(samples: Signal, bits: int) -> Signal:
    """Round to the steps of an integer width up to 24 bits, so that the signal survives encoding at that width."""
    steps = np.float64(1 << (bits - 1))
    return np.asarray(np.clip(np.rint(samples * steps), -steps, steps - 1) / steps, dtype=np.float32)


def _on_channels(mono: npt.NDArray[np.float64], num_channels: int) -> Signal:
    return np.ascontiguousarray(np.repeat(mono[:, np.newaxis], num_channels, axis=1), dtype=np.float32)
