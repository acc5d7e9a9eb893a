"""Audio and video in forms that lds does not walk through.

Each family has a name, so that it can be refused with a way to convert it, or given to another decoder.
"""

from __future__ import annotations

from typing import NamedTuple

from listen_datasets.containers.structure import Problem, unsupported


class _Family(NamedTuple):
    """What people call it, and the command that converts it; None if there is none."""

    name: str
    command: str | None = "ffmpeg -i IN -c:a flac OUT.flac"


_VIDEO = "ffmpeg -i IN -vn -c:a flac OUT.flac"
_FAMILIES = {
    "mp4": _Family("MPEG-4 (M4A, AAC or video)", _VIDEO),
    "asf": _Family("Windows Media (WMA or video)", _VIDEO),
    "matroska": _Family("Matroska or WebM", _VIDEO),
    "avi": _Family("AVI video", _VIDEO),
    "flv": _Family("Flash video", _VIDEO),
    "mpeg": _Family("MPEG video", _VIDEO),
    "realmedia": _Family("RealMedia", _VIDEO),
    "adts": _Family("AAC (ADTS)"),
    "adif": _Family("AAC (ADIF)"),
    "mpeg_audio": _Family("MPEG audio of layer I or II"),
    "ogg_flac": _Family("FLAC in Ogg", "ffmpeg -i IN -c:a copy OUT.flac"),
    "ogg_speex": _Family("Speex in Ogg"),
    "ogg_other": _Family("an Ogg file of several streams or of video", _VIDEO),
    "rifx": _Family("a big-endian WAV file (RIFX)", "sox IN OUT.wav"),
    "bw64": _Family("a BW64 file", "ffmpeg -i IN -c:a copy -rf64 auto OUT.wav"),
    "au": _Family("Sun/NeXT audio (AU)"),
    "wavpack": _Family("WavPack"),
    "ape": _Family("Monkey's Audio"),
    "tta": _Family("True Audio"),
    "tak": _Family("TAK"),
    "shorten": _Family("Shorten"),
    "dsd": _Family("DSD"),
    "musepack": _Family("Musepack"),
    "optimfrog": _Family("OptimFROG", "ofr --decode IN --output OUT.wav"),
    "amr": _Family("AMR"),
    "sphere": _Family("NIST SPHERE", "sox IN OUT.wav"),
    "voc": _Family("Creative Voice"),
    "ac3": _Family("AC-3"),
    "dts": _Family("DTS"),
    "iff": _Family("Amiga audio (8SVX)"),
    "midi": _Family("MIDI notes, not a recording", None),
}
# Offset, bytes, family.
_MAGIC = (
    (4, b"ftyp", "mp4"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"FLV\x01", "flv"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b".RMF", "realmedia"),
    (0, b"ADIF", "adif"),
    (0, b"RIFX", "rifx"),
    (0, b"BW64", "bw64"),
    (0, b".snd", "au"),
    (0, b"wvpk", "wavpack"),
    (0, b"MAC ", "ape"),
    (0, b"TTA1", "tta"),
    (0, b"tBaK", "tak"),
    (0, b"ajkg", "shorten"),
    (0, b"DSD ", "dsd"),
    (0, b"FRM8", "dsd"),
    (0, b"MPCK", "musepack"),
    (0, b"MP+", "musepack"),
    (0, b"OFR ", "optimfrog"),
    (0, b"#!AMR", "amr"),
    (0, b"NIST_1A", "sphere"),
    (0, b"Creative Voice File", "voc"),
    (0, b"\x0b\x77", "ac3"),
    (0, b"\x7f\xfe\x80\x01", "dts"),
    (8, b"8SVX", "iff"),
    (0, b"MThd", "midi"),
)
_IN_OGG = (
    (b"\x7fFLAC", "ogg_flac"),
    (b"Speex   ", "ogg_speex"),
    (b"\x80theora", "ogg_other"),
    (b"fishead\0", "ogg_other"),
)


def family(head: bytes) -> str | None:
    """Return the family of a file that begins so, by a short name such as ``mp4``; None if it is none of these."""
    known = next((name for offset, magic, name in _MAGIC if head.startswith(magic, offset)), None)
    if known is not None:
        return known
    if head.startswith(b"OggS"):
        # The first packet begins behind the lacing values, whose number is the last byte of the header.
        packet = head[27 + head[26] :] if len(head) > 26 else b""
        return next((name for magic, name in _IN_OGG if packet.startswith(magic)), None)
    sync = int.from_bytes(head[:2], "big")
    if sync & 0xFFF6 == 0xFFF0:
        return "adts"
    is_layer_1_or_2 = sync & 0xFFE6 in {0xFFE4, 0xFFE6} and sync & 0x18 != 0x08
    return "mpeg_audio" if is_layer_1_or_2 else None


def refusal(name: str) -> Problem:
    """Return the problem of a file of a family: what it is called and how it can be converted."""
    known = _FAMILIES[name]
    return unsupported(known.name, known.command)
