"""The keys of Croissant RAI 1.0, filled from the answers of the datasheet: only what is measured, or what people said.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from listen_datasets.documents.facts import Facts

ONE_TEXT: Mapping[str, tuple[str, ...]] = {
    "rai:dataCollection": ("col.acquired", "col.mechanism"),
    "rai:dataCollectionMissingData": ("com.missing",),
    "rai:dataCollectionRawData": ("pre.raw",),
    "rai:dataSocialImpact": ("use.impact",),
}
"""Keys that hold one text, and the questions that they are made of."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "rai:dataReleaseMaintenancePlan": ("mai.who", "mai.update", "mai.retention", "mai.old", "mai.contribute"),
    "rai:personalSensitiveInformation": ("com.identify", "com.sensitive", "com.confidential"),
    "rai:dataBiases": ("com.subpops", "com.sample"),
    "rai:dataLimitations": ("com.errors", "use.not"),
    "rai:dataUseCases": ("mot.purpose", "use.already", "use.could"),
}
"""Keys that hold a list of texts."""

PREPROCESSING = "rai:dataPreprocessingProtocol"
TIMEFRAME = "rai:dataCollectionTimeframe"

KEYS = frozenset({*ONE_TEXT, *TEXTS, PREPROCESSING, TIMEFRAME})

_PERIOD = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s*/\s*([0-9]{4}-[0-9]{2}-[0-9]{2}))?")


def keys(facts: Facts, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the keys that have something to say."""
    found: dict[str, Any] = {}
    for key, ids in ONE_TEXT.items():
        if any(name in answers for name in ids):
            found[key] = "\n\n".join(answers[name] for name in ids if name in answers)
    for key, ids in TEXTS.items():
        if any(name in answers for name in ids):
            found[key] = [answers[name] for name in ids if name in answers]
    period = _PERIOD.fullmatch(answers.get("col.timeframe", ""))
    if period is not None:
        found[TIMEFRAME] = [date for date in period.groups() if date]
    found[PREPROCESSING] = [
        f"{stage.name} (version {stage.version}, lds {stage.agent.get('lds', 'unknown')}): {stage.counts['kept']} of"
        f" {stage.counts['inputs']} inputs kept"
        for stage in facts.stages
    ]
    return found
