from __future__ import annotations

import hashlib
import json
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from listen_datasets import registry, tables
from listen_datasets.audio import Measured, Reading, Unusable, measure
from listen_datasets.decoding import DECODER
from listen_datasets.inputs import InputProblem, opened
from listen_datasets.model import Fate
from listen_datasets.spans import Span
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.recordings import chunk, encode, ogg_pages, wav, wav_format
from listen_datasets.testing.signals import clipped, constant, noise, quantised, tone

READING = Reading(registry.names("probes"))
FSDD = Path(__file__).parents[2] / "shared" / "data" / "fsdd" / "recordings"

SIGNAL = quantised(noise(1, -20.0, duration=2, num_channels=2), 16)
FORMS = [
    ("WAV", "PCM_16", "a.wav"),
    ("RF64", "PCM_16", "a.wav"),
    ("AIFF", "PCM_16", "a.aiff"),
    ("FLAC", "PCM_16", "a.flac"),
    ("OGG", "VORBIS", "a.ogg"),
    ("OGG", "OPUS", "a.opus"),
    ("MP3", "MPEG_LAYER_III", "a.mp3"),
]


def measured(folder: Path, data: bytes, name: str = "a.wav") -> Measured | Unusable:
    (folder / name).write_bytes(data)
    return measure(Folder(folder), name, READING)


def facts_of(folder: Path, data: bytes, name: str = "a.wav") -> dict[str, object]:
    result = measured(folder, data, name)
    assert isinstance(result, Measured), result
    (clip,) = result.clips
    return {**result.facts, **clip}


def warnings_of(folder: Path, data: bytes, name: str) -> list[str]:
    result = measured(folder, data, name)
    assert isinstance(result, Measured), result
    assert {problem.severity for problem in result.problems} <= {"warning"}
    return [problem.code for problem in result.problems]


def refused(folder: Path, data: bytes, name: str = "a.wav") -> str:
    result = measured(folder, data, name)
    assert isinstance(result, Unusable), result
    assert result.fate is Fate.REJECTED
    assert (result.bytes, result.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return result.code


# ----------------------------------------------------------------------------------------------------------------------
# Facts


def test_the_facts_of_a_tone_are_known_by_arithmetic(tmp_path: Path) -> None:
    data = encode(tone(-6.0, 1000.0, duration=1.5, num_channels=2))
    facts = facts_of(tmp_path, data)
    bandwidth = facts.pop("bandwidth_hz")
    assert bandwidth == pytest.approx(1000, abs=160)
    pcm = np.rint(tone(-6.0, 1000.0, duration=1.5, num_channels=2).astype(np.float64) * 32768).astype("<i2")
    assert facts == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "pcm_md5": hashlib.md5(pcm.tobytes()).hexdigest(),  # noqa: S324 - FLAC's choice
        "decoder": DECODER,
        "start": 0.0,
        "duration": 1.5,
        "container": "wav",
        "codec": "pcm_s16",
        "sample_rate": 16_000,
        "num_channels": 2,
        "num_samples": 24_000,
        "recording_num_samples": 24_000,
        "tags": None,
        "bits_per_sample": 16,
        "channel_correlation": 1.0,
        "clipped_fraction": 0.0,
        "peak_dbfs": -6.0,
        "rms_dbfs": -9.01,
        "dc_offset": 0.0,
        "loudness_lufs": pytest.approx(-6.0, abs=0.05),  # two channels of -9.01 dB at about 1 kHz
        "silent_fraction": 0.0,
        "leading_silence": 0.0,
        "trailing_silence": 0.0,
        "snr_db": 0.0,
        "cutoff_hz": None,
        "channel_peak_dbfs": [-6.0, -6.0],
        "channel_rms_dbfs": [-9.01, -9.01],
        "channel_dc_offset": [0.0, 0.0],
        "digital_silence_fraction": 0.0,
        "noise_floor_dbfs": pytest.approx(-9.01, abs=0.05),  # in steps of 0.1 dB
        "longest_clipped_run": 0,
        "clipping_ceiling_dbfs": None,
        "num_dropouts": 0,
        "longest_dropout": None,
        "num_distinct_channels": 1,
        "num_dead_channels": 0,
    }


@pytest.mark.parametrize(("container", "subtype", "name"), FORMS)
def test_every_container_gives_all_columns_and_no_warning(
    tmp_path: Path, container: str, subtype: str, name: str
) -> None:
    result = measured(tmp_path, encode(SIGNAL, container=container, subtype=subtype), name)
    assert isinstance(result, Measured)
    owned = tables.owned_columns()
    groups = {column for column, entry in owned.items() if entry["x-group"] in {"format", "signal"}}
    (clip,) = result.clips
    assert {*result.facts, *clip} == groups | {"sha256", "pcm_md5", "decoder", "start", "duration", "tags"}
    assert (clip["num_samples"], clip["duration"]) == (32_000, 2.0)
    assert result.problems == ()


