from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from listen_datasets.documents import card, checks
from listen_datasets.documents.facts import Facts
from listen_datasets.stages.card import facts_of
from listen_datasets.testing.publications import WHOLE, rows, sharded

SECTIONS = [
    "## Dataset Details",
    "## Uses",
    "## Dataset Structure",
    "## Dataset Creation",
    "## Licences",
    "## Bias, Risks, and Limitations",
    "## Citation",
    "## Glossary",
    "## More Information",
    "## Authors",
    "## Contact",
]


CODE_SPAN = re.compile(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


def test_the_sections_are_those_of_a_dataset_card(facts: Facts) -> None:
    lines = card.card(facts, {}).splitlines()
    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert [line for line in lines if line.startswith("# ")] == ["# Made sounds"]


def test_numbers_are_measured(facts: Facts) -> None:
    page = card.card(facts, {})
    assert f"6 clips, 24.0 s of sound, in 3 Parquet files of {facts.download_bytes:,} bytes together." in page
    assert "| `dog` | 2 | 1 | 0 | 3 | 50.0 % |" in page
    assert "| `peak_dbfs` | dBFS | 6 | -6.00 | -6.00 | -6.00 | -6.00 | -6.00 |" in page
    assert "| `sample_rate` | `16000` (6) |" in page
    assert "No two splits share a value of these columns" in page
    assert "not legal advice" in page


def test_leakage_is_said_where_it_is(tmp_path: Path) -> None:
    page = card.card(facts_of(sharded(tmp_path / "dataset", rows(speaker=["a", "a", "a", "b", "b", "b"]))), {})
    assert "1 value of these columns occur in two splits" in page
    assert "No two splits share" not in page


def test_the_words_of_people_stand_where_they_belong(facts: Facts) -> None:
    page = card.card(facts, {"use.not": "Not for *hiring*.", "mot.purpose": "To test."})
    assert "### Out-of-Scope Use\n\nNot for \\*hiring\\*.\n" in page
    assert "### Curation Rationale\n\nTo test.\n" in page
    assert "### Direct Use\n\nNot answered.\n" in page


def test_what_the_recipe_does_not_say_is_not_answered(facts: Facts) -> None:
    bare = replace(facts, about=type(facts.about)(name="made"))
    page = card.card(bare, {})
    for part in (
        "# made\n\nNot answered.",
        "## Citation\n\nNot answered.",
        "## Authors\n\nNot answered.",
        "## Contact\n\nNot answered.",
    ):
        assert part in page


def test_a_citation_is_made_from_what_the_authors_said(facts: Facts) -> None:
    assert "Ada Example. Made sounds (version 1.2.0). 2024. https://example.org/made" in card.card(facts, {})


def test_a_citation_of_the_makers_wins(facts: Facts) -> None:
    about = msgspec.structs.replace(facts.about, citation="@misc{made}")
    assert "## Citation\n\n```\n@misc{made}\n```\n" in card.card(replace(facts, about=about), {})


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[x](javascript:y)", "![x](http://y)", "a|b\n\n# c", "`", "---"]
)
def test_data_cannot_become_markup(tmp_path: Path, text: str) -> None:
    about = msgspec.structs.replace(WHOLE.dataset, description=text, title=f"x {text}", contact=text)
    recipe = msgspec.structs.replace(WHOLE, dataset=about)
    clips = rows(label=[text] * 6, **{f"c {text}".replace("\n", " "): [text, "x"] * 3})
    found = facts_of(sharded(tmp_path / "dataset", clips, recipe))
    page = card.card(found, {"use.not": text, "mot.purpose": text})
    body = page.split("\n---\n", 1)[1]
    outside = CODE_SPAN.sub("", body)
    assert not re.search(r"<script|(?<!\\)\]\((?!#|https://spdx)", outside)
    assert [line for line in body.splitlines() if line.startswith("## ")] == SECTIONS
    assert checks.card_problems(page, found) == []


def test_a_split_of_the_card_can_be_loaded_by_its_name(facts: Facts) -> None:
    assert 'clip = dataset["train"][0]' in card.card(facts, {})


def test_long_lists_of_labels_are_cut_and_counted(tmp_path: Path) -> None:
    found = facts_of(sharded(tmp_path / "dataset"))
    many = replace(found.labels[0], counts={f"l{n:03d}": {"train": 1, "validation": 0, "test": 0} for n in range(150)})
    page = card.card(replace(found, labels=(many,)), {})
    assert "50 more values are not listed; the column has 150." in page
    assert "`l099`" in page
    assert "`l100`" not in page
