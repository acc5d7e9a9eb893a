"""Make the sample recordings, their table and the list of planted defects.

Everything is synthetic: speech comes from espeak-ng, all other sounds are computed here. The results are kept in the
repository, so only someone who changes this script has to run it (it needs numpy, scipy, soundfile and espeak-ng):

    python make_sample_data.py [OUT]

``OUT`` defaults to the folder of this script. It writes ``recordings/``, ``metadata.csv`` and ``planted.json``. With the
same versions of its tools it writes the same bytes every time.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
from scipy import signal

Audio = npt.NDArray[np.float64]
Pcm = npt.NDArray[np.int16]
Rng = np.random.Generator
# A source gives one dry channel at the rate it is asked for; room, stereo, level and noise floor come later.
Source = Callable[[int, Rng], Audio]

LICENSE = "CC0-1.0"
COLUMNS = ("file_name", "label", "group", "speaker", "language", "transcript", "take", "duration", "license")
PEAK_DBFS = (-10.0, -4.0)  # every clip gets a peak drawn from this range
FLOOR_DBFS = (-66.0, -60.0)  # and every group a noise floor from this one: a real room is never digitally silent
RENDER_RATE = 22050  # what espeak-ng speaks at


# ----------------------------------------------------------------------------------------------------------------------
# Small tools


def rng_for(name: str) -> Rng:
    """Give a generator of its own to a clip or group, so that adding one clip leaves all others as they were."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def gain(decibels: float) -> float:
    """Turn decibels into a factor."""
    return float(10.0 ** (decibels / 20.0))


def times(seconds: float, rate: int) -> Audio:
    """Give the time of every sample."""
    return np.arange(round(seconds * rate), dtype=np.float64) / rate


def bandpass(x: Audio, low: float, high: float, rate: int) -> Audio:
    """Keep the band between two frequencies (second order; the upper edge stays below Nyquist)."""
    sos = signal.butter(2, [low, min(high, 0.45 * rate)], btype="bandpass", fs=rate, output="sos")
    return np.asarray(signal.sosfilt(sos, x), dtype=np.float64)


def add_at(out: Audio, x: Audio, seconds: float, rate: int) -> None:
    """Mix a sound into another one, in place, cutting what would stand over the end."""
    start = round(seconds * rate)
    part = x[: max(0, len(out) - start)]
    out[start : start + len(part)] += part


def fade(x: Audio, rate: int, rise: float = 0.005, fall: float = 0.005) -> Audio:
    """Fade in and out, so that no clip starts or ends with a click."""
    n_rise, n_fall = round(rise * rate), round(fall * rate)
    out = x.copy()
    out[:n_rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n_rise) / n_rise)
    out[-n_fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(n_fall) / n_fall)
    return out


