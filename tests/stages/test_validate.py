from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listen_datasets import config, tables
from listen_datasets.errors import CorruptError, RecipeError, SchemaError, UsageError
from listen_datasets.executors.serial import Serial
from listen_datasets.model import Finding
from listen_datasets.progress import Silent
from listen_datasets.recipe import Ignore, Validate
from listen_datasets.registry import BUILT_IN
from listen_datasets.stage import Outcome, Workspace, check_laws
from listen_datasets.stages import validate
from listen_datasets.storage import Disk

_SCHEMA = {"type": "object", "required": ["label"], "properties": {"label": {"enum": ["a", "b"]}}}
_GOOD = {
    "source": "s", "start": 0.0, "duration": 2.0, "sample_rate": 16000, "num_channels": 1, "peak_dbfs": -6.0,
    "silent_fraction": 0.0, "clipped_fraction": 0.0, "dc_offset": 0.0, "metadata_file": "m.csv",
}  # fmt: skip


def _manifest(clips: Sequence[Mapping[str, Any]], **users: Sequence[Any]) -> pa.Table:
    rows = [
        {**_GOOD, "clip_id": f"clip{i:04}", "path": f"{i:04}.wav", "metadata_line": i + 2, **clip}
        for i, clip in enumerate(clips)
    ]
    table = tables.table_of(rows, "ingest")
    for name, values in users.items():
        table = table.append_column(name, pa.array(values, pa.string()))
    return table


def _workspace(root: Path, manifest: pa.Table, text: str = "", ingest: Sequence[Finding] | None = None) -> Workspace:
    if ingest is not None:
        (root / "findings").mkdir(exist_ok=True)
        pq.write_table(tables.findings_table(ingest), root / "findings" / "ingest.parquet")
    return Workspace(
        root=root,
        staging=root / ".lds" / "stage" / "run",
        recipe=config.parse(f'{text}\n[dataset]\nname = "t"\n' if "[dataset]" not in text else text),
        manifest=manifest,
        rejected=tables.rejected_table([]),
        history={},
        executor=Serial(),
        progress=Silent(),
        disk=Disk(root),
    )


def _error(code: str = "metadata.type", **fields: str | int) -> Finding:
    return msgspec.convert({"code": code, "severity": "error", "message": "x", **fields}, Finding)


def _excluded(outcome: Outcome) -> list[str | None]:
    assert outcome.manifest is not None
    values: list[str | None] = outcome.manifest.column("excluded_by").to_pylist()
    return values


def test_clip_with_an_error_is_excluded_by_its_code(tmp_path: Path) -> None:
    outcome = validate.run(_workspace(tmp_path, _manifest([{}, {"clipped_fraction": 0.5}])), Validate())
    assert _excluded(outcome) == [None, "audio.clipped"]


def test_clip_with_a_warning_is_kept(tmp_path: Path) -> None:
    outcome = validate.run(_workspace(tmp_path, _manifest([{"dc_offset": 0.5}])), Validate())
    assert (_excluded(outcome), [finding.code for finding in outcome.findings]) == ([None], ["audio.dc_offset"])


def test_clip_with_several_errors_is_excluded_by_the_first_in_order(tmp_path: Path) -> None:
    manifest = _manifest([{"clipped_fraction": 0.5, "duration": 0.001}], declared_sample_rate=["8000"])
    outcome = validate.run(_workspace(tmp_path, manifest), Validate())
    assert _excluded(outcome) == ["audio.clipped"]
    assert [finding.code for finding in outcome.findings] == [
        "audio.clipped",
        "audio.sample_rate_mismatch",
        "clip.too_short",
    ]


def test_nothing_is_excluded_if_the_recipe_says_so(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{"clipped_fraction": 0.5}]), ingest=[_error(clip_id="clip0000")])
    outcome = validate.run(workspace, Validate(exclude_errors=False))
    assert (_excluded(outcome), outcome.report["excluded"], len(outcome.findings)) == ([None], 0, 1)


def test_error_of_ingest_excludes_and_is_not_repeated(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}, {}]), ingest=[_error(clip_id="clip0001")])
    outcome = validate.run(workspace, Validate())
    assert (_excluded(outcome), list(outcome.findings)) == ([None, "metadata.type"], [])


