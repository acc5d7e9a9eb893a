"""One pass over one recording: digest, container, samples, and whatever the probes measure.

Most damaged audio is decoded without a word, so what the container promises is compared with what came out of it. Bad
data is returned as a value, `Unusable`; nothing here raises for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from listen_datasets import registry
from listen_datasets.containers import Problem, Structure, examine
from listen_datasets.decoding import DECODER, Block, Blocks, blocks, ran_out
from listen_datasets.errors import MachineError
from listen_datasets.inputs import InputProblem, OpenInput, opened
from listen_datasets.model import Fate, Scalar
from listen_datasets.text import visible

if TYPE_CHECKING:
    from listen_datasets.probes import Probe

MAX_CHANNELS = 64
MIN_RATE, MAX_RATE = 1_000, 768_000
MAX_SECONDS = 24 * 60 * 60

_BUFFER = 1 << 20


class Measured(msgspec.Struct, frozen=True):
    """A recording that can be used.

    Attributes:
        facts: Columns of the manifest: the groups format and signal, and ``sha256``, ``pcm_md5``, ``decoder``,
            ``start``, ``duration`` and ``bytes``.
        problems: What is worth a look all the same.
    """

    facts: dict[str, Any]
    problems: tuple[Problem, ...] = ()


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
    fate: Literal[Fate.REJECTED, Fate.UNREADABLE]
    bytes: int | None = None
    sha256: str | None = None
    hint: str | None = None


def measure(root: Path, path: str, probe_names: Sequence[str]) -> Measured | Unusable:
    """Read a recording once and measure it.

    Args:
        root: The source root.
        path: Below it, with ``/``.
        probe_names: Probes to feed, as the registry knows them.

    Raises:
        MachineError: The process may not open more files.
        UsageError: There is no such probe.
    """
    try:
        with opened(root, path) as file:
            measured = _measure(file, path, probe_names)
            file.check_unchanged()
            return measured
    except InputProblem as problem:
        return Unusable(problem.code, problem.reason, problem.fate)


def load(root: Path, path: str, *, expected_sha256: str | None = None) -> tuple[npt.NDArray[np.float32], int]:
    """Decode a whole recording that was measured before.

    Args:
        root: The source root.
        path: Below it, with ``/``.
        expected_sha256: Digest that the file must still have.

    Returns:
        The samples (num_samples, num_channels), read only, full scale 1; and the sample rate in Hz.

    Raises:
        MachineError: The file is gone, cannot be read, or is not the one that was measured.
    """
    try:
        with opened(root, path) as file:
            if expected_sha256 is None or _sha256(file) == expected_sha256:
                loaded = _load(file)
                file.check_unchanged()
                return loaded
            reason = "its content is not the one that was ingested"
    except InputProblem as problem:
        reason = problem.reason
    raise MachineError(
        f"a recording of the manifest cannot be used any more: {reason}",
        where=visible(path),
        hint="run `lds ingest` again",
    )


def _load(file: OpenInput) -> tuple[npt.NDArray[np.float32], int]:
    pieces = blocks(file.fd)
    try:
        samples = np.concatenate(
            [np.empty((0, pieces.num_channels), np.float32), *(block.floats.copy() for block in pieces)]
        )
    finally:
        pieces.close()
    samples.flags.writeable = False
    return samples, pieces.sample_rate


def _sha256(file: OpenInput) -> str:
    """Return the digest of all bytes, as hex.

    Raises:
        InputProblem: ``input.unreadable``, or ``input.changed_during_read`` if there are more or fewer than at first.
    """
    state = hashlib.sha256()
    buffer = memoryview(bytearray(min(file.size + 1, _BUFFER)))
    done = 0
    while count := file.read_into(buffer, done):
        state.update(buffer[:count])
        done += count
    if done != file.size:
        reason = f"the file had {file.size:,} bytes, and {done:,} were read"
        raise InputProblem("input.changed_during_read", reason, Fate.UNREADABLE)
    return state.hexdigest()


def _measure(file: OpenInput, path: str, probe_names: Sequence[str]) -> Measured | Unusable:
    sha256 = _sha256(file)
    structure = examine(file, path)
    if isinstance(structure, Problem):
        return _unusable(structure, file, sha256)
    error = structure.error or _absurd(structure)
    if error is not None:
        return _unusable(error, file, sha256)
    try:
        pieces = blocks(file.fd)
    except InputProblem as problem:
        return Unusable(problem.code, problem.reason, problem.fate, file.size, sha256)
    try:
        judged = _decode(file, pieces, structure, probe_names)
    finally:
        pieces.close()
    if isinstance(judged, Problem):
        return _unusable(judged, file, sha256)
    return Measured({"sha256": sha256, "bytes": file.size, **judged.facts}, judged.problems)


def _unusable(problem: Problem, file: OpenInput, sha256: str) -> Unusable:
    return Unusable(problem.code, problem.message, Fate.REJECTED, file.size, sha256, problem.hint)


def _absurd(structure: Structure) -> Problem | None:
    """Judge what the header claims, before a decoder acts on it."""
    channels, rate, declared = structure.num_channels, structure.sample_rate, structure.declared_num_samples
    if channels is None or rate is None:
        return None
    if not 1 <= channels <= MAX_CHANNELS or not MIN_RATE <= rate <= MAX_RATE:
        return Problem("audio.absurd_format", "error", f"the header gives {channels} channels at {rate} Hz")
    # A compressed stream may claim anything: there the decoder is stopped when the limit is reached.
    if declared is not None and declared > MAX_SECONDS * rate and structure.container in {"wav", "rf64", "aiff"}:
        return _too_long(declared / rate)
    return None


def _too_long(seconds: float) -> Problem:
    return Problem(
        "audio.too_long", "error", f"it lasts {seconds / 3600:.1f} h or more, over the limit of 24 h", "cut it"
    )


def _decode(file: OpenInput, pieces: Blocks, structure: Structure, probe_names: Sequence[str]) -> Measured | Problem:
    probes: list[Probe] = [
        registry.find("probes", name)(pieces.sample_rate, pieces.num_channels) for name in probe_names
    ]
    md5 = hashlib.md5(usedforsecurity=False)
    longest = MAX_SECONDS * pieces.sample_rate
    for block in pieces:
        md5.update(pieces.pcm(block.raw))
        if not pieces.is_integer and not _is_sane(block):
            return Problem("audio.not_finite", "error", "samples are not finite numbers, or absurdly large ones")
        if pieces.num_samples > longest:
            return _too_long(pieces.num_samples / pieces.sample_rate)
        for probe in probes:
            probe.update(block.floats)
    judged = _judge(file, pieces, structure, md5.hexdigest())
    error = next((problem for problem in judged if problem.severity == "error"), None)
    if error is not None:
        return error
    facts: dict[str, Any] = {
        "pcm_md5": md5.hexdigest(),
        "decoder": DECODER,
        "start": 0.0,
        "duration": pieces.num_samples / pieces.sample_rate,
        "container": structure.container,
        "codec": structure.codec,
        "sample_rate": pieces.sample_rate,
        "num_channels": pieces.num_channels,
        "num_samples": pieces.num_samples,
        "bits_per_sample": structure.bits_per_sample,
    }
    for probe in probes:
        facts.update(probe.finish())
    return Measured(facts, (*structure.problems, *judged))


def _is_sane(block: Block) -> bool:
    """Tell whether the energy of a block is a finite number; a NaN or an infinity makes it none."""
    flat = block.floats.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)))


def _judge(file: OpenInput, pieces: Blocks, structure: Structure, md5: str) -> tuple[Problem, ...]:
    """Compare what was decoded with what the container promised."""
    decoded, declared = pieces.num_samples, structure.declared_num_samples
    is_proven = structure.md5 == md5
    problems: tuple[Problem, ...] = ()
    if pieces.failure is not None:
        if not is_proven and (structure.md5 is not None or decoded != declared):
            return (_failed(file, pieces, declared),)
        problems = (Problem("audio.trailing_bytes", "warning", "foreign bytes follow the last sample"),)
    if not decoded:
        return (Problem("audio.no_samples", "error", "not one sample can be decoded"),)
    if declared is not None and abs(decoded - declared) > structure.slack:
        return (*problems, _wrong_length(structure, decoded, declared, is_proven=is_proven))
    if structure.md5 is not None and not is_proven:
        message = f"the decoded samples have the MD5 {md5}, the header promises {structure.md5}"
        return (*problems, Problem("audio.md5_mismatch", "error", message, "get an undamaged copy of the file"))
    return problems


def _failed(file: OpenInput, pieces: Blocks, declared: int | None) -> Problem:
    evidence: dict[str, Scalar] = {"decoded_samples": pieces.num_samples, "declared_samples": declared}
    if ran_out(pieces, file.fd) and (declared is None or pieces.num_samples < declared):
        message = f"the file ends inside a frame, after {pieces.num_samples:,} samples"
        return Problem("audio.truncated", "error", message, "get a whole copy of the file", evidence)
    message = f"the decoder stopped after {pieces.num_samples:,} samples: {pieces.failure}"
    return Problem("audio.decode_error", "error", message, "get an undamaged copy of the file", evidence)


def _wrong_length(structure: Structure, decoded: int, declared: int, *, is_proven: bool) -> Problem:
    evidence: dict[str, Scalar] = {"decoded_samples": decoded, "declared_samples": declared}
    message = f"the header promises {declared:,} samples and {decoded:,} were decoded"
    if structure.container != "flac":
        return Problem("audio.inexact_length", "warning", message, None, evidence)
    if decoded < declared and not is_proven:
        return Problem("audio.truncated", "error", message, "get a whole copy of the file", evidence)
    return Problem("audio.length_mismatch", "error", message, None, evidence)