def coloured_noise(frames: int, rate: int, corner: float, rng: Rng) -> Audio:
    """Make noise that falls off above a corner frequency, with unit variance."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    spectrum /= 1.0 + np.fft.rfftfreq(frames, 1.0 / rate) / corner
    spectrum[0] = 0.0  # no DC
    noise = np.fft.irfft(spectrum, frames)
    return np.asarray(noise / noise.std(), dtype=np.float64)


# ----------------------------------------------------------------------------------------------------------------------
# Speech


@dataclass(frozen=True)
class Speaker:
    """A synthetic speaker: an espeak-ng voice with a pitch, a speed and the rate it is recorded at."""

    voice: str
    language: str
    pitch: int
    speed: int
    rate: int


SPEAKERS = {
    "ada": Speaker("en-gb+f2", "en", 58, 155, 16000),
    "ben": Speaker("en-us+m3", "en", 36, 145, 16000),
    "cora": Speaker("en-gb-scotland+f4", "en", 66, 165, 16000),
    "dirk": Speaker("de+m5", "de", 28, 160, 16000),
    "fritz": Speaker("de+m7", "de", 48, 170, 22050),
    "greta": Speaker("de+f3", "de", 60, 165, 16000),
}


def say(speaker: Speaker, text: str) -> Audio:
    """Let espeak-ng speak, and cut the silence around the words."""
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        raise SystemExit("espeak-ng is not installed; the recordings in the repository were made with it")
    with tempfile.TemporaryDirectory() as folder:
        # A file and not a pipe: into a pipe espeak-ng writes a WAV header with a made-up length.
        wav = Path(folder, "speech.wav")
        options = ["-v", speaker.voice, "-p", str(speaker.pitch), "-s", str(speaker.speed), "-w", str(wav)]
        subprocess.run([espeak, *options, "--", text], check=True)
        x, rate = sf.read(wav, dtype="float64")
    if rate != RENDER_RATE:
        raise SystemExit(f"espeak-ng speaks at {rate} Hz, not at {RENDER_RATE}")
    loud = np.flatnonzero(np.abs(x) > 0.01 * np.abs(x).max())
    return np.asarray(x[loud[0] : loud[-1] + 1], dtype=np.float64)


def speech(rate: int, rng: Rng, *, speaker: Speaker, text: str) -> Audio:
    """Speak a text, with the short breath before and after it that a careful editor leaves."""
    x = say(speaker, text)
    divisor = np.gcd(rate, RENDER_RATE)
    x = np.asarray(signal.resample_poly(x, rate // divisor, RENDER_RATE // divisor), dtype=np.float64)
    pause = [round(rng.uniform(0.06, 0.12) * rate) for _ in range(2)]
    # One-word utterances are lengthened to half a second.
    pause[1] += max(0, round(0.5 * rate) - len(x) - sum(pause))
    return np.pad(x, (pause[0], pause[1]))


# ----------------------------------------------------------------------------------------------------------------------
# Music


@dataclass(frozen=True)
class Instrument:
    """How the strings of one performer sound, and the partials of what they strike: ratio, amplitude, decay (s)."""

    brightness: float
    sustain: float
    partials: tuple[tuple[float, float, float], ...]


INSTRUMENTS = {
    # Steel strings and a small bell.
    "ida": Instrument(
        0.9, 0.998, ((0.5, 0.3, 1.6), (1.0, 1.0, 1.1), (1.2, 0.5, 0.8), (2.0, 0.5, 0.6), (2.74, 0.3, 0.4))
    ),
    # Nylon strings and a marimba (its bars are tuned to 1 : 4 : 10).
    "jonas": Instrument(0.35, 0.994, ((1.0, 1.0, 0.45), (3.93, 0.35, 0.14), (9.9, 0.12, 0.05))),
    # A harp and a glockenspiel (a free bar: 1 : 2.76 : 5.40 : 8.93).
    "kim": Instrument(0.6, 0.997, ((1.0, 1.0, 0.9), (2.76, 0.5, 0.5), (5.4, 0.25, 0.25), (8.93, 0.1, 0.12))),
    # A bass guitar and a small gong.
    "lev": Instrument(
        0.2, 0.999, ((1.0, 0.8, 1.2), (1.48, 0.7, 1.0), (1.98, 0.6, 0.9), (2.61, 0.5, 0.7), (3.37, 0.4, 0.5))
    ),
}


def plucked(rate: int, rng: Rng, *, performer: str, freq: float, seconds: float) -> Audio:
    """Pluck a string (Karplus and Strong, 1983): a burst of noise goes round a delay line with a gentle low-pass."""
    instrument = INSTRUMENTS[performer]
    period = round(rate / freq - 0.5)  # averaging two samples delays by half a one more
    burst = rng.uniform(-1.0, 1.0, period)
    # A softer finger is a duller burst.
    burst = np.asarray(signal.lfilter([instrument.brightness], [1.0, instrument.brightness - 1.0], burst))
    excitation = np.zeros(round(seconds * rate))
    excitation[:period] = burst - burst.mean()  # a DC part would go round the loop too, and decay the slowest
    loop = np.zeros(period + 2)
    loop[0] = 1.0
    loop[period:] = -0.5 * instrument.sustain
    return np.asarray(signal.lfilter([1.0], loop, excitation), dtype=np.float64)


def struck(rate: int, rng: Rng, *, performer: str, freq: float, seconds: float) -> Audio:
    """Strike a bar, bell or gong: inharmonic partials that die away one by one, and the knock of the mallet."""
    t = times(seconds, rate)
    out = np.zeros(len(t))
    for ratio, amplitude, decay in INSTRUMENTS[performer].partials:
        if freq * ratio < 0.45 * rate:
            phase = rng.uniform(0.0, 2.0 * np.pi)
            out += amplitude * np.exp(-t / decay) * np.sin(2.0 * np.pi * freq * ratio * t + phase)
    mallet = bandpass(rng.standard_normal(len(t)), 300.0, 4000.0, rate)
    return np.asarray(out + 0.4 * mallet * np.exp(-t / 0.006), dtype=np.float64)


def chord(rate: int, rng: Rng, *, performer: str, freqs: Sequence[float], seconds: float) -> Audio:
    """Strum several strings, each a little after the one before."""
    out = np.zeros(round(seconds * rate))
    at = 0.0
    for freq in freqs:
        note = plucked(rate, rng, performer=performer, freq=freq, seconds=seconds)
        add_at(out, note / np.abs(note).max(), at, rate)
        at += rng.uniform(0.012, 0.03)
    return out


# ----------------------------------------------------------------------------------------------------------------------
# Weather and events


def rain(rate: int, rng: Rng, *, seconds: float, drops: float) -> Audio:
    """Let it rain: a hiss of far drops, and near ones (so many a second) that ring at their own pitch."""
    out = 0.12 * bandpass(rng.standard_normal(round(seconds * rate)), 800.0, 9000.0, rate)
    for _ in range(round(drops * seconds)):
        t = times(0.012, rate)
        pitch = rng.uniform(1200.0, 6500.0)
        drop = np.sin(2.0 * np.pi * pitch * t) * np.exp(-t / rng.uniform(0.001, 0.003))
        add_at(out, rng.uniform(0.1, 0.6) * drop, rng.uniform(0.0, seconds), rate)
    return out


def wind(rate: int, rng: Rng, *, seconds: float, howl: float) -> Audio:
    """Let the wind blow: low noise and a narrow howl, both following slow gusts."""
    frames = round(seconds * rate)
    low = coloured_noise(frames, rate, 90.0, rng)
    low = np.asarray(signal.sosfilt(signal.butter(2, 1500.0, fs=rate, output="sos"), low))
    narrow = bandpass(rng.standard_normal(frames), 0.9 * howl, 1.1 * howl, rate)
    knots = rng.uniform(0.35, 1.0, 8)
    gusts = np.interp(np.linspace(0.0, 7.0, frames), np.arange(8.0), knots)
    return np.asarray(gusts * (low / low.std() + 0.5 * gusts * narrow / narrow.std()), dtype=np.float64)


def knock(rate: int, rng: Rng, *, at: Sequence[float], body: float, seconds: float) -> Audio:
    """Knock on a door: a few damped modes of the panel and the click of the knuckle."""
    out = np.zeros(round(seconds * rate))
    t = times(0.3, rate)
    for start in at:
        blow = sum(
            rng.uniform(0.5, 1.0) * np.exp(-t / decay) * np.sin(2.0 * np.pi * body * ratio * t)
            for ratio, decay in ((1.0, 0.06), (1.83, 0.04), (3.1, 0.025), (5.2, 0.012))
        )
        click = bandpass(rng.standard_normal(len(t)), 900.0, 5000.0, rate) * np.exp(-t / 0.003)
        add_at(out, rng.uniform(0.7, 1.0) * np.asarray(blow + 0.8 * click), start, rate)
    return out


def alarm(rate: int, rng: Rng, *, freqs: Sequence[float], on: float, off: float, seconds: float) -> Audio:
    """Sound an alarm: beeps that go through a list of pitches, slightly square as cheap buzzers are."""
    out = np.zeros(round(seconds * rate))
    t = times(on, rate)
    for count in range(int((seconds + off) / (on + off))):
        freq = freqs[count % len(freqs)] * rng.uniform(0.998, 1.002)
        beep = np.sin(2.0 * np.pi * freq * t)
        if 5.0 * freq < 0.5 * rate:  # higher overtones would fold back
            beep = np.tanh(2.0 * beep)
        add_at(out, fade(beep, rate), 0.03 + count * (on + off), rate)
    return out


def ticks(rate: int, rng: Rng, *, every: float, pitch: float, seconds: float) -> Audio:
    """Let a clock tick: tick and tock differ a little in pitch, and no two are equally loud."""
    out = np.zeros(round(seconds * rate))
    t = times(0.06, rate)
    for count in range(int((seconds - 0.05) / every) + 1):
        freq = pitch * (1.0 if count % 2 == 0 else 0.84)
        ring = np.sin(2.0 * np.pi * freq * t) * np.exp(-t / 0.007)
        ring += 0.5 * np.sin(2.0 * np.pi * 0.31 * freq * t) * np.exp(-t / 0.015)  # the case of the clock
        grit = bandpass(rng.standard_normal(len(t)), 1500.0, 9000.0, rate) * np.exp(-t / 0.002)
        add_at(out, rng.uniform(0.75, 1.0) * np.asarray(ring + 0.4 * grit), 0.04 + count * every, rate)
    return out


def whistle(rate: int, rng: Rng, *, glides: Sequence[tuple[float, float]], each: float) -> Audio:
    """Whistle some glides, each from one pitch to another, with breath in the tone."""
    gap = np.zeros(round(0.06 * rate))
    parts = [gap]
    t = times(each, rate)
    for start, end in glides:
        course = start * (end / start) ** (t / each)
        tone = np.sin(2.0 * np.pi * np.cumsum(course * (1.0 + 0.004 * np.sin(2.0 * np.pi * 6.0 * t))) / rate)
        breath = bandpass(rng.standard_normal(len(t)), 0.8 * min(start, end), 1.3 * max(start, end), rate)
        parts += [np.sin(np.pi * t / each) ** 0.5 * (tone + 0.06 * breath / breath.std()), gap]
    return np.concatenate(parts)


# ----------------------------------------------------------------------------------------------------------------------
# From a source to the samples of a clip


def reverberate(x: Audio, rate: int, group: str) -> Audio:
    """Put a sound into the room of its group: what all clips of a group share, and why a split keeps groups whole."""
    rng = rng_for("room of " + group)
    t = times(0.09, rate)
    tail = rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.008, 0.03))
    tail *= gain(rng.uniform(-22.0, -16.0)) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(signal.fftconvolve(x, tail)[: len(x)], dtype=np.float64)


def spread(x: Audio, rate: int, channels: int, rng: Rng) -> Audio:
    """Make one channel or two; the second is a little later and softer, as from a source beside the middle."""
    if channels == 1:
        return x[:, np.newaxis]
    delay = round(rng.uniform(0.0002, 0.0006) * rate)
    pair = [x, gain(rng.uniform(-4.0, -1.5)) * np.concatenate([np.zeros(delay), x[:-delay]])]
    return np.stack(pair if rng.random() < 0.5 else pair[::-1], axis=1)


def floor_for(group: str, frames: int, rate: int, rng: Rng) -> Audio:
    """Make one channel of the noise floor of a group: its level and colour are the group's, the noise is the clip's."""
    site = rng_for("floor of " + group)
    level, corner = gain(site.uniform(*FLOOR_DBFS)), site.uniform(300.0, 2000.0)
    return level * coloured_noise(frames, rate, corner, rng)


def record(source: Source, *, group: str, rate: int, channels: int, rng: Rng) -> Pcm:
    """Turn a source into 16-bit samples as a recorder in the room of the group would have made them."""
    x = reverberate(source(rate, rng), rate, group)
    # What is below hearing eats level and shows up as DC.
    x = np.asarray(signal.sosfiltfilt(signal.butter(2, 35.0, btype="highpass", fs=rate, output="sos"), x))
    x = spread(fade(x, rate, fall=0.03), rate, channels, rng)
    x *= gain(rng.uniform(*PEAK_DBFS)) / np.abs(x).max()
    x += np.stack([floor_for(group, len(x), rate, rng) for _ in range(channels)], axis=1)
    return to_pcm(x)


def to_pcm(x: Audio) -> Pcm:
    """Round to 16 bits; what is too loud is clipped hard."""
    return np.clip(np.rint(x * 32768.0), -32768, 32767).astype(np.int16)


# ----------------------------------------------------------------------------------------------------------------------
# Files


# Suffix -> format, subtype and encoder options of libsndfile.
ENCODINGS: dict[str, tuple[str, str, dict[str, str | float]]] = {
    ".wav": ("WAV", "PCM_16", {}),
    ".aiff": ("AIFF", "PCM_16", {}),
    ".flac": ("FLAC", "PCM_16", {"compression_level": 1.0}),
    ".ogg": ("OGG", "VORBIS", {"compression_level": 0.6}),
    ".opus": ("OGG", "OPUS", {"compression_level": 0.6}),
    # Variable bitrate: at constant low bitrates the frame is too small for the tag with the true length,
    # and decoders then disagree about how long the clip is.
    ".mp3": ("MP3", "MPEG_LAYER_III", {"bitrate_mode": "VARIABLE", "compression_level": 0.5}),
}


def ogg_crc_table() -> tuple[int, ...]:
    """Make the table for the checksum of Ogg pages (polynomial 0x04c11db7, most significant bit first)."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


