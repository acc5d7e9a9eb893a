"""A table of a million rows judged against a schema, `lds` beside what people use for it, in turn, in the same run.

    python benchmarks/validate.py [--rows N] [--sample N] [--rounds N] [--peers PYTHON]

The table has 15 fields (5 enums, 4 patterns, a date, a date and time, numbers, text), and one row in a hundred is broken
(`million_rows.py`). Everything runs on one core. What each does:

- `lds, Parquet` and `lds, CSV`: the table is read as ingest reads it, typed by the schema, judged, and every finding is
  written to a Parquet file.
- `lds validate`: the command on a dataset whose manifest has those 15 columns and the 43 that ingest measures: digests of
  all columns, the schema, every rule, findings, and the manifest written anew, flushed, and read back.
- `lds validate, other threshold`: the same once more with another threshold.
- `pandera`: pandas reads the table, ``DataFrameSchema.validate(lazy=True)`` judges it.
- `frictionless`: ``validate`` with all errors wanted; it knows no ``exclusiveMinimum`` and misses the rows that break it.
- `jsonschema`: ``iter_errors`` of each row, with formats asserted; rows come from Parquet.

The last two are slow, so they judge the first rows only; their time is scaled to all rows by what the second half of the
sample took, and their memory is not. A peer that PYTHON does not have is left out. The first round warms caches and is not
counted. Printed are medians; peak memory (PSS) is of all processes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import measure

HERE = Path(__file__).resolve().parent
CORE = ("taskset", "-c", "0")

LDS = """
import os, sys
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")  # as the command line does
from pathlib import Path
from listen_datasets import catalogue, metadata, tables
from listen_datasets.schema import MetadataSchema
from listen_datasets.storage import Disk, write_parquet

def finding(violation, table):
    return catalogue.finding("metadata.schema", violation.message, path=table.name, line=table.lines[violation.index],
                             field=violation.pointer, value=violation.value, hint=violation.hint)

if __name__ == "__main__":
    path, schema, rows, out = Path(sys.argv[1]), MetadataSchema.load(Path(sys.argv[2])), int(sys.argv[3]), sys.argv[4]
    table, found = schema.typed(metadata.read(path, name=path.name))
    broken = [finding(violation, table) for violation in schema.judge(table.columns)]
    findings = tables.findings_table([*table.findings, *found, *broken])
    write_parquet(Disk(), path.with_name("findings.parquet"), findings, replace=True)
    Path(out).write_text(str(len({item.line for item in broken})))
"""
PANDERA = """
import json, sys
import pandas as pd
import pandera.pandas as pa

path, schema, rows, out = sys.argv[1:]
fields, required = (json.load(open(schema))[key] for key in ("properties", "required"))
KINDS = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}
DATES = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%SZ"}

def kind(field):
    return KINDS.get(field.get("type"), "string")

def checks(field):
    if "enum" in field:
        yield pa.Check.isin(field["enum"])
    if "pattern" in field:
        yield pa.Check.str_matches(field["pattern"])
    if "format" in field:
        form = DATES[field["format"]]
        yield pa.Check(lambda column: pd.to_datetime(column, format=form, errors="coerce").notna())
    if "minimum" in field:
        yield pa.Check.ge(field["minimum"])
    if "exclusiveMinimum" in field:
        yield pa.Check.gt(field["exclusiveMinimum"])
    if "maximum" in field:
        yield pa.Check.le(field["maximum"])
    if "minLength" in field:
        yield pa.Check.str_length(field["minLength"], field["maxLength"])

kinds = {name: kind(field) for name, field in fields.items()}
table = pd.read_csv(path, dtype=kinds) if path.endswith(".csv") else pd.read_parquet(path).astype(kinds)
columns = {name: pa.Column(kinds[name], [*checks(field)], nullable=name not in required) for name, field in fields.items()}
wrong = set()
try:
    pa.DataFrameSchema(columns, strict=True).validate(table, lazy=True)
except pa.errors.SchemaErrors as errors:
    wrong = set(errors.failure_cases["index"])
open(out, "w").write(str(len(wrong)))
"""
FRICTIONLESS = """
import itertools, json, os, sys
from frictionless import Checklist, Resource, Schema, system

path, schema, rows, out = sys.argv[1:]
fields, required = (json.load(open(schema))[key] for key in ("properties", "required"))
KINDS = {"date": "date", "date-time": "datetime"}
FORMATS = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%SZ"}

def described(name, field):
    limits = {key: field[key] for key in ("enum", "pattern", "minimum", "maximum", "minLength", "maxLength") if key in field}
    limits["required"] = name in required
    form = {"format": FORMATS[field["format"]]} if "format" in field else {}
    kind = KINDS.get(field.get("format"), field.get("type", "string"))
    return {"name": name, "type": kind, "constraints": limits, **form}

sample = path + ".sample.csv"
with open(path) as whole, open(sample, "w") as part:
    part.writelines(itertools.islice(whole, int(rows) + 1))
descriptor = {"fields": [described(name, field) for name, field in fields.items()]}
os.chdir(os.path.dirname(sample))
resource = Resource(path=os.path.basename(sample), schema=Schema.from_descriptor(descriptor))
report = resource.validate(Checklist(), limit_errors=int(rows) * 15)
open(out, "w").write(str(len({error.row_number for error in report.tasks[0].errors})))
"""
JSONSCHEMA = """
import json, sys
import pyarrow.parquet as pq
from jsonschema import Draft202012Validator, FormatChecker

path, schema, rows, out = sys.argv[1:]
validator = Draft202012Validator(json.load(open(schema)), format_checker=FormatChecker())
wrong = 0
for row in pq.read_table(path).slice(0, int(rows)).to_pylist():
    wrong += bool([*validator.iter_errors({name: value for name, value in row.items() if value is not None})])
