"""Transcripts that are missing, that say nothing, or that nobody could speak in the time that the clip lasts.

A speaking rate is counted in letters and digits (Unicode L and N) a second between the silence at both ends, and compared
with the other clips of its language: a character of Chinese is a word, one of Finnish a sound.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from listen_datasets import catalogue
from listen_datasets.arrays import whole
from listen_datasets.limits import rows
from listen_datasets.metadata.shown import pointer, shown
from listen_datasets.model import Finding
from listen_datasets.outliers import deviations
from listen_datasets.placeholders import is_placeholder
from listen_datasets.recipe import Validate
from listen_datasets.roles import Column
from listen_datasets.tables import user_columns

NAMES = ("transcript", "transcription", "text", "sentence", "utterance")
"""Columns that hold transcripts, where the recipe names none."""
_LANGUAGES = ("language", "lang", "locale")
_NO_SPEECH = r"^\s*([\[<(][^\[\]<>()]*[\])>]\s*)+$"  # a remark in brackets, such as [noise], is about what is heard
_LEAST_SPREAD = float(np.log(1.1))
_PLACE = ("clip_id", "metadata_file", "metadata_line")
_LENGTHS = ("duration", "leading_silence", "trailing_silence")
_TOGETHER = 1 << 16  # texts that are counted at a time: what is made of them on the way stays small
_IS_LETTER = np.array([chr(byte).isalnum() for byte in range(128)], np.bool_)
_SPEECH = 0.1  # seconds: less than that cannot be told from silence


def check(table: pa.Table, config: Validate) -> list[Finding]:
    """Return ``transcript.empty``, ``transcript.placeholder`` and ``transcript.speaking_rate``."""
    findings: list[Finding] = []
    for column in _columns(table, config.transcript_columns or NAMES) if len(table) else ():
        texts = table.column(column.arrival)
        described = pc.is_valid(table.column("metadata_line"))
        empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), fill_value=True)
        missing = pc.and_(empty, described)
        # A table of speech and other sounds has a transcript for the speech alone, unless the recipe says what is one.
        if config.transcript_columns or 2 * pc.sum(missing).as_py() <= pc.sum(described).as_py():
            findings += _empty(table, missing, column)
        placeholder = is_placeholder(texts)
        findings += _placeholders(table, placeholder, column)
        spoken = pc.invert(pc.or_(pc.or_(empty, placeholder), pc.match_substring_regex(texts, _NO_SPEECH)))
        findings += _rates(table, pc.fill_null(spoken, fill_value=False), column, config)
    return findings


def _columns(table: pa.Table, names: tuple[str, ...]) -> list[Column]:
    """Return the columns of that name that hold text."""
    return [
        Column(name, arrival)
        for arrival, name in user_columns(table).items()
        if name in names and pa.types.is_string(table.schema.field(arrival).type)
    ]


def _empty(table: pa.Table, mask: pa.ChunkedArray, column: Column) -> Iterator[Finding]:
    for row in rows(table, mask, (*_PLACE, "path")):
        yield catalogue.finding(
            "transcript.empty",
            f"`{shown(column.name, 80)}` of {shown(row['path'], 120)} is empty.",
            clip_id=row["clip_id"],
            path=row["metadata_file"],
            line=row["metadata_line"],
            field=pointer(column.name),
        )


def _placeholders(table: pa.Table, mask: pa.ChunkedArray, column: Column) -> Iterator[Finding]:
    for row in rows(table, mask, (*_PLACE, column.arrival)):
        text = row[column.arrival]
        yield catalogue.finding(
            "transcript.placeholder",
            f"`{shown(text, 80)}` stands where `{shown(column.name, 80)}` should say what is spoken.",
            clip_id=row["clip_id"],
            path=row["metadata_file"],
            line=row["metadata_line"],
            field=pointer(column.name),
            value=shown(text),
        )


def _rates(table: pa.Table, mask: pa.ChunkedArray, column: Column, config: Validate) -> Iterator[Finding]:
    rates = np.where(mask.to_numpy(), _characters(table.column(column.arrival)) / _seconds(table), np.nan)
    usual = _deviations(rates, table)
    least, most = config.min_speaking_rate, config.max_speaking_rate
    beyond = (rates < least) | (rates > most)
    far = ~beyond & (np.abs(usual) > config.max_deviation)
    chosen = np.flatnonzero(beyond | far)
    places = table.select([*_PLACE, column.arrival]).take(chosen).to_pylist()
    for at, row in zip(chosen.tolist(), places, strict=True):
        rate = float(rates[at])
        expected = (
            f"expected {least:g} to {most:g}"
            if beyond[at]
            else f"{abs(usual[at]):.1f} deviations {'above' if usual[at] > 0 else 'below'} the clips of its language; "
            f"expected at most {config.max_deviation:g}"
        )
        yield catalogue.finding(
            "transcript.speaking_rate",
            f"`{shown(row[column.arrival], 60)}` would be spoken at {rate:.3g} characters a second; {expected}.",
            clip_id=row["clip_id"],
            path=row["metadata_file"],
            line=row["metadata_line"],
            field=pointer(column.name),
            value=shown(row[column.arrival]),
            hint="is it the right text, and all of it? listen to the clip",
            evidence={
                "value": rate,
                "threshold": (least if rate < least else most) if beyond[at] else config.max_deviation,
                "deviations": None if np.isnan(usual[at]) else round(float(usual[at]), 3),
            },
        )


def _characters(texts: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return the letters and digits of texts (n); 0 for null."""
    counted = np.zeros(len(texts))
    for start in range(0, len(texts), _TOGETHER):
        some = pc.fill_null(whole(texts.slice(start, _TOGETHER)), "")
        is_ascii = pc.all(pc.string_is_ascii(some)).as_py()
        counted[start : start + _TOGETHER] = _in_bytes(some) if is_ascii else _in_letters(some)
    return counted


