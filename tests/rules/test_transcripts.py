from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from listen_datasets.model import Finding
from listen_datasets.recipe import Validate
from listen_datasets.rules.transcripts import NAMES, check

SPOKEN = "the quick brown fox jumps over it"  # 27 letters: in 1.8 s between silence, 15 a second


def codes(found: list[Finding]) -> list[str]:
    return [finding.code for finding in found]


def texts(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


@pytest.mark.parametrize("text", [None, "", " \t"])
def test_a_row_without_a_transcript_is_a_warning_at_its_line(clips: Callable[..., pa.Table], text: str | None) -> None:
    (finding,) = check(clips(transcript=texts(SPOKEN, text)), Validate())

    assert (finding.code, finding.severity) == ("transcript.empty", "warning")
    assert (finding.path, finding.line, finding.field) == ("metadata.csv", 3, "/transcript")


def test_where_most_clips_are_no_speech_their_transcripts_are_not_missed(clips: Callable[..., pa.Table]) -> None:
    table = clips(transcript=texts(SPOKEN, None, None))

    assert check(table, Validate()) == []
    assert codes(check(table, Validate(transcript_columns=("transcript",)))) == ["transcript.empty"] * 2


def test_a_recording_without_a_row_misses_its_row_and_no_transcript(clips: Callable[..., pa.Table]) -> None:
    table = clips(transcript=texts(SPOKEN, SPOKEN, None), metadata_line=[2, 3, None])

    assert check(table, Validate()) == []


@pytest.mark.parametrize("text", ["N/A", "...", "<unk>"])
def test_a_placeholder_is_a_warning_with_what_stands_there(clips: Callable[..., pa.Table], text: str) -> None:
    (finding,) = check(clips(transcript=[SPOKEN, text]), Validate())

    assert (finding.code, finding.value, finding.line) == ("transcript.placeholder", text, 3)


@pytest.mark.parametrize("name", NAMES)
def test_transcripts_are_found_by_their_usual_names(clips: Callable[..., pa.Table], name: str) -> None:
    assert codes(check(clips(**{name: [SPOKEN, "n/a"]}), Validate())) == ["transcript.placeholder"]


def test_columns_of_other_names_hold_none_unless_the_recipe_says_so(clips: Callable[..., pa.Table]) -> None:
    table = clips(words=[SPOKEN, "n/a"])

    assert check(table, Validate()) == []
    assert codes(check(table, Validate(transcript_columns=("words",)))) == ["transcript.placeholder"]


@pytest.mark.parametrize("letters", [100, 2])
def test_what_nobody_could_speak_in_that_time_is_a_warning(clips: Callable[..., pa.Table], letters: int) -> None:
    (finding,) = check(
        clips(transcript=[SPOKEN, "a" * letters]), Validate(min_speaking_rate=2.0, max_speaking_rate=50.0)
    )

    assert (finding.code, finding.line) == ("transcript.speaking_rate", 3)
    assert finding.evidence is not None
    assert finding.evidence["value"] == pytest.approx(letters / 1.8)  # two seconds, less 0.1 of silence at each end
    assert finding.evidence["threshold"] == (50.0 if letters == 100 else 2.0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("gr\u00fc\u00df dich", 8),
        ("gru\u0308\u00df dich", 8),
        ("\u4f60\u597d\u3002", 2),
        ("7, 8 & 9!", 3),
        ("a\nb\u2028c", 3),
    ],
)
def test_letters_and_digits_are_counted_and_no_signs(clips: Callable[..., pa.Table], text: str, count: int) -> None:
    (finding,) = check(clips(transcript=[text]), Validate(max_speaking_rate=0.2))

    assert finding.evidence is not None
    assert finding.evidence["value"] == pytest.approx(count / 1.8)


def many(clips: Callable[..., pa.Table], odd: dict[str, Any]) -> list[Finding]:
    """Judge 60 clips in two languages, of 12 and of 4 letters a second, and an odd one at the end."""
    rates = np.random.default_rng(3).uniform(0.9, 1.1, 60)
    lengths = [*(12 * rates[:30] * 1.8), *(4 * rates[30:] * 1.8)]
    return check(
        clips(transcript=["a" * round(length) for length in lengths] + [odd["text"]], language=["fi"] * 30 + ["zh"] * 30 + [odd["language"]]),
        Validate(max_deviation=5.0),
    )  # fmt: skip


@pytest.mark.parametrize(("language", "is_odd"), [("zh", True), ("fi", False)])
def test_what_is_usual_depends_on_the_language(clips: Callable[..., pa.Table], language: str, is_odd: bool) -> None:  # noqa: FBT001
    found = many(clips, {"text": "a" * 22, "language": language})

    assert codes(found) == (["transcript.speaking_rate"] if is_odd else [])
    if is_odd:
        assert "above the clips of its language" in found[0].message
        assert found[0].line == 62


def test_a_language_of_few_clips_tells_nothing(clips: Callable[..., pa.Table]) -> None:
    assert many(clips, {"text": "a" * 60, "language": "en"}) == []


@pytest.mark.parametrize("text", ["[this is a simple beep tone]", "<beep>", "(laughs) [door]"])
def test_a_remark_in_brackets_is_not_spoken(clips: Callable[..., pa.Table], text: str) -> None:
    assert check(clips(transcript=[SPOKEN, text]), Validate(max_speaking_rate=0.3))[1:] == []
    assert len(check(clips(transcript=[SPOKEN, f"so {text}"]), Validate(max_speaking_rate=0.3))) == 2


def test_an_empty_dataset_is_fine(clips: Callable[..., pa.Table]) -> None:
    assert check(clips(transcript=texts()), Validate()) == []


def test_texts_of_ascii_are_counted_as_all_others_are(clips: Callable[..., pa.Table]) -> None:
    rng = np.random.default_rng(3)
    written = ["".join(map(chr, rng.integers(1, 128, size=length))) for length in rng.integers(0, 200, size=500)]
    strict = Validate(min_speaking_rate=1e6, max_speaking_rate=2e6, transcript_columns=("transcript",))

    def rates(more: str | None) -> list[Any]:
        found = check(clips(transcript=texts(None, *written, more)), strict)
        return [item.evidence["value"] for item in found if item.code == "transcript.speaking_rate" and item.evidence]

    assert rates("\u00fc")[:-1] == rates(None) == rates("a")[:-1]
    assert len(rates(None)) > 400
