"""Test kit for ``lds`` and for authors of plug-ins: signals whose answers are known, and disks that fail on request."""
