"""What ``lds`` itself can answer of the datasheet: measured answers, and drafts that a person confirms.

An answer that would say nothing is empty: then nobody has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import Markdown
from listen_datasets.documents.measured import collection, composition, publication

ANSWERS: Mapping[str, Callable[[Facts], Markdown]] = {
    "mot.creator": publication.creator,
    "com.instances": composition.instances,
    "com.count": composition.number,
    "com.data": composition.data,
    "com.label": composition.label,
    "com.missing": composition.missing,
    "com.relations": composition.relations,
    "com.splits": composition.splits,
    "com.errors": composition.errors,
    "com.external": composition.external,
    "com.subpops": composition.subpopulations,
    "com.identify": composition.identification,
    "col.acquired": collection.acquired,
    "col.mechanism": collection.mechanism,
    "col.sampling": collection.sampling,
    "col.timeframe": collection.timeframe,
    "col.direct": collection.direct,
    "pre.done": collection.done,
    "pre.raw": collection.raw,
    "pre.software": collection.software,
    "use.impact": publication.impact,
    "dis.how": publication.how,
    "dis.when": publication.when,
    "dis.licence": publication.licence,
    "dis.thirdip": publication.third_parties,
    "mai.contact": publication.contact,
    "mai.erratum": publication.erratum,
    "mai.old": publication.older_versions,
}
"""Id of a question to the function that answers it."""
