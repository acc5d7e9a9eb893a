"""``README.md``: the dataset card, with the YAML that the Hugging Face Hub reads and prose with measured numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from listen_datasets.documents import datasheet, exhibits, pages, sound
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.front_matter import front_matter
from listen_datasets.documents.markdown import NOT_ANSWERED, Markdown, code, fenced, hours, joined, link, prose

TEMPLATE = "README.md.jinja"

_EXHIBITS = {
    "splits": exhibits.splits,
    "separation_verdict": exhibits.separation_verdict,
    "separations": exhibits.separations,
    "labels": exhibits.labels,
    "formats": exhibits.formats,
    "quantities": exhibits.quantities,
    "columns": exhibits.columns,
    "sources": exhibits.sources,
    "stages": exhibits.stages,
    "fates": exhibits.fates,
    "findings": exhibits.findings,
    "license_table": exhibits.license_table,
    "license_summary": exhibits.license_summary,
}


def card(facts: Facts, answers: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        facts: What was measured.
        answers: What people have answered, by the ids of the datasheet.

    Raises:
        RecipeError: A task or a language in ``lds.toml`` is none that the Hub knows.
    """
    merged = datasheet.answered(facts, answers)
    about = facts.about
    page = pages.render(
        TEMPLATE,
        facts=facts,
        answers={name: item.text for name, item in merged.items()},
        exhibits={name: exhibit(facts) for name, exhibit in _EXHIBITS.items()},
        description=prose(about.description) or NOT_ANSWERED,
        amount=sound.amount(facts),
        duration=hours(facts.seconds),
        stored=sound.stored(facts),
        creator=joined(author.name for author in about.authors) or NOT_ANSWERED,
        languages=joined(code(language) for language in about.languages) or NOT_ANSWERED,
        licence=_licence(facts),
        url=link(about.url) if about.url else Markdown(),
        place=_text("path/to/this/folder"),
        first_split=_text(facts.splits[0].name),
        citation=fenced(facts.citation) if facts.citation else NOT_ANSWERED,
        authors=exhibits.authors(facts) or NOT_ANSWERED,
        contact=prose(about.contact or "") or NOT_ANSWERED,
    )
    return f"{front_matter(facts)}\n{page}"


def _licence(facts: Facts) -> Markdown:
    names = [code(item.name) if item.name else Markdown("*not known*") for item in facts.licences.licences]
    return Markdown(f"{joined(names)} ([table](#licences))")


def _text(value: str) -> Markdown:
    return Markdown(json.dumps(value))