def _in_letters(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    composed = pc.utf8_normalize(texts, form="NFC")
    # A search takes its time for each match, and texts have more letters than anything else.
    number = pc.subtract(pc.utf8_length(composed), pc.count_substring_regex(composed, r"[^\p{L}\p{N}]"))
    counted: npt.NDArray[np.int32] = number.to_numpy()
    return counted


def _in_bytes(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    """Return what `_in_letters` does, for texts of ASCII alone, in a tenth of the time."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    letters = _IS_LETTER[np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]]
    upto = np.concatenate(([0], np.cumsum(letters, dtype=np.int32)))[ends - ends[0]]
    counted: npt.NDArray[np.int32] = np.diff(upto)
    return counted


def _seconds(table: pa.Table) -> npt.NDArray[np.float64]:
    """Return the time between the silence at both ends of clips (n)."""
    duration, *silences = (pc.fill_null(table.column(name), 0.0) for name in _LENGTHS)
    seconds: npt.NDArray[np.float64] = pc.subtract(duration, pc.add(*silences)).to_numpy()
    return np.maximum(seconds, _SPEECH)


def _deviations(rates: npt.NDArray[np.float64], table: pa.Table) -> npt.NDArray[np.float64]:
    """Return how far the rates (n) lie from the others of their language, on a scale of ratios; of all if it is not said."""
    logarithms = np.log(np.maximum(rates, 1e-3))
    named = _columns(table, _LANGUAGES)
    if not named:
        return deviations(logarithms, least=_LEAST_SPREAD)
    found = np.full(len(rates), np.nan)
    encoded = pc.fill_null(whole(table.column(named[0].arrival)), "").dictionary_encode()
    codes = encoded.indices.to_numpy()
    for code in range(len(encoded.dictionary)):
        members = codes == code
        found[members] = deviations(logarithms[members], least=_LEAST_SPREAD)
    return found
