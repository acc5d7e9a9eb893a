from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from listen_datasets import errors
from listen_datasets.errors import ExitCode, LdsError, worst


def family(kind: type[LdsError]) -> Iterator[type[LdsError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


@pytest.mark.parametrize("kind", list(family(LdsError)), ids=lambda kind: kind.__name__)
def test_errors_survive_pickling_whole(kind: type[LdsError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", where="here", hint="do that")))

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