OGG_CRC = ogg_crc_table()


def ogg_crc(page: bytes | bytearray) -> int:
    """Compute the checksum of an Ogg page whose checksum field is zero."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ OGG_CRC[(value >> 24) ^ byte]
    return value


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Give an Ogg stream another serial number.

    libsndfile draws it at random, which is the only thing that would make two runs of this script differ.
    """
    out = bytearray()
    at = 0
    while at < len(ogg):
        if ogg[at : at + 4] != b"OggS":
            raise ValueError(f"no Ogg page at byte {at}")
        lacing = ogg[at + 27 : at + 27 + ogg[at + 26]]
        end = at + 27 + len(lacing) + sum(lacing)
        page = bytearray(ogg[at:end])
        struct.pack_into("<I", page, 14, serial)
        struct.pack_into("<I", page, 22, 0)
        struct.pack_into("<I", page, 22, ogg_crc(page))
        out += page
        at = end
    return bytes(out)


def encode(samples: Pcm, rate: int, name: str) -> bytes:
    """Encode samples as the suffix of the name says."""
    kind, subtype, options = ENCODINGS[Path(name).suffix.lower()]
    buffer = io.BytesIO()
    # libsndfile (1.2.2 and before) spoils two-channel 16-bit samples on their way into MP3 (its pull request 1106).
    source = samples / 32768.0 if kind == "MP3" else samples
    sf.write(buffer, source, rate, format=kind, subtype=subtype, **options)
    data = buffer.getvalue()
    return with_serial(data, zlib.crc32(name.encode())) if kind == "OGG" else data


