"""The documents of a published dataset: dataset card, datasheet, Croissant and provenance.

Pure functions: :class:`~listen_datasets.documents.facts.Facts` in, text or JSON out. All documents are made from the same
facts, so that their numbers agree, and :mod:`listen_datasets.documents.checks` reads each of them back.
"""