open(out, "w").write(str(wrong))
"""


@dataclass(frozen=True)
class Contender:
    """Something that judges the table.

    Attributes:
        script: Its program, given the table, the schema, the number of rows and a file for the number of broken ones.
        table: Name of the table.
        module: What it needs to be installed.
        is_sampled: Whether it judges a sample.
    """

    script: str
    table: str
    module: str
    is_sampled: bool = False


CONTENDERS = {
    "lds, Parquet": Contender(LDS, "metadata.parquet", "listen_datasets"),
    "pandera, Parquet": Contender(PANDERA, "metadata.parquet", "pandera"),
    "jsonschema, Parquet": Contender(JSONSCHEMA, "metadata.parquet", "jsonschema", is_sampled=True),
    "lds, CSV": Contender(LDS, "metadata.csv", "listen_datasets"),
    "pandera, CSV": Contender(PANDERA, "metadata.csv", "pandera"),
    "frictionless, CSV": Contender(FRICTIONLESS, "metadata.csv", "frictionless", is_sampled=True),
}


@dataclass(frozen=True)
class Result:
    """What judging all rows took.

    Attributes:
        wall: Seconds, of all rows.
        cpu: Seconds, of all rows.
        peak: Bytes, of the rows that were judged.
        wrong: Rows found broken, of the rows that were judged.
    """

    wall: float
    cpu: float
    peak: float
    wrong: int


def main() -> int:
    """Time all of them and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peers", default=sys.executable, help="the Python that has pandera, frictionless and jsonschema"
    )
    options = parser.parse_args()
    results: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, str(HERE / "million_rows.py"), scratch, str(options.rows)], check=True)
        for number in range(options.rounds + 1):
            for name, result in once(folder, options, number):
                results.setdefault(name, [])
                if number:
                    results[name].append(result)
    report(results, options)
    return 0


def once(folder: Path, options: argparse.Namespace, number: int) -> list[tuple[str, Result]]:
    """Let each of them judge the rows."""
    found = []
    for name, contender in CONTENDERS.items():
        python = sys.executable if contender.script is LDS else options.peers
        if subprocess.run(
            [python, "-c", f"import {contender.module}"], stderr=subprocess.DEVNULL, check=False
        ).returncode:
            if not number:
                print(f"left out: {name} ({contender.module} is not installed)")
            continue
        program = folder / f"judge_{contender.module}.py"  # not the name of the package, which it would import
        program.write_text(contender.script, encoding="utf-8")
        arguments = [str(folder / contender.table), str(folder / "metadata.schema.json")]
        if contender.is_sampled:
            sizes = (options.sample // 2, options.sample)
            half, whole = (timed([python, str(program), *arguments], folder, rows) for rows in sizes)
            found.append((name, scaled(half, whole, (options.rows - sizes[1]) / (sizes[1] - sizes[0]))))
        else:
            found.append((name, timed([python, str(program), *arguments], folder, options.rows)))
    validate = [sys.executable, "-m", "listen_datasets", "validate", str(folder / "dataset"), "--quiet"]
    found.append(("lds validate", timed_command([*validate, "--force"], folder)))
    other = ["--max-leading-silence", str(1.1 + number / 10)]
    return [*found, ("lds validate, other threshold", timed_command([*validate, *other], folder))]


def timed(command: list[str], folder: Path, rows: int) -> Result:
    """Run a program that judges so many rows."""
    out = folder / "wrong.txt"
    out.unlink(missing_ok=True)
    cost = measure([*CORE, *command, str(rows), str(out)])
    if cost.code != 0 or not out.exists():
        sys.exit(f"failed with exit code {cost.code}: {' '.join(command)}")
    return Result(cost.wall, cost.cpu, cost.peak, int(out.read_text(encoding="utf-8")))


def timed_command(command: list[str], folder: Path) -> Result:
    """Run ``lds validate``; the broken rows are those that it excludes."""
    cost = measure([*CORE, *command])
    if cost.code != 1:  # there are findings
        sys.exit(f"failed with exit code {cost.code}: {' '.join(command)}")
    last = (folder / "dataset" / "provenance.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    return Result(cost.wall, cost.cpu, cost.peak, int(json.loads(last)["counts"]["excluded"]))


def scaled(half: Result, whole: Result, halves: float) -> Result:
    """Return what all rows would take, if each further half of the sample takes what its second half took."""
    wall, cpu = (
        (after - before) * halves + after for before, after in ((half.wall, whole.wall), (half.cpu, whole.cpu))
    )
    return Result(wall, cpu, whole.peak, whole.wrong)


def report(results: dict[str, list[Result]], options: argparse.Namespace) -> None:
    """Print medians, and the time of each as a multiple of what lds takes for the same file."""
    print(f"{options.rows:,} rows on one core, median of {options.rounds} rounds")
    print("                                 wall s    CPU s  peak MB     rows/s   wall/lds  broken rows")
    walls = {name: statistics.median(result.wall for result in listed) for name, listed in results.items()}
    for name, listed in results.items():
        cpu, peak = (statistics.median(getattr(result, field) for result in listed) for field in ("cpu", "peak"))
        lds = walls.get(f"lds, {name.rpartition(', ')[2]}", walls["lds, Parquet"])
        sampled = name in CONTENDERS and CONTENDERS[name].is_sampled
        note = f" of {options.sample:,} (scaled from them; the memory is theirs)" if sampled else ""
        print(
            f"{name:<30} {walls[name]:>8.2f} {cpu:>8.2f} {peak / 1e6:>8.0f} {options.rows / walls[name]:>10,.0f}"
            f" {walls[name] / lds:>10.2f} {listed[0].wrong:>12,}{note}"
        )


if __name__ == "__main__":
    sys.exit(main())
