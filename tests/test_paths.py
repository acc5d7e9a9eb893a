from __future__ import annotations

from pathlib import Path

from listen_datasets.paths import real


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")

    assert real(tmp_path / "link" / ".." / "link" / "x") == tmp_path.resolve() / "folder" / "x"


def test_a_link_to_itself_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")

    assert real(tmp_path / "circle").parent == tmp_path.resolve()
