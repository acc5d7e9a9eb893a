from __future__ import annotations

import io
import threading

import pytest

from listen_datasets.progress import Progress, Silent, Terminal


@pytest.mark.parametrize("progress", [Silent(), Terminal(io.StringIO())], ids=["silent", "terminal"])
def test_the_items_pass_through_unchanged(progress: Progress) -> None:
    assert list(progress(iter("abc"), total=3, label="ingest")) == ["a", "b", "c"]


def test_a_terminal_shows_label_count_and_unit() -> None:
    stream = io.StringIO()

    list(Terminal(stream)(range(3), total=3, label="ingest", unit="file"))

    assert "ingest" in stream.getvalue()
    assert "3/3" in stream.getvalue() or "0/3" in stream.getvalue()
    assert "file" in stream.getvalue()


def test_a_bar_is_taken_away_at_the_end() -> None:
    stream = io.StringIO()

    list(Terminal(stream)(range(3), total=3, label="ingest"))

    assert stream.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_a_bar_needs_no_thread() -> None:
    before = set(threading.enumerate())  # other libraries of this process may have bars with threads of their own
    bar = Terminal(io.StringIO())(range(3), total=3, label="ingest")

    next(bar)

    assert set(threading.enumerate()) - before == set()


@pytest.mark.parametrize("progress", [Silent(), Terminal(io.StringIO())], ids=["silent", "terminal"])
def test_what_is_wrapped_ends_with_the_wrapping(progress: Progress) -> None:
    ended = []

    def items() -> object:
        try:
            yield from range(3)
        finally:
            ended.append(True)

    wrapped = progress(items(), total=3, label="ingest")  # type: ignore[var-annotated, arg-type]
    next(wrapped)
    del wrapped

    assert ended == [True]
