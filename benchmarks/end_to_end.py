"""The whole job on a corpus, `lds` beside a plain pandas + librosa + joblib script, in turn, in the same run.

    python benchmarks/end_to_end.py [--corpus DIR] [--rounds N] [--jobs N]

CORPUS holds ``metadata.csv`` (file_name, label, speaker) and its recordings; the default is the Free Spoken Digit
Dataset in ../shared/data/fsdd, where it is. The first round warms caches (librosa and lds compile numba kernels) and is
not counted. Printed are medians and the ratio plain / lds: above 1, lds is faster or smaller.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import Cost, measure

HERE = Path(__file__).resolve().parent
FSDD = HERE.parent.parent / "shared" / "data" / "fsdd"
FEATURES = "sample-rate = 8000\nn-fft = 512\nhop-length = 128\nn-mels = 64\n"


def main() -> int:
    """Time both and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=FSDD)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if not (options.corpus / "metadata.csv").is_file():
        print(f"skipped: there is no metadata.csv in {options.corpus}; give a corpus with --corpus")
        return 0
    costs: dict[str, list[Cost]] = {"plain script": [], "lds run": []}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds + 1):
            for name, listed in costs.items():
                cost = once(name, options.corpus, Path(scratch), options.jobs)
                if number:
                    listed.append(cost)
    report(costs, options.rounds)
    return 0


def once(name: str, corpus: Path, scratch: Path, jobs: int) -> Cost:
    """Run one of the two from nothing."""
    out = scratch / "out"
    shutil.rmtree(out, ignore_errors=True)
    if name == "lds run":
        command = prepared(corpus, out, jobs)
    else:
        out.mkdir()
        command = [sys.executable, str(HERE / "plain_script.py"), str(corpus), str(out), str(jobs)]
    cost = measure(command)
    if cost.code != 0:
        sys.exit(f"{name} failed with exit code {cost.code}: {' '.join(command)}")
    return cost


def prepared(corpus: Path, out: Path, jobs: int) -> list[str]:
    """Make a dataset with the settings of the plain script, and return the command that does the job."""
    lds = [sys.executable, "-m", "listen_datasets"]
    options = ["--label", "label", "--group-by", "speaker", "--stratify-by", "label", "--license", "CC-BY-SA-4.0"]
    subprocess.run([*lds, "init", str(out), "--quiet", *options], check=True, stdout=subprocess.DEVNULL)
    recipe = out / "lds.toml"
    text = recipe.read_text(encoding="utf-8")
    for section in ("features.log-mel", "features.mfcc"):
        text = text.replace(f"[{section}]\n", f"[{section}]\n{FEATURES}")
    source = f'\n[[source]]\nname = "corpus"\npath = "{corpus}"\nmetadata = ["{corpus / "metadata.csv"}"]\n'
    recipe.write_text(text + source, encoding="utf-8")
    return [*lds, "run", str(out), "--quiet", "--jobs", str(jobs)]


def report(costs: dict[str, list[Cost]], rounds: int) -> None:
    """Print medians and ratios."""
    print(f"median of {rounds} rounds   wall s    CPU s  peak MB")
    medians = {name: _medians(listed) for name, listed in costs.items()}
    for name, (wall, cpu, peak) in medians.items():
        print(f"{name:<18} {wall:>8.2f} {cpu:>8.2f} {peak / 1e6:>8.0f}")
    ratios = [plain / ours for plain, ours in zip(medians["plain script"], medians["lds run"], strict=True)]
    print(f"{'plain / lds':<18} {ratios[0]:>8.2f} {ratios[1]:>8.2f} {ratios[2]:>8.2f}")


def _medians(listed: Sequence[Cost]) -> tuple[float, float, float]:
    return (
        statistics.median(cost.wall for cost in listed),
        statistics.median(cost.cpu for cost in listed),
        statistics.median(float(cost.peak) for cost in listed),
    )


if __name__ == "__main__":
    sys.exit(main())
