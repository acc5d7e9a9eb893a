from __future__ import annotations

import time
import unicodedata
from array import array
from itertools import chain

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.errors import UsageError
from listen_datasets.metadata import JOIN_KEYS, Matched, MetadataTable, Recordings, join_key, match

NFC, NFD = "b/\u00e9.wav", "b/e\u0301.wav"
FOLDERS = st.sampled_from(["a", "b", "c", "\u00e9", "e\u0301"])
PATHS = st.lists(FOLDERS, min_size=1, max_size=3).map("/".join)


def table(*values: str | None, key: str = "file_name") -> MetadataTable:
    columns = pa.table({key: pa.array(values, pa.string())})
    return MetadataTable(name="metadata.csv", columns=columns, lines=array("q", range(2, len(values) + 2)))


def join(values: list[str | None], paths: list[str], folder: str = "") -> Matched:
    return match(table(*values), "file_name", Recordings(paths), folder=folder)


def codes(matched: Matched) -> list[str]:
    return [finding.code for finding in matched.findings]


@pytest.mark.parametrize("name", JOIN_KEYS)
def test_a_usual_name_of_the_join_key_is_found(name: str) -> None:
    assert join_key(table("a.wav", key=name), None) == name


def test_a_chosen_join_key_wins() -> None:
    both = MetadataTable(name="m", columns=pa.table({"path": ["a"], "id": ["b"], "file": ["c"]}), lines=[2])
    assert join_key(both, "id") == "id"


@pytest.mark.parametrize(
    ("columns", "chosen", "message", "hint"),
    [
        ({"id": ["a"], "label": ["b"]}, None, "no column names the recordings", "id, label"),
        ({"id": ["a"]}, "file_name", "there is no column `file_name`", "id"),
        ({"path": ["a"], "file": ["b"]}, None, "several columns .* path, file", "--join-key"),
        ({" File_Name": ["a"]}, None, "no column names the recordings", "is it ` File_Name`?"),
        ({"file": [1]}, None, "does not hold text but int64", "--join-key"),
        ({"file": [{"bytes": "x"}]}, None, "does not hold text but struct", "--join-key"),
    ],
)
def test_no_clear_join_key_is_a_usage_error(
    columns: dict[str, list[object]], chosen: str | None, message: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        join_key(MetadataTable(name="m", columns=pa.table(columns), lines=[2]), chosen)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("value", "path", "folder"),
    [
        ("a/x.wav", "a/x.wav", ""),
        ("./a/x.wav", "a/x.wav", ""),
        ("a//./x.wav", "a/x.wav", ""),
        ("x.wav", "a/x.wav", "a"),
        ("./x.wav", "a/b/x.wav", "./a/b/"),
        ("a/x.wav", "a/x.wav", "a"),
        ("x.wav", "deep/er/x.wav", ""),
        ("er/x.wav", "deep/er/x.wav", ""),
        ("recordings/x.wav", "x.wav", ""),
        ("data/a/x.wav", "a/x.wav", ""),
        (NFC, NFD, ""),
        (NFD, NFC, ""),
        ("data/" + NFD, NFC, ""),
        (" x.wav ", " x.wav ", ""),
        (".hidden/x.wav", ".hidden/x.wav", ".hidden"),
        ("x.wav", ".hidden/x.wav", ".hidden"),
    ],
)
def test_a_row_finds_its_recording(value: str, path: str, folder: str) -> None:
    matched = join([value], [path, "other.wav"], folder)
    assert (matched.rows, matched.unused, matched.findings) == ({path: (0,)}, {}, ())


@pytest.mark.parametrize(
    ("value", "paths", "folder"),
    [
        ("x.wav", ["a/x.wav", "b/x.wav"], ""),
        ("x.wav", ["x.wav", "a/x.wav"], "a"),
        ("c/a/x.wav", ["a/x.wav", "x.wav"], ""),
        ("a/x.wav", ["x.wav", "b/a/x.wav"], ""),
    ],
    ids=["two folders", "root and folder of the table", "two endings", "shorter and longer"],
)
def test_two_recordings_that_fit_are_no_match(value: str, paths: list[str], folder: str) -> None:
    matched = join([value], paths, folder)
    assert (matched.rows, matched.unused) == ({}, {0: "metadata.ambiguous"})
    (finding,) = matched.findings
    assert (finding.severity, finding.path, finding.line) == ("error", "metadata.csv", 2)
    assert all(path in finding.message for path in paths)


def test_an_exact_path_is_not_ambiguous_with_a_longer_one() -> None:
    assert join(["x.wav"], ["x.wav", "a/x.wav"]).rows == {"x.wav": (0,)}


@pytest.mark.parametrize("value", ["train/1.wav", "1.flac", "X.WAV", "x", "wav"])
def test_folders_and_names_that_differ_do_not_match(value: str) -> None:
    matched = join([value], ["test/1.wav", "x.wav"])
    assert (matched.rows, matched.unused) == ({}, {0: "metadata.file_missing"})