def duration_of(data: bytes) -> float:
    """Read how long a file plays, in seconds, rounded as the table gives it."""
    info = sf.info(io.BytesIO(data))
    return round(float(info.frames / info.samplerate), 3)


# ----------------------------------------------------------------------------------------------------------------------
# The clips


@dataclass(frozen=True)
class Clip:
    """A recording to make and what the table says about it."""

    path: str
    label: str
    group: str
    take: str
    source: Source
    rate: int
    channels: int = 1
    speaker: str = ""
    language: str = ""
    transcript: str = ""


@dataclass(frozen=True)
class Made:
    """A clip that has been made: its samples, the bytes of its file and its row (none for a file left out on purpose)."""

    path: str
    samples: Pcm
    rate: int
    data: bytes
    row: dict[str, str] | None


@dataclass(frozen=True)
class Planted:
    """A defect put in on purpose, and where it has to be found. No code: nothing finds it yet."""

    path: str
    stage: str
    code: str | None
    what: str


# speaker, file, take, text. Several words are here to be kept as text by every reader: null, no, None.
UTTERANCES = (
    ("ada", "take1.wav", "001", "The kettle is on."),
    ("ada", "take2.wav", "002", "Turn left at the mill."),
    ("ada", "take3.flac", "003", "null"),
    ("ben", "take1.wav", "001", "Yes, please."),
    ("ben", "take2.mp3", "002", "Read the last line again."),
    ("ben", "take7.ogg", "007", "no"),
    ("cora", "take1.ogg", "001", "Our train leaves at nine."),
    ("cora", "take2.flac", "002", "None"),
    ("cora", "take3.opus", "003", "Leave the door open."),
    ("dirk", "take1.wav", "001", "Der Tee ist fertig."),
    ("dirk", "take2.mp3", "002", "Bitte links abbiegen."),
    ("dirk", "take3.flac", "003", "Es regnet seit heute früh."),
    ("fritz", "take1.wav", "001", "Der Zug hat Verspätung."),
    ("fritz", "take2.mp3", "002", "Nein, danke."),
    ("fritz", "take3.ogg", "003", "Noch einmal, bitte."),
    ("greta", "grüße.flac", "001", "Schöne Grüße aus Ulm."),
    ("greta", "take2.ogg", "002", "Wir sehen uns morgen."),
    ("greta", "take3.wav", "003", "Mach bitte das Fenster zu."),
)


