"""The laws of a stage, held by all of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import Dataset, config, digest, stages, tables
from listen_datasets.errors import NothingError
from listen_datasets.executors.serial import Serial
from listen_datasets.ledger import Entry
from listen_datasets.stage import Outcome, Workspace, check_laws
from listen_datasets.testing.manifests import manifest, workspace
from listen_datasets.testing.small import small_dataset

DIFFERENT = ("n", "run", "prev", "started", "seconds")
"""What may differ between two runs over the same inputs."""

OTHER_WORLD = {
    "PYTHONHASHSEED": "7",
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "LANG": "C",
    "HOME": "/nonexistent/canary-home",
    "USER": "canary-user",
    "CANARY_TOKEN": "canary-secret-value",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
}


def entries(root: Path) -> dict[str, Entry]:
    return {entry.stage: entry for entry in Dataset.open(root).ledger().entries}


def lasting(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__struct_fields__ if name not in DIFFERENT}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset, in another folder, made by another process in another time zone, locale and user's home."""
    root = small_dataset(tmp_path_factory.mktemp("elsewhere") / "deeper" / "small")
    command = [sys.executable, "-m", "listen_datasets", "run", str(root), "--quiet", "--jobs", "1"]
    subprocess.run(command, check=True, env={**os.environ, **OTHER_WORLD}, umask=0o077, stdout=subprocess.DEVNULL)
    return root


@pytest.mark.parametrize("name", stages.ORDER)
def test_same_input_gives_the_same_bytes_wherever_and_whoever(name: str, finished: Path, elsewhere: Path) -> None:
    assert lasting(entries(elsewhere)[name]) == lasting(entries(finished)[name])


