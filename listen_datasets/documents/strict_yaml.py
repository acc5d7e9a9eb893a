"""YAML without the freedoms that let values change in silence: every scalar is text, and written as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from listen_datasets.text import visible

MAX_BYTES = 2**20
"""Largest file that is read."""


class _Loader(yaml.SafeLoader):
    """Refuses tags, aliases and doubled keys; ``no``, ``007`` and ``2024-05-01`` are text, an empty value is None."""

    # Not those of SafeLoader, which turn words into truth values, numbers and dates.
    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 - the attribute is PyYAML's

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - untyped in PyYAML
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="an anchor or alias is not allowed", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem=f"the tag {event.tag} is not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002, FBT001, FBT002 - PyYAML's
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is no text", problem_mark=key_node.start_mark)
            if key_node.value in found:
                problem = f"the key {visible(key_node.value, 80)!r} stands there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            found[key_node.value] = self.construct_object(value_node, deep=True)
        return found

    def construct_text(self, node: yaml.ScalarNode) -> str | None:
        return None if node.style is None and node.value in {"", "~", "null"} else str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.construct_text)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_mapping)


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, and quotes whatever a reader could take for a line break."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the signature of PyYAML
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        style = '"' if visible(data, limit=len(data)) != data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def load(data: bytes) -> Any:  # noqa: ANN401 - mappings, lists, text and None
    """Read a document.

    Raises:
        ValueError: It is too large, no UTF-8, no YAML, or uses what is not allowed; the message names the line.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES:,} bytes")
    try:
        loader = _Loader(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {visible(str(error))}") from None
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(f"line {mark.line + 1 if mark else '?'}: {visible(error.problem or 'no YAML')}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"no YAML: {visible(str(error))}") from None
    finally:
        loader.dispose()


def dump(document: Mapping[str, Any]) -> str:
    """Return a document as YAML, keys in their own order; any YAML reader gives its values back unchanged."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
