"""Canonical names of tags, and what the formats call them.

Each table holds only the names that differ from the canonical one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from listen_datasets.errors import UsageError

NAMES = {
    "title": "title of the recording",
    "artist": "who performs",
    "album": "album, product or archival name",
    "album_artist": "artist of the whole album",
    "composer": "who composed it",
    "conductor": "who conducts",
    "lyricist": "who wrote the words",
    "track": "number on the album",
    "disc": "number of the medium",
    "genre": "genre",
    "date": "date of the recording or of its publication, as it is written",
    "comment": "remarks",
    "description": "what it is (RIFF ISBJ, the description of bext)",
    "keywords": "keywords",
    "copyright": "copyright notice",
    "license": "licence, or its address",
    "publisher": "publisher or label",
    "language": "language",
    "isrc": "International Standard Recording Code",
    "barcode": "EAN or UPC",
    "catalog_number": "number in the publisher's catalogue",
    "bpm": "beats a minute",
    "initial_key": "musical key",
    "lyrics": "words that are sung",
    "url": "address of a page about it",
    "encoder": "software that wrote the file",
    "device": "maker and model of the recorder",
    "originator": "who or what made the file (bext)",
    "origination_date": "yyyy-mm-dd (bext)",
    "origination_time": "hh:mm:ss (bext)",
    "time_reference": "samples since midnight (bext)",
    "coding_history": "codings that it went through (bext)",
    "project": "name of the project (iXML)",
    "scene": "scene (iXML)",
    "take": "take (iXML)",
    "note": "note (iXML)",
    "originator_reference": "identifier that the originator gave, often with a serial number (bext)",
    "tape": "name of the tape or folder (iXML)",
    "device_serial": "serial number of the recorder",
    "position": "where it was recorded, as coordinates",
    "location": "where it was recorded, in words",
    "owner": "who owns the file",
    "contact": "whom to ask",
    "encoded_by": "who encoded it",
    "engineer": "who recorded or mixed it",
    "speaker": "who speaks",
}
"""Canonical names and what they mean; the last ones, from originator_reference on, are personal."""

PERSONAL = frozenset(list(NAMES)[list(NAMES).index("originator_reference") :])
"""Names that `*` leaves out."""

ALL = "*"
"""Stands for all names that are not personal."""

# By the names of tinytag, which has its own for the frames of ID3 and the atoms of MPEG-4.
COMMON = {
    "albumartist": "album_artist",
    "year": "date",
    "encoder_settings": "encoder",
    "tool": "encoder",
    "town": "owner",
    "tofn": "file_name",
    "wcom": "url",
    "woaf": "url",
    "woas": "url",
    "grouping": "keywords",
    "serial number": "device_serial",
}
# https://xiph.org/vorbis/doc/v-comment.html, and names in wide use.
VORBIS = {
    "albumartist": "album_artist",
    "album artist": "album_artist",
    "author": "artist",
    "performer": "artist",
    "tracknumber": "track",
    "discnumber": "disc",
    "year": "date",
    "comments": "comment",
    "organization": "publisher",
    "label": "publisher",
    "ean/upn": "barcode",
    "catalognumber": "catalog_number",
    "key": "initial_key",
    "initialkey": "initial_key",
    "unsyncedlyrics": "lyrics",
    "website": "url",
    "encoded-by": "encoded_by",
    "encodedby": "encoded_by",
    "encoder_options": "encoder",
    "encodersettings": "encoder",
}
# Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991), INFO list; and names in wide use.
INFO = {
    "inam": "title",
    "iart": "artist",
    "iprd": "album",
    "imus": "composer",
    "iprt": "track",
    "itrk": "track",
    "ignr": "genre",
    "icrd": "date",
    "icmt": "comment",
    "isbj": "description",
    "ikey": "keywords",
    "icop": "copyright",
    "ipub": "publisher",
    "ilng": "language",
    "isrc": "riff_source",  # no recording code: the registered meaning is the supplier
    "ibpm": "bpm",
    "ibsu": "url",
    "iwri": "lyricist",
    "isft": "encoder",
    "iarl": "location",
    "icms": "owner",
    "ieng": "engineer",
    "itch": "engineer",
    "ienc": "encoded_by",
}
# iXML specification 3.01, by the last part of an element's path; the copies of bext have their own names.
IXML = {
    "tape": "tape",
    "bwf_description": "description",
    "bwf_originator": "originator",
    "bwf_originator_reference": "originator_reference",
    "bwf_origination_date": "origination_date",
    "bwf_origination_time": "origination_time",
    "bwf_coding_history": "coding_history",
    "location_name": "location",
    "location_gps": "position",
    "actorname": "speaker",
    "recengineer": "engineer",
    "recordist": "engineer",
}
# GUANO metadata specification 1.0 (bat and wildlife recorders).
GUANO = {
    "loc position": "position",
    "serial": "device_serial",
    "make": "device",
    "model": "device",
    "timestamp": "date",
    "species manual id": "keywords",
    "original filename": "file_name",
}
# Apple, "Core Audio Format Specification 1.0", section on the information chunk.
CORE_AUDIO = {
    "track number": "track",
    "year": "date",
    "recorded date": "date",
    "comments": "comment",
    "encoding application": "encoder",
    "key signature": "initial_key",
    "tempo": "bpm",
}
# Apple, "QuickTime File Format", metadata keys without com.apple.quicktime.
QUICKTIME = {
    "location.iso6709": "position",
    "\xa9xyz": "position",
    "loci": "position",
    "\xa9nam": "title",
    "\xa9art": "artist",
    "\xa9ART": "artist",
    "\xa9alb": "album",
    "\xa9aut": "artist",
    "\xa9cmt": "comment",
    "\xa9cpy": "copyright",
    "\xa9day": "date",
    "\xa9des": "description",
    "\xa9gen": "genre",
    "\xa9mak": "device",
    "\xa9mod": "device",
    "\xa9swr": "encoder",
    "\xa9too": "encoder",
    "author": "artist",
    "creationdate": "date",
    "make": "device",
    "model": "device",
    "software": "encoder",
    "encoded_by": "encoder",
}


def check_known(wanted: Iterable[str]) -> None:
    """Refuse names of tags that somebody typed and that lds does not know.

    Raises:
        UsageError: There is no such name; the nearest one is named.
    """
    for name in wanted:
        if name not in NAMES and name != ALL:
            near = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the names are {', '.join(NAMES)}, and {ALL}"
            raise UsageError(f"there is no tag {name!r}", hint=hint)


def chosen(wanted: Iterable[str]) -> list[str]:
    """Return the names that are meant, in the order of `NAMES`: personal ones only where they are named."""
    asked = set(wanted)
    return [name for name in NAMES if name in asked or (ALL in asked and name not in PERSONAL)]
