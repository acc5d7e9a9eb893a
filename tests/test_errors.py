from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from listen_datasets import errors
from listen_datasets.errors import ExitCode, LdsError, worst

README = Path(__file__).resolve().parent.parent / "README.md"

PROMISED = {
    "OK": 0,
    "FINDINGS": 1,
    "USAGE": 2,
    "INCOMPLETE": 3,
    "LOCKED": 4,
    "NOTHING": 5,
    "CORRUPT": 6,
    "ENVIRONMENT": 7,
    "INTERNAL": 70,
    "SIGINT": 130,
    "SIGPIPE": 141,
    "SIGTERM": 143,
}
"""Part of the public interface: a script may have any of these numbers in it."""


def family(kind: type[LdsError]) -> Iterator[type[LdsError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


@pytest.mark.parametrize("kind", list(family(LdsError)), ids=lambda kind: kind.__name__)
def test_errors_survive_pickling_whole(kind: type[LdsError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", where="here", hint="do that")))  # noqa: S301 - our own

    assert type(error) is kind
    assert (error.message, error.where, error.hint, str(error)) == ("what", "here", "do that", "what")


@pytest.mark.parametrize("kind", list(family(LdsError)), ids=lambda kind: kind.__name__)
def test_errors_stand_in_the_drawing_of_the_family(kind: type[LdsError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "") or kind.__name__ == "Terminated"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], ExitCode.OK),
        ([ExitCode.OK, ExitCode.FINDINGS], ExitCode.FINDINGS),
        ([ExitCode.FINDINGS, ExitCode.INCOMPLETE], ExitCode.INCOMPLETE),
        ([ExitCode.INCOMPLETE, ExitCode.NOTHING], ExitCode.NOTHING),
        ([ExitCode.NOTHING, ExitCode.USAGE], ExitCode.USAGE),
        ([ExitCode.USAGE, ExitCode.LOCKED], ExitCode.LOCKED),
        ([ExitCode.LOCKED, ExitCode.SIGINT], ExitCode.SIGINT),
        ([ExitCode.SIGINT, ExitCode.ENVIRONMENT], ExitCode.ENVIRONMENT),
        ([ExitCode.ENVIRONMENT, ExitCode.CORRUPT], ExitCode.CORRUPT),
        ([ExitCode.CORRUPT, ExitCode.INTERNAL], ExitCode.INTERNAL),
    ],
)
def test_the_worst_code_wins(codes: list[ExitCode], expected: ExitCode) -> None:
    assert worst(codes) is expected


def test_exit_codes_are_the_promised_numbers() -> None:
    assert {code.name: code.value for code in ExitCode} == PROMISED


def test_the_readme_lists_every_exit_code() -> None:
    listed = re.findall(r"^\| (\d+) \| \w+ \|", README.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(map(int, listed)) == sorted(PROMISED.values())


@pytest.mark.parametrize("kind", list(family(LdsError)), ids=lambda kind: kind.__name__)
def test_no_error_looks_like_success(kind: type[LdsError]) -> None:
    assert kind.exit_code is not ExitCode.OK


@pytest.mark.parametrize("kind", list(family(LdsError)), ids=lambda kind: kind.__name__)
def test_place_and_hint_are_keywords(kind: type[LdsError]) -> None:
    with pytest.raises(TypeError):
        kind("it broke", "lds.toml")  # type: ignore[call-arg]
