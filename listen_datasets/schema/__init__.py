"""The user's JSON Schema of the metadata: types for columns, and a verdict on every row.

The schema is untrusted: :meth:`MetadataSchema.load` refuses what would check nothing in silence, reach out of the file,
or run without end. Dialects: 2020-12 (assumed where none is named), 2019-09, draft-07. Formats are checked, not only
noted (:data:`FORMATS`)::

    schema = MetadataSchema.load(Path("metadata.schema.json"))
    table, findings = schema.typed(table)
    violations = list(schema.check(schema.instances(table.columns)))

:func:`infer` proposes a first one.
"""

from __future__ import annotations

from listen_datasets.schema.columns import Column
from listen_datasets.schema.inference import infer
from listen_datasets.schema.keywords import FORMATS
from listen_datasets.schema.validator import MetadataSchema
from listen_datasets.schema.violation import Violation

__all__ = ["FORMATS", "Column", "MetadataSchema", "Violation", "infer"]