def test_error_of_ingest_that_names_a_line_excludes_the_clip_of_that_line(tmp_path: Path) -> None:
    ingest = [_error(path="m.csv", line=3), _error(path="other.csv", line=2), _error(path="m.csv", line=99)]
    outcome = validate.run(_workspace(tmp_path, _manifest([{}, {}]), ingest=ingest), Validate())
    assert _excluded(outcome) == [None, "metadata.type"]


def test_warning_of_ingest_does_not_exclude(tmp_path: Path) -> None:
    ingest = [msgspec.structs.replace(_error(clip_id="clip0000"), severity="warning")]
    assert _excluded(validate.run(_workspace(tmp_path, _manifest([{}]), ingest=ingest), Validate())) == [None]


def test_error_of_ingest_about_no_clip_does_not_exclude(tmp_path: Path) -> None:
    ingest = [_error("audio.truncated", path="broken.wav"), _error("metadata.file_missing", clip_id="gone")]
    outcome = validate.run(_workspace(tmp_path, _manifest([{}]), ingest=ingest), Validate())
    assert (_excluded(outcome), outcome.report["excluded"]) == ([None], 0)


def test_errors_of_ingest_come_first(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{"clipped_fraction": 0.5}]), ingest=[_error(clip_id="clip0000")])
    assert _excluded(validate.run(workspace, Validate())) == ["metadata.type"]


def test_damaged_findings_of_ingest_are_an_error(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}]), ingest=[])
    (tmp_path / "findings" / "ingest.parquet").write_bytes(b"PAR1")
    with pytest.raises(CorruptError, match=r"ingest\.parquet cannot be read"):
        validate.run(workspace, Validate())


def test_row_that_breaks_the_schema_is_excluded(tmp_path: Path) -> None:
    (tmp_path / "metadata.schema.json").write_text(json.dumps(_SCHEMA))
    outcome = validate.run(_workspace(tmp_path, _manifest([{}, {}], label=["a", "c"])), Validate())
    assert _excluded(outcome) == [None, "metadata.schema"]
    assert outcome.report["schema"] == "metadata.schema.json"


def test_violation_that_ingest_reported_is_not_reported_again(tmp_path: Path) -> None:
    (tmp_path / "metadata.schema.json").write_text('{"properties": {"take": {"type": "integer"}}}')
    ingest = [_error(clip_id="clip0000", path="m.csv", line=2, field="/take")]
    workspace = _workspace(tmp_path, _manifest([{}, {}], take=["007", "008"]), ingest=ingest)
    assert [finding.clip_id for finding in validate.run(workspace, Validate()).findings] == ["clip0001"]


def test_dataset_without_a_schema_is_judged_by_the_rules_alone(tmp_path: Path) -> None:
    outcome = validate.run(_workspace(tmp_path, _manifest([{}], label=["c"])), Validate())
    assert (outcome.report["schema"], list(outcome.findings)) == (None, [])


def test_schema_that_the_recipe_names_must_exist(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}]), 'metadata-schema = "mine.json"')
    with pytest.raises(RecipeError, match=r"there is no schema 'mine\.json'"):
        validate.run(workspace, Validate())


def test_schema_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.schema.json").write_text('{"proprties": {}}')
    with pytest.raises(SchemaError, match="proprties"):
        validate.run(_workspace(tmp_path, _manifest([{}], label=["c"])), Validate())


@pytest.mark.parametrize("code", ["metadata.schema", "audio.clipped"])
def test_disabled_code_is_not_looked_for(tmp_path: Path, code: str) -> None:
    (tmp_path / "metadata.schema.json").write_text(json.dumps(_SCHEMA))
    manifest = _manifest([{"clipped_fraction": 0.5}, {}], label=["a", "c"])
    outcome = validate.run(_workspace(tmp_path, manifest), Validate(disable=(code,)))
    other = {"metadata.schema", "audio.clipped"} - {code}
    assert set(_excluded(outcome)) - {None} == {finding.code for finding in outcome.findings} == other


def test_disabled_code_of_ingest_does_not_exclude(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}]), ingest=[_error(clip_id="clip0000")])
    assert _excluded(validate.run(workspace, Validate(disable=("metadata.type",)))) == [None]


def test_unknown_code_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no finding code 'audio\.cliped'") as caught:
        validate.run(_workspace(tmp_path, _manifest([{}])), Validate(disable=("audio.cliped",)))
    assert caught.value.hint == "did you mean audio.clipped?"


