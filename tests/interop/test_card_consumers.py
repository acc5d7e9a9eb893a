"""What the consumers' own libraries make of the documents, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from listen_datasets.stages import card
from listen_datasets.testing.publications import WHOLE, put, rows, sharded

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]  # the warnings of other people's libraries

HOSTILE = {
    "label": ["- dog", "'no'", "a: b", "---", "- dog", "007\u2028x"],
    "odd name|<b>": ["1", None, "3", "4", "5", "6"],
    "été": [True, False, None, True, True, False],
    "split_2": [1, 2, 3, None, 5, 6],
    "default/x": [0.5, None, 1.5, 2.5, 3.5, 4.5],
    "default_x": ["a"] * 6,
    "words": [["a", "b"], [], None, ["c"], ["d"], [None]],
    "grid": [[[1, 2], [3]], [], None, [[4]], [[]], [[5]]],
    "events": [[{"onset": 0.5, "what": "x"}], [], None, [{"onset": 1.0, "what": None}], [], []],
    "place": [{"lat": 1.5, "name": "a"}, None, {"lat": None, "name": "b"}, None, None, None],
    "deep": [{"a": [{"b": 1}]}, None, None, {"a": []}, None, {"a": None}],
}
CLIPS = {"train": 4, "validation": 1, "test": 1}


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
        yield


@pytest.fixture(scope="module", params=["plain", "hostile", "sparse"])
def dist(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published folder: a usual one, one with columns and labels that are hard to write, one that says little."""
    root = tmp_path_factory.mktemp(request.param)
    recipe = WHOLE
    if request.param == "hostile":
        about = msgspec.structs.replace(
            WHOLE.dataset, title="---\n# <b>x</b>: 'no'", keywords=("no", "*", "a: b"), languages=("no",)
        )
        recipe = msgspec.structs.replace(WHOLE, dataset=about)
    if request.param == "sparse":
        about = type(WHOLE.dataset)(name="made", license="LicenseRef-mine")
        recipe = msgspec.structs.replace(WHOLE, dataset=about)
    workspace = sharded(root / "dataset", rows(**(HOSTILE if request.param == "hostile" else {})), recipe)
    (workspace.root / "datasheet.yaml").write_text(
        "use.could: 'Tests: [x](y).'\ncol.timeframe: 2023-01-01/2023-02-01\n"
    )
    put(workspace.root, card.run(workspace, card.Config(datasheet="datasheet.yaml")))
    return workspace.root / "dist"


def test_huggingface_hub_reads_the_card(dist: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    read = hub.DatasetCard.load(dist / "README.md")
    info = read.data.to_dict()["dataset_info"]
    assert {split["name"]: split["num_examples"] for split in info["splits"]} == CLIPS
    assert read.text.lstrip().startswith("# ")


def test_datasets_reads_the_configuration_and_the_features(dist: Path) -> None:
    info, metadata = pytest.importorskip("datasets.info"), pytest.importorskip("datasets.utils.metadata")
    data = pytest.importorskip("huggingface_hub").DatasetCard.load(dist / "README.md").data
    assert set(metadata.MetadataConfigs.from_dataset_card_data(data)) == {"default"}
    features = info.DatasetInfosDict.from_dataset_card_data(data)["default"].features
    assert type(features["audio"]).__name__ == "Audio"


def test_load_dataset_gives_every_clip_and_column(dist: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(dist), cache_dir=str(tmp_path))
    assert {name: split.num_rows for name, split in loaded.items()} == CLIPS
    train = loaded["train"].cast_column("audio", datasets.Audio(decode=False))
    assert [clip["audio"]["bytes"] for clip in train] == [f"the bytes of {name}".encode() for name in "abcd"]
    schema = pq.read_schema(dist / "data" / "train-00000-of-00001.parquet")
    assert train.column_names == schema.names


def test_the_features_of_the_card_are_those_of_the_shards(dist: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    data = pytest.importorskip("huggingface_hub").DatasetCard.load(dist / "README.md").data
    said = datasets.info.DatasetInfosDict.from_dataset_card_data(data)["default"]
    files = {"train": str(dist / "data" / "train-*")}
    found = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))["train"].features
    assert said.features == found


def test_mlcroissant_finds_nothing_wrong(dist: Path) -> None:
    mlc = pytest.importorskip("mlcroissant")
    issues = mlc.Dataset(str(dist / "croissant.json")).metadata.ctx.issues
    assert not issues.errors
    about = json.loads((dist / "croissant.json").read_text())
    lacking = [key for key in ("license", "datePublished", "citeAs") if key not in about]
    assert len(issues.warnings) == len(lacking)


def test_mlcroissant_reads_the_records(dist: Path) -> None:
    mlc = pytest.importorskip("mlcroissant")
    records = list(mlc.Dataset(str(dist / "croissant.json")).records("default"))
    assert sorted(record["default/audio"] for record in records) == [
        f"the bytes of {name}".encode() for name in "abcdef"
    ]
    counts: dict[str, int] = {}
    for record in records:
        counts[record["default/split"].decode()] = counts.get(record["default/split"].decode(), 0) + 1
    assert counts == CLIPS


@pytest.mark.parametrize("name", ["labels", "splits"])
def test_mlcroissant_reads_the_inline_records(dist: Path, name: str) -> None:
    mlc = pytest.importorskip("mlcroissant")
    document = json.loads((dist / "croissant.json").read_text())
    data: Any = next((item["data"] for item in document["recordSet"] if item["@id"] == name), None)
    if data is None:
        pytest.skip("this dataset has no label column")
    assert [dict(record) for record in mlc.Dataset(str(dist / "croissant.json")).records(name)] == data


def test_in_toto_accepts_the_statement(dist: Path) -> None:
    statement = pytest.importorskip("in_toto_attestation.v1.statement").Statement
    statement_pb2 = pytest.importorskip("in_toto_attestation.v1.statement_pb2")
    provenance_pb2 = pytest.importorskip("in_toto_attestation.predicates.provenance.v1.provenance_pb2")
    json_format = pytest.importorskip("google.protobuf.json_format")
    document = json.loads((dist / "provenance.intoto.json").read_text())
    statement.copy_from_pb(json_format.ParseDict(document, statement_pb2.Statement())).validate()
    predicate = json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())
    assert predicate.build_definition.build_type == "https://listen-datasets.example/build/v1"
