"""What the rules say of recordings that people publish and use: how often each of them speaks up, by profile.

    python benchmarks/false_alarms.py CORPORA [--transcripts FILE] [--show CODE]

CORPORA is a folder with one folder a corpus, as these Debian packages install them below /usr/share: asterisk
(asterisk-core-sounds-en-wav, prompts of a telephone exchange), sonic-pi (sonic-pi-samples, loops and drums) and sounds
(sound-theme-freedesktop, sounds of a desktop). FILE is core-sounds-en.txt of asterisk-core-sounds-en, maybe packed. These have
no table, so that one is made: the label is what the makers sorted them by, the folder of a prompt and the first word of the
other names. A corpus that has a metadata.csv, such as the Free Spoken Digit Dataset in a folder fsdd, is judged with it.
Whether an alarm is false, somebody must hear: --show lists the clips.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from listen_datasets import Dataset, config
from listen_datasets.model import Finding
from listen_datasets.stages import ingest, validate

_PROFILES = {"asterisk": "speech", "fsdd": "speech", "sonic-pi": "music", "sounds": "sound-event"}
_LABELS: Mapping[str, Callable[[Path], str]] = {
    "asterisk": lambda path: path.parent.name,
    "sonic-pi": lambda path: path.stem.partition("_")[0],
    "sounds": lambda path: path.stem.partition("-")[0],
}
_SUFFIXES = frozenset({".wav", ".flac", ".oga", ".ogg", ".aif", ".aiff"})


def main() -> int:
    """Ingest each corpus once, judge it by three profiles, and print a line a code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--show", metavar="CODE")
    options = parser.parse_args()
    columns: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for corpus in sorted(path for path in options.corpora.iterdir() if path.is_dir()):
            dataset = opened(Path(scratch) / corpus.name, corpus, options.transcripts)
            found = dataset.apply(ingest.STAGE)
            print(f"{corpus.name}: {found.counts.kept} clips")
            for profile in (None, _PROFILES.get(corpus.name), "strict"):
                wanted = config.merged(validate.Config(), {"profile": profile})
                applied = dataset.apply(validate.STAGE, wanted)
                columns[f"{corpus.name} {profile or 'default'}"] = Counter(applied.entry.findings)
                for item in shown(applied.findings, options.show):
                    print(f"  {profile or 'default'}: {item}")
    table(columns)
    return 0


def opened(folder: Path, corpus: Path, transcripts: Path | None) -> Dataset:
    """Return a new dataset of a corpus with a table; the prompts have their texts, if they are given."""
    folder.mkdir()
    groups = ""
    if (corpus / "metadata.csv").exists():
        shutil.copy(corpus / "metadata.csv", folder)
        groups = '[split]\ngroup-by = ["speaker"]\n\n'
    else:
        texts = dict(rows(transcripts, corpus)) if transcripts and corpus.name == "asterisk" else {}
        names = ["file_name", "label", *(["transcript"] if texts else [])]
        files = sorted(path for path in corpus.rglob("*") if path.suffix.lower() in _SUFFIXES)
        with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, names, extrasaction="ignore")
            table.writeheader()
            for path in files:
                name = path.relative_to(corpus).as_posix()
                label = _LABELS[corpus.name](path)
                table.writerow({"file_name": name, "label": label, "transcript": texts.get(name)})
    (folder / "lds.toml").write_text(
        f'[dataset]\nname = "alarms"\nlabel = "label"\n\n{groups}[[source]]\nname = "corpus"\npath = "{corpus}"\n'
        'metadata = ["metadata.csv"]\n',
        encoding="utf-8",
    )
    return Dataset.open(folder)


def rows(transcripts: Path, corpus: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each prompt that has one; what stands in brackets is no speech."""
    data = transcripts.read_bytes()
    text = (gzip.decompress(data) if transcripts.suffix == ".gz" else data).decode("utf-8", "replace")
    paths = {path.relative_to(corpus).with_suffix("").as_posix(): path for path in corpus.rglob("*.wav")}
    by_name = {name.partition("/en/")[2] or name.rpartition("/")[2]: path for name, path in paths.items()}
    for line in text.splitlines():
        name, is_prompt, spoken = line.partition(":")
        path = by_name.get(name.strip().partition("en/")[2] or name.strip())
        if is_prompt and not line.startswith(";") and path is not None:
            yield path.relative_to(corpus).as_posix(), spoken.strip()


def shown(findings: tuple[Finding, ...], code: str | None) -> Iterator[str]:
    """Yield the findings of a code, a line each."""
    for finding in findings:
        if finding.code == code:
            yield f"{finding.path}: {finding.message}"


def table(columns: Mapping[str, Counter[str]]) -> None:
    """Print a line a code with its numbers."""
    codes = sorted({code for counts in columns.values() for code in counts})
    print("\n| code | " + " | ".join(columns) + " |")
    print("| --- |" + " --: |" * len(columns))
    for code in codes:
        print(f"| `{code}` | " + " | ".join(str(counts[code]) for counts in columns.values()) + " |")


if __name__ == "__main__":
    sys.exit(main())
