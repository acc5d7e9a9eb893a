"""Each extractor against its reference, over real recordings; the table in schemas/FEATURES.md says what was measured.

With ``--agreement DIR`` (a folder of unpacked corpora, the Free Spoken Digit Dataset as ``fsdd``) the table is written
again; else a few sounds of our own, and of that dataset where it is, prove the tolerances.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf

from listen_datasets.analysis.engine import Engine, make
from listen_datasets.features.sections import Features
from listen_datasets.testing.signals import noise, tone

pytest.importorskip("librosa")
_SPEC = importlib.util.spec_from_file_location("references", Path(__file__).with_name("references.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
references = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(references)

FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd" / "recordings"
TABLE = Path(__file__).resolve().parents[2] / "schemas" / "FEATURES.md"
BEGIN, END = "<!-- agreement: written by tests/extractors/test_agreement.py -->\n", "<!-- end -->"


class Case(NamedTuple):
    """A feature, its parameters, its reference, and how far a column may be from it."""

    reference: str
    source: str
    parameters: dict[str, Any]
    tolerances: dict[str, float]
    needs: str = "librosa"
    beyond: float = 0.0
    """Share of the values that may be farther off: where two answers are equally good, rounding chooses."""


CASES = {
    "log-mel": Case("log_mel", "librosa", {"extractor": "log-mel"}, {"log_mel": 2e-3}),
    "log-mel (htk)": Case("log_mel_htk", "librosa", {"extractor": "log-mel", "profile": "htk"}, {"log_mel": 2e-3}),
    "log-mel (kaldi)": Case(
        "kaldi",
        "kaldi-native-fbank",
        {"extractor": "log-mel", "profile": "kaldi"},
        {"log_mel": 1e-2},
        "kaldi_native_fbank",
    ),
    "log-mel (whisper)": Case(
        "whisper", "Whisper's steps in double", {"extractor": "log-mel", "profile": "whisper"}, {"log_mel": 1e-3}
    ),
    "mfcc": Case(
        "mfcc",
        "librosa",
        {"extractor": "mfcc", "deltas": 2},
        {"mfcc": 2e-3, "mfcc_delta": 5e-4, "mfcc_delta2": 5e-4},
    ),
    "spectral": Case(
        "spectral",
        "librosa",
        {"extractor": "spectral"},
        {
            "spectral_centroid": 2e-3,
            "spectral_bandwidth": 2e-3,
            "spectral_rolloff": 1e-3,
            "spectral_flatness": 1e-5,
            "spectral_flux": 1e-5,
            "zero_crossing_rate": 1e-7,
            "rms": 1e-6,
            "spectral_contrast": 1e-3,
        },
    ),
    "chroma": Case("chroma", "librosa", {"extractor": "chroma"}, {"chroma": 1e-4}),
    "tonnetz": Case("tonnetz", "librosa", {"extractor": "tonnetz"}, {"tonnetz": 1e-4}),
    "onsets": Case("onsets", "librosa", {"extractor": "onsets"}, {"onset_strength": 1e-3, "onsets": 1e-9}),
    "tempo": Case("tempo", "librosa", {"extractor": "tempo"}, {"tempo_bpm": 1e-9, "beats": 1e-9}, beyond=1e-3),
    "f0": Case("f0", "librosa", {"extractor": "f0"}, {"f0_hz": 0.01}, beyond=5e-3),
    "loudness": Case(
        "loudness",
        "libebur128",
        {"extractor": "loudness"},
        {"loudness_lufs": 1e-6, "loudness_range_lu": 1e-6, "true_peak_dbtp": 1e-3},
        "pyebur128",
    ),
}

Sounds = list[tuple[str, npt.NDArray[np.float32], int]]


@pytest.fixture(scope="module")
def sounds(request: pytest.FixtureRequest) -> Sounds:
    corpora = request.config.getoption("--agreement")
    made = [
        ("noise", noise(1, duration=4.0, sample_rate=44_100, num_channels=2), 44_100),
        ("tone", tone(-6.0, 440.0, duration=1.0, sample_rate=16_000), 16_000),
    ]
    files = sorted(FSDD.glob("*.wav"))[::200] if FSDD.is_dir() else []
    if corpora:
        made, files = [], _corpora(corpora)
    return [*made, *_read(files)]


def _corpora(folder: str) -> list[Path]:
    """Return the recordings below a folder; of a corpus in a folder ``fsdd``, every twentieth."""
    files = [Path(root) / name for root, _, names in os.walk(folder, followlinks=True) for name in names]
    found = sorted(path for path in files if path.suffix in {".wav", ".flac", ".oga"})
    digits = [path for path in found if "fsdd" in path.parts]
    return [path for path in found if path not in set(digits)] + digits[::20]


def _read(files: list[Path]) -> Iterator[tuple[str, npt.NDArray[np.float32], int]]:
    for path in files:
        samples, rate = sf.read(path, dtype="float32", always_2d=True)
        if len(samples) >= 0.1 * rate:
            yield path.name, samples[: 10 * rate], rate


def differences(case: Case, sounds: Sounds) -> dict[str, npt.NDArray[np.float64]]:
    """Return the difference of every value of each column."""
    made = make(Features(extractors=("it",), sets={"it": case.parameters}), Path())
    engine = Engine(made)
    found: dict[str, list[npt.NDArray[np.float64]]] = {column: [] for column in case.tolerances}
    for name, samples, rate in sounds:
        ours = engine(samples, rate).rows["it"]
        theirs = references.quietly(getattr(references, case.reference), samples, rate)
        for column, gaps in found.items():
            one, other = ours[column], theirs[column]
            assert (one is None) == (other is None), (name, column)
            if one is not None:
                one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
                assert one.shape == other.shape, (name, column)
                gaps.append(np.abs(one - other).ravel())
    return {column: np.concatenate([*gaps, np.empty(0)]) for column, gaps in found.items()}


def share_beyond(gaps: npt.NDArray[np.float64], tolerance: float) -> float:
    return float((gaps > tolerance).mean()) if len(gaps) else 0.0


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_the_reference(name: str, sounds: Sounds, request: pytest.FixtureRequest) -> None:
    case = CASES[name]
    pytest.importorskip(case.needs)

    found = differences(case, sounds)

    if request.config.getoption("--agreement"):
        _write(name, case, found, len(sounds))
    beyond = {column: share_beyond(gaps, case.tolerances[column]) for column, gaps in found.items()}
    assert {column: share for column, share in beyond.items() if share > case.beyond} == {}


def _write(name: str, case: Case, found: dict[str, npt.NDArray[np.float64]], clips: int) -> None:
    """Put the rows of a case into the table, in the place of those that were there."""
    head, _, rest = TABLE.read_text().partition(BEGIN)
    table, _, tail = rest.partition(END)
    lines = [
        line for line in table.splitlines() if line.startswith("|") and not line.startswith(("| feature", "| ---"))
    ]
    lines = [line for line in lines if not line.startswith(f"| {name} |")]
    lines += [
        f"| {name} | `{column}` | {case.source} | {clips} | {len(gaps):,} | {gaps.max(initial=0):.1e} | "
        f"{gaps.mean():.1e} | {case.tolerances[column]:.0e} | {share_beyond(gaps, case.tolerances[column]):.1e} |"
        for column, gaps in found.items()
    ]
    order = list(CASES)
    lines.sort(key=lambda line: order.index(line.split(" | ")[0].removeprefix("| ")))
    title = "| feature | column | reference | clips | values | largest difference | mean | tolerance | beyond |"
    rule = "| --- | --- | --- | --: | --: | --: | --: | --: | --: |"
    text = "\n".join([title, rule, *lines])
    TABLE.write_text(f"{head}{BEGIN}{text}\n{END}{tail}")
