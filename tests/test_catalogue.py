from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import listen_datasets
from listen_datasets import catalogue, recipe
from listen_datasets.errors import InternalError, UsageError

PACKAGE = Path(listen_datasets.__file__).parent
_FAMILIES = {code.partition(".")[0] for code in catalogue.entries()}
_CODE = re.compile(rf"({'|'.join(sorted(_FAMILIES))})\.[a-z0-9_]+")
_FILES = (".csv", ".json", ".jsonl", ".toml", ".parquet", ".tsv")


def _texts() -> Iterator[str]:
    """Yield every string literal of the package; what an f-string fills in as ``*``."""
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
        pieces = {id(part) for node in joined for part in node.values}
        for text in joined:
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in text.values)
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
                yield node.value


def _literals() -> set[str]:
    codes = {text for text in _texts() if _CODE.fullmatch(text) and not text.endswith(_FILES)}
    # Keys of the recipe, and a leaf of the published column of sound, look like codes.
    return codes - {f"features.{section}" for section in recipe.Features.__struct_fields__} - {"audio.path"}


def _is_used(code: str, literals: set[str], patterns: list[re.Pattern[str]]) -> bool:
    return code in literals or any(pattern.fullmatch(code) for pattern in patterns)


def test_every_code_in_the_package_is_in_the_catalogue() -> None:
    assert _literals() - catalogue.entries().keys() == set()


def test_every_code_of_the_catalogue_is_in_the_package() -> None:
    stems = {text for text in _texts() if re.fullmatch(rf"({'|'.join(_FAMILIES)})\.[a-z_]*\*[a-z_*]*", text)}
    patterns = [re.compile(stem.replace(".", r"\.").replace("*", "[a-z0-9_]+")) for stem in sorted(stems)]
    literals = _literals()
    assert [code for code in catalogue.entries() if not _is_used(code, literals, patterns)] == []


def test_codes_are_sorted_within_their_family() -> None:
    codes = list(catalogue.entries())
    families = list(dict.fromkeys(code.partition(".")[0] for code in codes))
    assert codes == sorted(codes, key=lambda code: (families.index(code.partition(".")[0]), code))


@pytest.mark.parametrize("code", list(catalogue.entries()))
def test_entry_is_made_of_sentences_for_people(code: str) -> None:
    entry = catalogue.entry(code)
    texts = (entry.meaning, entry.why, entry.fix)
    assert [text for text in texts if not re.fullmatch(r"[A-Z][^|\n]*\.", text)] == []


def test_finding_has_the_severity_of_the_catalogue() -> None:
    finding = catalogue.finding("audio.clipped", "Too loud.", clip_id="a", evidence={"value": 1})
    assert (finding.code, finding.severity, finding.message) == ("audio.clipped", "error", "Too loud.")
    assert (finding.clip_id, finding.evidence) == ("a", {"value": 1})


def test_unknown_code_is_a_bug() -> None:
    with pytest.raises(InternalError, match=r"'audio\.nonsense' is not in the catalogue"):
        catalogue.finding("audio.nonsense", "x")


def test_unknown_code_that_somebody_typed_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"there is no finding code 'audio\.clippd'") as caught:
        catalogue.check_known(["audio.clipped", "audio.clippd"])
    assert caught.value.hint == "did you mean audio.clipped?"