def utterance(speaker: str, file: str, take: str, text: str) -> Clip:
    """Describe one utterance."""
    who = SPEAKERS[speaker]
    return Clip(
        f"speech/{speaker}/{file}",
        "speech",
        speaker,
        take,
        functools.partial(speech, speaker=who, text=text),
        who.rate,
        speaker=speaker,
        language=who.language,
        transcript=text,
    )


def music(performer: str, file: str, label: str, take: str, source: Source, rate: int, channels: int = 1) -> Clip:
    """Describe one note or chord; the performer is the group."""
    return Clip(f"music/{performer}/{file}", label, performer, take, source, rate, channels)


def event(site: str, file: str, take: str, source: Source, rate: int, channels: int = 1) -> Clip:
    """Describe one sound of weather or of a thing; the site is the group, and the file is called after the label."""
    label = file.partition("_")[0].lower()
    return Clip(f"events/{site}/{file}", label, site, take, source, rate, channels)


def music_clips() -> list[Clip]:
    """List the notes and chords: four performers, each with all three labels."""
    p = functools.partial
    return [
        music("ida", "bell_g4.ogg", "struck_note", "001", p(struck, performer="ida", freq=392.0, seconds=1.6), 44100, 2),
        music("ida", "chord_c.mp3", "chord", "002",
              p(chord, performer="ida", freqs=(130.8, 196.0, 261.6, 329.6, 392.0), seconds=1.5), 44100, 2),
        music("ida", "open string low.flac", "plucked_note", "003",
              p(plucked, performer="ida", freq=82.4, seconds=1.0), 44100, 2),
        music("jonas", "chord_am.ogg", "chord", "001",
              p(chord, performer="jonas", freqs=(110.0, 164.8, 220.0, 261.6), seconds=1.4), 22050),
        music("jonas", "marimba_c4.flac", "struck_note", "002",
              p(struck, performer="jonas", freq=261.6, seconds=1.0), 22050),
        music("jonas", "nylon_a2.wav", "plucked_note", "003", p(plucked, performer="jonas", freq=110.0, seconds=1.0), 22050),
        music("kim", "chord_em.flac", "chord", "001",
              p(chord, performer="kim", freqs=(164.8, 196.0, 246.9, 329.6), seconds=0.9), 44100),
        music("kim", "glock_e6.wav", "struck_note", "002", p(struck, performer="kim", freq=1318.5, seconds=0.9), 22050),
        music("kim", "harp_d4.ogg", "plucked_note", "007", p(plucked, performer="kim", freq=293.7, seconds=1.2), 44100),
        music("lev", "bass_e2.mp3", "plucked_note", "001", p(plucked, performer="lev", freq=82.4, seconds=2.2), 44100, 2),
        music("lev", "chord_g.wav", "chord", "002",
              p(chord, performer="lev", freqs=(98.0, 146.8, 196.0), seconds=0.9), 22050, 2),
        music("lev", "gong_d3.aiff", "struck_note", "003", p(struck, performer="lev", freq=146.8, seconds=1.3), 22050),
    ]  # fmt: skip


