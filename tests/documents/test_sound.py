from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from listen_datasets.documents import card, checks, croissant, datasheet, sound
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import blocks
from listen_datasets.errors import UsageError
from listen_datasets.stage import Workspace
from listen_datasets.stages.card import facts_of
from listen_datasets.testing.manifests import row, span
from listen_datasets.testing.publications import sharded
from listen_datasets.testing.recordings import encode
from listen_datasets.testing.signals import noise

RATE = 8_000
INTEGERS = encode(noise(1, duration=3.0, sample_rate=RATE), RATE)
FLOATS = encode(noise(2, duration=3.0, sample_rate=RATE), RATE, subtype="FLOAT")
RECORDINGS = {"long.wav": INTEGERS, "floats.wav": FLOATS, "whole.wav": encode(noise(3, sample_rate=RATE), RATE)}


def clip(path: str, first: int, count: int, split: str) -> dict[str, Any]:
    """Return the row of a span."""
    is_float = path == "floats.wav"
    samples, _ = sf.read(io.BytesIO(RECORDINGS[path]), dtype="float32" if is_float else "int16")
    form = {"codec": "float32", "bits_per_sample": 32} if is_float else {}
    whole = row(path, RECORDINGS[path], sample_rate=RATE, recording_num_samples=3 * RATE, excluded_by=None, **form)
    md5 = hashlib.md5(samples[first : first + count].tobytes(), usedforsecurity=False).hexdigest()
    return span(whole, first, count, pcm_md5=md5, split=split, speaker=path, label="dog")


CUT = [
    clip("floats.wav", 8_000, 4_000, "validation"),
    *(clip("long.wav", first, 4_000, "train") for first in (0, 2_000, 20_000)),
]
WHOLE_CLIP = row(
    "whole.wav", RECORDINGS["whole.wav"], sample_rate=RATE, num_samples=RATE, recording_num_samples=RATE, split="test",
    excluded_by=None, speaker="whole", label="siren",
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a dataset of four spans of two recordings and a whole recording."""
    folder = tmp_path_factory.mktemp("spans") / "dataset"
    return sharded(folder, [*CUT, WHOLE_CLIP], recordings=RECORDINGS)


@pytest.fixture(scope="module")
def spans(mixed: Workspace) -> Facts:
    return facts_of(mixed)


def test_clips_and_recordings_are_told_apart(spans: Facts) -> None:
    assert (spans.clips, spans.recordings, spans.cut_clips, dict(spans.cut)) == (5, 3, 4, {"flac": 3, "wav": 1})
    assert sound.amount(spans) == "5 clips from 3 recordings"


def test_clips_that_are_recordings_are_counted_once(facts: Facts) -> None:
    assert (facts.recordings, facts.cut_clips) == (6, 0)
    assert sound.amount(facts) == "6 clips"


def test_the_card_says_what_was_cut_and_how_it_is_stored(spans: Facts) -> None:
    page = card.card(spans, {})
    assert "5 clips from 3 recordings, 3.0 s of sound, in 3 Parquet files" in page
    assert "| `train` | 3 | 60.0 % | 1 | 1.5 s | 1 |" in page
    assert "Clips that are parts of recordings (4 of 5) were cut where the metadata says so" in page
    assert "(FLAC: 3 clips, WAV: 1 clip)" in page
    assert "The rest (1 clip) are files as they were ingested, byte for byte" in page
    assert checks.card_problems(page, spans) == []


def test_nothing_is_said_of_cutting_where_nothing_was_cut(facts: Facts) -> None:
    page = card.card(facts, {})
    assert "The recordings are the files as they were ingested, byte for byte" in page
    assert "were cut" not in page


def test_the_datasheet_does_not_claim_that_nothing_was_trimmed(spans: Facts, facts: Facts) -> None:
    claim = "no resampling, trimming, padding, normalising or re-encoding"
    assert claim in datasheet.datasheet(facts, {})
    page = datasheet.datasheet(spans, {})
    assert claim not in page
    assert "Clips were cut out of longer recordings (4 of 5)" in page
    assert checks.datasheet_problems(page, spans, {}) == []


@pytest.mark.parametrize("licence", ["CC-BY-ND-4.0"])
def test_that_clips_are_excerpts_is_said_beside_licences_that_forbid_adaptations(
    tmp_path: Path, mixed: Workspace, licence: str
) -> None:
    recipe = msgspec.structs.replace(
        mixed.recipe, dataset=msgspec.structs.replace(mixed.recipe.dataset, license=licence)
    )
    found = facts_of(sharded(tmp_path / "dataset", [*CUT, WHOLE_CLIP], recipe, recordings=RECORDINGS))
    assert "Clips here are excerpts of recordings (4 of 5)" in card.card(found, {})


def test_croissant_describes_the_column_of_the_sound(spans: Facts) -> None:
    graph = croissant.croissant(spans, {})
    (field,) = [field for entry in graph["recordSet"] for field in entry["field"] if field["@id"] == "default/audio"]
    assert "cut out of its recording" in field["description"]
    assert checks.croissant_problems(graph, spans, may_lack=checks.FROM_THE_RECIPE) == []


@pytest.mark.parametrize(
    ("has_whole", "has_cut", "said"),
    [
        (True, False, "The recording as it was ingested: the bytes of the file, and a name for it."),
        (False, True, "The clip, and a name for it: the samples of the clip, cut out of its recording"),
        (True, True, "or the samples of the clip, cut out of its recording"),
    ],
)
def test_the_column_is_described_by_what_is_in_it(has_whole: bool, has_cut: bool, said: str) -> None:  # noqa: FBT001
    assert said in sound.description(has_whole=has_whole, has_cut=has_cut)


def test_num_bytes_counts_what_was_embedded(spans: Facts, mixed: Workspace) -> None:
    for split in spans.splits:
        whole = sum(pq.read_table(mixed.root / "dist" / shard.path).nbytes for shard in split.files.shards)
        assert split.files.num_bytes == whole


def test_what_is_stored_is_what_the_card_says(mixed: Workspace, spans: Facts) -> None:
    (shard,) = next(split for split in spans.splits if split.name == "train").files.shards
    cells = pq.read_table(mixed.root / "dist" / shard.path).column("audio").to_pylist()
    samples, _ = sf.read(io.BytesIO(INTEGERS), dtype="int16")
    for cell, first in zip(cells, (0, 2_000, 20_000), strict=True):
        assert np.array_equal(sf.read(io.BytesIO(cell["bytes"]), dtype="int16")[0], samples[first : first + 4_000])


def test_everything_that_is_said_fits_a_page(spans: Facts, facts: Facts) -> None:
    for found in (spans, facts):
        assert blocks(sound.stored(found), sound.changes(found), sound.adaptation(found), sound.instance(found))


def test_shards_of_an_older_lds_are_refused(mixed: Workspace) -> None:
    entry = mixed.history["shard"]
    splits = {
        name: {k: v for k, v in part.items() if k != "audio_bytes"} for name, part in entry.report["splits"].items()
    }
    older = msgspec.structs.replace(entry, report={**entry.report, "splits": splits})
    with pytest.raises(UsageError, match="an older lds has written"):
        facts_of(replace(mixed, history={**mixed.history, "shard": older}))
