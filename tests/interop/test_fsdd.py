"""The whole job on a real corpus, the Free Spoken Digit Dataset, read back by the libraries that people use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listen_datasets.cli.program import run
from listen_datasets.errors import ExitCode

FSDD = Path(__file__).resolve().parents[3] / "shared" / "data" / "fsdd"

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not (FSDD / "metadata.csv").is_file(), reason="the Free Spoken Digit Dataset is not here"),
    # Warnings of these libraries about themselves are not ours to mend.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fsdd") / "digits"
    by = ["--label", "label", "--group-by", "speaker", "--stratify-by", "label"]
    commands = [
        ["init", str(folder), *by],
        ["ingest", str(folder), str(FSDD), "--metadata", str(FSDD / "metadata.csv")],
        *([stage, str(folder)] for stage in ("validate", "features", "split", "shard", "card", "verify")),
    ]
    for command in commands:
        assert run([*command, "--quiet"]) is ExitCode.OK, command
    return folder


def test_load_dataset_gives_audio_and_labels(dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")

    loaded = datasets.load_dataset(str(dataset / "dist"), cache_dir=str(tmp_path))

    assert set(loaded) == {"train", "validation", "test"}
    assert sum(loaded.num_rows.values()) == 3000
    features = loaded["train"].features
    assert isinstance(features["audio"], datasets.Audio)
    assert features["audio"].sampling_rate == 8000
    assert features["label"].names == [str(digit) for digit in range(10)]
    speakers = {name: set(split["speaker"]) for name, split in loaded.items()}
    assert sum(len(names) for names in speakers.values()) == len(set().union(*speakers.values()))


def test_audio_comes_back_byte_for_byte(dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")

    test = datasets.load_dataset(str(dataset / "dist"), split="test", cache_dir=str(tmp_path))
    plain = test.cast_column("audio", datasets.Audio(decode=False))

    for row in plain.select(range(0, plain.num_rows, 50)):
        assert row["audio"]["bytes"] == (FSDD / row["file_name"]).read_bytes()


def test_card_is_read_by_the_hub(dataset: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")

    card = hub.DatasetCard.load(dataset / "dist" / "README.md")

    assert card.data.license == "cc-by-sa-4.0"
    assert card.data.size_categories == ["1K<n<10K"]


def test_croissant_is_valid_and_its_records_can_be_read(dataset: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")

    read = croissant.Dataset(jsonld=str(dataset / "dist" / "croissant.json"))

    assert not read.metadata.ctx.issues.errors
    assert next(iter(read.records("default")))["default/audio"][:4] == b"RIFF"


def test_provenance_is_a_statement(dataset: Path) -> None:
    pytest.importorskip("in_toto_attestation")
    from google.protobuf import json_format  # noqa: PLC0415 - comes with the extra
    from in_toto_attestation.v1 import statement_pb2  # noqa: PLC0415
    from in_toto_attestation.v1.statement import Statement  # noqa: PLC0415

    document = json.loads((dataset / "dist" / "provenance.intoto.json").read_text(encoding="utf-8"))

    Statement.copy_from_pb(json_format.ParseDict(document, statement_pb2.Statement())).validate()
