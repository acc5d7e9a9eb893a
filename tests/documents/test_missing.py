from __future__ import annotations

from dataclasses import replace

import msgspec

from listen_datasets import licences
from listen_datasets.documents import croissant, missing
from listen_datasets.documents.facts import Facts


def test_a_complete_recipe_lacks_nothing(facts: Facts) -> None:
    assert list(missing.findings(croissant.croissant(facts, {}))) == []


def test_each_missing_key_is_named_once_with_where_to_fill_it_in(facts: Facts) -> None:
    bare = replace(facts, about=type(facts.about)(name="made"), licences=licences.summary({None: 6}))
    found = list(missing.findings(croissant.croissant(bare, {})))
    assert [item.field for item in found] == [
        "/dataset/description",
        "/dataset/license",
        "/dataset/url",
        "/dataset/authors",
        "/dataset/published",
    ]
    assert {(item.code, item.severity, item.path) for item in found} == {("card.missing_field", "warning", "lds.toml")}
    assert found[2].hint == "fill in `url` in [dataset] of lds.toml"


def test_a_look_alike_is_no_finding(facts: Facts) -> None:
    about = msgspec.structs.replace(facts.about, contact=None, keywords=(), languages=(), title="", label=None)
    assert list(missing.findings(croissant.croissant(replace(facts, about=about), {}))) == []
