from __future__ import annotations

import pyarrow as pa

from listen_datasets.model import Finding
from listen_datasets.recipe import About, Recipe, Source, Validate
from listen_datasets.set_rules.licences import check
from listen_datasets.testing.manifests import clips


def found(licences: list[str | None], of_all: str | None = None) -> list[Finding]:
    return check(
        clips(license=pa.array(licences, pa.string())), Validate(), Recipe(dataset=About(name="t", license=of_all))
    )


def test_one_licence_is_fine_however_it_is_spelled() -> None:
    assert found(["CC-BY-4.0", "cc-by-4.0"]) == []


def test_several_are_noted_with_their_clips() -> None:
    (finding,) = found(["CC-BY-4.0", "CC0-1.0", "CC0-1.0"])

    assert (finding.code, finding.severity, finding.field) == ("license.mixed", "note", "/license")
    assert "CC0-1.0 (2), CC-BY-4.0 (1); commercial use: yes" in finding.message


def test_a_pair_that_excludes_each_other_is_a_warning() -> None:
    (finding,) = found(["CC-BY-SA-4.0", "CC-BY-NC-4.0"])

    assert (finding.code, finding.severity) == ("license.conflict", "warning")


def test_rows_without_one_have_that_of_the_dataset() -> None:
    assert [item.code for item in found(["CC-BY-4.0", None], "CC0-1.0")] == ["license.mixed"]


def test_sources_may_differ_without_any_column() -> None:
    recipe = Recipe(
        dataset=About(name="t", license="CC0-1.0"),
        source=(Source(name="s", path="a", license="CC-BY-4.0"), Source(name="u", path="b")),
    )

    assert [item.code for item in check(clips(source=["s", "u"]), Validate(), recipe)] == ["license.mixed"]
    assert check(clips(source=["s", "s"]), Validate(), recipe) == []


def test_what_is_no_licence_is_the_concern_of_another_rule() -> None:
    assert found(["CC-BY-4.0", "ask me", None]) == []
    assert check(clips(license=[1, 2]), Validate(), Recipe(dataset=About(name="t"))) == []
