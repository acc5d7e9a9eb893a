"""The command line ``lds``: words in, words out, exit codes."""

from __future__ import annotations

from listen_datasets.cli.program import main

__all__ = ["main"]
