from __future__ import annotations

from pathlib import Path

import pytest

from listen_datasets import catalogue
from listen_datasets.audio import Measured, Reading, measure
from listen_datasets.model import Fate
from listen_datasets.stores.folder import Folder
from listen_datasets.testing.damaged import Case, cases

CASES = list(cases())


def verdict(folder: Path, case: Case) -> tuple[Fate, list[str]]:
    (folder / case.file_name).write_bytes(case.data)
    result = measure(Folder(folder), case.file_name, Reading())
    if isinstance(result, Measured):
        return Fate.KEPT, [problem.code for problem in result.problems]
    return result.fate, [result.code]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_case_has_its_fate_and_its_finding_and_no_other(case: Case, tmp_path: Path) -> None:
    assert verdict(tmp_path, case) == (case.fate, [case.code] if case.code else [])


def test_the_names_of_cases_are_unique() -> None:
    assert len({str(case) for case in CASES}) == len(CASES)


def test_a_rejected_case_has_an_error_and_a_kept_one_none() -> None:
    wrong = [
        str(case)
        for case in CASES
        if (case.code is not None and catalogue.severity(case.code) == "error") != (case.fate is Fate.REJECTED)
    ]
    assert wrong == []


# What ingest says of recordings for reasons that lie in their bytes.
CODES = {
    "audio.absurd_format", "audio.damaged", "audio.empty", "audio.extension", "audio.inconsistent_header",
    "audio.length_mismatch", "audio.malformed", "audio.md5_mismatch", "audio.no_samples", "audio.not_audio",
    "audio.not_finite", "audio.partial_frame", "audio.spliced", "audio.too_long", "audio.trailing_bytes", "audio.truncated",
    "audio.unknown_length", "audio.unsupported", "audio.very_short",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_case(code: str) -> None:
    assert code in {case.code for case in CASES}


@pytest.mark.parametrize("container", ["wav", "rf64", "w64", "aiff", "caf", "flac", "ogg", "opus", "mp3"])
@pytest.mark.parametrize(
    "code", [None, "audio.truncated", "audio.spliced", "audio.trailing_bytes"], ids=["fine", "cut", "spliced", "longer"]
)
def test_every_container_has_the_cases_that_all_share(container: str, code: str | None) -> None:
    assert code in {case.code for case in CASES if case.file_name == f"a.{container}"}
