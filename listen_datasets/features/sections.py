"""The sections of ``lds.toml`` for features: the parameters of each extractor of ours, and ``[features]`` itself."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, inspect

from listen_datasets.section import FileName, Positive, Section, Slug, shapes, with_profile

Rate = Annotated[int, Meta(ge=1000, le=768000, description="Resample to this rate, in Hz.")]
Length = Annotated[int, Meta(ge=16, le=65536)]
Hop = Annotated[int, Meta(ge=1, le=65536, description="Samples between two frames.")]
Channels = Annotated[
    Literal["mean", "first"], Meta(description="What becomes of several channels: their mean, or the first alone.")
]
Precision = Annotated[Literal["float32", "float16"], Meta(description="How values are stored.")]

_KALDI: Mapping[str, Any] = {
    "sample-rate": 16000,
    "n-fft": 512,
    "win-length": 400,
    "hop-length": 160,
    "window": "povey",
    "edges": "inside",
    "preemphasis": 0.97,
    "remove-dc": True,
    "n-mels": 80,
    "f-min": 20.0,
    "mel-scale": "kaldi",
    "scale": "ln",
    "floor": 2.0**-23,
    "top-db": None,
}
_WHISPER: Mapping[str, Any] = {
    "sample-rate": 16000,
    "n-fft": 400,
    "hop-length": 160,
    "n-mels": 80,
    "edges": "reflect",
    "scale": "whisper",
    "top-db": None,
}


class Mono(Section, frozen=True, kw_only=True):
    """What an extractor of one channel at one rate can be told."""

    sample_rate: Rate = 22050
    channels: Channels = "mean"
    dtype: Precision = "float32"


class Framed(Mono, frozen=True, kw_only=True):
    """Frames as librosa has them: a periodic Hann window, zeros beyond both ends, frame k centred at k hops."""

    n_fft: Annotated[Length, Meta(description="Length of the window and the FFT, in samples.")] = 2048
    hop_length: Hop = 512


class LogMel(Section, frozen=True, kw_only=True):
    """Section ``[features.log-mel]``: as `librosa.feature.melspectrogram` and `power_to_db` define them."""

    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "htk": {"mel-scale": "htk"},
        "kaldi": _KALDI,
        "whisper": _WHISPER,
    }
    profile: Annotated[
        Literal["htk", "kaldi", "whisper"] | None,
        Meta(description="Whose values: the other keys stand for librosa's unless this gives them others."),
    ] = None
    sample_rate: Rate = 16000
    channels: Channels = "mean"
    n_fft: Annotated[Length, Meta(description="Length of the FFT, in samples.")] = 1024
    win_length: Annotated[
        Annotated[int, Meta(ge=2, le=65536)] | None,
        Meta(description="Length of the window, in samples; n-fft if left out."),
    ] = None
    hop_length: Hop = 256
    window: Annotated[Literal["hann", "hamming", "povey"], Meta(description="Window.")] = "hann"
    edges: Annotated[
        Literal["zeros", "reflect", "inside"],
        Meta(description="What lies beyond both ends: zeros, a mirror image, or no frame at all."),
    ] = "zeros"
    preemphasis: Annotated[float, Meta(ge=0, le=1, description="Share of a sample taken from the next one.")] = 0.0
    remove_dc: Annotated[bool, Meta(description="Take the mean away from each frame.")] = False
    n_mels: Annotated[int, Meta(ge=1, le=1024, description="Number of mel bands.")] = 64
    f_min: Annotated[float, Meta(ge=0, le=384000, description="Lower end of the lowest band, in Hz.")] = 0.0
    f_max: Annotated[
        Annotated[float, Meta(gt=0, le=384000)] | None,
        Meta(description="Upper end of the highest band, in Hz; half the rate if left out."),
    ] = None
    mel_scale: Annotated[
        Literal["slaney", "htk", "kaldi"],
        Meta(description="Bands: Slaney's or HTK's scale with equal areas, or Kaldi's with equal heights."),
    ] = "slaney"
    scale: Annotated[
        Literal["db", "ln", "whisper"],
        Meta(description="Unit: decibels, natural logarithm, or what Whisper takes."),
    ] = "db"
    floor: Annotated[Positive, Meta(description="Smallest power.")] = 1e-10
    top_db: Annotated[
        Positive | None, Meta(description="Floor below the loudest value of the clip, in dB; none if left out.")
    ] = 80.0
    dtype: Precision = "float32"


class Mfcc(LogMel, frozen=True, kw_only=True):
    """Section ``[features.mfcc]``: as `librosa.feature.mfcc` and `librosa.feature.delta` define them."""

    n_mfcc: Annotated[int, Meta(ge=1, le=1024, description="Number of coefficients.")] = 20
    deltas: Annotated[
        int, Meta(ge=0, le=2, description="How many derivatives of the coefficients are added as columns.")
    ] = 0
    delta_width: Annotated[int, Meta(ge=3, le=99, description="Frames that a derivative is taken over, odd.")] = 9


class Spectral(Framed, frozen=True, kw_only=True):
    """Section ``[features.spectral]``: as the functions of `librosa.feature` define them; flux after Lerch (2012)."""

    roll_off: Annotated[float, Meta(gt=0, lt=1, description="Share of the magnitude below the roll-off.")] = 0.85
    contrast_bands: Annotated[int, Meta(ge=1, le=12, description="Octaves of the contrast above the first band.")] = 6
    contrast_f_min: Annotated[Positive, Meta(description="Upper end of the first band of the contrast, in Hz.")] = 200.0
    contrast_quantile: Annotated[
        float, Meta(gt=0, lt=0.5, description="Share of a band that counts as its peaks and as its valleys.")
    ] = 0.02


class Chroma(Framed, frozen=True, kw_only=True):
    """Section ``[features.chroma]``: as `librosa.feature.chroma_stft` with a known tuning, or `chroma_cqt`."""

    method: Annotated[
        Literal["stft", "cqt"],
        Meta(
            description="From the short-time Fourier transform, or from librosa's constant-Q transform (100x slower)."
        ),
    ] = "stft"
    tuning: Annotated[float, Meta(ge=-0.5, lt=0.5, description="Deviation from A440 in semitones.")] = 0.0


class Tonnetz(Chroma, frozen=True, kw_only=True):
    """Section ``[features.tonnetz]``: as `librosa.feature.tonnetz` of the chroma."""


class Onsets(Framed, frozen=True, kw_only=True):
    """Section ``[features.onsets]``: as `librosa.onset.onset_strength` and `onset_detect` define them."""

    n_mels: Annotated[int, Meta(ge=1, le=1024, description="Number of mel bands.")] = 128


class Tempo(Onsets, frozen=True, kw_only=True):
    """Section ``[features.tempo]``: `librosa.beat.beat_track`, which is imported for it (two seconds a worker)."""

    start_bpm: Annotated[float, Meta(gt=0, le=1000, description="Tempo expected, in beats a minute.")] = 120.0


class F0(Mono, frozen=True, kw_only=True):
    """Section ``[features.f0]``: as `librosa.yin` defines it, or `librosa.pyin` itself (ten times real time)."""

    method: Annotated[
        Literal["yin", "pyin"], Meta(description="YIN, or librosa's probabilistic YIN (500 times slower).")
    ] = "yin"
    frame_length: Annotated[int, Meta(ge=64, le=65536, description="Length of a frame, in samples.")] = 2048
    hop_length: Hop = 512
    f_min: Annotated[Positive, Meta(description="Lowest frequency, in Hz.")] = 65.0
    f_max: Annotated[Positive, Meta(description="Highest frequency, in Hz.")] = 2093.0
    threshold: Annotated[
        float, Meta(gt=0, lt=1, description="Aperiodicity below which the first period is taken (YIN).")
    ] = 0.1


class Loudness(Section, frozen=True, kw_only=True):
    """Section ``[features.loudness]``."""

    true_peak: Annotated[bool, Meta(description="Measure the true peak too, at four times the rate.")] = True


class Summary(Section, frozen=True, kw_only=True):
    """Section ``[features.summary]``: one row a clip of what other extractors give frame by frame."""

    of: Annotated[tuple[str, ...], Meta(description="Extractors, or named sets of them, that are summed up.")] = (
        "log-mel",
        "mfcc",
    )
    mean: Annotated[bool, Meta(description="Mean over the frames.")] = True
    std: Annotated[bool, Meta(description="Standard deviation over the frames.")] = True
    percentiles: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=100)], ...], Meta(description="Percentiles over the frames.")
    ] = (10, 50, 90)


class Embedding(Mono, frozen=True, kw_only=True):
    """Section ``[features.embedding]``: what an ONNX model of yours makes of the samples (extra `onnx`)."""

    model: Annotated[
        FileName | None, Meta(description="Path of the model, relative to the dataset; its sha256 is recorded.")
    ] = None
    sample_rate: Rate = 16000
    window: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Samples that the model takes at once; the whole clip if left out."),
    ] = None
    hop_length: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Samples between two windows; a window if left out.")
    ] = None
    sha256: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None,
        Meta(description="Digest that the model must have; any if left out."),
    ] = None


class Quality(Section, frozen=True, kw_only=True):
    """Section ``[features.quality]``: DNSMOS P.835 from the package speechmos (extra `quality`)."""

    channels: Channels = "mean"


class Features(Section, frozen=True, kw_only=True):
    """Section ``[features]``."""

    extractors: Annotated[
        tuple[str, ...], Meta(description="Extractors to run, or named sets such as [features.NAME] with `extractor`.")
    ] = ("log-mel", "mfcc", "loudness")
    log_mel: LogMel = LogMel()
    mfcc: Mfcc = Mfcc()
    spectral: Spectral = Spectral()
    chroma: Chroma = Chroma()
    tonnetz: Tonnetz = Tonnetz()
    onsets: Onsets = Onsets()
    tempo: Tempo = Tempo()
    f0: F0 = F0()
    loudness: Loudness = Loudness()
    summary: Summary = Summary()
    embedding: Embedding = Embedding()
    quality: Quality = Quality()
    sets: dict[Slug, dict[str, Any]] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a named set whose parameters its extractor does not know."""
        for name in self.sets:
            self.parameters(name)

    def extractor(self, name: str) -> str:
        """Return the extractor of a named set, or the name itself."""
        return str(self.sets[name]["extractor"]) if name in self.sets else name

    def parameters(self, name: str) -> Section | dict[str, Any] | None:
        """Return the parameters of an extractor or a named set.

        Returns:
            A section for an extractor of ours; for another one what the named set says, and None without one.

        Raises:
            ValueError: A named set says what its extractor does not know.
        """
        if name not in self.sets:
            return getattr(self, name.replace("-", "_")) if name in kinds() else None
        given = {key: value for key, value in self.sets[name].items() if key != "extractor"}
        kind = kinds().get(self.extractor(name))
        if kind is None:
            return given
        known = shapes(kind)
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                meant = f"did you mean {near[0]}?" if near else f"keys known here: {', '.join(sorted(known))}"
                raise ValueError(f"unknown key features.{name}.{key} ({meant})")
        try:
            return msgspec.convert(with_profile(kind, given), kind)
        except msgspec.ValidationError as problem:
            what, _, where = str(problem).partition(" - at `$.")
            key = where.strip("`") or "..."
            raise ValueError(f"features.{name}.{key}: {what[:1].lower()}{what[1:]}") from problem


def kinds() -> dict[str, type[Section]]:
    """Return the section of each extractor of ours, by its name."""
    return {
        key: shape.cls
        for key, shape in shapes(Features).items()
        if isinstance(shape, inspect.StructType) and issubclass(shape.cls, Section)
    }
