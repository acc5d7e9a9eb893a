"""Licences: their ids, what they ask for, and what follows for a dataset that mixes them. Not legal advice.

Ids are those of the SPDX License List, as :mod:`packaging.licenses` has it. The terms cover Creative Commons and the open
data licences; everything else, valid or not, counts as unknown. Ids of the Hugging Face Hub: its list of licences for
repositories, https://huggingface.co/docs/hub/repositories-licenses.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

Use = Literal["yes", "no", "unknown"]

_HUB_IDS = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0
    lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl
    openmdw-1.0 openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
    fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown
    other
"""
HUB_IDS = frozenset(_HUB_IDS.split())
"""Every value that the Hub takes for ``license``."""

OTHER, UNKNOWN = "other", "unknown"

_HUB_SPELLING = {"ODC-By-1.0": "odc-by", "ODbL-1.0": "odbl", "PDDL-1.0": "pddl", "C-UDA-1.0": "c-uda"}
_HUB_FAMILIES = frozenset({"cc", "gpl", "lgpl", "bsd", "gfdl", UNKNOWN, OTHER})
"""Values that no SPDX id means: families without a version, and words about licences."""

_CC_BY = re.compile(r"CC-BY(?P<nc>-NC)?(?:-(?P<more>SA|ND))?-(?P<version>[0-9.]+)(?:-[A-Z0-9-]+)?", re.IGNORECASE)
_SIMPLE_ID = re.compile(r"[A-Za-z0-9.+-]+")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a licence asks of those who use the work.

    Attributes:
        family: Licences of one family can be combined across versions: ``CC``, or the id itself.
        attribution: The author must be named.
        non_commercial: No commercial use.
        share_alike: What is made from it must carry the same licence.
        no_derivatives: What is made from it must not be shared.
    """

    family: str
    attribution: bool = False
    non_commercial: bool = False
    share_alike: bool = False
    no_derivatives: bool = False


_OWN_TERMS = {
    **{name: Terms(family=name) for name in ("CC0-1.0", "CC-PDM-1.0", "PDDL-1.0")},
    **{
        name: Terms(family=name, attribution=True)
        for name in ("ODC-By-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "etalab-2.0")
    },
    **{name: Terms(family=name, attribution=True, share_alike=True) for name in ("ODbL-1.0", "CDLA-Sharing-1.0")},
}


@dataclass(frozen=True, kw_only=True)
class Licence:
    """A licence as the clips name it.

    Attributes:
        name: The SPDX expression in its usual spelling; the text as it was found if it is none; None where there is none.
        clips: How many clips carry it.
        is_spdx: Whether the name is an SPDX expression or a ``LicenseRef-`` of somebody's own.
        terms: What it asks for; None if that is not known.
    """

    name: str | None
    clips: int
    is_spdx: bool
    terms: Terms | None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the licences of all clips amount to; what each clip carries stays authoritative.

    Attributes:
        licences: Each one with its clips, most frequent first.
        attribution_required: Some clip must be attributed.
        commercial_use: ``unknown`` as soon as the terms of one clip are.
        non_commercial: Names of the licences that forbid commercial use.
        no_derivatives: Names of those that forbid sharing what is made from the work.
        conflicts: Pairs of licences that no single adaptation of all clips could satisfy.
        expression: All of them as one SPDX expression; None if one is missing or no SPDX.
    """

    licences: tuple[Licence, ...]
    attribution_required: bool
    commercial_use: Use
    non_commercial: tuple[str, ...]
    no_derivatives: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...]
    expression: str | None


def canonical(text: str) -> str | None:
    """Return an SPDX expression in its usual spelling, or None if the text is none.

    >>> canonical("cc-by-4.0")
    'CC-BY-4.0'
    """
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None


def terms(name: str) -> Terms | None:
    """Return what a licence asks for; None if it is not among those that are known here."""
    spdx = canonical(name)
    if spdx is None:
        return None
    match = _CC_BY.fullmatch(spdx)
    if match is None:
        return _OWN_TERMS.get(spdx)
    more = (match["more"] or "").upper()
    return Terms(
        family="CC",
        attribution=True,
        non_commercial=match["nc"] is not None,
        share_alike=more == "SA",
        no_derivatives=more == "ND",
    )


def hub_id(name: str | None) -> str:
    """Return the id of the Hugging Face Hub: ``other`` for an SPDX licence without one, ``unknown`` for anything else."""
    spdx = None if name is None else canonical(name)
    if spdx is None:
        return UNKNOWN
    spelled = _HUB_SPELLING.get(spdx, spdx.lower())
    return spelled if spelled in HUB_IDS - _HUB_FAMILIES else OTHER


def page(name: str | None) -> str | None:
    """Return the URL of the text of a licence; None for an expression, a ``LicenseRef-`` or no licence."""
    spdx = None if name is None else canonical(name)
    if spdx is None or spdx.startswith("LicenseRef-") or not _SIMPLE_ID.fullmatch(spdx):
        return None
    return f"https://spdx.org/licenses/{spdx}.html"


def summary(clips: Mapping[str | None, int]) -> Summary:
    """Sum up the licences of a dataset.

    Args:
        clips: Number of clips by what they say of their licence; None for those that say nothing.
    """
    licences = _counted(clips)
    known = {item.name: item.terms for item in licences if item.name is not None and item.terms is not None}
    forbidding = sorted(name for name, asked in known.items() if asked.non_commercial)
    use: Use = "no" if forbidding else "yes"
    return Summary(
        licences=licences,
        attribution_required=any(asked.attribution for asked in known.values()),
        commercial_use=use if licences and len(known) == len(licences) else "unknown",
        non_commercial=tuple(forbidding),
        no_derivatives=tuple(sorted(name for name, asked in known.items() if asked.no_derivatives)),
        conflicts=tuple(_conflicts(known)),
        expression=_expression(licences),
    )


def _counted(clips: Mapping[str | None, int]) -> tuple[Licence, ...]:
    counts: dict[tuple[str | None, bool], int] = {}
    for text, count in clips.items():
        spdx = None if text is None else canonical(text)
        key = (text if spdx is None else spdx, spdx is not None)
        counts[key] = counts.get(key, 0) + count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][0] is None, item[0][0] or ""))
    return tuple(
        Licence(name=name, clips=count, is_spdx=is_spdx, terms=terms(name) if name is not None and is_spdx else None)
        for (name, is_spdx), count in ordered
    )


def _conflicts(known: Mapping[str, Terms]) -> Iterable[tuple[str, str]]:
    for one, other in itertools.combinations(sorted(known), 2):
        if _excludes(known[one], known[other]) or _excludes(known[other], known[one]):
            yield one, other


def _excludes(shared: Terms, other: Terms) -> bool:
    """Tell whether what is made under a share-alike licence cannot also satisfy another licence."""
    if not shared.share_alike:
        return False
    if other.non_commercial and not shared.non_commercial:
        return True
    is_same_pool = (other.family, other.non_commercial) == (shared.family, shared.non_commercial)
    return other.share_alike and not is_same_pool


def _expression(licences: Iterable[Licence]) -> str | None:
    names = []
    for item in licences:
        if item.name is None or not item.is_spdx:
            return None
        names.append(item.name)
    if len(names) == 1:
        return names[0]
    return " AND ".join(sorted(f"({name})" if " " in name else name for name in names)) or None
