"""``python -m listen_datasets`` is ``lds``."""

from __future__ import annotations

from listen_datasets.cli import main

if __name__ == "__main__":
    main()