def event_clips() -> list[Clip]:
    """List weather and events: four sites outdoors and four indoors, each with all labels of its kind.

    The site ``NA`` (the north alley) is there to be kept as text by every reader.
    """
    p = functools.partial
    return [
        event("NA", "rain_01.flac", "001", p(rain, seconds=0.8, drops=150.0), 32000),
        event("NA", "whistle_01.ogg", "002", p(whistle, glides=((1400.0, 2200.0), (2200.0, 1600.0)), each=0.3), 32000),
        event("NA", "wind_01.mp3", "003", p(wind, seconds=2.2, howl=420.0), 48000, 2),
        event("garden", "rain_01.ogg", "001", p(rain, seconds=1.5, drops=60.0), 48000, 2),
        event("garden", "whistle_01.wav", "002", p(whistle, glides=((2600.0, 3100.0), (2600.0, 3100.0)), each=0.2), 32000),
        event("garden", "wind_01.flac", "003", p(wind, seconds=1.2, howl=300.0), 32000),
        event("meadow", "rain_01.mp3", "001", p(rain, seconds=1.8, drops=30.0), 48000, 2),
        event("meadow", "whistle_01.flac", "002",
              p(whistle, glides=((3600.0, 2900.0), (2900.0, 3900.0), (3900.0, 3000.0)), each=0.16), 48000),
        event("meadow", "wind_01.wav", "003", p(wind, seconds=0.9, howl=520.0), 32000),
        event("quay", "RAIN_01.WAV", "001", p(rain, seconds=0.8, drops=220.0), 32000),
        event("quay", "whistle_01.mp3", "002", p(whistle, glides=((900.0, 1900.0),), each=0.7), 48000),
        event("quay", "wind_01.ogg", "003", p(wind, seconds=2.0, howl=650.0), 48000, 2),
        event("hall", "alarm_01.ogg", "001", p(alarm, freqs=(3100.0,), on=0.22, off=0.16, seconds=1.5), 32000),
        event("hall", "knock_01.wav", "002", p(knock, at=(0.05, 0.3, 0.55), body=115.0, seconds=0.85), 32000),
        event("hall", "ticks_01.flac", "003", p(ticks, every=0.5, pitch=2300.0, seconds=1.2), 48000),
        event("kitchen", "alarm_01.wav", "001", p(alarm, freqs=(2050.0,), on=0.08, off=0.09, seconds=0.7), 32000),
        event("kitchen", "knock_01.flac", "002", p(knock, at=(0.04, 0.24), body=180.0, seconds=0.6), 48000, 2),
        event("kitchen", "ticks_01.mp3", "003", p(ticks, every=0.25, pitch=4200.0, seconds=1.6), 32000),
        event("office", "alarm_01.mp3", "001",
              p(alarm, freqs=(780.0, 990.0, 1240.0), on=0.14, off=0.03, seconds=1.6), 48000),
        event("office", "knock_01.mp3", "002", p(knock, at=(0.05, 0.2, 0.35, 0.7), body=150.0, seconds=1.1), 32000),
        event("office", "ticks_01.ogg", "007", p(ticks, every=0.4, pitch=3000.0, seconds=1.7), 48000, 2),
        event("workshop", "alarm_01.flac", "001", p(alarm, freqs=(620.0, 470.0), on=0.3, off=0.05, seconds=1.05), 48000),
        event("workshop", "knock_01.ogg", "002", p(knock, at=(0.05, 0.45), body=90.0, seconds=0.8), 48000, 2),
        event("workshop", "ticks_01.wav", "003", p(ticks, every=0.2, pitch=3500.0, seconds=0.7), 32000),
    ]  # fmt: skip