def test_what_is_published_is_the_same_wherever_and_whoever(finished: Path, elsewhere: Path) -> None:
    def published(root: Path) -> dict[str, bytes]:
        files = (path for path in sorted((root / "dist").rglob("*")) if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    assert published(elsewhere) == published(finished)


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the text in all that was written: Parquet by its values and schema, anything else as it is."""
    for path in sorted(root.rglob("*")):
        if not path.is_file() or "recordings" in path.parts:
            continue
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield path.name, f"{table.schema.to_string(show_schema_metadata=True)}\n{table.to_pylist()}"
        else:
            yield path.name, path.read_bytes().decode(errors="replace")


@pytest.mark.parametrize("canary", ["canary", "{root}", "{host}", "Auckland"])
def test_nothing_of_the_machine_or_its_user_is_written(canary: str, elsewhere: Path) -> None:
    wanted = canary.format(root=elsewhere.parent, host=socket.gethostname())

    assert [name for name, text in texts(elsewhere) if wanted in text] == []


def test_no_clock_is_published(finished: Path) -> None:
    started = {entry.started for entry in entries(finished).values()} | {
        entry.run for entry in entries(finished).values()
    }

    assert [
        name for name, text in texts(finished / "dist") if re.search("|".join(map(re.escape, sorted(started))), text)
    ] == []


# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", stages.ORDER)
def test_a_stage_is_a_value_that_cannot_be_changed(name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        stages.find(name).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", stages.ORDER)
def test_a_stage_needs_stages_before_it(name: str) -> None:
    stage = stages.find(name)

    assert set(stage.needs) <= set(stages.ORDER[: stages.ORDER.index(name)])
    assert ("ingest" in stage.needs) == (name != "ingest")
    assert re.fullmatch(r"[1-9][0-9]*", stage.version)


@pytest.mark.parametrize("name", stages.ORDER)
def test_a_stage_adds_the_columns_that_the_schema_says(name: str, finished: Path) -> None:
    added = stages.find(name).adds

    assert added == tables.added_by(name)
    assert set(added) <= set(Dataset.open(finished).manifest.column_names)


@pytest.mark.parametrize("name", stages.ORDER[1:])
def test_without_ingest_a_stage_says_what_it_needs(name: str, small: Path) -> None:
    with pytest.raises(NothingError, match=f"{name} needs ingest, which has not run"):
        Dataset.open(small).apply(stages.find(name), executor=Serial())


@pytest.mark.parametrize("name", stages.ORDER)
def test_a_report_is_small_json_without_floats_that_json_cannot_say(name: str, finished: Path) -> None:
    report = entries(finished)[name].report

    assert len(json.dumps(report, allow_nan=False)) < 20_000


@pytest.mark.parametrize("name", stages.ORDER)
def test_what_a_stage_used_is_named_by_digests_and_versions(name: str, finished: Path) -> None:
    used = entries(finished)[name].used

    assert used != {}
    assert [value for value in used.values() if not re.fullmatch("sha256:[0-9a-f]{64}|[0-9.]+", value)] == []


@pytest.mark.parametrize("name", stages.ORDER)
def test_the_ledger_has_the_whole_configuration(name: str, finished: Path) -> None:
    stage = stages.find(name)

    assert entries(finished)[name].config == config.builtins(getattr(Dataset.open(finished).recipe, name))
    assert entries(finished)[name].config.keys() == config.builtins(stage.config()).keys()


# ----------------------------------------------------------------------------------------------------------------------
# Deciding stages over tables in memory

DECIDING = ("validate", "dedup", "split")


def seen(root: Path, table: pa.Table, finished: Path) -> Workspace:
    """Return what a stage sees of a table, and of what ingest has left beside it."""
    shutil.copytree(finished / "fingerprints", root / "fingerprints")
    return workspace(root, table, history={"ingest": entries(finished)["ingest"]})


def decided(root: Path, name: str, table: pa.Table, finished: Path) -> Outcome:
    stage = stages.find(name)
    outcome: Outcome = stage.run(seen(root, table, finished), stage.config())
    check_laws(stage, table, outcome)
    return outcome


@pytest.fixture
def clips(finished: Path) -> pa.Table:
    """Return the manifest as ingest left it, its clips in two chunks."""
    whole = Dataset.open(finished).manifest
    ingested = whole.select([name for name in whole.column_names if name not in {*tables.added_by("validate"),
                            *tables.added_by("dedup"), *tables.added_by("split")}])  # fmt: skip
    return pa.concat_tables([ingested.slice(0, 3), ingested.slice(3)])


@pytest.mark.parametrize("name", DECIDING)
def test_clips_and_columns_of_others_stay_as_they_are(
    name: str, clips: pa.Table, finished: Path, tmp_path: Path
) -> None:
    after = decided(tmp_path, name, clips, finished).manifest

    assert after is not None
    assert after.select(clips.column_names).equals(clips)
    assert tuple(after.column_names) == (*clips.column_names, *stages.find(name).adds)


@pytest.mark.parametrize("name", DECIDING)
def test_decisions_do_not_depend_on_the_order_of_the_clips(
    name: str, clips: pa.Table, finished: Path, tmp_path: Path
) -> None:
    order = [5, 0, 7, 3, 1, 6, 2, 4]

    one = decided(tmp_path / "1", name, clips, finished).manifest
    other = decided(tmp_path / "2", name, clips.take(order), finished).manifest

    assert one is not None
    assert other is not None
    assert other.combine_chunks().equals(one.take(order).combine_chunks())


@pytest.mark.parametrize("name", DECIDING)
def test_chunks_do_not_show(name: str, clips: pa.Table, finished: Path, tmp_path: Path) -> None:
    stage = stages.find(name)
    one, other = seen(tmp_path / "1", clips, finished), seen(tmp_path / "2", clips.combine_chunks(), finished)

    after = [stage.run(space, stage.config()).manifest for space in (one, other)]

    assert stage.inputs(one, stage.config()) == stage.inputs(other, stage.config())
    assert len({digest.of_table(table, table.column_names) for table in after if table is not None}) == 1


@pytest.mark.parametrize("name", ["validate", "dedup"])
def test_a_table_without_clips_is_fine(name: str, finished: Path, tmp_path: Path) -> None:
    after = decided(tmp_path, name, manifest([]), finished).manifest

    assert after is not None
    assert after.num_rows == 0


def test_a_split_of_nothing_is_not_green(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingError):
        decided(tmp_path, "split", manifest([]), finished)


@pytest.mark.parametrize("name", DECIDING)
def test_a_decision_reads_no_audio(name: str, finished: Path, clips: pa.Table, tmp_path: Path) -> None:
    # The recordings of this workspace do not exist.
    space = seen(tmp_path, clips, finished)

    assert space.source_roots() == {}
    stages.find(name).run(space, stages.find(name).config())
