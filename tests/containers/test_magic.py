from __future__ import annotations

import pytest

from listen_datasets.containers import Problem, Structure, examine, identify
from listen_datasets.containers.magic import Identified
from listen_datasets.testing.recordings import InMemory, encode
from listen_datasets.testing.signals import noise, tone

ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)


def problem_of(data: bytes) -> Problem:
    identified = identify(InMemory(data))
    assert isinstance(identified, Problem)
    return identified


@pytest.mark.parametrize(
    ("container", "subtype", "expected"),
    [
        ("WAV", "PCM_16", "wav"),
        ("WAVEX", "PCM_24", "wav"),
        ("RF64", "PCM_16", "rf64"),
        ("AIFF", "PCM_16", "aiff"),
        ("W64", "PCM_16", "w64"),
        ("CAF", "PCM_16", "caf"),
        ("FLAC", "PCM_16", "flac"),
        ("OGG", "VORBIS", "ogg"),
        ("OGG", "OPUS", "ogg"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
    ],
)
def test_a_container_is_known_by_its_content(container: str, subtype: str, expected: str) -> None:
    data = encode(tone(), container=container, subtype=subtype)
    assert identify(InMemory(data)) == Identified(expected)


@pytest.mark.parametrize(("container", "subtype"), [("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_16")])
def test_id3_tags_before_the_audio_are_skipped(container: str, subtype: str) -> None:
    data = encode(tone(), container=container, subtype=subtype)
    assert identify(InMemory(ID3 + ID3 + data)) == Identified(container.lower(), 2 * len(ID3))


def test_an_empty_file_is_named() -> None:
    assert problem_of(b"").code == "audio.empty"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "an HTML page"),
        (b"\xef\xbb\xbf\n  <HTML><head>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html><html>', "an HTML page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
        (b'{"error": "not found"}', "JSON"),
        (b"[1, 2]\n", "JSON"),
        (b"[playlist]\nFile1=a.wav", "a playlist"),
        (b"#EXTM3U\na.wav\n", "a playlist"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n", "a Git LFS pointer"),
        ("Datei nicht gefunden: Grüße\n".encode(), "text"),
        ("ü".encode() * 5000, "text"),
        (b"x" + "ü".encode() * 5000, "text"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
        (b"PK\x03\x04\x14\0\0\0", "a zip archive"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (bytes(5000), "a file of zeros"),
        (b"\0", "a file of zeros"),
        (b"\x01\x02\x03\xfe\xfd", "of an unknown kind (it begins with 01 02 03 fe fd)"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture"),
    ],
)
def test_what_is_no_audio_is_named(data: bytes, what: str) -> None:
    problem = problem_of(data)
    assert (problem.code, problem.severity) == ("audio.not_audio", "error")
    assert problem.message.startswith(f"it is {what}")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "MPEG-4"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", "AAC (ADTS)"),
        (b"\xff\xfd\x94\xc4" + bytes(300), "MPEG audio of layer I or II"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "Windows Media"),
        (b"\x1a\x45\xdf\xa3\x01", "Matroska or WebM"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI video"),
    ],
)
def test_audio_in_a_form_that_is_not_read_is_named_with_a_way_out(data: bytes, what: str) -> None:
    problem = examine(InMemory(data), "a.wav")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.severity) == ("audio.unsupported", "error")
    assert problem.message.startswith(f"it is {what}")
    assert problem.hint is not None
    assert "ffmpeg -i IN" in problem.hint


@pytest.mark.parametrize(
    ("data", "family"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "mp4"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "asf"),
        (b"\x1a\x45\xdf\xa3\x01", "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", "adts"),
        (b"\xff\xfd\x94\xc4" + bytes(300), "mpeg_audio"),
        (b"BW64\xff\xff\xff\xffWAVE", "bw64"),
        (b"OggS\0\2" + bytes(20) + b"\1\5\x7fFLAC", "ogg_flac"),
        (b"OggS\0\2" + bytes(20) + b"\1\x08Speex   ", "ogg_speex"),
    ],
)
def test_a_family_is_named_so_that_a_decoder_can_be_chosen(data: bytes, family: str) -> None:
    assert identify(InMemory(data)) == Identified(family)


def test_notes_are_no_recording_and_nothing_converts_them() -> None:
    problem = examine(InMemory(b"MThd\0\0\0\6" + bytes(20)), "a.mid")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.hint) == ("audio.unsupported", None)


@pytest.mark.parametrize(
    ("data", "family"), [(encode(tone(), container="AU"), "au"), (encode(tone(), endian="BIG"), "rifx")]
)
def test_what_libsndfile_would_open_beyond_the_list_is_refused(data: bytes, family: str) -> None:
    assert identify(InMemory(data)) == Identified(family)
    assert isinstance(examine(InMemory(data), "a.wav"), Problem)


@pytest.mark.parametrize("length", [4, 8, 11])
def test_a_beginning_of_a_container_is_a_truncation(length: int) -> None:
    assert problem_of(encode(tone())[:length]).code == "audio.truncated"


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_not_taken_for_an_mp3(seed: int) -> None:
    data = b"\xff\xfb\x90\x64" + noise(seed).tobytes()
    assert problem_of(data).code == "audio.not_audio"


def test_a_tag_that_ends_beyond_the_file_means_that_the_file_was_cut() -> None:
    assert problem_of(b"ID3\x04\0\0\0\0\x7f\x7f" + bytes(100)).code == "audio.truncated"


@pytest.mark.parametrize(
    ("container", "subtype", "name"),
    [
        ("WAV", "PCM_16", "A.WAV"),
        ("WAV", "PCM_16", "a.bwf"),
        ("RF64", "PCM_16", "a.wav"),
        ("RF64", "PCM_16", "a.rf64"),
        ("W64", "PCM_16", "a.W64"),
        ("CAF", "FLOAT", "a.caf"),
        ("AIFF", "PCM_16", "a.aif"),
        ("AIFF", "PCM_16", "a.AIFF"),
        ("AIFF", "FLOAT", "a.aifc"),
        ("OGG", "VORBIS", "a.oga"),
        ("OGG", "VORBIS", "a.opus"),
        ("OGG", "OPUS", "a.ogg"),
        ("FLAC", "PCM_16", "dir.wav/a.flac"),
        ("FLAC", "PCM_16", "dir.wav/000000"),
        ("MP3", "MPEG_LAYER_III", "a.b.Mp3"),
    ],
)
def test_extensions_that_fit_give_no_warning(container: str, subtype: str, name: str) -> None:
    structure = examine(InMemory(encode(tone(), container=container, subtype=subtype)), name)
    assert isinstance(structure, Structure)
    assert structure.problems == ()


@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.flac.mp3", "a.txt"])
def test_an_extension_that_contradicts_the_content_is_a_warning(name: str) -> None:
    structure = examine(InMemory(encode(tone(), container="FLAC")), name)
    assert isinstance(structure, Structure)
    assert [(problem.code, problem.severity) for problem in structure.problems] == [("audio.extension", "warning")]


def test_a_container_behind_a_tag_is_walked_from_its_own_beginning() -> None:
    data = encode(tone(), container="FLAC")
    assert examine(InMemory(ID3 + data), "a.flac") == examine(InMemory(data), "a.flac")
