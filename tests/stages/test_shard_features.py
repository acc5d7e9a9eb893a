"""Features that are published beside the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import Dataset, recipe
from listen_datasets.errors import UsageError
from listen_datasets.executors.serial import Serial
from listen_datasets.features.sections import Features
from listen_datasets.stages import features, ingest, shard, split
from listen_datasets.testing.small import small_dataset


@pytest.fixture
def ready(tmp_path: Path) -> Dataset:
    dataset = Dataset.open(small_dataset(tmp_path / "small"))
    dataset.apply(ingest.STAGE, executor=Serial())
    dataset.apply(features.STAGE, Features(extractors=("log-mel", "loudness")), executor=Serial())
    dataset.apply(split.STAGE, executor=Serial())
    return dataset


def published(dataset: Dataset) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in sorted((dataset.root / "dist" / "data").glob("*.parquet")))


def test_each_clip_has_its_own_values(ready: Dataset) -> None:
    ready.apply(shard.STAGE, recipe.Shard(features=("log-mel",)), executor=Serial())

    rows = published(ready).select(["clip_id", "log_mel"]).to_pylist()
    levels = ready.features("log-mel")
    assert len(rows) == len(levels) > 0
    assert all(np.array_equal(levels[row["clip_id"]], np.array(row["log_mel"], np.float32)) for row in rows)


def test_columns_that_the_clips_have_already_are_told_apart(ready: Dataset) -> None:
    ready.apply(shard.STAGE, recipe.Shard(features=("loudness",)), executor=Serial())

    table = published(ready)
    assert {"loudness_lufs", "loudness_loudness_lufs", "loudness_true_peak_dbtp"} <= set(table.column_names)


def test_features_computed_anew_make_the_shards_anew(ready: Dataset) -> None:
    config = recipe.Shard(features=("log-mel",))
    ready.apply(shard.STAGE, config, executor=Serial())
    assert ready.apply(shard.STAGE, config, executor=Serial()).is_up_to_date

    other = Features(extractors=("log-mel",), log_mel=recipe.LogMel(n_mels=40))
    ready.apply(features.STAGE, other, executor=Serial())

    assert not ready.apply(shard.STAGE, config, executor=Serial()).is_up_to_date
    assert published(ready).schema.field("log_mel").type.value_type.list_size == 40


def test_features_that_are_not_there_are_not_published(ready: Dataset) -> None:
    with pytest.raises(UsageError, match=r"^there are no features 'mfcc'$"):
        ready.apply(shard.STAGE, recipe.Shard(features=("mfcc",)), executor=Serial())
