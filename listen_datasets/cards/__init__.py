"""The documents of a published dataset, as pure functions from measured facts to text.

All of them take one :class:`~listen_datasets.cards.facts.Facts`, so that a number is the same wherever it stands. Nothing
here reads a clock or an environment: same facts, same bytes.
"""
