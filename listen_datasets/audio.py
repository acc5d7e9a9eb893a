"""One pass over one recording: digest, container, samples, and whatever the probes measure.

Most damaged audio is decoded without a word, so what the container promises is compared with what came out of it. Bad
data is returned as a value, `Unusable`; nothing here raises for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from listen_datasets.containers import Decoded, Problem, Structure, judge
from listen_datasets.decoding import Block, blocks
from listen_datasets.digest import canonical_json
from listen_datasets.fingerprints import Fingerprint
from listen_datasets.inputs import InputProblem, OpenInput
from listen_datasets.meters import Meters
from listen_datasets.model import Fate
from listen_datasets.opening import Pieces, look_into
from listen_datasets.spans import MAX_SECONDS, Span
from listen_datasets.stores import Store
from listen_datasets.tags import Tags, read_tags

if TYPE_CHECKING:
    from listen_datasets.fingerprints.measuring import Fingerprinter

MAX_CHANNELS = 64
MIN_RATE, MAX_RATE = 1_000, 768_000
_UNCOMPRESSED = frozenset({"wav", "rf64", "w64", "aiff"})


class Measured(msgspec.Struct, frozen=True):
    """A recording that can be used.

    Attributes:
        facts: Columns of the manifest about the recording: the group format, ``sha256``, ``decoder``, ``bytes``,
            ``recording_num_samples`` and ``tags``.
        clips: Columns about each of its clips, by start and length: ``start``, ``duration``, ``num_samples``,
            ``pcm_md5`` and the group signal.
        problems: What is worth a look all the same.
        fingerprint: What it sounds like, if that was asked for.
    """

    facts: dict[str, Any]
    clips: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...] = ()
    fingerprint: Fingerprint | None = None


class Unusable(msgspec.Struct, frozen=True):
    """A recording that cannot be used.

    Attributes:
        code: The finding code, such as ``audio.truncated``.
        reason: One sentence.
        fate: ``rejected`` (read, and bad) or ``unreadable`` (could not be read; a retry may help).
        bytes: Its size, if it could be read.
        sha256: Digest of its bytes, if it could be read.
        hint: What to do next.
    """

    code: str
    reason: str
    fate: Fate
    bytes: int | None = None
    sha256: str | None = None
    hint: str | None = None


class Reading(msgspec.Struct, frozen=True):
    """How recordings are read.

    Attributes:
        probes: Probes to feed, as the registry knows them.
        tags: Names of embedded tags to keep, as :mod:`listen_datasets.tags` knows them.
        codecs: Whether FFmpeg may decode what libsndfile does not read, where PyAV is installed.
        fingerprints: Whether to measure the fingerprint of the recording.
    """

    probes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    codecs: bool = False
    fingerprints: bool = False


def measure(store: Store, path: str, reading: Reading, spans: Collection[Span] | None = None) -> Measured | Unusable:
    """Read a recording once and measure it.

    Args:
        store: Where it lies.
        path: Its path there, with ``/``.
        reading: How to read it.
        spans: Which clips of it are wanted; None for the whole recording as one.

    Raises:
        MachineError: The process may not open more files.
        UsageError: There is no such probe.
    """
    try:
        with store.opened(path) as file:
            measured = _measure(file, path, reading, spans)
            file.check_unchanged()
            return measured
    except InputProblem as problem:
        return Unusable(problem.code, problem.reason, problem.fate)


def _measure(file: OpenInput, path: str, reading: Reading, spans: Collection[Span] | None) -> Measured | Unusable:
    sha256 = file.sha256()
    try:
        judged = _judged(file, path, reading, spans)
    except InputProblem as problem:
        return Unusable(problem.code, problem.reason, problem.fate, file.size, sha256)
    if isinstance(judged, Problem):
        return Unusable(judged.code, judged.message, Fate.REJECTED, file.size, sha256, judged.hint)
    tags = read_tags(file, judged.facts["container"], reading.tags)
    facts = {"sha256": sha256, "bytes": file.size, "tags": _text(tags), **judged.facts}
    return Measured(facts, judged.clips, (*judged.problems, *tags.problems), judged.fingerprint)


def _judged(file: OpenInput, path: str, reading: Reading, spans: Collection[Span] | None) -> Measured | Problem:
    looked = look_into(file, path, codecs=reading.codecs)
    if isinstance(looked, Problem):
        return looked
    structure, pieces = looked
    try:
        error = structure.error or _absurd(structure)
        if error is not None:
            return error
        pieces = pieces or blocks(file.fd)
        return _decode(file, pieces, structure, Meters(pieces, spans, reading.probes), _listener(pieces, reading))
    finally:
        if pieces is not None:
            pieces.close()


def _listener(pieces: Pieces, reading: Reading) -> Fingerprinter | None:
    # Only here: the coordinator of an ingest knows this module and never listens.
    from listen_datasets.fingerprints.measuring import Fingerprinter  # noqa: PLC0415

    return Fingerprinter(pieces.sample_rate, pieces.num_channels) if reading.fingerprints else None


def _text(tags: Tags) -> str | None:
    return canonical_json(tags.values).decode() if tags.values else None


def _absurd(structure: Structure) -> Problem | None:
    """Judge what the header claims, before a decoder acts on it."""
    channels, rate, declared = structure.num_channels, structure.sample_rate, structure.declared_num_samples
    if channels is None or rate is None:
        return None
    if not 1 <= channels <= MAX_CHANNELS or not MIN_RATE <= rate <= MAX_RATE:
        return Problem("audio.absurd_format", "error", f"the header gives {channels} channels at {rate} Hz")
    # A compressed stream may claim anything: there the decoder is stopped when the limit is reached.
    if declared is not None and declared > MAX_SECONDS * rate and structure.container in _UNCOMPRESSED:
        return _too_long(declared / rate)
    return None


def _too_long(seconds: float) -> Problem:
    return Problem(
        "audio.too_long", "error", f"it lasts {seconds / 3600:.1f} h or more, over the limit of 24 h", "cut it"
    )


def _decode(
    file: OpenInput, pieces: Pieces, structure: Structure, meters: Meters, listener: Fingerprinter | None
) -> Measured | Problem:
    md5 = hashlib.md5(usedforsecurity=False)
    is_promised = structure.md5 is not None and meters.whole is None
    longest = MAX_SECONDS * pieces.sample_rate
    for block in pieces:
        if is_promised:
            md5.update(pieces.pcm(block.raw))
        if not pieces.is_integer and not _is_sane(block):
            return Problem("audio.not_finite", "error", "samples are not finite numbers, or absurdly large ones")
        if pieces.num_samples > longest:
            return _too_long(pieces.num_samples / pieces.sample_rate)
        meters.update(block, pieces.num_samples - len(block.floats))
        if listener is not None:
            listener.update(block.floats)
    judged = _judge(file, pieces, structure, md5.hexdigest() if meters.whole is None else meters.whole.digest)
    error = next((problem for problem in judged if problem.severity == "error"), None)
    if error is not None:
        return error
    facts: dict[str, Any] = {
        "decoder": pieces.decoder,
        "container": structure.container,
        "codec": structure.codec,
        "sample_rate": pieces.sample_rate,
        "num_channels": pieces.num_channels,
        "recording_num_samples": pieces.num_samples,
        "bits_per_sample": structure.bits_per_sample,
    }
    fingerprint = None if listener is None else listener.finish()
    return Measured(facts, tuple(meters.finish()), (*structure.problems, *judged), fingerprint)


def _is_sane(block: Block) -> bool:
    """Tell whether the energy of a block is a finite number; a NaN or an infinity makes it none."""
    flat = block.floats.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)))


def _judge(file: OpenInput, pieces: Pieces, structure: Structure, md5: str) -> tuple[Problem, ...]:
    """Compare what was decoded with what the container promised."""
    return judge(file, structure, Decoded(pieces.num_samples, pieces.sample_rate, md5, pieces.failure))