def row_of(clip: Clip, seconds: float) -> dict[str, str]:
    """Write the row of a clip."""
    return {
        "file_name": clip.path,
        "label": clip.label,
        "group": clip.group,
        "speaker": clip.speaker,
        "language": clip.language,
        "transcript": clip.transcript,
        "take": clip.take,
        "duration": f"{seconds:.3f}",
        "license": LICENSE,
    }


def make(clip: Clip) -> Made:
    """Make one clip: samples, file and row."""
    samples = record(
        clip.source, group=clip.group, rate=clip.rate, channels=clip.channels, rng=rng_for("clip " + clip.path)
    )
    data = encode(samples, clip.rate, clip.path)
    return Made(clip.path, samples, clip.rate, data, row_of(clip, duration_of(data)))


# ----------------------------------------------------------------------------------------------------------------------
# The planted defects: each function makes one kind


NOT_FOUND_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>404 Not Found</title></head>
<body>
<h1>Not found</h1>
<p>The recording you asked for is not here. It may have been moved, or the link may be wrong.</p>
</body>
</html>
"""


def changed(made: Made, **cells: str) -> dict[str, str]:
    """Copy the row of a clip with some cells changed."""
    return {**(made.row or {}), **cells}


def cut(clip: Clip) -> Made:
    """Cut the file of a clip in the middle, at a block boundary, as a broken download is; its row tells the full length."""
    made = make(clip)
    half = len(made.data) // 2 // 1024 * 1024
    return Made(made.path, made.samples, made.rate, made.data[:half], made.row)


def page_named_wav(clip: Clip) -> Made:
    """Put a web page where the clip should be."""
    made = make(clip)
    return Made(made.path, made.samples, made.rate, NOT_FOUND_PAGE.encode(), made.row)


def clipped(clip: Clip) -> Made:
    """Record far too loud: full scale plus 12 dB, cut off hard."""
    made = make(clip)
    x = made.samples.astype(np.float64)
    samples = to_pcm(x / np.abs(x).max() * gain(12.0))
    return Made(made.path, samples, made.rate, encode(samples, made.rate, made.path), made.row)


def silent(clip: Clip) -> Made:
    """Leave the recorder muted: one second of digital zeros."""
    samples = np.zeros((clip.rate, 1), dtype=np.int16)
    data = encode(samples, clip.rate, clip.path)
    return Made(clip.path, samples, clip.rate, data, row_of(clip, duration_of(data)))


def copy_of(made: Made, path: str, take: str, *, reencode: bool) -> Made:
    """Hand in a clip a second time under another name: the same bytes, or the same samples encoded anew."""
    data = encode(made.samples, made.rate, path) if reencode else made.data
    row = changed(made, file_name=path, take=take, duration=f"{duration_of(data):.3f}")
    return Made(path, made.samples, made.rate, data, row)


def with_cells(clip: Clip, **cells: str) -> Made:
    """Make a sound clip whose row says something wrong."""
    made = make(clip)
    return Made(made.path, made.samples, made.rate, made.data, changed(made, **cells))


def without_row(clip: Clip) -> Made:
    """Make a sound clip that nobody put into the table."""
    made = make(clip)
    return Made(made.path, made.samples, made.rate, made.data, None)


def plant(clean: dict[str, Made]) -> tuple[list[Made], list[dict[str, str]], list[Planted]]:
    """Make all defects: the files (with their rows), the rows that have no file, and the list of what was planted."""
    p = functools.partial
    bad_whistle = event("meadow", "whistle_02.mp3", "004", p(whistle, glides=((2400.0, 3300.0),), each=0.5), 48000)
    lost_whistle = event("quay", "whistle_02.ogg", "004", p(whistle, glides=((1900.0, 1000.0),), each=0.6), 48000)
    no_knock = event("hall", "knock_02.wav", "004", p(knock, at=(0.05, 0.35, 0.6), body=115.0, seconds=0.9), 32000)
    muted = event("kitchen", "ticks_02.flac", "004", p(ticks, every=0.25, pitch=4200.0, seconds=1.0), 32000)
    files = [
        cut(utterance("ben", "take3.wav", "003", "The boats come in at noon.")),
        cut(utterance("greta", "take4.flac", "004", "Heute ist Markt am Rathaus.")),
        page_named_wav(no_knock),
        clipped(utterance("cora", "take4.wav", "004", "Mind the step!")),
        silent(muted),
        copy_of(clean["speech/ada/take2.wav"], "speech/ada/take2_copy.wav", "004", reencode=False),
        copy_of(clean["speech/dirk/take1.wav"], "speech/dirk/take1_archive.flac", "004", reencode=True),
        copy_of(clean["speech/greta/take3.wav"], "speech/greta/take3_phone.mp3", "005", reencode=True),
        with_cells(utterance("fritz", "take4.wav", "004", "Guten Abend allerseits."), duration="9.990"),
        with_cells(bad_whistle, label="whistel"),
        without_row(lost_whistle),
    ]
    missing = row_of(utterance("cora", "take5.wav", "005", "Who left the light on?"), 1.284)
    planted = [
        Planted("speech/ben/take3.wav", "ingest", "audio.truncated",
                "WAV cut in the middle of its data: the header promises more samples than the file holds"),
        Planted("speech/greta/take4.flac", "ingest", "audio.truncated", "FLAC cut in mid-stream"),
        Planted("events/hall/knock_02.wav", "ingest", "audio.not_audio", "an HTML page (404) named .wav"),
        Planted("speech/cora/take5.wav", "ingest", "metadata.file_missing", "a row without a file"),
        Planted("events/quay/whistle_02.ogg", "ingest", "metadata.row_missing", "a file without a row"),
        Planted("speech/cora/take4.wav", "validate", "audio.clipped", "12 dB too loud and clipped hard at full scale"),
        Planted("events/kitchen/ticks_02.flac", "validate", "audio.silent", "one second of digital zeros"),
        Planted("speech/fritz/take4.wav", "validate", "audio.duration_mismatch",
                "the row declares 9.990 s, the clip is much shorter"),
        Planted("events/meadow/whistle_02.mp3", "validate", "metadata.schema",
                "label `whistel` (a typing error) is not in the schema"),
        Planted("speech/ada/take2_copy.wav", "dedup", "dedup.same_bytes", "byte for byte speech/ada/take2.wav"),
        Planted("speech/dirk/take1_archive.flac", "dedup", "dedup.same_samples",
                "the exact samples of speech/dirk/take1.wav, encoded as FLAC"),
        Planted("speech/greta/take3_phone.mp3", "dedup", "dedup.near", "a lossy copy (MP3) of speech/greta/take3.wav"),
    ]  # fmt: skip
    return files, [missing], planted


# ----------------------------------------------------------------------------------------------------------------------
# Writing it all


def table(rows: Sequence[dict[str, str]]) -> str:
    """Write the table as CSV, sorted by file name, with plain line feeds."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["file_name"]))
    return text.getvalue()


