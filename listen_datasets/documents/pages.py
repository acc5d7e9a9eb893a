"""Templates in which nothing reaches the page unescaped.

Jinja's own escaping is for HTML. Here every value that a template prints goes through :func:`markdown.cell`: what is
:class:`Markdown` stays, what is text is escaped.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import jinja2

from listen_datasets.documents import markdown

_FOLDER = "templates"


def render(template: str, **values: Any) -> str:  # noqa: ANN401 - whatever a template prints
    """Return a page.

    Args:
        template: Name of a file in the folder ``templates``.
        values: What the template names; each must be there.
    """
    page = _environment().get_template(template).render(**values)
    # Values that are empty leave blank lines.
    lines = (line.rstrip() for line in page.splitlines())
    return _single_spaced(lines)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701 - escaped by `finalize`, as Markdown
        loader=jinja2.FunctionLoader(_source),
        undefined=jinja2.StrictUndefined,
        finalize=markdown.cell,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _source(name: str) -> str:
    return (resources.files(__package__) / _FOLDER / name).read_text(encoding="utf-8")


def _single_spaced(lines: Any) -> str:  # noqa: ANN401
    kept: list[str] = []
    is_fenced = False
    for line in lines:
        is_fenced ^= line.startswith("```")
        if line or is_fenced or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"