def test_a_missing_file_is_reported_with_its_namesake() -> None:
    finding = join(["train/1.wav"], ["test/1.wav"]).findings[0]
    assert (finding.code, finding.severity) == ("metadata.file_missing", "error")
    assert (finding.path, finding.line, finding.field, finding.value) == (
        "metadata.csv",
        2,
        "/file_name",
        "train/1.wav",
    )
    assert "test/1.wav" in str(finding.hint)


def test_of_two_rows_for_one_recording_the_first_is_used() -> None:
    matched = join(["a.wav", "b.wav", "./a.wav"], ["a.wav", "b.wav"])
    (finding,) = matched.findings
    assert matched.rows == {"a.wav": (0,), "b.wav": (1,)}
    assert matched.unused == {2: "metadata.duplicate_row"}
    assert (finding.severity, finding.line, finding.evidence) == ("error", 4, {"first_line": 2})
    assert "Lines 2 and 4" in finding.message


def test_an_exact_row_is_used_before_one_that_only_fits() -> None:
    matched = join(["data/a.wav", "a.wav"], ["a.wav"])
    assert matched.rows == {"a.wav": (1,)}
    assert matched.unused == {0: "metadata.duplicate_row"}


@pytest.mark.parametrize(
    "value",
    [None, "", "/etc/passwd", "../x.wav", "a/../x.wav", "https://host/x.wav", "C:/x.wav", "~/x.wav", "a\\x.wav", "-",
     "a\nx.wav", "a/", "."],
)  # fmt: skip
def test_an_unsafe_path_is_refused(value: str | None) -> None:
    matched = join([value], ["x.wav"])
    finding = matched.findings[0]
    assert (matched.rows, matched.unused) == ({}, {0: "metadata.unsafe_path"})
    assert (finding.code, finding.severity, finding.line, finding.field) == (
        "metadata.unsafe_path",
        "error",
        2,
        "/file_name",
    )


def test_rows_that_differ_in_normal_form_only_find_their_own() -> None:
    matched = join([NFC, NFD], [NFC, NFD])
    assert (matched.rows, matched.findings) == ({NFC: (0,), NFD: (1,)}, ())


def test_a_row_in_a_third_normal_form_matches_neither_twin() -> None:
    # U+212B and A + U+030A both are U+00C5 in form C.
    matched = join(["\u212b.wav"], ["\u00c5.wav", "A\u030a.wav"])
    assert matched.unused == {0: "metadata.ambiguous"}


def test_a_name_that_steers_a_terminal_is_shown_escaped() -> None:
    finding = join(["\u202egpj.wav"], []).findings[0]
    assert finding.value == r"\u202egpj.wav"


def test_rows_that_cut_may_be_about_one_recording() -> None:
    made = table("x.wav", "y.wav", "a/x.wav")
    assert match(made, "file_name", Recordings(["a/x.wav", "y.wav"]), has_cuts=True).rows == {
        "a/x.wav": (0, 2),
        "y.wav": (1,),
    }


@given(values=st.lists(PATHS), paths=st.lists(PATHS, unique=True), folder=st.sampled_from(["", "a", "a/b"]))
def test_every_row_is_accounted_for_once(values: list[str], paths: list[str], folder: str) -> None:
    matched = join([*values], paths, folder)
    assert sorted([*chain(*matched.rows.values()), *matched.unused]) == list(range(len(values)))
    assert set(matched.rows) <= set(paths)
    assert codes(matched) == [matched.unused[row] for row in sorted(matched.unused)]


@given(values=st.lists(PATHS, unique_by=lambda path: unicodedata.normalize("NFC", path)), data=st.data())
def test_the_order_of_recordings_does_not_matter(values: list[str], data: st.DataObject) -> None:
    paths = data.draw(st.lists(PATHS, unique=True))
    shuffled = data.draw(st.permutations(paths))
    assert join([*values], paths).rows == join([*values], shuffled).rows


def test_work_grows_with_rows_not_with_their_square() -> None:
    paths = [f"d{number}/audio.wav" for number in range(20_000)]
    rows: list[str | None] = [f"data/d{number}/audio.wav" for number in range(10_000)]
    rows += [f"gone/g{number}/audio.wav" for number in range(10_000)]
    start = time.process_time()
    matched = join(rows, paths)
    assert len(matched.rows) == 10_000
    assert time.process_time() - start < 5  # some 0.3 s; a square of it would take minutes


def test_many_tables_look_through_the_recordings_once() -> None:
    recordings = Recordings(f"f{number % 1000}/{number}.wav" for number in range(20_000))
    start = time.process_time()
    for folder in range(1000):
        one = table(*(f"{number}.wav" for number in range(folder, 20_000, 1000)), "gone.wav")
        assert len(match(one, "file_name", recordings, folder=f"f{folder}").rows) == 20
    assert time.process_time() - start < 5  # some 0.3 s; twenty times that if each table went through all
