"""Loudness after Recommendation ITU-R BS.1770-4: K-weighting in one pass, powers of 100 ms hops, gating.

The unit of exchange is the *hop power*: the mean square of a 100 ms hop after K-weighting, summed over the channels
with their weights. Loudness over any window is the mean of its hop powers, so one pass serves the integrated
(400 ms blocks that overlap by 75 %, BS.1770-4 Annex 2), the momentary (400 ms) and the short-term loudness
(3 s, EBU Tech 3341).
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from listen_datasets.errors import InternalError
from listen_datasets.kernels import CONTRACTED, compiled, inlined

Floats = npt.NDArray[np.float64]

HOPS_PER_SECOND = 10
MOMENTARY_HOPS = 4
SHORT_TERM_HOPS = 30
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

_OFFSET_LU = -0.691
_SURROUND = 1.41

# WAVE order of speakers: L R, L R C, L R Ls Rs, L R C Ls Rs, L R C LFE Ls Rs.
_WEIGHTS = {
    4: (1.0, 1.0, _SURROUND, _SURROUND),
    5: (1.0, 1.0, 1.0, _SURROUND, _SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, _SURROUND, _SURROUND),
}


class KWeighting:
    """Turns blocks of samples into hop powers; memory does not grow with the length of the recording.

    Hops lie on a grid of exactly 100 ms, rounded to the sample, also at rates that 10 does not divide.

    Args:
        sample_rate: Hz.
        num_channels: Weights are those of BS.1770-4 for up to 6 channels in WAVE order (the LFE channel counts 0, the
            surround channels 1.41); with more than 6, where the order says nothing, each channel weighs 1.
    """

    def __init__(self, sample_rate: int, num_channels: int) -> None:
        self._sample_rate = sample_rate
        self._sections = _filters(sample_rate)
        self._weights = _channel_weights(num_channels)
        self._state = np.zeros((num_channels, 6))
        self._energy = np.zeros(num_channels)
        self._position = np.zeros(2, np.int64)  # samples seen, hops completed

    def update(self, block: npt.NDArray[np.float32]) -> Floats:
        """Return the powers of the hops that a block completes.

        Args:
            block: Samples (num_samples, num_channels) that follow those of the call before; full scale is 1.
        """
        if block.ndim != 2 or block.shape[1] != len(self._weights):
            raise InternalError(f"a block of shape {block.shape} for {len(self._weights)} channels")
        samples = np.ascontiguousarray(block, dtype=np.float32)
        seen, done = self._position
        powers = np.empty((int(seen) + len(samples)) * HOPS_PER_SECOND // self._sample_rate - int(done) + 1)
        count = _weigh(
            samples, self._sample_rate, self._sections, self._weights, self._state, self._energy, self._position, powers
        )
        return powers[:count].copy()


def block_powers(samples: npt.NDArray[np.float32], sample_rate: int) -> Floats:
    """Return the hop powers of samples (num_samples, num_channels) that are all in memory."""
    return KWeighting(sample_rate, samples.shape[1]).update(samples)


def integrated(hop_powers: Floats) -> float | None:
    """Return the integrated loudness in LUFS: mean power of the blocks above both gates.

    Returns:
        None if there is no block (shorter than 0.4 s), or none above the absolute gate of -70 LUFS.
    """
    power = _gated(hop_powers, _power(ABSOLUTE_GATE_LUFS), 10 ** (RELATIVE_GATE_LU / 10))
    return _lufs(power) if power > 0 else None


def max_momentary(hop_powers: Floats) -> float | None:
    """Return the loudness of the loudest 400 ms in LUFS; None if shorter than that, or digital silence."""
    return _loudest(hop_powers, MOMENTARY_HOPS)


def max_short_term(hop_powers: Floats) -> float | None:
    """Return the loudness of the loudest 3 s in LUFS; None if shorter than that, or digital silence."""
    return _loudest(hop_powers, SHORT_TERM_HOPS)


def _loudest(hop_powers: Floats, hops: int) -> float | None:
    loudest = float(_window_means(hop_powers, hops).max(initial=0.0))
    return _lufs(loudest) if 0 < loudest < math.inf else None


def _window_means(hop_powers: Floats, hops: int) -> Floats:
    count = max(len(hop_powers) - hops + 1, 0)
    sums = hop_powers[:count].copy()
    for hop in range(1, hops):
        sums += hop_powers[hop : hop + count]
    return sums / hops


def _lufs(power: float) -> float:
    return _OFFSET_LU + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _OFFSET_LU) / 10)


@functools.lru_cache(maxsize=64)
def _channel_weights(num_channels: int) -> Floats:
    """Return the weights of the channels; not to be changed."""
    return np.array(_WEIGHTS.get(num_channels, (1.0,) * num_channels))


@functools.lru_cache(maxsize=64)
def _filters(sample_rate: int) -> Floats:
    """Return the coefficients of both stages (2, 5); not to be changed."""
    return np.array([_shelf(sample_rate), _high_pass(sample_rate)])


def _shelf(sample_rate: int) -> tuple[float, ...]:
    """Return b0 b1 b2 a1 a2 of the first stage: a high shelf of 4 dB, the effect of a head.

    BS.1770-4 prints the coefficients for 48 kHz; the analogue prototype that gives them (frequency, gain, quality) is
    the one that libebur128 publishes, taken to the sample rate by the bilinear transform. Where the shelf would begin
    above half the sample rate there is nothing to lift.
    """
    frequency, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    if frequency >= sample_rate / 2:
        return (1.0, 0.0, 0.0, 0.0, 0.0)
    k = math.tan(math.pi * frequency / sample_rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    return (
        (high + band * k / quality + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / quality + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / quality + k * k) / a0,
    )


def _high_pass(sample_rate: int) -> tuple[float, ...]:
    """Return b0 b1 b2 a1 a2 of the second stage: a high pass at 38 Hz (source as for the shelf)."""
    frequency, quality = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency / sample_rate)
    a0 = 1 + k / quality + k * k
    return (1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0)


@inlined()
def _mean_above(hop_powers: Floats, gate: float) -> float:
    """Return the mean power of the blocks above a gate; 0 if there is none."""
    total, count = 0.0, 0
    for first in range(len(hop_powers) - MOMENTARY_HOPS + 1):
        block = 0.0
        for hop in range(MOMENTARY_HOPS):
            block += hop_powers[first + hop]
        block /= MOMENTARY_HOPS
        if block > gate:
            total += block
            count += 1
    return total / count if count else 0.0


@compiled("float64(float64[::1], float64, float64)")
def _gated(hop_powers: Floats, absolute_gate: float, relative_gate: float) -> float:
    """Return the mean power of the blocks above both gates; 0 if there is none."""
    return _mean_above(hop_powers, max(absolute_gate, relative_gate * _mean_above(hop_powers, absolute_gate)))


@inlined(CONTRACTED)
def _filter(
    samples: npt.NDArray[np.float32],
    channel: int,
    begin: int,
    end: int,
    sections: Floats,
    state: Floats,
    energy: float,
) -> float:
    """Filter samples of a channel and return the energy with their squares added.

    Direct form I: what the next output waits for is one multiplication and one addition a stage, half of what the
    transposed form II needs.

    Args:
        samples: (num_samples, num_channels), full scale 1.
        channel: Which channel.
        begin: First sample.
        end: Sample behind the last one.
        sections: b0 b1 b2 a1 a2 of both stages (2, 5); b of the second is 1, -2, 1.
        state: The last two inputs and outputs of the first stage and outputs of the second; changed in place.
        energy: Sum of squares so far.
    """
    b0, b1, b2, a1, a2 = sections[0]
    d1, d2 = sections[1, 3], sections[1, 4]
    x1, x2, y1, y2, z1, z2 = state
    for index in range(begin, end):
        x = np.float64(samples[index, channel])
        y = (b0 * x + b1 * x1 + b2 * x2 - a2 * y2) - a1 * y1
        z = (y - 2 * y1 + y2 - d2 * z2) - d1 * z1
        energy += z * z
        x2, x1, y2, y1, z2, z1 = x1, x, y1, y, z1, z
    state[:] = x1, x2, y1, y2, z1, z2
    return energy


@compiled(
    "int64(Array(float32, 2, 'C', True), int64, float64[:, ::1], float64[::1], float64[:, ::1], float64[::1],"
    " int64[::1], float64[::1])"
)
def _weigh(
    samples: npt.NDArray[np.float32],
    sample_rate: int,
    sections: Floats,
    weights: Floats,
    state: Floats,
    energy: Floats,
    position: npt.NDArray[np.int64],
    powers: Floats,
) -> int:
    """Filter samples hop by hop and channel by channel, write the power of each hop completed, and count those.

    Args:
        samples: (num_samples, num_channels), full scale 1.
        sample_rate: Hz.
        sections: Of both stages (2, 5), as :func:`_filter` takes them.
        weights: One a channel.
        state: Of the filters, a row a channel; changed in place.
        energy: Sum of squares of the hop under way, one a channel; changed in place.
        position: Samples seen and hops completed since the beginning; changed in place.
        powers: Receives the powers; long enough.
    """
    begin = 0
    count = 0
    while True:
        hop = position[1]
        first = (hop * sample_rate + 5) // 10
        last = ((hop + 1) * sample_rate + 5) // 10
        end = min(len(samples), begin + last - position[0])
        for channel in range(samples.shape[1]):
            energy[channel] = _filter(samples, channel, begin, end, sections, state[channel], energy[channel])
        position[0] += end - begin
        begin = end
        if position[0] < last:
            return count
        total = 0.0
        for channel in range(samples.shape[1]):
            total += weights[channel] * energy[channel]
            energy[channel] = 0.0
            for index in range(6):
                # A filter that rings on into digital silence ends in denormal numbers, a hundred times slower.
                if abs(state[channel, index]) < 1e-30:
                    state[channel, index] = 0.0
        powers[count] = total / (last - first)
        count += 1
        position[1] += 1