def test_facts_are_json_and_survive_pickling(tmp_path: Path) -> None:
    result = measured(tmp_path, encode(SIGNAL))
    assert isinstance(result, Measured)
    assert json.loads(json.dumps([result.facts, *result.clips], allow_nan=False)) == [result.facts, *result.clips]
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - our own


def test_equal_samples_have_equal_facts_in_every_lossless_container(tmp_path: Path) -> None:
    different = {"sha256", "bytes", "container", "codec"}
    facts = [
        {key: value for key, value in facts_of(tmp_path, encode(SIGNAL, container=container), name).items()
         if key not in different}
        for container, subtype, name in FORMS if subtype == "PCM_16"
    ]  # fmt: skip
    assert facts[1:] == facts[:-1]


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_the_md5_is_the_one_in_the_header_of_flac(tmp_path: Path, subtype: str) -> None:
    data = encode(noise(1), container="FLAC", subtype=subtype)
    assert facts_of(tmp_path, data, "a.flac")["pcm_md5"] == data[26:42].hex()


def test_a_clipped_recording_shows(tmp_path: Path) -> None:
    fraction = facts_of(tmp_path, encode(clipped(tone(0.0, 50.0), 6.0206)))["clipped_fraction"]
    assert fraction == pytest.approx(2 / 3, abs=0.01)


def test_digital_silence_has_no_levels(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, encode(constant(0.0), container="FLAC"), "a.flac")
    absent = {name for name, value in facts.items() if value is None}
    levels = {"peak_dbfs", "rms_dbfs", "loudness_lufs", "noise_floor_dbfs", "snr_db", "clipping_ceiling_dbfs"}
    assert absent == levels | {"bandwidth_hz", "cutoff_hz", "channel_correlation", "longest_dropout", "tags"}
    assert (facts["silent_fraction"], facts["digital_silence_fraction"]) == (1.0, 1.0)


def test_without_probes_only_identity_and_format_are_measured(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encode(SIGNAL))
    result = measure(Folder(tmp_path), "a.wav", Reading())
    assert isinstance(result, Measured)
    assert set(result.clips[0]) == {"pcm_md5", "start", "duration", "num_samples"}


@pytest.mark.skipif(not FSDD.is_dir(), reason="the FSDD recordings are not beside the repository")
def test_real_recordings_are_measured_without_a_warning() -> None:
    paths = sorted(path.name for path in FSDD.glob("*_0.wav"))
    results = [measure(Folder(FSDD), path, READING) for path in paths]
    assert {type(result) for result in results} == {Measured}
    assert {problem.code for result in results if isinstance(result, Measured) for problem in result.problems} == set()


# ----------------------------------------------------------------------------------------------------------------------
# Damage


@pytest.mark.parametrize(("container", "subtype", "name"), FORMS)
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_file_that_was_cut_is_truncated(
    tmp_path: Path, container: str, subtype: str, name: str, share: float
) -> None:
    data = encode(SIGNAL, container=container, subtype=subtype)
    assert refused(tmp_path, data[: int(len(data) * share)], name) == "audio.truncated"


def test_an_ogg_file_cut_between_pages_is_truncated(tmp_path: Path) -> None:
    *pages, _ = ogg_pages(encode(SIGNAL, container="OGG", subtype="VORBIS"))
    assert refused(tmp_path, b"".join(pages), "a.ogg") == "audio.truncated"


def flac(*, total: int | None = None, md5: bytes | None = None) -> bytearray:
    data = bytearray(encode(SIGNAL, container="FLAC"))
    if total is not None:
        data[22:26] = struct.pack(">I", total)
    if md5 is not None:
        data[26:42] = md5
    return data