@pytest.mark.parametrize(
    "text",
    [
        '[dataset]\nname = "t"\nlabel = "kind"',
        '[dataset]\nname = "t"\n[split]\ngroup-by = ["kind"]',
        '[dataset]\nname = "t"\n[split]\nstratify-by = ["kind"]',
        '[dataset]\nname = "t"\n[shard]\nclass-labels = ["kind"]',
    ],
)
def test_columns_of_labels_and_groups_are_searched_for_twins(tmp_path: Path, text: str) -> None:
    workspace = _workspace(tmp_path, _manifest([{}, {}], kind=["x", "X"], word=["Yes", "yes"]), text)
    findings = validate.run(workspace, Validate()).findings
    assert [finding.field for finding in findings if finding.code == "label.twins"] == ["/kind"]


def test_columns_that_the_recipe_names_are_searched_in_their_stead(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}, {}], kind=["x", "X"], word=["Yes", "yes"]))
    outcome = validate.run(workspace, Validate(label_columns=("word",)))
    assert [finding.field for finding in outcome.findings] == ["/word"]


def test_column_that_the_recipe_names_must_exist(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no column 'lable'"):
        validate.run(_workspace(tmp_path, _manifest([{}], label=["a"])), Validate(label_columns=("lable",)))


def test_findings_are_sorted_by_severity_code_path_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "metadata.schema.json").write_text('{"properties": {"a": {"const": "1"}, "b": {"const": "1"}}}')
    clips: list[dict[str, Any]] = [
        {"dc_offset": 0.5, "path": "z.wav"},
        {"dc_offset": 0.5, "path": "y.wav"},
        {"clipped_fraction": 1.0, "path": "x.wav", "sample_rate": 8000},
    ]
    outcome = validate.run(_workspace(tmp_path, _manifest(clips, b=["2", "1", "2"], a=["1", "2", "2"])), Validate())
    assert [(finding.code, finding.path, finding.line, finding.field) for finding in outcome.findings] == [
        ("audio.clipped", "x.wav", None, "/clipped_fraction"),
        ("metadata.schema", "m.csv", 2, "/b"),
        ("metadata.schema", "m.csv", 3, "/a"),
        ("metadata.schema", "m.csv", 4, "/a"),
        ("metadata.schema", "m.csv", 4, "/b"),
        ("audio.dc_offset", "y.wav", None, "/dc_offset"),
        ("audio.dc_offset", "z.wav", None, "/dc_offset"),
        ("audio.mixed_sample_rates", None, None, "/sample_rate"),
    ]


def test_report_counts_everything(tmp_path: Path) -> None:
    clips: list[dict[str, float]] = [
        {"clipped_fraction": 1.0},
        {"clipped_fraction": 1.0, "dc_offset": 0.5},
        {"sample_rate": 8000},
    ]
    report = dict(validate.run(_workspace(tmp_path, _manifest(clips)), Validate()).report)
    assert report == {
        "checked_rows": 3,
        "classes": None,
        "by_code": {"audio.clipped": 2, "audio.dc_offset": 1, "audio.mixed_sample_rates": 1},
        "by_severity": {"error": 2, "warning": 1, "note": 1},
        "excluded": 2,
        "ignored": [],
        "rules": [*BUILT_IN["rules"], *BUILT_IN["set_rules"]],
        "schema": None,
    }


@pytest.mark.parametrize("level", ["warning", "note"])
def test_an_error_that_the_recipe_takes_for_less_excludes_nothing(
    tmp_path: Path, level: Literal["warning", "note"]
) -> None:
    workspace = _workspace(tmp_path, _manifest([{"clipped_fraction": 0.5}, {}]), ingest=[_error(clip_id="clip0001")])
    outcome = validate.run(workspace, Validate(levels={"audio.clipped": level, "metadata.type": level}))
    assert (_excluded(outcome), [finding.severity for finding in outcome.findings]) == ([None, None], [level])
    assert outcome.report["by_severity"][level] == 1


def test_a_warning_of_ingest_that_the_recipe_takes_for_an_error_excludes(tmp_path: Path) -> None:
    ingest = [msgspec.structs.replace(_error("audio.trailing_bytes", clip_id="clip0000"), severity="warning")]
    outcome = validate.run(
        _workspace(tmp_path, _manifest([{}]), ingest=ingest), Validate(levels={"audio.trailing_bytes": "error"})
    )
    assert _excluded(outcome) == ["audio.trailing_bytes"]


