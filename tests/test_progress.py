from __future__ import annotations

import io
import re
import threading
import time

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


def test_speed_is_shown_in_multiples_of_real_time() -> None:
    stream = io.StringIO()

    for _ in Terminal(stream)(range(2), total=2, label="ingest", seconds=lambda _: 3600.0):
        time.sleep(0.11)  # tqdm draws ten times a second at most

    times = [int(text.replace(",", "")) for text in re.findall(r"([\d,]+)x real time", stream.getvalue())]
    assert times
    assert all(3600 < speed < 3600 / 0.1 for speed in times)


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
