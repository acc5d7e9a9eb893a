"""How the data was collected and processed, as far as ``lds`` has seen it."""

from __future__ import annotations

from listen_datasets.documents import exhibits, sound
from listen_datasets.documents.facts import Facts
from listen_datasets.documents.markdown import Markdown, blocks, bullets, code, count, joined, link, plural

_PROJECT = "https://github.com/listen-datasets/listen-datasets"


def acquired(facts: Facts) -> Markdown:
    """Answer how instances were obtained and checked."""
    return blocks(
        "The recordings were read from files in these sources:",
        exhibits.sources(facts),
        Markdown(
            f"Measured by lds from the decoded samples: {joined(code(found.column) for found in facts.quantities)}."
        ),
        "Every file was decoded to its end and checked; com.errors lists what was found.",
    )


def mechanism(facts: Facts) -> Markdown:
    """Answer which programs were used."""
    decoders = next((found.totals() for found in facts.formats if found.column == "decoder"), {})
    items = [Markdown(f"{code(name)}: {plural(clips, 'clip')}") for name, clips in decoders.items()]
    return blocks(
        Markdown(f"Files were read with lds {code(_version(facts, 'ingest'))}. Decoders:"),
        bullets(items),
        "The devices that made the recordings are not known to lds.",
    )


def sampling(facts: Facts) -> Markdown:
    """Answer whether a sample was taken."""
    fates = facts.fates
    return blocks(
        f"lds took no sample: of {plural(fates.inputs, 'input')} it kept {count(fates.kept)} and left out"
        f" {count(fates.inputs - fates.kept)} for the reasons under com.errors. How the inputs themselves were chosen it does"
        " not know."
    )


def timeframe(facts: Facts) -> Markdown:
    """Answer over which time the data was collected."""
    items = [
        Markdown(f"{code(found.column)}: {code(found.first)} to {code(found.last)} ({plural(found.clips, 'clip')})")
        for found in facts.periods
    ]
    return blocks("Dates in the metadata:", bullets(items)) if items else Markdown()


def direct(facts: Facts) -> Markdown:
    """Answer whether the data comes from the people themselves."""
    names = joined(code(source.name) for source in facts.sources)
    return blocks(
        Markdown(f"The recordings come from the sources {names}. Whether people gave them directly, a person must say.")
    )


def done(facts: Facts) -> Markdown:
    """Answer what was done to the data."""
    return blocks(
        exhibits.stages(facts),
        sound.changes(facts),
        exhibits.fates(facts),
    )


def raw(facts: Facts) -> Markdown:
    """Answer whether the raw data is kept."""
    return blocks(sound.stored(facts), f"Not published: {plural(facts.fates.inputs - facts.clips, 'input')}.")


def software(facts: Facts) -> Markdown:
    """Answer which software made it and where it is."""
    stage = facts.stage("shard")
    shown = stage.agent if stage else {}
    return blocks(
        Markdown(f"Yes: {link(_PROJECT)}, open source under {code('Apache-2.0')}. Versions that wrote the files:"),
        bullets(Markdown(f"{code(name)} {code(version)}") for name, version in sorted(shown.items())),
        "provenance.intoto.json has the versions, settings and digests of every step.",
    )


def _version(facts: Facts, name: str) -> str:
    stage = facts.stage(name)
    return stage.agent.get("lds", "") if stage else ""
