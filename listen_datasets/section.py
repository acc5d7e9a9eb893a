"""What all tables of ``lds.toml`` have in common, and the types of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, inspect, structs

FileName = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=4096)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=96)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]  # an infinity could not stand in the ledger


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A table of ``lds.toml``; unknown keys are refused.

    Attributes:
        how: Keys that say how a stage goes about its work, and never change what comes of it.
        profiles: What other keys hold unless they are given, by the value of the key ``profile``.
    """

    how: ClassVar[frozenset[str]] = frozenset()
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {}


def with_profile(kind: type[Section], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys given for a section, and those that their profile stands for."""
    name = given.get("profile")
    return {**(kind.profiles.get(name, {}) if isinstance(name, str) else {}), **given}


@cache
def fields(section: type[Section]) -> tuple[structs.FieldInfo, ...]:
    """Return the fields of a section; msgspec takes milliseconds for the annotations of one, whenever it is asked."""
    return structs.fields(section)


@cache
def shapes(section: type[Section]) -> Mapping[str, inspect.Type]:
    """Return the types of the keys of a section, by key."""
    return MappingProxyType({entry.encode_name: inspect.type_info(entry.type) for entry in fields(section)})
