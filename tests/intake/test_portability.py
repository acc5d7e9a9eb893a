from __future__ import annotations

import pytest

from listen_datasets import catalogue
from listen_datasets.intake.portability import unportable

NFC, NFD = "b/\u00e9.wav", "b/e\u0301.wav"


@pytest.mark.parametrize(
    "twins", [(NFC, NFD), ("A.wav", "a.wav"), ("X/a.wav", "x/A.WAV"), ("\u00c9.wav", "e\u0301.wav")]
)
def test_names_that_differ_by_case_or_normal_form_alone_are_reported(twins: tuple[str, str]) -> None:
    (finding,) = unportable([twins[0], "other.wav", twins[1]])

    assert (finding.code, finding.severity, finding.path) == ("metadata.name_collision", "warning", twins[0])
    assert finding.severity == catalogue.severity(finding.code)
    assert all(ascii(name)[1:-1] in finding.message for name in twins)


@pytest.mark.parametrize(
    "name",
    [
        "a:b.wav",
        "what?.wav",
        "a|b.wav",
        "con.wav",
        "x/AUX",
        "nul.tar.gz",
        "lpt1/x.wav",
        "a./x.wav",
        "x /a.wav",
        "a.wav ",
    ],
)
def test_names_that_windows_cannot_store_are_noted(name: str) -> None:
    (finding,) = unportable(["fine.wav", name])

    assert (finding.code, finding.severity, finding.path) == ("input.not_portable", "note", name)
    assert "(1 of 2)" in finding.message


@pytest.mark.parametrize(
    "name", ["console.wav", "x.con", "com0.wav", "com10.wav", ".hidden", "a b.wav", "a.b.wav", "x-1/\u00e9.wav"]
)
def test_usual_names_are_not_reported(name: str) -> None:
    assert list(unportable([name, "other.wav"])) == []


def test_many_names_are_one_finding() -> None:
    (finding,) = unportable([f"{hour}:00.wav" for hour in range(24)])

    assert finding.evidence == {"recordings": 24}
    assert finding.message.endswith("and 19 more.")