def listing(planted: Sequence[Planted]) -> str:
    """Write the list of planted defects as JSON."""
    items = [{"path": p.path, "stage": p.stage, "code": p.code, "what": p.what} for p in planted]
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def build(out: Path) -> None:
    """Make everything and write it into a folder."""
    clips = [*(utterance(*line) for line in UTTERANCES), *music_clips(), *event_clips()]
    clean = {clip.path: make(clip) for clip in clips}
    defects, rows_only, planted = plant(clean)
    everything = [*clean.values(), *defects]

    recordings = out / "recordings"
    for made in everything:
        target = recordings / made.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made.data)
    rows = [made.row for made in everything if made.row is not None] + rows_only
    (out / "metadata.csv").write_bytes(table(rows).encode())
    (out / "planted.json").write_bytes(listing(planted).encode())

    size = sum(len(made.data) for made in everything)
    print(f"{len(everything)} files, {size} bytes, {len(rows)} rows, {len(planted)} planted defects in {out}")
    # A clip that was renamed leaves its old file behind. It is not ours to delete, but nobody should commit it.
    ours = {recordings / made.path for made in everything}
    for stranger in sorted(path for path in recordings.rglob("*") if path.is_file() and path not in ours):
        print(f"not made by this script: {stranger}", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Run the script; gives the exit status."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(f"usage: python {Path(__file__).name} [OUT]", file=sys.stderr)
        return 2
    build(Path(arguments[0]) if arguments else Path(__file__).parent)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
