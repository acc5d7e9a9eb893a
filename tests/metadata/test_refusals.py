from __future__ import annotations

import pytest

from listen_datasets.errors import MetadataError
from listen_datasets.metadata import refusals
from listen_datasets.metadata.refusals import FIRST, MAX_REFUSED, Refusals


def refuse(count: int, *, taken: int) -> Refusals:
    found = Refusals("m.csv")
    for line in range(count):
        found.add(line + 2, "metadata.ragged_row", "the row is short", taken=taken, hint="look")
    return found


@pytest.mark.parametrize(("count", "taken"), [(1, 1), (500, 500), (2, 5000), (FIRST, FIRST)])
def test_as_many_as_were_taken_may_be_refused(count: int, taken: int) -> None:
    refused, findings = refuse(count, taken=taken).finish(taken)
    assert (len(refused), len(findings)) == (count, count)


@pytest.mark.parametrize(("count", "taken"), [(1, 0), (2, 1), (400, 300)])
def test_a_short_table_is_refused_if_most_of_its_rows_are(count: int, taken: int) -> None:
    with pytest.raises(MetadataError, match="the row is short") as caught:
        refuse(count, taken=taken).finish(taken)
    assert (caught.value.where, caught.value.hint) == ("m.csv:2", "look")


def test_a_long_table_is_refused_as_soon_as_most_of_its_first_rows_are() -> None:
    with pytest.raises(MetadataError, match="501 of the first 900 rows cannot be taken"):
        refuse(FIRST, taken=399)


def test_a_long_table_that_becomes_bad_late_is_read() -> None:
    assert len(refuse(5000, taken=FIRST).finish(FIRST)[0]) == 5000


def test_there_is_an_end_to_it() -> None:
    with pytest.raises(MetadataError, match="100,001 of the first"):
        refuse(MAX_REFUSED + 1, taken=10 * MAX_REFUSED)


def test_a_finding_says_what_the_refusal_says() -> None:
    found = refusals.Refusals("m.csv")
    found.add(7, "metadata.bad_line", "the line is odd", taken=5, value="x\x1b", hint="look", evidence={"fields": 3})
    (refused,), (finding,) = found.finish(5)
    assert (refused.line, refused.code, refused.reason) == (7, "metadata.bad_line", "the line is odd")
    assert (finding.line, finding.code, finding.message) == (7, "metadata.bad_line", "The line is odd.")
    assert (finding.path, finding.severity, finding.value, finding.hint) == ("m.csv", "error", "x\\x1b", "look")
    assert finding.evidence == {"fields": 3}
