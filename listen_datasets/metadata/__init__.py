"""The user's table about the recordings: read it without changing a value, and join it to the files.

Everything is text until the schema says otherwise (:func:`listen_datasets.schema.typed`). A row that cannot be taken is
refused and accounted for (:class:`Refused`), with a finding. A table that cannot be read to its end is a
:class:`~listen_datasets.errors.MetadataError`, because the rows behind the damage must not vanish::

    table = read(Path("metadata.csv"), name="metadata.csv")
    key = join_key(table, chosen=None)
    matched = match(table, key, Recordings(["a/1.wav", "a/2.wav"]))
"""

from __future__ import annotations

from listen_datasets.metadata.join import JOIN_KEYS, Matched, join_key, match
from listen_datasets.metadata.reading import SUFFIXES, read
from listen_datasets.metadata.recordings import Recordings
from listen_datasets.metadata.refusals import Refused
from listen_datasets.metadata.table import MetadataTable

__all__ = ["JOIN_KEYS", "SUFFIXES", "Matched", "MetadataTable", "Recordings", "Refused", "join_key", "match", "read"]
