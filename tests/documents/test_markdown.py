from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listen_datasets.documents import markdown
from listen_datasets.documents.markdown import Markdown

NASTY = st.text(alphabet="ab1 .)(*_`#<>&|[]!~$\\-+=:/\n\t'\"\u202e", max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, 1.5 of 2-3", "plain words, 1.5 of 2-3"),
        ("a *b* _c_ `d`", r"a \*b\* \_c\_ \`d\`"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("[text](url) ![x](y)", r"\[text\](url) !\[x\](y)"),
        ("a|b", "a&#124;b"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("-10.5", "-10.5"),
        ("---", r"\---"),
        ("two\nlines", "two lines"),
        ("see http://x.org and www.y.org", "see http:&#47;&#47;x.org and www&#46;y.org"),
        ("\u202eabc\x1b", r"\\u202eabc\\x1b"),
    ],
)
def test_text_renders_as_it_is(text: str, expected: str) -> None:
    assert markdown.words(text) == expected


def test_prose_keeps_paragraphs_and_urls_and_nothing_else() -> None:
    assert markdown.prose("One.\n\n    # Two\nhttps://x.org\n") == "One.\n\n\\# Two\nhttps://x.org"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dog", "`dog`"),
        ("<b>*x*</b>", "`<b>*x*</b>`"),
        ("a`b``c", "```a`b``c```"),
        ("`a`", "`` `a` ``"),
        ("a|b*", r"<code>a&#124;b\*</code>"),
        ("a\nb", r"`a\x0ab`"),
        ("", "(empty)"),
        ("  ", "(blank, 2 characters)"),
        (16_000, "`16000`"),
        ("x" * 300, "`" + "x" * 200 + "… (300 characters)`"),
    ],
)
def test_values_stand_in_code_spans(value: object, expected: str) -> None:
    assert markdown.code(value) == expected


@given(NASTY)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = markdown.code(text)
    if span.startswith("`"):
        fence = re.match("`+", span)
        assert fence is not None
        inside = span[len(fence[0]) : -len(fence[0])]
        assert fence[0] not in re.findall("`+", inside)


@given(st.lists(NASTY, min_size=1, max_size=4))
def test_a_table_has_one_cell_a_value_whatever_the_value(row: list[str]) -> None:
    lines = markdown.table(["head"] * len(row), [[markdown.code(value) for value in row], row]).split("\n")
    assert [line.count("|") for line in lines] == [len(row) + 1] * 4


@given(NASTY)
def test_text_holds_no_html(text: str) -> None:
    assert not set("<>|") & set(markdown.words(text) + markdown.prose(text))


def test_a_citation_cannot_leave_its_block() -> None:
    assert markdown.fenced("a\n```\n# b") == "````\na\n```\n# b\n````"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.org/a(b)", "[`t`](https://x.org/a%28b%29)"),
        ("javascript:alert(1)", "`javascript:alert(1)`"),
        ("https://x.org/><script>", "`https://x.org/><script>`"),
    ],
)
def test_only_plain_urls_become_links(url: str, expected: str) -> None:
    assert markdown.link(url, markdown.code("t")) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Markdown("*x*"), "*x*"), (None, "–"), ("*x*", r"\*x\*"), (1234, "1,234")],
)
def test_cells_take_markdown_as_it_is_and_escape_the_rest(value: object, expected: str) -> None:
    assert markdown.cell(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00.0 s"),
        (3599.99, "1 h 00 min 00.0 s"),
        (3_725.5, "1 h 02 min 05.5 s"),
    ],
)
def test_lengths_are_given_in_hours_minutes_and_seconds(seconds: float, expected: str) -> None:
    assert markdown.hours(seconds) == expected


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(-0.001, 2, "0.00"), (1234.5678, 2, "1,234.57"), (1844.4, 0, "1,844"), (None, 2, "–")],
)
def test_numbers_have_fixed_decimals_and_no_negative_zero(value: float | None, digits: int, expected: str) -> None:
    assert markdown.number(value, digits) == expected


def test_a_share_of_nothing_is_no_number() -> None:
    assert markdown.share(0, 0) == "–"
