"""What ``lds`` checks of its own documents: the specifications themselves, because most validators under-check.

Each function takes a document as it was written, and the facts that it should state, and returns what is wrong with it,
one sentence each; nothing if all is well.
"""

from __future__ import annotations

from listen_datasets.documents.checks.card import card_problems
from listen_datasets.documents.checks.croissant import FROM_THE_RECIPE, croissant_problems
from listen_datasets.documents.checks.datasheet import datasheet_problems
from listen_datasets.documents.checks.statement import statement_problems

__all__ = ["FROM_THE_RECIPE", "card_problems", "croissant_problems", "datasheet_problems", "statement_problems"]
