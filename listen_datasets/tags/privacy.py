"""What in tags is about persons: where they were, how to reach them, which device is theirs.

Patterns find what looks like it in any text; names of fields say it of the rest. All of it is counted, none is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from listen_datasets.tags.entry import MAX_ENTRY, Entry

KINDS = ("gps", "e_mail", "phone", "device_serial", "person_name")
"""Kinds of personal content, in the order in which they are reported."""

_BY_NAME = {
    "position": "gps",
    "device_serial": "device_serial",
    # EBU R 099: country, organisation, serial number of the machine, time, and random digits.
    "originator_reference": "device_serial",
    "owner": "person_name",
    "contact": "person_name",
    "engineer": "person_name",
    "speaker": "person_name",
}
_NAME_PATTERNS = (
    ("gps", re.compile(r"\b(?:gps|geo(?:loc|tag)?(?![a-z]))|latitude|longitude")),
    ("device_serial", re.compile(r"serial|device[ _]?id|\bimei\b")),
    ("person_name", re.compile(r"\b(?:owner|operator|recordist|observer|surveyor|speaker|actor)(?:[ _]?name)?\b")),
)
# Each part of a pattern is bounded, so that no text takes more than a moment.
_POSITIONS = re.compile(
    r"(?<![\d.])[+-]\d{2}(?:\d{2}){0,2}(?:\.\d{1,12})?[+-]\d{3}(?:\d{2}){0,2}(?:\.\d{1,12})?(?:[+-]\d{1,6}(?:\.\d{1,6})?)?(?:CRS\w{1,16})?/"  # ISO 6709
    r"|(?<![\d.])[+-]?\d{1,2}\.\d{4,12}°?\s?[NS]?[,;\s]\s?[+-]?\d{1,3}\.\d{4,12}(?!\d)"
    r"|\d{1,2}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d{1,6})?[\"″]\s?)?[NS]\b"
    r"|GPSL(?:atitude|ongitude)"
)
_E_MAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\w+.])\+\d[\d ()./-]{5,20}\d(?![\w.])"
    r"|(?i:\b(?:tel|phone|mobile|call)\b)[.: ]{1,3}\(?\d[\d ()./-]{5,20}\d"
    r"|(?<![\w-])\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[.-]\d{4}(?![\w-])"
)
# AudioMoth writes its identifier of 16 hex digits into the artist and the comment.
_SERIAL = re.compile(r"\bAudioMoth [0-9A-F]{16}\b|(?i:\b(?:s/n|serial(?: (?:no|number))?)[.:# ]{1,3}[\w-]{4,})")
_DIGITS = re.compile(r"\d")


def kinds(entry: Entry) -> set[str]:
    """Return the kinds of personal content that a tag holds."""
    text = entry.text[:MAX_ENTRY]
    if not text:
        return set()
    found = {_BY_NAME[entry.name]} if entry.name in _BY_NAME else set()
    found |= {kind for kind, pattern in _NAME_PATTERNS if pattern.search(entry.name)}
    if "@" in text and _E_MAIL.search(text):
        found.add("e_mail")
    if _SERIAL.search(text):
        found.add("device_serial")
    if "GPS" in text or _DIGITS.search(text):
        rest, count = _POSITIONS.subn(" ", text)
        if count:
            found.add("gps")
        if any(_is_number(hit.group()) for hit in _PHONE.finditer(rest)):
            found.add("phone")
    return found


def _is_number(text: str) -> bool:
    """Tell whether there are as many digits as telephone numbers have, by ITU-T E.164 at most fifteen."""
    return 7 <= len(_DIGITS.findall(text)) <= 15


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many tags hold which kind of personal content; kinds without any are left out."""
    counted = Counter(kind for entry in set(entries) for kind in kinds(entry))
    return {kind: counted[kind] for kind in KINDS if counted[kind]}
