from __future__ import annotations

import pickle

from listen_datasets.inputs import InputProblem
from listen_datasets.model import Fate


def test_a_problem_survives_pickling() -> None:
    problem = InputProblem("input.link", "a link", Fate.UNREADABLE)
    copy = pickle.loads(pickle.dumps(problem))  # noqa: S301 - our own
    assert (copy.code, copy.reason, copy.fate) == ("input.link", "a link", Fate.UNREADABLE)
