"""Why an input cannot be used."""

from __future__ import annotations

from typing import Literal

from listen_datasets.model import Fate


class InputProblem(Exception):  # noqa: N818 - it becomes a finding, not an error of lds
    """Why an input cannot be used. Caught where an input is accounted for, and kept there as a value.

    Attributes:
        code: The finding code, such as ``input.link``.
        reason: One sentence.
        fate: ``rejected``, or ``unreadable`` where a retry may help.
    """

    def __init__(self, code: str, reason: str, fate: Literal[Fate.REJECTED, Fate.UNREADABLE] = Fate.REJECTED) -> None:
        super().__init__(code, reason, fate)
        self.code = code
        self.reason = reason
        self.fate = fate