@pytest.mark.parametrize("md5", [None, bytes(16)])
def test_a_flac_file_of_unknown_length_that_was_cut_is_truncated(tmp_path: Path, md5: bytes | None) -> None:
    data = bytes(flac(total=0, md5=md5))
    assert refused(tmp_path, data[: len(data) // 2], "a.flac") == "audio.truncated"


@pytest.mark.parametrize("md5", [None, bytes(16)])
def test_a_flac_file_of_unknown_length_that_is_whole_is_a_warning(tmp_path: Path, md5: bytes | None) -> None:
    data = bytes(flac(total=0, md5=md5))
    assert warnings_of(tmp_path, data, "a.flac") == ["audio.unknown_length"]
    assert facts_of(tmp_path, data, "a.flac")["num_samples"] == 32_000


def test_a_flac_file_that_claims_hours_costs_no_memory(tmp_path: Path) -> None:
    data = flac(total=0xFFFFFFFF, md5=bytes(16))
    data[21] |= 0x0F
    assert refused(tmp_path, bytes(data), "a.flac") == "audio.truncated"


def test_a_flipped_bit_in_a_flac_frame_is_damage(tmp_path: Path) -> None:
    data = flac()
    data[len(data) // 2] ^= 1
    assert refused(tmp_path, bytes(data), "a.flac") == "audio.damaged"


@pytest.mark.parametrize("shift", [0, 500])
def test_a_hole_in_a_flac_file_is_damage_and_no_cut(tmp_path: Path, shift: int) -> None:
    data = flac()
    # Sync code, block size and sample rate are those of the first frame: a hole from there makes the decoder lose sync.
    first = data.index(b"\xff\xf8")
    at = data.index(data[first : first + 3], len(data) // 3) + shift
    data[at : at + 9_000] = bytes(9_000)
    assert refused(tmp_path, bytes(data), "a.flac") == "audio.damaged"


def test_samples_that_are_not_those_of_the_md5_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, bytes(flac(md5=bytes(range(16)))), "a.flac") == "audio.md5_mismatch"


def test_a_flac_header_that_hides_samples_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, bytes(flac(total=20_000)), "a.flac") == "audio.md5_mismatch"


def test_a_flac_header_that_promises_too_much_of_a_proven_stream_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, bytes(flac(total=40_000)), "a.flac") == "audio.length_mismatch"


@pytest.mark.parametrize("md5", [None, bytes(16)])
def test_a_tag_behind_a_flac_stream_is_a_warning(tmp_path: Path, md5: bytes | None) -> None:
    assert warnings_of(tmp_path, bytes(flac(md5=md5)) + b"TAG" + bytes(125), "a.flac") == ["audio.trailing_bytes"]


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac"])
def test_a_web_page_named_as_a_recording_is_no_audio(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, b"<!DOCTYPE html><html><body>404</body></html>", name) == "audio.not_audio"


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    assert refused(tmp_path, b"") == "audio.empty"


def test_an_adpcm_recording_is_unsupported(tmp_path: Path) -> None:
    assert refused(tmp_path, encode(SIGNAL, subtype="IMA_ADPCM")) == "audio.unsupported"


@pytest.mark.parametrize(("container", "name"), [("WAV", "a.wav"), ("AIFF", "a.aiff")])
def test_a_header_without_samples_is_refused(tmp_path: Path, container: str, name: str) -> None:
    assert refused(tmp_path, encode(SIGNAL[:0], container=container), name) == "audio.no_samples"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 1e30])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_values_that_are_no_sound_are_refused(tmp_path: Path, value: float, subtype: str) -> None:
    dtype, bits = ("<f4", 32) if subtype == "FLOAT" else ("<f8", 64)
    with np.errstate(over="ignore"):
        samples = np.array([0.0, 0.5, value, 0.0]).astype(dtype)
    data = wav(wav_format(tag=3, bits=bits), chunk(b"data", samples.tobytes()))
    assert refused(tmp_path, data) == "audio.not_finite"


def test_float_samples_beyond_full_scale_are_sound(tmp_path: Path) -> None:
    assert facts_of(tmp_path, encode(tone(6.0), subtype="FLOAT"))["peak_dbfs"] == 6.0


@pytest.mark.parametrize(
    ("num_channels", "sample_rate"), [(65, 16_000), (1000, 16_000), (1, 999), (1, 768_001), (1, 4_000_000)]
)
def test_an_absurd_format_is_refused(tmp_path: Path, num_channels: int, sample_rate: int) -> None:
    form = wav_format(num_channels=num_channels, sample_rate=sample_rate)
    assert refused(tmp_path, wav(form, chunk(b"data", bytes(num_channels * 200)))) == "audio.absurd_format"


@pytest.mark.parametrize(("num_channels", "sample_rate"), [(64, 16_000), (1, 1_000), (1, 768_000)])
def test_a_format_at_the_limits_is_accepted(tmp_path: Path, num_channels: int, sample_rate: int) -> None:
    form = wav_format(num_channels=num_channels, sample_rate=sample_rate)
    facts = facts_of(tmp_path, wav(form, chunk(b"data", bytes(num_channels * 200))))
    assert (facts["num_channels"], facts["sample_rate"]) == (num_channels, sample_rate)


