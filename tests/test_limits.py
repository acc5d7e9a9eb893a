from __future__ import annotations

import pyarrow as pa
import pytest

from listen_datasets.limits import Limit, broken, spelled

_TABLE = pa.table({"clip_id": ["a", "b", "c"], "path": ["a.wav", "b.wav", "c.wav"], "peak": [1.0, None, 3.0]})


def _limit(threshold: float | None = 2.0) -> Limit:
    return Limit(
        code="audio.clipped", column="peak", bound="at most", threshold=threshold, says="The peak is {}", unit="dB"
    )


def test_finding_names_clip_number_and_threshold() -> None:
    (finding,) = broken(_TABLE, _limit())
    assert (finding.clip_id, finding.path, finding.field, finding.value) == ("c", "c.wav", "/peak", "3")
    assert finding.message == "The peak is 3 dB; expected at most 2 dB."
    assert finding.evidence == {"value": 3.0, "threshold": 2.0}


def test_limit_without_threshold_is_never_broken() -> None:
    assert list(broken(_TABLE, _limit(None))) == []


def test_limit_looks_only_at_the_clips_it_is_meant_for() -> None:
    assert list(broken(_TABLE, _limit(), among=pa.chunked_array([[True, True, False]]))) == []


def test_other_numbers_may_stand_for_the_column() -> None:
    found = broken(_TABLE, _limit(), values=pa.chunked_array([[5.0, 5.0, 0.0]]))
    assert [finding.clip_id for finding in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "threshold", "unit", "texts"),
    [
        (0.05503, 0.01, "%", ("5.5 %", "1 %")),
        (1.51279, 9.99, "s", ("1.51 s", "9.99 s")),
        (0.0500001, 0.05, "s", ("0.0500001 s", "0.05 s")),
        (16000, 44100.0, "Hz", ("16000 Hz", "44100 Hz")),
        (1234567.0, 1234568.0, "Hz", ("1234567 Hz", "1234568 Hz")),
        (-55.04, -55.0, "LUFS", ("-55.04 LUFS", "-55 LUFS")),
        (1.0, 1.0, "", ("1", "1")),
        (3600.5, 3600.0, "s", ("3600.5 s", "3600 s")),
    ],
)
def test_numbers_have_as_many_digits_as_tell_them_apart(
    value: float, threshold: float, unit: str, texts: tuple[str, str]
) -> None:
    assert spelled(value, threshold, unit) == texts
