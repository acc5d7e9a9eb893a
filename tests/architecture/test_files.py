"""Who may touch files: a lint over the source, because one careless line is enough to lose somebody's data."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import listen_datasets

PACKAGE = Path(listen_datasets.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
    if "testing" not in path.parts
}

_OF_A_PATH = frozenset(
    {"write_text", "touch", "rename", "unlink", "rmdir", "mkdir", "symlink_to", "hardlink_to", "chmod", "write_bytes"}
)
_OF_OS = frozenset(
    {"write", "pwrite", "writev", "rename", "renames", "replace", "remove", "unlink", "rmdir", "removedirs", "mkdir",
     "makedirs", "mkfifo", "truncate", "ftruncate", "link", "symlink", "chmod", "chown", "utime", "open", "posix_fallocate"}
)  # fmt: skip
_OF_OTHERS = frozenset({"write_table", "ParquetWriter", "write_feather", "to_csv", "to_parquet", "savez", "savefig"})

WRITERS = {
    "storage.py": "the one way to write",
    "lock.py": "the lock file, through the disk",
    "parquet.py": "into the file object that storage.py gives it",
    "cli/program.py": "opens /dev/null behind a closed pipe",
    "inputs/opening.py": "opens, for reading only",
    "inputs/walking.py": "opens folders",
    "feeding.py": "into a pipe",
    "stores/spool.py": "files without a name, which vanish when they are closed",
}
"""The modules that may use what changes files, and what for."""

READERS = {
    "catalogue.py": "schemas of lds",
    "cli/ingest.py": "lds.toml",
    "cli/init.py": "schemas of lds",
    "commit.py": "the record of a commit",
    "config.py": "lds.toml",
    "contents.py": "tables of lds",
    "dataset.py": "lds.toml",
    "decoding.py": "a descriptor that inputs has opened",
    "digest.py": "files of lds",
    "documents/pages.py": "templates of lds",
    "documents/published.py": "shards",
    "documents/questions.py": "schemas of lds",
    "extractors/embedding.py": "the model that the recipe names",
    "features/files.py": "features",
    "features/reading.py": "features",
    "fingerprints/keeping.py": "fingerprints",
    "fingerprints/shelf.py": "fingerprints",
    "huggingface.py": "shards",
    "journal.py": "the journal of an unfinished run",
    "ledger.py": "the ledger",
    "metadata/parquet.py": "a descriptor that inputs has opened",
    "parquet.py": "tables of lds",
    "schema/references.py": "schemas of lds",
    "stages/validate.py": "findings of ingest",
    "stores/hf_parquet.py": "a descriptor that inputs has opened",
    "stores/hf_shard.py": "a descriptor that inputs has opened",
    "tables.py": "schemas of lds",
    "verification.py": "the checksums of dist",
}
"""The modules that read files by their path or descriptor, and which. None of them is a recording or a table of the user:
those are opened by inputs, whatever reads them afterwards."""


def names(node: ast.expr) -> list[str]:
    """Return ``["os", "open"]`` for ``os.open``; an empty name stands for anything that is no name."""
    if isinstance(node, ast.Attribute):
        return [*names(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]


@cache
def nodes_of(tree: ast.Module) -> list[ast.AST]:
    return list(ast.walk(tree))


@cache
def calls(tree: ast.Module) -> list[tuple[ast.Call, list[str]]]:
    return [(node, names(node.func)) for node in nodes_of(tree) if isinstance(node, ast.Call)]


def is_write(call: ast.Call, path: list[str]) -> bool:
    *owner, name = path
    if not owner:
        return name == "open"
    if owner == ["os"]:
        return name in _OF_OS
    if owner[-1] in {"disk", "_disk", "storage"}:
        return False
    # A path has one argument here, a text two, and a value keywords.
    is_replace = name == "replace" and len(call.args) == 1 and not call.keywords
    is_open = name == "open" and any(
        isinstance(arg, ast.Constant) and set("wax+") & set(str(arg.value)) for arg in call.args
    )
    return name in _OF_A_PATH | _OF_OTHERS or is_replace or is_open


def is_read(path: list[str]) -> bool:
    name = path[-1]
    by_path = {"read_text", "read_bytes", "ParquetFile", "SoundFile", "read_schema", "memory_map"}
    return name in by_path or path in (["pq", "read_table"], ["sf", "read"], ["path", "open"], ["np", "load"])


def modules_that_call(*forbidden: str) -> dict[str, set[str]]:
    """Return the calls of these names, written as in the source, by module."""
    found = {name: {".".join(path) for _, path in calls(tree)} & set(forbidden) for name, tree in MODULES.items()}
    return {name: called for name, called in found.items() if called}


def modules_that_import(*forbidden: str) -> dict[str, set[str]]:
    """Return the imports of these packages by module."""
    found = {name: imported(tree) & set(forbidden) for name, tree in MODULES.items()}
    return {name: packages for name, packages in found.items() if packages}


@cache
def imported(tree: ast.Module) -> set[str]:
    nodes = nodes_of(tree)
    whole = {item.name for node in nodes if isinstance(node, ast.Import) for item in node.names}
    names_ = whole | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return names_ | {name.partition(".")[0] for name in names_}


def test_files_are_changed_in_few_places() -> None:
    found = {
        module: [ast.unparse(call) for call, path in calls(tree) if is_write(call, path)]
        for module, tree in MODULES.items()
    }

    assert {module: lines for module, lines in found.items() if lines}.keys() == WRITERS.keys()


def test_files_are_read_by_few_and_inputs_by_one() -> None:
    found = {
        module: [ast.unparse(call) for call, path in calls(tree) if is_read(path)] for module, tree in MODULES.items()
    }

    assert {module: lines for module, lines in found.items() if lines}.keys() == READERS.keys()


@pytest.mark.parametrize(
    "text",
    [
        "open(x)",
        "path.write_text(t)",
        "a.b.unlink()",
        "p.replace(q)",
        "os.rename(a, b)",
        "p.open('wb')",
        "pq.write_table(t)",
    ],
)
def test_the_lint_knows_a_write_when_it_sees_one(text: str) -> None:
    assert [is_write(call, path) for call, path in calls(ast.parse(text))] == [True]


@pytest.mark.parametrize(
    "text",
    ["disk.unlink(p)", "t.replace('a', 'b')", "replace(x, a=1)", "p.open('rb')", "os.read(fd)", "Dataset.open(p)"],
)
def test_the_lint_lets_its_look_alikes_pass(text: str) -> None:
    assert [is_write(call, path) for call, path in calls(ast.parse(text))] == [False]


def test_nobody_copies_moves_or_makes_temporary_files_by_other_means() -> None:
    assert modules_that_import("shutil", "fileinput", "tarfile", "sqlite3", "shelve", "dbm") == {}
    assert modules_that_import("tempfile").keys() == {
        "stores/spool.py",  # files without a name
        "cli/split_audit.py",  # a dataset for as long as an audit takes
    }
    assert modules_that_import("zipfile").keys() == {
        "metadata/excel.py",
        "metadata/excel_archive.py",
    }  # reads workbooks


def test_nothing_from_data_is_run() -> None:
    assert modules_that_call("eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.full_load") == {}
    assert modules_that_import("subprocess", "joblib", "marshal", "dill") == {}


def test_only_workers_and_their_parent_unpickle() -> None:
    assert modules_that_call("pickle.loads", "pickle.load").keys() == {"executors/worker.py", "executors/pool.py"}


def test_only_remote_sources_open_sockets() -> None:
    assert modules_that_import("urllib.request", "requests", "httpx", "ftplib", "smtplib", "aiohttp") == {}
    assert modules_that_import("http", "ssl").keys() == {"stores/web.py"}
    assert modules_that_import("fsspec", "s3fs", "gcsfs", "huggingface_hub") == {}  # by name, where a URL asks for it
    # The lock wants the name of the host; addresses are looked up before they are asked; a nursery is handed pipes.
    of_this_machine = {"lock.py", "executors/nursery.py", "executors/worker.py"}
    assert modules_that_import("socket").keys() == {*of_this_machine, "stores/urls.py", "stores/web.py"}


def test_the_library_neither_prints_nor_exits() -> None:
    assert modules_that_call("print", "input", "exit", "quit", "sys.exit") == {"cli/program.py": {"sys.exit"}}


def test_nothing_depends_on_assertions() -> None:
    assert [name for name, tree in MODULES.items() for node in nodes_of(tree) if isinstance(node, ast.Assert)] == []
