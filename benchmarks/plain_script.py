"""The script that people write today: pandas, librosa, joblib. The peer that `lds` is timed against.

    python plain_script.py CORPUS OUT JOBS

CORPUS holds ``metadata.csv`` (file_name, label, speaker). Does the job without digests, findings, integrity checks,
verification or card: decode, log-mel, 20 MFCC, integrated loudness, a grouped and stratified split, Parquet with audio.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

SAMPLE_RATE, N_FFT, HOP, N_MELS, N_MFCC = 8000, 512, 128, 64, 20
SPLITS = ("train", "validation", "test")


def measure(corpus: Path, out: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Decode a file, store its features, and return what the table gets."""
    import librosa  # noqa: PLC0415 - once a worker
    import pyloudnorm  # noqa: PLC0415
    import soundfile  # noqa: PLC0415

    path = corpus / row["file_name"]
    samples, rate = librosa.load(path, sr=SAMPLE_RATE)
    frames = {"n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS}
    log_mel = librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=rate, **frames))
    mfcc = librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=N_MFCC, **frames)
    np.savez(out / "features" / path.stem, log_mel=log_mel.astype("f4"), mfcc=mfcc.astype("f4"))
    native, native_rate = soundfile.read(path)
    long_enough = len(native) >= 0.4 * native_rate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loudness = pyloudnorm.Meter(native_rate).integrated_loudness(native) if long_enough else np.nan
    return {**row, "duration": len(native) / native_rate, "loudness": loudness, "audio": path.read_bytes()}


def split(table: pd.DataFrame) -> pd.Series[str]:
    """Assign whole speakers to splits, as scikit-learn does it."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 - as heavy as the rest together

    folds = min(10, table.speaker.nunique())
    parts = list(StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(table, table.label, table.speaker))
    names = pd.Series("train", index=table.index)
    names.iloc[parts[0][1]] = "validation"
    names.iloc[parts[1][1]] = "test"
    return names


def main() -> None:
    """Do the job."""
    corpus, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    (out / "features").mkdir(parents=True)
    rows = pd.read_csv(corpus / "metadata.csv").to_dict("records")
    table = pd.DataFrame(Parallel(n_jobs=jobs)(delayed(measure)(corpus, out, row) for row in rows))
    table["split"] = split(table)
    for name in SPLITS:
        table[table.split == name].to_parquet(out / f"{name}-00000.parquet")


if __name__ == "__main__":
    main()
