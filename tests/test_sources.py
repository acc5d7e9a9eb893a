from __future__ import annotations

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from listen_datasets import config
from listen_datasets.errors import RecipeError, UsageError
from listen_datasets.recipe import Source
from listen_datasets.sources import check_apart, local_folder, path_inside, split_kind, with_source

TEXT = '# mine\n[dataset]\nname = "d"   # keep this\n\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    root.mkdir()
    return root


def added(root: Path, folder: Path, metadata: Sequence[Path] = (), text: str = TEXT) -> tuple[str, tuple[Source, ...]]:
    folder.mkdir(parents=True, exist_ok=True)
    new = with_source(root, text, str(folder), [str(path) for path in metadata])
    return new, config.parse(new).source


def test_a_source_is_put_behind_the_text_as_it_is(root: Path, tmp_path: Path) -> None:
    text, sources = added(root, tmp_path / "recordings", [tmp_path / "metadata.csv"])

    assert text.startswith(TEXT.rstrip("\n") + "\n\n[[source]]\n")
    assert sources == (Source(name="recordings", path="../recordings", metadata=("../metadata.csv",)),)


def test_paths_are_relative_to_the_dataset(root: Path) -> None:
    _, sources = added(root, root / "recordings", [root / "tables" / "a.csv", root / "b.csv"])

    assert sources == (Source(name="recordings", path="recordings", metadata=("tables/a.csv", "b.csv")),)


def test_a_link_is_followed_to_where_it_leads(root: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    _, sources = added(root, tmp_path / "link")

    assert sources[0].path == "../real"


@pytest.mark.parametrize("metadata", [[], ["a.csv"]])
def test_a_source_that_is_there_already_changes_nothing(root: Path, tmp_path: Path, metadata: list[str]) -> None:
    text, _ = added(root, tmp_path / "recordings", [tmp_path / "a.csv"])

    again, _ = added(root, tmp_path / "recordings", [tmp_path / name for name in metadata], text)

    assert again == text


def test_other_metadata_of_a_known_source_is_refused(root: Path, tmp_path: Path) -> None:
    text, _ = added(root, tmp_path / "recordings", [tmp_path / "a.csv"])

    with pytest.raises(UsageError, match=r"the source 'recordings' is in lds\.toml with other metadata"):
        added(root, tmp_path / "recordings", [tmp_path / "b.csv"], text)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Field Recordings (2024)", "field-recordings-2024"),
        ("日本", "source"),
        ("_x_", "x"),
        ("x" * 200, "x" * 80),
        ("$(rm)", "rm"),
        ("a'b\"c", "a-b-c"),
    ],
)
def test_the_name_is_made_of_the_folders(root: Path, tmp_path: Path, folder: str, name: str) -> None:
    _, sources = added(root, tmp_path / folder)

    assert sources[0].name == name


def test_folders_of_one_name_get_different_names(root: Path, tmp_path: Path) -> None:
    text, _ = added(root, tmp_path / "a" / "wav")
    text, _ = added(root, tmp_path / "b" / "wav", text=text)
    _, sources = added(root, tmp_path / "c" / "wav", text=text)

    assert [source.name for source in sources] == ["wav", "wav-2", "wav-3"]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a'b", "[x]", "# x", "é", "a b", "\u2028", "a=b"])
def test_any_printable_name_stands_in_the_recipe_as_it_is(root: Path, tmp_path: Path, name: str) -> None:
    _, sources = added(root, tmp_path / name)

    assert sources[0].path == f"../{name}"


@pytest.mark.parametrize("name", [b"\xff", b"a\nb", b"\x7f", b"a\x1b[0m"])
def test_names_that_cannot_stand_in_a_text_are_refused(root: Path, tmp_path: Path, name: bytes) -> None:
    with pytest.raises(UsageError, match=r"cannot stand in lds\.toml") as caught:
        added(root, tmp_path / os.fsdecode(name))

    assert str(caught.value.where).isprintable()


