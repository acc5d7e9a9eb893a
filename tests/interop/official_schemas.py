"""Fetch the official schemas of report formats, for the tests beside this file; none of them is ours to copy.

``python tests/interop/official_schemas.py FOLDER`` takes each out of a package of a public registry, through the registry's
own client, and keeps it only if its SHA-256 is the one that stands here. What cannot be fetched is named and left out:
the test that needs it is skipped then.

- ``sarif-2.1.0.json``: the JSON Schema of OASIS, which the npm package ``@microsoft/jest-sarif`` carries.
- ``junit-10.xsd``: the form that Jenkins's xunit plug-in holds JUnit reports to, which the sources of pytest carry.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = Path(sys.prefix) / "official-schemas"
"""Where they lie: beside the packages that the tests import."""

MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Official:
    """A schema inside a package.

    Attributes:
        name: Its file here.
        command: Fetches the package into the working directory.
        package: The file of the package, as a pattern.
        member: Its name in the package.
        sha256: Digest of the schema.
    """

    name: str
    command: Sequence[str]
    package: str
    member: str
    sha256: str


SARIF = Official(
    "sarif-2.1.0.json",
    ("npm", "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"),
    "microsoft-jest-sarif-*.tgz",
    "package/lib/schemas/sarif-2.1.0-rtm.5.json",
    "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8",
)
JUNIT = Official(
    "junit-10.xsd",
    (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest", "pytest==9.0.0"),
    "pytest-9.0.0.tar.gz",
    "pytest-9.0.0/testing/example_scripts/junit-10.xsd",
    "a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6",
)


class Unavailable(Exception):  # noqa: N818 - says it
    """A schema that cannot be had here."""


def fetch(wanted: Official) -> bytes:
    """Return a schema.

    Raises:
        Unavailable: Its registry does not answer, or has another file.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(wanted.command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=300)
            (package,) = Path(folder).glob(wanted.package)
            with tarfile.open(package) as archive:
                member = archive.extractfile(wanted.member)
                data = b"" if member is None else member.read(MAX_BYTES)
        except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError, ValueError) as error:
            raise Unavailable(f"{wanted.name} cannot be fetched: {error}") from error
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise Unavailable(f"{wanted.name} is another file than the tests were written for")
    return data


def main(folder: Path) -> None:
    """Fetch what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for wanted in (SARIF, JUNIT):
        if (folder / wanted.name).is_file():
            continue
        try:
            (folder / wanted.name).write_bytes(fetch(wanted))
        except Unavailable as error:
            sys.stderr.write(f"{error}; its tests will be skipped\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
