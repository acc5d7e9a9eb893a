"""What belongs together has one name: command, module, stage, section of the recipe, entry in the public list."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest

import listen_datasets
from listen_datasets import catalogue, recipe, registry, stages
from listen_datasets.cli.commands import COMMANDS
from listen_datasets.cli.program import program

CLI = Path(listen_datasets.__file__).parent / "cli"
NO_COMMANDS = {
    "__init__",
    "commands",
    "console",
    "options",
    "program",
    "render",
    "reporting",
    "schema_file",
    "split_audit",
    "stage_command",
}
SECTIONS = {entry.name: entry.type for entry in msgspec.structs.fields(recipe.Recipe)}


def every_module() -> list[str]:
    found = pkgutil.walk_packages(listen_datasets.__path__, "listen_datasets.")
    return ["listen_datasets", *(item.name for item in found if not item.name.endswith("__main__"))]


def command(name: str) -> click.Command:
    """Return a command by its name, such as ``run`` or ``schema infer``."""
    group, _, inner = name.partition(" ")
    found: click.Command = importlib.import_module(f"listen_datasets.cli.{group}").command
    return found.commands[inner] if inner and isinstance(found, click.Group) else found


def leaves() -> list[str]:
    """Return the names of all commands that do something: those in groups, and those that are no group."""
    groups = {name: found.commands for name in COMMANDS if isinstance(found := command(name), click.Group)}
    alone = [name for name in COMMANDS if name not in groups]
    return alone + [f"{group} {inner}" for group, commands in groups.items() for inner in commands]


# ----------------------------------------------------------------------------------------------------------------------
# The public list


def test_what_modules_export_is_there() -> None:
    modules = {name: importlib.import_module(name) for name in every_module()}

    assert [(name, item) for name, module in modules.items() for item in getattr(module, "__all__", [])
            if not hasattr(module, item)] == []  # fmt: skip


def test_the_public_list_is_sorted_and_true() -> None:
    public = {name for name in vars(listen_datasets) if not name.startswith("_")}
    modules = {name for name in public if inspect.ismodule(getattr(listen_datasets, name))}

    assert listen_datasets.__all__ == sorted(listen_datasets.__all__)
    assert public - modules - {"annotations", "Any", "TYPE_CHECKING"} <= set(listen_datasets.__all__)


@pytest.mark.parametrize("name", [name for name in listen_datasets.__all__ if not name.startswith("__")])
def test_a_public_name_is_at_home_below(name: str) -> None:
    assert getattr(listen_datasets, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Datasets'"):
        _ = listen_datasets.Datasets


def test_every_module_says_what_it_is_about() -> None:
    firsts = {name: (importlib.import_module(name).__doc__ or "").split("\n\n")[0].strip() for name in every_module()}

    assert [name for name, text in firsts.items() if not text.endswith((".", "::"))] == []


# ----------------------------------------------------------------------------------------------------------------------
# Commands


def test_every_command_is_a_module_and_every_module_a_command() -> None:
    assert {path.stem for path in CLI.glob("*.py")} - NO_COMMANDS == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    help_ = inspect.cleandoc(command(name).help or "")

    assert command(name).name == name
    assert help_.splitlines()[0] == COMMANDS[name]
    assert len(help_.split("\n\n")) > 1


@pytest.mark.parametrize("name", leaves())
def test_the_dataset_is_the_first_argument_of_every_command(name: str) -> None:
    arguments = [parameter for parameter in command(name).params if isinstance(parameter, click.Argument)]

    if name == "explain":  # which is about no dataset
        assert [argument.name for argument in arguments] == ["codes"]
        return
    assert arguments[0].name == "dataset" or str(arguments[0].metavar).startswith(("DATASET", "[DATASET|"))


@pytest.mark.parametrize("name", leaves())
def test_every_command_takes_what_all_take(name: str) -> None:
    options = {option for parameter in command(name).params for option in parameter.opts}

    assert {"--json", "--quiet", "--jobs", "--engine"} <= options


@pytest.mark.parametrize("name", leaves())
def test_every_option_has_help(name: str) -> None:
    lacking = [
        parameter.name
        for parameter in command(name).params
        if isinstance(parameter, click.Option) and not parameter.help
    ]

    assert lacking == []


def test_the_program_lists_the_commands_in_the_order_of_the_job() -> None:
    assert program.list_commands(click.Context(program)) == list(COMMANDS)


def test_the_stages_come_in_the_order_of_the_job() -> None:
    assert [name for name in COMMANDS if name in stages.ORDER] == list(stages.ORDER)


# ----------------------------------------------------------------------------------------------------------------------
# Stages


@pytest.mark.parametrize("name", stages.ORDER)
def test_stage_section_and_command_share_a_name(name: str) -> None:
    stage = stages.find(name)

    assert stage.name == name
    assert stage.config is SECTIONS[name]
    assert name in COMMANDS


def test_every_section_but_the_first_three_is_a_stage() -> None:
    assert set(SECTIONS) - {"dataset", "source", "metadata_schema"} == set(stages.ORDER)


@pytest.mark.parametrize("name", stages.ORDER)
def test_a_stage_can_be_imported_from_its_module(name: str) -> None:
    module = importlib.import_module(f"listen_datasets.stages.{name}")

    assert module.STAGE is stages.find(name)
    assert module.Config is module.STAGE.config


def test_every_stage_that_reports_is_a_stage() -> None:
    assert {entry.stage for entry in catalogue.entries().values()} <= set(stages.ORDER)


# ----------------------------------------------------------------------------------------------------------------------
# Plug-ins


@pytest.mark.parametrize("family", registry.BUILT_IN)
def test_every_plug_in_of_ours_can_be_loaded(family: str) -> None:
    assert [name for name in registry.BUILT_IN[family] if registry.find(family, name) is None] == []


@pytest.mark.parametrize("family", ["probes", "extractors", "rules"])
def test_every_plug_in_lies_in_the_folder_of_its_family(family: str) -> None:
    for name, home in registry.BUILT_IN[family].items():
        assert home.startswith(f"listen_datasets.{family}.{name.replace('-', '_')}:")


# ----------------------------------------------------------------------------------------------------------------------
# What an import costs


def loaded_by(statement: str) -> set[str]:
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_library_knows_neither_click_nor_a_terminal() -> None:
    modules = [name for name in every_module() if not name.startswith("listen_datasets.cli")]

    loaded = loaded_by("; ".join(f"import {name}" for name in modules))

    assert loaded & {"click", "tqdm", "librosa", "torch", "datasets", "huggingface_hub", "mlcroissant"} == set()
    assert not {name for name in loaded if name.startswith("listen_datasets.cli")}


def test_importing_the_package_imports_nothing_heavy_and_registers_nothing() -> None:
    loaded = loaded_by("import listen_datasets")

    assert {name for name in loaded if name.startswith("listen_datasets")} == {"listen_datasets"}
    assert loaded & {"numpy", "pyarrow", "msgspec"} == set()


def test_importing_commands_imports_no_decoder() -> None:
    loaded = loaded_by("; ".join(f"import listen_datasets.cli.{name}" for name in COMMANDS))

    assert loaded & {"numpy", "pandas", "pyarrow", "soundfile", "scipy", "numba", "soxr", "jsonschema"} == set()
