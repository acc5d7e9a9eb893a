"""What holds for every plug-in of a family, ours and others' alike. More about probes and rules stands with them."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from listen_datasets import catalogue, recipe, registry, tables
from listen_datasets.testing.signals import Signal, constant, noise, tone

RATE = 8000
SECTIONS: dict[str, recipe.Section] = {
    "log-mel": recipe.LogMel(),
    "mfcc": recipe.Mfcc(),
    "loudness": recipe.Loudness(),
}
SIGNALS = {
    "noise": noise(1, sample_rate=RATE),
    "two channels": noise(2, sample_rate=RATE, num_channels=2),
    "silence": constant(0.0, sample_rate=RATE),
    "one sample": tone(duration=1 / RATE, sample_rate=RATE),
    "nothing": tone(sample_rate=RATE)[:0],
}


def extractor(name: str) -> Any:
    kind = registry.find("extractors", name)
    return kind(SECTIONS[name]) if name in SECTIONS else kind()


def column(name: str, field: pa.Field, signal: Signal) -> pa.Array:
    value = extractor(name)(signal, RATE)[field.name]
    return pa.array([value.tolist() if isinstance(value, np.ndarray) else value], field.type)


# ----------------------------------------------------------------------------------------------------------------------
# Extractors


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_an_extractor_is_called_what_it_is_found_by(name: str) -> None:
    assert extractor(name).name == name
    assert extractor(name).version


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_an_extractor_of_ours_has_a_section_in_the_recipe(name: str) -> None:
    assert hasattr(recipe.Features(), name.replace("-", "_"))


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_every_column_says_what_it_is(name: str) -> None:
    assert [field.name for field in extractor(name).fields() if not (field.metadata or {}).get(b"description")] == []


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("name", registry.names("extractors"))
def test_an_extractor_gives_the_columns_that_it_promises(name: str, signal: str) -> None:
    fields = extractor(name).fields()

    assert extractor(name)(SIGNALS[signal], RATE).keys() == {field.name for field in fields}
    assert [column(name, field, SIGNALS[signal]).type for field in fields] == [field.type for field in fields]


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_a_call_leaves_nothing_behind(name: str) -> None:
    one, used = extractor(name), extractor(name)
    used(SIGNALS["two channels"], 2 * RATE)

    fields = one.fields()

    assert [repr(used(SIGNALS["noise"], RATE)[field.name]) for field in fields] == [
        repr(one(SIGNALS["noise"], RATE)[field.name]) for field in fields
    ]


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_samples_are_left_alone(name: str) -> None:
    samples = SIGNALS["two channels"].copy()
    samples.flags.writeable = False

    extractor(name)(samples, RATE)

    assert np.array_equal(samples, SIGNALS["two channels"])


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
