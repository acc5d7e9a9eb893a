from __future__ import annotations

import itertools

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from listen_datasets.leakage import Relation, relations

CELLS = st.lists(
    st.tuples(st.sampled_from([None, "train", "test", "validation"]), st.sampled_from([None, "a", "b", ""]))
)


def counted(cells: list[tuple[str | None, str | None]]) -> Relation:
    """Count by looking at every pair of clips."""
    known = [(split, value) for split, value in cells if split is not None and value is not None]
    across = [one[1] for one, other in itertools.combinations(known, 2) if one[1] == other[1] and one[0] != other[0]]
    return Relation(values=len({value for _, value in known}), straddling=len(set(across)), pairs_across=len(across))


@settings(deadline=None)
@given(CELLS)
def test_counts_are_those_of_looking_at_every_pair(cells: list[tuple[str | None, str | None]]) -> None:
    table = pa.table(
        {
            "split": pa.array([split for split, _ in cells], pa.string()),
            "speaker": pa.array([value for _, value in cells], pa.string()),
        }
    )
    assert relations(table, ["speaker"]) == {"speaker": counted(cells)}


def test_digital_silence_relates_nobody_by_its_samples() -> None:
    table = pa.table(
        {
            "split": ["train", "test", "train", "test"],
            "pcm_md5": ["zeros", "zeros", "sound", "sound"],
            "sha256": ["a", "a", "b", "c"],
            "peak_dbfs": [None, None, -6.0, -6.0],
        }
    )
    found = relations(table, ["pcm_md5", "sha256"])
    assert {name: relation.straddling for name, relation in found.items()} == {"pcm_md5": 1, "sha256": 1}
