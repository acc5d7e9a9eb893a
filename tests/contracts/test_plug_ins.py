"""What holds for every plug-in of a family, ours and others' alike. More about probes and rules stands with them."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from listen_datasets import catalogue, recipe, registry, tables
from listen_datasets.analysis.engine import Engine, Result, make
from listen_datasets.arrays import column_of
from listen_datasets.features.sections import Features, kinds
from listen_datasets.testing.extractors import broken_promises
from listen_datasets.testing.signals import Signal, constant, noise, tone

RATE = 8000
SIGNALS = {
    "noise": noise(1, sample_rate=RATE),
    "two channels": noise(2, sample_rate=RATE, num_channels=2),
    "silence": constant(0.0, sample_rate=RATE),
    "one sample": tone(duration=1 / RATE, sample_rate=RATE),
    "nothing": tone(sample_rate=RATE)[:0],
}


WITHOUT = {"embedding": "a model", "quality": "a package"}
"""Extractors that need what is not here; their own tests bring it."""

EXTRACTORS = [name for name in registry.names("extractors") if name not in WITHOUT]


def extractor(name: str) -> Any:
    return make(Features(extractors=(name,)), Path())[name].extractor


def row_of(name: str, signal: Signal, sample_rate: int = RATE) -> Result:
    return Engine(make(Features(extractors=(name,)), Path()))(signal, sample_rate)


def column(name: str, field: pa.Field, signal: Signal) -> pa.Array:
    return column_of([row_of(name, signal).rows[name][field.name]], field)


# ----------------------------------------------------------------------------------------------------------------------
# Extractors


@pytest.mark.parametrize("name", [name for name in EXTRACTORS if name != "summary"])  # which is given rows, not samples
def test_an_extractor_keeps_its_promises(name: str) -> None:
    assert broken_promises(extractor(name)) == []


class Careless:
    """Breaks nearly every promise."""

    name = "careless"
    version = "1"

    def fields(self) -> list[pa.Field]:
        return [pa.field("peak", pa.float32())]

    def __call__(self, samples: Signal, sample_rate: int) -> dict[str, object]:  # noqa: ARG002 - it takes it
        return {"peak": float(np.log(np.abs(samples).max()))}


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_extractor_that_breaks_promises_is_told_which() -> None:
    assert broken_promises(Careless()) == [
        "the column peak has no description",
        "silence: peak is not finite",
        "nothing: it raises ValueError: zero-size array to reduction operation maximum which has no identity",
        "one sample: peak is not finite",
    ]


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_is_called_what_it_is_found_by(name: str) -> None:
    assert extractor(name).name == name
    assert extractor(name).version


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_of_ours_has_a_section_in_the_recipe(name: str) -> None:
    assert name in kinds()


@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_column_says_what_it_is(name: str) -> None:
    assert [field.name for field in extractor(name).fields() if not (field.metadata or {}).get(b"description")] == []


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_gives_the_columns_that_it_promises(name: str, signal: str) -> None:
    fields = extractor(name).fields()

    assert row_of(name, SIGNALS[signal]).rows[name].keys() == {field.name for field in fields}
    assert [column(name, field, SIGNALS[signal]).type for field in fields] == [field.type for field in fields]


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_call_leaves_nothing_behind(name: str) -> None:
    made = make(Features(extractors=(name,)), Path())
    one, used = Engine(made), Engine(made)
    used(SIGNALS["two channels"], 2 * RATE)

    assert repr(used(SIGNALS["noise"], RATE).rows) == repr(one(SIGNALS["noise"], RATE).rows)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_samples_are_left_alone(name: str) -> None:
    samples = SIGNALS["two channels"].copy()
    samples.flags.writeable = False

    row_of(name, samples)

    assert np.array_equal(samples, SIGNALS["two channels"])


ODD = {
    "silence": (constant(0.0, sample_rate=RATE), RATE),
    "one sample": (tone(duration=1 / RATE, sample_rate=RATE), RATE),
    "nothing": (tone(sample_rate=RATE)[:0], RATE),
    "shorter than a frame": (noise(1, duration=0.005, sample_rate=RATE), RATE),
    "8 kHz": (noise(1, duration=0.5, sample_rate=8_000), 8_000),
    "192 kHz": (noise(1, duration=0.2, sample_rate=192_000, num_channels=2), 192_000),
    "full scale": (constant(1.0, duration=0.5, sample_rate=RATE), RATE),
}


@pytest.mark.parametrize("signal", ODD)
@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_value_of_an_odd_clip_is_finite_or_null_and_the_null_ones_are_named(name: str, signal: str) -> None:
    result = row_of(name, *ODD[signal])

    row = result.rows[name]
    assert [reason for trouble in result.troubles if (reason := trouble.reason)] == []
    assert {column for trouble in result.troubles for column in trouble.columns} == {
        column for column, value in row.items() if value is None
    }
    numbers = [np.asarray(value, np.float64) for value in row.values() if value is not None]
    assert all(np.isfinite(one).all() for one in numbers)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_clip_that_is_not_finite_has_no_values_and_a_reason(name: str, bad: float) -> None:
    samples = noise(1, sample_rate=RATE).copy()
    samples[100] = bad

    result = row_of(name, samples)

    assert set(result.rows[name].values()) == {None}
    assert [trouble.reason for trouble in result.troubles] == ["samples are not finite numbers"]


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_an_extractor_reaches_another_process(name: str) -> None:
    kind = registry.find("extractors", name)

    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - our own


# ----------------------------------------------------------------------------------------------------------------------
# Probes


@pytest.mark.parametrize("name", registry.names("probes"))
def test_the_facts_of_a_probe_are_columns_of_the_manifest(name: str) -> None:
    owned = tables.owned_columns()

    assert [fact for fact in registry.find("probes", name).columns if owned[fact]["x-stage"] != "ingest"] == []


def test_every_signal_column_is_measured_by_one_probe() -> None:
    measured = Counter(fact for name in registry.names("probes") for fact in registry.find("probes", name).columns)
    signal = [name for name, entry in tables.owned_columns().items() if entry["x-group"] == "signal"]

    assert measured == Counter(signal)


# ----------------------------------------------------------------------------------------------------------------------
# Rules


@pytest.mark.parametrize("name", registry.names("rules"))
def test_a_rule_can_judge_what_ingest_gives_and_nothing_more(name: str) -> None:
    table = tables.table_of([{"clip_id": "a", "source": "s", "path": "a.wav"}], "ingest")

    found = registry.find("rules", name)(table, recipe.Validate())

    assert {item.code for item in found} <= set(catalogue.entries())
