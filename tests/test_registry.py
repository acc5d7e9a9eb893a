from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from listen_datasets import registry
from listen_datasets.errors import UsageError
from listen_datasets.probes.loudness import Loudness


def test_a_built_in_is_found_by_its_name() -> None:
    assert registry.find("probes", "loudness") is Loudness


def test_names_are_sorted() -> None:
    assert registry.names("probes") == ("loudness", "spectrum", "waveform")


@pytest.mark.parametrize("name", registry.names("probes"))
def test_every_built_in_probe_loads(name: str) -> None:
    assert registry.find("probes", name).columns


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(UsageError, match="the probes have no 'loud'") as caught:
        registry.find("probes", "loud")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean 'loudness'? known: loudness, spectrum")


def test_an_unknown_family_lists_the_families() -> None:
    with pytest.raises(UsageError, match="no family of plug-ins 'probe'") as caught:
        registry.names("probe")
    assert caught.value.hint == "did you mean 'probes'? known: executors, extractors, probes, reports, rules, set_rules"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package with three probes: a good one, one that takes a built-in name, and one that is not there."""
    (tmp_path / "others_probe.py").write_text("class Tempo:\n    pass\n")
    info = tmp_path / "others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    points = "tempo = others_probe:Tempo\nloudness = others_probe:Tempo\ngone = others_probe:Gone\n"
    (info / "entry_points.txt").write_text(f"[listen_datasets.probes]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    registry.forget()
    yield
    registry.forget()


@pytest.mark.usefixtures("installed")
def test_an_installed_plug_in_is_found() -> None:
    assert registry.find("probes", "tempo").__name__ == "Tempo"


@pytest.mark.usefixtures("installed")
def test_a_built_in_name_cannot_be_taken() -> None:
    assert registry.find("probes", "loudness") is Loudness


@pytest.mark.usefixtures("installed")
def test_a_plug_in_that_cannot_be_loaded_says_where_it_should_be() -> None:
    with pytest.raises(UsageError, match="'gone' of the probes cannot be loaded") as caught:
        registry.find("probes", "gone")
    assert caught.value.where == "others_probe:Gone"
