from __future__ import annotations

from pathlib import Path

import pytest

from listen_datasets import config
from listen_datasets.errors import NothingError
from listen_datasets.intake.gathering import gather
from listen_datasets.stores.folder import Folder


def test_the_url_of_an_empty_source_is_shown_without_its_secrets(tmp_path: Path) -> None:
    place = "https://example.org/takes.zip"
    recipe = config.parse(f'[dataset]\nname = "made"\n[[source]]\nname = "takes"\npath = "{place}?key=hunter2"\n')

    with pytest.raises(NothingError, match="no recording in any source") as raised:
        gather(tmp_path, recipe, recipe.ingest, {"takes": Folder(tmp_path)}, {})
    assert raised.value.where == place