def test_what_is_ignored_excludes_nothing_and_is_reported(tmp_path: Path) -> None:
    manifest = _manifest([{"clipped_fraction": 0.5}, {"clipped_fraction": 0.5}, {}])
    ignore = (
        Ignore(code="audio.clipped", path="0000.wav", reason="a pedal"),
        Ignore(code="metadata.type", reason="an old table"),
    )
    workspace = _workspace(tmp_path, manifest, ingest=[_error(clip_id="clip0002")])
    outcome = validate.run(workspace, Validate(ignore=ignore))
    assert _excluded(outcome) == [None, "audio.clipped", None]
    assert outcome.report["by_code"] == {"audio.clipped": 1}
    assert [(item["code"], item["findings"]) for item in outcome.report["ignored"]] == [
        ("audio.clipped", 1),
        ("metadata.type", 1),
    ]


def test_a_new_version_of_the_dataset_asks_again_where_an_entry_expires_with_it(tmp_path: Path) -> None:
    def judged(version: str, until: str | None) -> str:
        text = f'[dataset]\nname = "t"\nversion = "{version}"'
        config = Validate(ignore=(Ignore(code="audio.clipped", reason="x", until=until),))
        return validate.inputs(_workspace(tmp_path / f"{version}{until}", _manifest([{}]), text), config)["judged"]

    assert judged("1.0.0", "2.0.0") != judged("2.0.0", "2.0.0")
    assert judged("1.0.0", None) == judged("2.0.0", None)


def test_storage_is_capped_but_counts_are_exact(tmp_path: Path) -> None:
    number = validate.MAX_STORED + 5
    outcome = validate.run(_workspace(tmp_path, _manifest([{"dc_offset": 0.5}] * number)), Validate())
    assert outcome.report["by_code"] == {"audio.dc_offset": number}
    assert [finding.path for finding in outcome.findings] == [f"{i:04}.wav" for i in range(validate.MAX_STORED)]


def test_every_excluded_clip_keeps_its_first_finding(tmp_path: Path) -> None:
    number = validate.MAX_STORED + 5
    clips = [{"clipped_fraction": 1.0, "duration": 0.001}] * number
    outcome = validate.run(_workspace(tmp_path, _manifest(clips)), Validate())
    stored = Counter(finding.code for finding in outcome.findings)
    assert stored == {"audio.clipped": number, "clip.too_short": validate.MAX_STORED}
    assert {finding.clip_id for finding in outcome.findings} == {f"clip{i:04}" for i in range(number)}


def test_stage_keeps_its_laws(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _manifest([{}, {"clipped_fraction": 1.0}], label=["a", "b"]))
    outcome = validate.run(workspace, Validate())
    check_laws(validate.STAGE, workspace.manifest, outcome)
    assert validate.run(workspace, Validate()) == outcome


@pytest.mark.parametrize("users", [{}, {"label": []}])
def test_empty_manifest_is_valid(tmp_path: Path, users: dict[str, list[str]]) -> None:
    (tmp_path / "metadata.schema.json").write_text(json.dumps(_SCHEMA))
    outcome = validate.run(_workspace(tmp_path, _manifest([], **users)), Validate())
    assert (_excluded(outcome), list(outcome.findings), outcome.report["checked_rows"]) == ([], [], 0)


def _changed(workspace: Workspace, what: str) -> Workspace:
    root = workspace.root
    if what == "schema":
        (root / "metadata.schema.json").write_text('{"type": "object"}')
    elif what == "ingest_findings":
        _workspace(root, workspace.manifest, ingest=[_error(clip_id="clip0000")])
    elif what == "judged":
        return dataclasses.replace(workspace, recipe=config.parse('[dataset]\nname = "t"\nlabel = "label"'))
    else:
        return dataclasses.replace(workspace, manifest=_manifest([{}], label=["b"]))
    return workspace


@pytest.mark.parametrize("what", ["manifest", "schema", "ingest_findings", "judged"])
def test_stage_depends_on_everything_it_reads(tmp_path: Path, what: str) -> None:
    (tmp_path / "metadata.schema.json").write_text(json.dumps(_SCHEMA))
    workspace = _workspace(tmp_path, _manifest([{}], label=["a"]), ingest=[])
    before = validate.inputs(workspace, Validate())
    after = validate.inputs(_changed(workspace, what), Validate())
    assert {name for name in before if before[name] != after[name]} == {what}
