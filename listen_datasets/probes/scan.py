"""One pass over the samples, window by window, that counts whatever the facts of the probe ``waveform`` are made of.

The samples of a window are first put side by side, channel by channel, so that the processor can take many at once;
what looks at single samples (runs at a ceiling, gaps) runs for those windows alone that can hold such a run. As windows
begin at whole multiples of their length, nothing depends on where the blocks are cut.

The compiled loops share one module because each is inlined in the next, see :func:`listen_datasets.kernels.compiled`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from listen_datasets.kernels import REORDERED, compiled, inlined
from listen_datasets.probes import Block

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]

WINDOW = 0.01
"""Length of a window in seconds; the last one of a recording may be shorter."""

SILENT_DBFS = -60.0
"""A window is silent if the mean square of every channel lies below this."""

FULL_SCALE = 1 - 2.0**-15
"""The largest positive sample of 16 bits. Wider samples count from here too, and float samples beyond 1."""

MIN_RUN = 3
"""Equal samples in a row that make a clipped run: a single one may be a true peak, and two have one between them."""

MIN_GAP = 16
"""Zeros in a row that make a gap, unless a tenth of a window is longer or a window is shorter."""

LOWEST_DB, STEP_DB, NUM_STEPS = -160.0, 0.1, 2000
"""The histogram of levels: its lower end, the width and the number of its steps."""

QUIET_SHARE, LOUD_SHARE = 0.10, 0.95
"""The percentiles of the levels that stand for noise and for signal."""

GAP_LEVELS = 60
"""Steps of 1 dB of the level at the edges of a gap, from `SILENT_DBFS` on."""

FINE = 2.0**-12
"""Steps of this size and finer ones are too small to be taken for the edge of a gap."""

# What stands where in the arrays of a `Scan`.
FILLED, SAMPLES, SILENT, LEADING, TRAILING, ZERO, IS_FINER, IS_SECOND, PAIRS, QUIET, LOUD, HALF_USED, NUM_COUNTS = (
    range(13)
)
TOTAL, SQUARES, PEAK, ORIGIN, ENERGY, HALF, MUTED, SMALLEST, NUM_SUMS = range(9)
CEILING, BELOW, RUN, BEFORE, CLIPPED, LONGEST, DROPS, NUM_DROPS, NUM_CEILINGS = range(9)
ZEROS, SIGNAL, GAP, GAP_DB, NUM_GAPS, NUM_RUNS = range(6)

_SILENT_POWER = 10 ** (SILENT_DBFS / 10)
_EIGHT_BITS = 128
_SIGN = np.int32(-(2**31))


class Scan(NamedTuple):
    """What was counted of one recording.

    Attributes:
        counts: Samples per channel in the window under way (``FILLED``), in all windows before (``SAMPLES``), in
            silent ones (``SILENT``), in those before the first that is not (``LEADING``) and after the last
            (``TRAILING``), in those that hold nothing but zeros (``ZERO``). ``IS_FINER`` is 1 once a sample was no
            multiple of 1/128, ``IS_SECOND`` in the second window of a pair. In the end: the sum of `levels` (``PAIRS``)
            and the steps of its percentiles `QUIET_SHARE` and `LOUD_SHARE` (``QUIET``, ``LOUD``). ``HALF_USED`` is
            the half of the buffer that the window under way is in.
        sums: For each channel the ``TOTAL`` and the sum of ``SQUARES`` of its samples, the largest magnitude
            (``PEAK``) and the first sample (``ORIGIN``); the sum of squares of the last window (``ENERGY``) and of the
            window before (``HALF``); the number of samples in windows that are all zero in this channel (``MUTED``);
            the ``SMALLEST`` magnitude that is not zero, 0 if there is none, looked for until it is as small as `FINE`.
        products: Sums of the products of two channels, each less its origin (num_channels, num_channels); the lower
            triangle is filled. The sum of a channel's own squares is exactly 0 if it is constant; for mono that is all
            it says.
        ceilings: For each channel and sign (num_channels, 2, ...) the magnitude of the extreme sample (``CEILING``,
            at most full scale) and of the next smaller one (``BELOW``); length of the ``RUN`` under way at the
            ceiling and the sample ``BEFORE`` it, NaN if the recording begins with it; of the runs of at least `MIN_RUN`
            samples the number of samples (``CLIPPED``), the ``LONGEST``, and how much lower the samples before and
            behind lie, where there are any (sum ``DROPS`` of ``NUM_DROPS``).
        runs: For each channel the ``ZEROS`` in a row up to here, the position where the last ``SIGNAL`` began, the
            length of the ``GAP`` before it if that is not judged yet, its level ``GAP_DB``, and ``NUM_GAPS`` so far.
        gaps: For each channel the number of gaps and the longest one in samples, by the level of the signal at their
            edges (num_channels, 2, `GAP_LEVELS`).
        levels: Histogram of the mean square over all channels of pairs of windows that are not digital silence.
        tops: For each channel the largest positive and negative magnitude of a window, as bits (num_channels, 2).
        buffer: For each channel the window under way and the one before, in turns: it goes round, so that -1 is the
            sample before 0.
    """

    counts: Counts
    sums: Floats
    products: Floats
    ceilings: Floats
    runs: Floats
    gaps: Floats
    levels: Integers
    tops: Integers
    buffer: Singles


def begin(sample_rate: int, num_channels: int) -> Scan:
    """Return the scan of a recording of which no sample was seen; `sample_rate` in Hz."""
    return Scan(
        counts=np.zeros(NUM_COUNTS, np.int64),
        sums=np.zeros((num_channels, NUM_SUMS)),
        products=np.zeros((num_channels, num_channels)),
        ceilings=np.zeros((num_channels, 2, NUM_CEILINGS)),
        runs=np.zeros((num_channels, NUM_RUNS)),
        gaps=np.zeros((num_channels, 2, GAP_LEVELS)),
        levels=np.zeros(NUM_STEPS, np.int32),
        tops=np.zeros((num_channels, 2), np.int32),
        buffer=np.zeros((num_channels, 2 * max(round(WINDOW * sample_rate), 1)), np.float32),
    )


_BLOCK = types.Array(types.float32, 2, "C", readonly=True)
_ROWS, _CUBE = types.float64[:, ::1], types.float64[:, :, ::1]
_SCAN = types.NamedTuple(
    [
        types.int64[::1], _ROWS, _ROWS, _CUBE, _ROWS, _CUBE, types.int32[::1], types.int32[:, ::1],
        types.float32[:, ::1],
    ],
    Scan,
)  # fmt: skip


# The loops get whole arrays and the number of the channel: a slice, or the `Scan` as such, costs a compiled function
# more than a window of a telephone call.


@inlined()
def _pick(block: Block, channel: int, done: int, buffer: Singles, begin: int, end: int) -> None:
    """Put the samples of a channel side by side, from sample `done` of the block on."""
    samples, step = buffer[channel, begin:end], block.shape[1]
    source = block.reshape(-1)[done * step + channel :]
    if step == 1:
        for index in range(len(samples)):
            samples[index] = source[index]
    elif step == 2:
        for index in range(len(samples)):
            samples[index] = source[2 * index]
    else:
        for index in range(len(samples)):
            samples[index] = source[index * step]


@inlined(REORDERED)
def _sum_up(buffer: Singles, channel: int, begin: int, end: int, sums: Floats, tops: Integers) -> None:
    """Add the samples of a channel between two places to its row of `Scan.sums`, and give the largest magnitudes.

    Magnitudes are compared as integers, which have the same order as the numbers that their bits mean: the processor
    takes many integers at once, but the compiler does not dare that for the maximum of floats.
    """
    samples = buffer[channel, begin:end]
    bits = samples.view(np.int32)
    total = squares = 0.0
    positive = negative = np.int32(0)
    for index in range(len(samples)):
        x = np.float64(samples[index])
        total += x
        squares += x * x
        positive = max(positive, bits[index])
        negative = max(negative, bits[index] ^ _SIGN)
    sums[channel, TOTAL] += total
    sums[channel, SQUARES] += squares
    sums[channel, HALF] = sums[channel, ENERGY]
    sums[channel, ENERGY] = squares
    tops[channel, 0], tops[channel, 1] = positive, negative


@inlined(REORDERED)
def _multiply(buffer: Singles, one: int, other: int, begin: int, end: int, sums: Floats, products: Floats) -> None:
    """Add the products of two channels, each less its origin, to `Scan.products`.

    Sums of what differs from the first sample keep their precision beside a large offset.
    """
    samples, others = buffer[one, begin:end], buffer[other, begin:end]
    origin, others_origin = sums[one, ORIGIN], sums[other, ORIGIN]
    total = 0.0
    for index in range(len(samples)):
        total += (samples[index] - origin) * (others[index] - others_origin)
    products[one, other] += total


@inlined()
def _is_finer(buffer: Singles, channel: int, begin: int, end: int) -> bool:
    """Tell whether a sample is no multiple of 1/128."""
    for index in range(begin, end):
        x = buffer[channel, index] * _EIGHT_BITS
        if x != np.floor(x):
            return True
    return False


@inlined()
def _find_smallest(buffer: Singles, channel: int, begin: int, end: int, sums: Floats) -> None:
    """Look for a magnitude smaller than those before: what is rounded to coarse steps has none below a step."""
    smallest = sums[channel, SMALLEST]
    for index in range(begin, end):
        magnitude = abs(np.float64(buffer[channel, index]))
        if magnitude > 0 and (magnitude < smallest or smallest == 0):
            smallest = magnitude
    sums[channel, SMALLEST] = smallest


@inlined()
def _count_ceiling(channel: int, side: int, ceilings: Floats) -> None:
    """Count the run at a ceiling that is over, if it is long enough, and the drop before it."""
    state = ceilings[channel, side]
    if state[RUN] >= MIN_RUN:
        state[CLIPPED] += state[RUN]
        state[LONGEST] = max(state[LONGEST], state[RUN])
        if not math.isnan(state[BEFORE]):
            state[DROPS] += state[CEILING] - state[BEFORE]
            state[NUM_DROPS] += 1


@inlined()
def _follow_ceiling(
    buffer: Singles, channel: int, begin: int, end: int, position: int, side: int, ceilings: Floats
) -> None:
    """Follow the runs at the extreme sample of one sign; a new extreme makes all that was counted void."""
    state = ceilings[channel, side]
    sign = 1.0 - 2 * side
    # The buffer goes round: -1 is the end of the window before.
    before = sign * np.float64(buffer[channel, begin - 1]) if position > 0 else math.nan
    for index in range(begin, end):
        x = min(sign * buffer[channel, index], FULL_SCALE)
        if x > state[CEILING]:
            state[BELOW] = state[CEILING]
            state[CEILING] = x
            state[RUN:] = 0.0
        if x == state[CEILING]:
            if state[RUN] == 0:
                state[BEFORE] = before
            state[RUN] += 1
        else:
            state[BELOW] = max(state[BELOW], x)
            if state[RUN] >= MIN_RUN:
                _count_ceiling(channel, side, ceilings)
                state[DROPS] += state[CEILING] - x
                state[NUM_DROPS] += 1
            state[RUN] = 0.0
        before = x


@inlined()
def _watch_ceilings(
    buffer: Singles, channel: int, begin: int, end: int, position: int, tops: Singles, ceilings: Floats
) -> None:
    """Follow the ceilings of a channel that a window with these largest magnitudes reaches; `position` in the recording."""
    for side in range(2):
        top = min(np.float64(tops[channel, side]), FULL_SCALE)
        if ceilings[channel, side, RUN] > 0 or (top > 0 and top >= ceilings[channel, side, CEILING]):
            _follow_ceiling(buffer, channel, begin, end, position, side, ceilings)
        else:
            ceilings[channel, side, BELOW] = max(ceilings[channel, side, BELOW], top)


@inlined()
def _may_hold_gap(buffer: Singles, channel: int, begin: int, end: int, shortest: int) -> bool:
    """Tell whether a window holds a run of zeros that is long enough, or ends in one that may go on behind it."""
    index = min(begin + shortest, end) - 1
    while True:
        if buffer[channel, index] == 0:
            left = right = index
            while left > begin and buffer[channel, left - 1] == 0:
                left -= 1
            while right < end - 1 and buffer[channel, right + 1] == 0:
                right += 1
            if right - left + 1 >= shortest or right == end - 1:
                return True
        if index == end - 1:
            return False
        index = min(index + shortest, end - 1)


@inlined()
def _level(buffer: Singles, channel: int, begin: int, end: int) -> float:
    """Return the mean square of some samples in dB."""
    energy = 0.0
    for index in range(begin, end):
        energy += np.float64(buffer[channel, index]) ** 2
    return 10 * math.log10(energy / (end - begin)) if energy > 0 else -math.inf


@inlined()
def _count_gap(channel: int, runs: Floats, gaps: Floats) -> None:
    """Count the gap that is not judged yet by the level at its edges, unless that is silent."""
    if runs[channel, GAP] > 0 and runs[channel, GAP_DB] >= SILENT_DBFS:
        level = min(int(runs[channel, GAP_DB] - SILENT_DBFS), GAP_LEVELS - 1)
        runs[channel, NUM_GAPS] += 1
        gaps[channel, 0, level] += 1
        gaps[channel, 1, level] = max(gaps[channel, 1, level], runs[channel, GAP])
    runs[channel, GAP] = 0


@inlined()
def _follow_gaps(
    buffer: Singles, channel: int, begin: int, end: int, position: int, shortest: int, runs: Floats, gaps: Floats
) -> None:
    """Follow the runs of zeros in a channel, and count those between signals of half a window at least.

    Args:
        buffer: This window and the one before, see `Scan.buffer`.
        channel: Which channel.
        begin: Where this window begins.
        end: Where it ends.
        position: Where it begins in the recording.
        shortest: Zeros in a row that make a gap.
        runs: As `Scan.runs`; changed in place.
        gaps: As `Scan.gaps`; changed in place.
    """
    state = runs[channel]
    window = buffer.shape[1] // 2
    edge, context = max(window // 10, 1), window // 2
    for index in range(begin, end):
        here = position + index - begin
        if buffer[channel, index] == 0:
            state[ZEROS] += 1
            if state[ZEROS] == shortest:
                is_signal = here + 1 - shortest - state[SIGNAL] >= context
                if is_signal:
                    _count_gap(channel, runs, gaps)
                last = index + 1 - shortest
                state[GAP] = 0
                state[GAP_DB] = _level(buffer, channel, last - edge, last) if is_signal else -math.inf
        else:
            if state[ZEROS] >= shortest:
                state[GAP], state[SIGNAL] = state[ZEROS], here
            state[ZEROS] = 0
        if state[GAP] > 0:
            behind = here - state[SIGNAL] + 1
            if behind == edge:
                state[GAP_DB] = min(state[GAP_DB], _level(buffer, channel, index + 1 - edge, index + 1))
            if behind == context + shortest:
                _count_gap(channel, runs, gaps)


@inlined()
def _watch_gaps(buffer: Singles, channel: int, begin: int, end: int, position: int, runs: Floats, gaps: Floats) -> None:
    """Follow the gaps of a channel if the window may hold one, or the end of one; `position` in the recording."""
    window = buffer.shape[1] // 2
    shortest = min(max(MIN_GAP, window // 10), window)
    is_open = runs[channel, ZEROS] > 0 or runs[channel, GAP] > 0
    if is_open or _may_hold_gap(buffer, channel, begin, end, shortest):
        _follow_gaps(buffer, channel, begin, end, position, shortest, runs, gaps)


@inlined()
def _judge_level(length: int, window: int, sums: Floats, counts: Counts, levels: Integers) -> None:
    """Count a window of some length as silent or not, and every second one with the one before it by their level."""
    loudest = energy = 0.0
    for channel in range(len(sums)):
        loudest = max(loudest, sums[channel, ENERGY])
        energy += sums[channel, ENERGY] + sums[channel, HALF]
        if sums[channel, ENERGY] == 0:
            sums[channel, MUTED] += length
    if loudest < _SILENT_POWER * length:
        if counts[LEADING] == counts[SAMPLES]:
            counts[LEADING] += length
        counts[SILENT] += length
        counts[TRAILING] += length
        if loudest == 0:
            counts[ZERO] += length
    else:
        counts[TRAILING] = 0
    counts[SAMPLES] += length
    if counts[IS_SECOND] and energy > 0 and length == window:
        step = int((10 * math.log10(energy / (2 * length * len(sums))) - LOWEST_DB) / STEP_DB)
        levels[min(max(step, 0), NUM_STEPS - 1)] += 1
        counts[PAIRS] += 1
    counts[IS_SECOND] = 1 - counts[IS_SECOND]


@inlined()
def _find_percentiles(levels: Integers, counts: Counts) -> None:
    """Look up the steps at which the quiet and the loud share of the levels is reached."""
    seen = 0
    counts[QUIET] = -1
    for step in range(NUM_STEPS):
        seen += levels[step]
        if counts[QUIET] < 0 and seen >= QUIET_SHARE * counts[PAIRS]:
            counts[QUIET] = step
        if seen >= LOUD_SHARE * counts[PAIRS]:
            counts[LOUD] = step
            break


@inlined()
def _close(counts: Counts, window: int, ceilings: Floats, runs: Floats, gaps: Floats) -> None:
    """Count the runs that the recording ends in, and the gaps behind which there is enough signal."""
    for channel in range(len(runs)):
        for side in range(2):
            _count_ceiling(channel, side, ceilings)
        if counts[SAMPLES] - runs[channel, SIGNAL] >= window // 2:
            _count_gap(channel, runs, gaps)


@compiled(types.void(_BLOCK, _SCAN, types.boolean))
def take(block: Block, scan: Scan, is_last: bool) -> None:  # noqa: FBT001 - compiled functions know no keywords
    """Count the samples that follow.

    Args:
        block: Samples (num_samples, num_channels).
        scan: Changed in place.
        is_last: Whether no samples follow these.
    """
    counts, sums, products, ceilings, runs, gaps, levels, tops, buffer = scan
    magnitudes = tops.view(np.float32)
    window = buffer.shape[1] // 2
    done = 0
    while done < len(block) or (is_last and counts[FILLED] > 0):
        begin = window * counts[HALF_USED]
        place = begin + counts[FILLED]
        end = min(place + len(block) - done, begin + window)
        for channel in range(len(sums)):
            _pick(block, channel, done, buffer, place, end)
        done += end - place
        counts[FILLED] = end - begin
        if end < begin + window and not (is_last and done == len(block)):
            break
        for channel in range(len(sums)):
            if counts[SAMPLES] == 0:
                sums[channel, ORIGIN] = buffer[channel, begin]
            _sum_up(buffer, channel, begin, end, sums, tops)
            sums[channel, PEAK] = max(sums[channel, PEAK], magnitudes[channel, 0], magnitudes[channel, 1])
            _watch_ceilings(buffer, channel, begin, end, counts[SAMPLES], magnitudes, ceilings)
            _watch_gaps(buffer, channel, begin, end, counts[SAMPLES], runs, gaps)
            if sums[channel, SMALLEST] == 0 or sums[channel, SMALLEST] > FINE:
                _find_smallest(buffer, channel, begin, end, sums)
            if counts[IS_FINER] == 0 and _is_finer(buffer, channel, begin, end):
                counts[IS_FINER] = 1
            # Of a single channel nothing is asked but whether it is constant.
            for other in range(channel + 1 if len(sums) > 1 or products[0, 0] == 0 else 0):
                _multiply(buffer, channel, other, begin, end, sums, products)
        _judge_level(end - begin, window, sums, counts, levels)
        counts[FILLED] = 0
        counts[HALF_USED] = 1 - counts[HALF_USED]
    if is_last:
        _find_percentiles(levels, counts)
        _close(counts, window, ceilings, runs, gaps)
