"""What to say to a table whose columns are separated by another sign than its suffix says."""

from __future__ import annotations

import shlex

from listen_datasets.errors import MetadataError

_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SUFFIXES = {",": ".csv", "\t": ".tsv"}


def check_header(first_line: str, header: list[str], *, separator: str, name: str) -> None:
    """Refuse a header that another separator divides better.

    Args:
        first_line: The line as it stands.
        header: What `separator` makes of it.
        separator: The sign that the suffix of the table says.
        name: How errors call the table.

    Raises:
        MetadataError: The separator is another one.
    """
    if first_line.lower().startswith("sep=") and len(first_line.strip()) <= 5:
        hint = "remove it; the suffix says the separator: commas make a .csv, tabs a .tsv"
        raise MetadataError("the first line tells Excel the separator; it is no header", where=f"{name}:1", hint=hint)
    other = max(_NAMES, key=first_line.count)
    if other == separator or (len(header) > 1 and first_line.count(other) < 2 * len(header)) or other not in first_line:
        return
    message = (
        f"{_NAMES[other]} separate the columns of the header, where a table of this suffix has {_NAMES[separator]}"
    )
    raise MetadataError(message, where=f"{name}:1", hint=_hint(other, separator, name))


def _hint(found: str, expected: str, name: str) -> str:
    if found in _SUFFIXES:
        return f"give it the suffix {_SUFFIXES[found]}"
    program = (
        f"import csv, sys; csv.writer(sys.stdout, delimiter={expected!r}).writerows(csv.reader(sys.stdin, "
        f"delimiter={found!r}))"
    )
    command = f"python3 -c {shlex.quote(program)} < {shlex.quote(name)} > converted{_SUFFIXES[expected]}"
    cause = "Excel writes semicolons where the decimal sign is a comma; " if found == ";" else ""
    return f"{cause}convert it: {command}"
