"""What goes by the name of a recording and is none, and what is one in a form that lds does not read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from listen_datasets.testing.damaged.case import Case, broken
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import tone

_NO_AUDIO = {
    "an HTML page": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>",
    "an error page of a store": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "JSON": b'{"error": "not found"}',
    "text": "Datei nicht gefunden: Grüße\n".encode(),
    "a playlist": b"#EXTM3U\nhttp://radio.example/stream\n",
    "another kind of playlist": b"[playlist]\nFile1=a.wav",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n",
    "a gzip archive": b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes(range(100)),
    "a zip archive": b"PK\x03\x04\x14\0\0\0" + bytes(100),
    "a tar archive": b"a.wav".ljust(257, b"\0") + b"ustar\x0000" + bytes(300),
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "a Parquet table": b"PAR1" + bytes(100) + b"PAR1",
    "a pickle": b"\x80\x04\x95" + bytes(range(60)),
    "zeros": bytes(5_000),
    "one zero": b"\0",
    "random bytes": np.random.default_rng(3).bytes(3_000),
    "one frame of MP3 in random bytes": b"\xff\xfb\x90\x64" + np.random.default_rng(2).bytes(3_000),
}
_OTHER_FORMS = {
    "a.m4a": b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(100),
    "a.mp4": b"\0\0\0\x20ftypisom\0\0\x02\0" + bytes(100),
    "a.wma": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + bytes(100),
    "a.webm": b"\x1a\x45\xdf\xa3\x01" + bytes(100),
    "a.avi": b"RIFF\x40\0\0\0AVI LIST" + bytes(100),
    "a.flv": b"FLV\x01\x05" + bytes(100),
    "a.amr": b"#!AMR\n" + bytes(100),
    "a.wv": b"wvpk" + bytes(100),
    "a.ape": b"MAC \x96\x0f" + bytes(100),
    "a.tta": b"TTA1" + bytes(100),
    "a.dsf": b"DSD \x1c" + bytes(100),
    "a.mpc": b"MPCK" + bytes(100),
    "a.sph": b"NIST_1A\n   1024\n" + bytes(100),
    "a.voc": b"Creative Voice File\x1a" + bytes(100),
    "a.ac3": b"\x0b\x77" + bytes(100),
    "a.mpg": b"\x00\x00\x01\xba" + bytes(100),
    "a.mid": b"MThd\0\0\0\x06" + bytes(100),
}


def cases() -> Iterator[Case]:
    """Yield files that are no recordings, or none that lds reads."""
    yield broken("a.wav", "an empty file", b"", "audio.empty")
    for name, data in _NO_AUDIO.items():
        yield broken("a.wav", name, data, "audio.not_audio")
    for file_name, data in _OTHER_FORMS.items():
        yield broken(file_name, "another form", data, "audio.unsupported")
    yield broken("a.au", "another form that libsndfile opens", encode(tone(), container="AU"), "audio.unsupported")
    yield broken("a.wav", "a disguised form", _OTHER_FORMS["a.m4a"], "audio.unsupported")
