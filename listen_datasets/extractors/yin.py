"""YIN: the period of a sound, frame by frame (de Cheveigné and Kawahara, JASA 111, 2002).

The steps and their borders are those of ``librosa.yin`` (librosa 0.11), so that both give the same. The autocorrelation
is taken by a transform of a block of frames; all else is one compiled loop that ends at the first period good enough.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from listen_datasets.kernels import compiled, inlined

Floats = npt.NDArray[np.float64]
_TINY = 2.2250738585072014e-308
_BLOCK_SAMPLES = 1 << 16
_SILENCE = 1e-14
"""Mean square below which a frame has no period: what is left there is rounding."""


def yin(
    mono: npt.NDArray[np.float32],
    sample_rate: int,
    bounds: tuple[float, float],
    frame_length: int,
    hop_length: int,
    threshold: float,
) -> tuple[Floats, Floats]:
    """Return the fundamental frequency in Hz and the aperiodicity (0 to about 1) of each frame; 0 Hz and 1 in silence.

    Args:
        mono: The signal; frame k is centred at k hops, with zeros beyond both ends.
        sample_rate: Hz.
        bounds: Lowest and highest frequency in Hz.
        frame_length: Samples in a frame.
        hop_length: Samples between two frames.
        threshold: Aperiodicity below which the first period is taken; if there is none, the best one is.
    """
    import scipy.fft  # noqa: PLC0415 - start-up time: only workers compute

    shortest = math.floor(sample_rate / bounds[1])
    longest = min(math.ceil(sample_rate / bounds[0]), frame_length - 1)
    padded = np.pad(mono, frame_length // 2)
    count = max(0, (len(padded) - frame_length) // hop_length + 1)
    frames = np.lib.stride_tricks.sliding_window_view(padded, frame_length)[::hop_length] if count else padded[:0, None]
    size = scipy.fft.next_fast_len(frame_length + longest, real=True)
    period, aperiodicity = np.empty(count), np.empty(count)
    most = max(1, _BLOCK_SAMPLES // size)
    for first in range(0, count, most):
        block = frames[first : first + most].astype(np.float64)
        spectrum = scipy.fft.rfft(block, size, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        correlation = scipy.fft.irfft(power, size, axis=1)
        end = first + len(block)
        _search(block, correlation, shortest, longest, threshold, period[first:end], aperiodicity[first:end])
    return sample_rate / period, aperiodicity


@inlined()
def _is_trough(values: Floats, place: int) -> bool:
    last = len(values) - 1
    if place == 0:
        return bool(values[0] < values[1])
    if place == last:
        return bool(values[last] < values[last - 1])
    return bool(values[place] < values[place - 1] and values[place] <= values[place + 1])


@inlined()
def _refined(values: Floats, place: int) -> float:
    """Return by how much the minimum of the parabola through three values lies beside the middle one."""
    if place == 0 or place == len(values) - 1:
        return 0.0
    bend = values[place + 1] + values[place - 1] - 2 * values[place]
    slope = (values[place + 1] - values[place - 1]) / 2
    if abs(slope) >= abs(bend):
        return 0.0
    return float(-slope / bend)


@compiled("void(float64[:, ::1], float64[:, ::1], int64, int64, float64, float64[::1], float64[::1])")
def _search(
    frames: Floats,
    correlation: Floats,
    shortest: int,
    longest: int,
    threshold: float,
    period: Floats,
    aperiodicity: Floats,
) -> None:
    """Find the period of each frame.

    Args:
        frames: (n, frame length).
        correlation: Autocorrelations (n, at least `longest` + 1).
        shortest: Shortest period allowed, in samples.
        longest: Longest period allowed, in samples.
        threshold: As :func:`yin` takes it.
        period: Receives the periods (n), in samples.
        aperiodicity: Receives the normalised differences at them (n).
    """
    values = np.empty(longest - shortest + 1)
    for row in range(len(frames)):
        if correlation[row, 0] <= _SILENCE * frames.shape[1]:
            period[row], aperiodicity[row] = np.inf, 1.0
            continue
        energy, running = 0.0, 0.0
        for lag in range(1, longest + 1):
            energy += frames[row, lag - 1] ** 2
            difference = 2 * (correlation[row, 0] - correlation[row, lag]) - energy
            running += difference
            if lag >= shortest:
                values[lag - shortest] = difference / (running / lag + _TINY)
        best = 0
        for place in range(1, len(values)):
            if values[place] < values[best]:
                best = place
        for place in range(len(values)):
            if values[place] < threshold and _is_trough(values, place):
                best = place
                break
        period[row] = shortest + best + _refined(values, best)
        aperiodicity[row] = values[best]
