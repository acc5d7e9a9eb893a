"""Who publishes it, how, under which licence, and what to beware of."""

from __future__ import annotations

from listen_datasets.documents import exhibits
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import Markdown, blocks, bullets, code, count, link, plural, prose, share, words


def creator(facts: Facts) -> Markdown:
    """Answer who made it."""
    return exhibits.authors(facts)


def impact(facts: Facts) -> Markdown:
    """Answer what in its making could affect later uses."""
    items = [_imbalance(facts), *_quality(facts)]
    return bullets(item for item in items if item)


def how(facts: Facts) -> Markdown:
    """Answer how it is distributed."""
    place = [Markdown(f"At {link(facts.about.url)}.")] if facts.about.url else []
    return blocks(
        *place,
        f"{plural(facts.shards, 'Parquet file')} of {plural(facts.download_bytes, 'byte')} together; SHA256SUMS has the digest of"
        " every file. No DOI is recorded.",
    )


def when(facts: Facts) -> Markdown:
    """Answer when it was published."""
    return Markdown(f"{facts.about.published}.") if facts.about.published else Markdown()


def licence(facts: Facts) -> Markdown:
    """Answer under which licence it is."""
    expression = facts.licences.expression
    whole = Markdown(f"All clips together: {code(expression)}.") if expression else Markdown()
    return blocks(exhibits.license_table(facts), whole, exhibits.license_summary(facts))


def third_parties(facts: Facts) -> Markdown:
    """Answer which rights third parties have."""
    conflicts = [f"{one} and {other} cannot be satisfied by one adaptation" for one, other in facts.licences.conflicts]
    return blocks(
        "What the sources say of their recordings:",
        exhibits.sources(facts),
        bullets(conflicts) if conflicts else "Among the licences whose terms are known none excludes another.",
    )


def contact(facts: Facts) -> Markdown:
    """Answer how to reach the makers."""
    return prose(facts.about.contact or "")


def erratum(facts: Facts) -> Markdown:
    """Answer whether there is an erratum."""
    return blocks(Markdown(f"None is among the files of version {code(facts.about.version)}."))


def older_versions(facts: Facts) -> Markdown:
    """Answer whether older versions are kept."""
    return blocks(Markdown(f"This is version {code(facts.about.version)}. The files do not refer to an older one."))


def _imbalance(facts: Facts) -> Markdown | None:
    for found in facts.labels:
        totals = {value: clips for value, clips in found.totals().items() if value is not None}
        if len(totals) > 1:
            most, *_, least = totals  # the most frequent come first
            return Markdown(
                f"{code(found.column)} has {plural(len(totals), 'value')}: the rarest, {code(least)}, has"
                f" {plural(totals[least], 'clip')}; the most frequent, {code(most)}, has {count(totals[most])}"
                f" ({share(totals[most], facts.clips)})."
            )
    return None


def _quality(facts: Facts) -> list[Markdown]:
    warned = [item for item in facts.findings if item.stage in {"validate", "split"} and item.severity != "note"]
    return [
        Markdown(f"{code(item.code)} ({plural(item.findings, 'finding')}): {words(item.meaning)}") for item in warned
    ]