@pytest.mark.parametrize("folder", [".", "..", "dist", "dist/data", "features/mfcc", ".lds/stage", "findings"])
def test_a_source_that_holds_what_lds_writes_is_refused(root: Path, folder: str) -> None:
    with pytest.raises(UsageError, match=r"the dataset lies inside its source|a folder that lds writes to"):
        check_apart(root, root / folder)


@pytest.mark.parametrize("folder", ["recordings", "distances", "../other", "../dataset-2"])
def test_a_source_beside_or_in_the_dataset_is_fine(root: Path, folder: str) -> None:
    check_apart(root, root / folder)


def test_a_broken_recipe_is_not_added_to(root: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        added(root, tmp_path / "recordings", text="[dataset\n")


# ----------------------------------------------------------------------------------------------------------------------
# Archives, URLs, kinds


def archived(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.wav"))
    return str(path)


def test_an_archive_is_named_without_its_suffixes(root: Path, tmp_path: Path) -> None:
    text = with_source(root, TEXT, archived(tmp_path / "Takes.tar.gz"), [])

    assert config.parse(text).source == (Source(name="takes", path="../Takes.tar.gz"),)


def test_a_kind_stays_before_the_path(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    text = with_source(root, TEXT, f"folder:{tmp_path / 'data'}", [])

    assert config.parse(text).source == (Source(name="data", path="folder:../data"),)
    assert local_folder(root, "folder:../data") == tmp_path / "data"


def test_a_url_stays_as_it_is(root: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://takes/a.wav", "wb") as file:
        file.write(b"x")

    text = with_source(root, TEXT, "memory://takes", [])

    assert config.parse(text).source == (Source(name="takes", path="memory://takes"),)
    assert local_folder(root, "memory://takes") is None


@pytest.mark.parametrize(
    ("source", "name", "inside"),
    [
        ("../takes.zip", "../takes.zip/a/metadata.csv", "a/metadata.csv"),
        ("zip:../takes.zip", "../takes.zip/**/*.csv", "**/*.csv"),
        ("../takes.zip", "../takes.zip", None),
        ("../takes.zip", "../takes.zip.csv", None),
        ("../takes.zip", "../takes.zip/../metadata.csv", None),
        ("s3://bucket/takes", "s3://bucket/takes/metadata.csv", "metadata.csv"),
        ("s3://bucket/takes/", "s3://bucket/takes/metadata.csv", "metadata.csv"),
        ("s3://bucket/takes", "s3://bucket/takes2/metadata.csv", None),
        ("s3://bucket/takes", "../metadata.csv", None),
    ],
)
def test_a_table_can_lie_in_its_source(root: Path, source: str, name: str, inside: str | None) -> None:
    assert path_inside(root, source, name) == inside


def test_the_table_of_an_archive_is_named_through_it(root: Path, tmp_path: Path) -> None:
    place = archived(tmp_path / "takes.tar.gz")
    text = with_source(root, TEXT, place, [f"{place}/metadata.csv"])

    assert config.parse(text).source[0].metadata == ("../takes.tar.gz/metadata.csv",)


def test_a_table_from_elsewhere_is_refused_without_its_secrets(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lies on this machine, or in the source") as raised:
        with_source(root, TEXT, archived(tmp_path / "a.tar.gz"), ["https://example.org/metadata.csv?key=hunter2"])
    assert raised.value.where == "https://example.org/metadata.csv"


@pytest.mark.parametrize("place", ["nowhere", "folder:nowhere", "notes.txt"])
def test_what_can_be_no_source_is_refused(root: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "notes.txt").write_text("not an archive")
    kind, name = split_kind(place)

    with pytest.raises(RecipeError):
        with_source(root, TEXT, f"{kind}{tmp_path / name}", [])


def test_a_table_that_is_given_twice_counts_once(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    (tmp_path / "x").mkdir()

    _, (source,) = added(root, tmp_path / "data", [table, tmp_path / "x" / ".." / "m.csv"])

    assert source.metadata == ("../m.csv",)
