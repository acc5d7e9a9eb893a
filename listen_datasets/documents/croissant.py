"""``croissant.json``: Croissant 1.1 with RAI 1.0.

Specifications: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html. The context
stands inline, because readers accept no reference. What the recipe does not say is left out, never made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from listen_datasets import licences
from listen_datasets.documents import rai, record_sets
from listen_datasets.documents.facts import Facts

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
MIME = "application/x-parquet"

_TERMS = """
    annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject
    fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references regex
    repeated replace samplingRate sdVersion separator source subField transform unArchive value
"""
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "wd": "http://www.wikidata.org/entity/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}


def croissant(facts: Facts, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the document.

    Args:
        facts: What was measured.
        answers: What people have answered, by the ids of the datasheet.
    """
    about = facts.about
    pages = [page for page in (licences.page(item.name) for item in facts.licences.licences) if page is not None]
    creators = [_creator(author.name, author.orcid, author.affiliation) for author in about.authors]
    found: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "name": about.name,
        "alternateName": about.title or None,
        "description": about.description.strip() or None,
        "conformsTo": list(CONFORMS_TO),
        "license": _one_or_all(pages),
        "url": about.url,
        "creator": _one_or_all(creators),
        "datePublished": about.published,
        "version": about.version,
        "citeAs": facts.citation,
        "keywords": list(about.keywords),
        "inLanguage": list(about.languages),
        "isLiveDataset": False,
        "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:label": f"lds {facts.lds_version}"},
        **rai.keys(facts, answers),
        "distribution": list(_distribution(facts)),
        "recordSet": list(record_sets.record_sets(facts)),
    }
    return {key: value for key, value in found.items() if value not in (None, [], "")}


def _creator(name: str, orcid: str | None, affiliation: str | None) -> dict[str, Any]:
    person: dict[str, Any] = {"@type": "sc:Person", "name": name}
    if orcid:
        person["sameAs"] = orcid
    if affiliation:
        person["affiliation"] = {"@type": "sc:Organization", "name": affiliation}
    return person


def _one_or_all(values: list[Any]) -> Any:  # noqa: ANN401 - a value, or a list of them
    return values[0] if len(values) == 1 else values


def _distribution(facts: Facts) -> Iterator[dict[str, Any]]:
    for split in facts.splits:
        for shard in split.files.shards:
            name = shard.path.rsplit("/", 1)[-1]
            yield {
                "@type": "cr:FileObject",
                "@id": shard.path,
                "name": name,
                "description": f"{shard.clips} clips of the split {split.name}.",
                "contentUrl": shard.path,
                "contentSize": f"{shard.bytes} B",
                "encodingFormat": MIME,
                "sha256": shard.sha256,
            }
    yield {
        "@type": "cr:FileSet",
        "@id": record_sets.SHARDS,
        "name": record_sets.SHARDS,
        "description": "All Parquet files.",
        "encodingFormat": MIME,
        "includes": "data/*.parquet",
    }
