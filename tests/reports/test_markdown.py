from __future__ import annotations

from listen_datasets.reports.markdown import render
from listen_datasets.testing.reports import evil, report, silent, some


def test_codes_stand_in_a_table_with_an_example() -> None:
    lines = render(report(*some().findings, silent(2))).splitlines()

    assert lines[:3] == [
        "### `lds validate`: `birds`",
        "",
        "3 inputs: 2 kept, 0 duplicate, 1 excluded, 0 rejected, 0 unreadable.",
    ]
    assert [line.split(" | ")[:3] for line in lines[6:9]] == [
        ["| Error", "`audio.silent`", "2"],
        ["| Error", "`metadata.schema`", "1"],
        ["| Warning", "`audio.leading_silence`", "1"],
    ]
    assert "`audio/1.wav: Every sample of clip 1 is zero.`" in lines[6]
    assert (
        "`` tables/m.csv:3: `cat` is none of `dog`. ``" in lines[7]
        or "``tables/m.csv:3: `cat` is none of `dog`.``" in lines[7]
    )


def test_no_text_leaves_its_cell() -> None:
    lines = render(evil()).splitlines()

    row = next(line for line in lines if line.startswith("| Error"))
    assert len(row.replace("\\|", "").split("|")) == 7
    assert row.count("``") == 2
    assert not any(character in "".join(lines) for character in "\r\x00\x1b\ud800")


def test_nothing_found_is_said() -> None:
    assert "Nothing was found." in render(report())