def test_a_recording_beyond_a_day_is_refused(tmp_path: Path) -> None:
    size = 24 * 60 * 60 * 1_000 + 1
    head = wav(wav_format(sample_rate=1_000, bits=8), chunk(b"data", b"", size=size), size=36 + size)
    with (tmp_path / "a.wav").open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    result = measure(Folder(tmp_path), "a.wav", Reading())
    assert isinstance(result, Unusable)
    assert result.code == "audio.too_long"


@pytest.mark.slow
def test_a_compressed_recording_beyond_a_day_is_stopped_there(tmp_path: Path) -> None:
    hour = np.zeros(3_600_000, np.int16)
    with sf.SoundFile(tmp_path / "a.flac", "w", 1_000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(25):
            file.write(hour)
    result = measure(Folder(tmp_path), "a.flac", Reading())
    assert isinstance(result, Unusable)
    assert (result.code, result.reason) == ("audio.too_long", "it lasts 24.0 h or more, over the limit of 24 h")


def test_bytes_behind_the_end_are_a_warning(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, encode(SIGNAL) + b"garbage12", "a.wav") == ["audio.trailing_bytes"]


def test_a_wrong_extension_is_a_warning(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, encode(SIGNAL, container="FLAC"), "a.wav") == ["audio.extension"]


def test_what_cannot_be_opened_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "link.wav").symlink_to("nowhere")
    assert [measure(Folder(tmp_path), name, READING) for name in ("link.wav", "nowhere.wav")] == [
        Unusable("input.link", "link.wav is, or lies behind, a link, which is not followed", Fate.REJECTED),
        Unusable("input.missing", "there is no file nowhere.wav", Fate.UNREADABLE),
    ]


@pytest.fixture
def meddling_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a probe that lengthens the recording while it is read."""
    code = f"""
class Meddling:
    columns = ()
    def __init__(self, sample_rate, num_channels):
        with open({str(tmp_path / "a.wav")!r}, "ab") as file:
            file.write(b"more")
    def update(self, block):
        pass
    def finish(self):
        return {{}}
"""
    (tmp_path / "meddling_probe.py").write_text(code)
    info = tmp_path / "meddling-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: meddling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[listen_datasets.probes]\nmeddling = meddling_probe:Meddling\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.forget()
    yield
    registry.forget()


def test_bytes_beyond_those_of_the_opened_file_are_not_hashed_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"12345")
    with opened(tmp_path, "a.wav") as file, (tmp_path / "a.wav").open("ab") as other:
        other.write(b"more")
        other.flush()
        with pytest.raises(InputProblem, match="had 5 bytes, and 9 were read"):
            file.sha256()


@pytest.mark.usefixtures("meddling_probe")
def test_a_recording_that_changes_under_the_reader_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encode(SIGNAL))
    result = measure(Folder(tmp_path), "a.wav", Reading(("meddling",)))
    assert isinstance(result, Unusable)
    assert (result.code, result.fate) == ("input.changed_during_read", Fate.UNREADABLE)


# ----------------------------------------------------------------------------------------------------------------------
# Spans and tags


def test_spans_of_a_flac_file_are_measured_beside_the_proof_of_its_md5(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(encode(SIGNAL, container="FLAC"))
    result = measure(Folder(tmp_path), "a.flac", READING, [Span(0.5, 1.0), Span(1.0)])
    assert isinstance(result, Measured)
    assert [(clip["start"], clip["num_samples"]) for clip in result.clips] == [(0.5, 8_000), (1.0, 16_000)]
    (tmp_path / "a.flac").write_bytes(bytes(flac(md5=bytes(range(16)))))
    damaged = measure(Folder(tmp_path), "a.flac", READING, [Span(0.5, 1.0)])
    assert isinstance(damaged, Unusable)
    assert damaged.code == "audio.md5_mismatch"


def test_tags_are_kept_only_if_they_are_asked_for(tmp_path: Path) -> None:
    with sf.SoundFile(tmp_path / "a.flac", "w", 16_000, 2, "PCM_16", format="FLAC") as file:
        file.title = "A title"
        file.comment = "write to someone@example.org"
        file.write(SIGNAL)
    asked = measure(Folder(tmp_path), "a.flac", Reading(tags=("title",)))
    unasked = measure(Folder(tmp_path), "a.flac", Reading())
    assert isinstance(asked, Measured)
    assert isinstance(unasked, Measured)
    assert (asked.facts["tags"], unasked.facts["tags"]) == ('{"title":"A title"}', None)
    assert [problem.code for problem in unasked.problems] == ["privacy.tags"]
    assert "someone" not in str(unasked)
