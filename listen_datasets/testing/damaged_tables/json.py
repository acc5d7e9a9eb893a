"""Tables of JSON objects, one a line or in an array."""

from __future__ import annotations

import json
from collections.abc import Iterator

from listen_datasets.testing.damaged_tables.case import Case, fine, noted, refused

_BAD = ("metadata.bad_line", 2)

# What is JSON or nearly so, and would mean another value to another reader.
_CHANGING = {
    "a doubled key": '{"a": 1, "a": 2}',
    "a doubled key inside": '{"a": {"b": 1, "b": 1}}',
    "NaN": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "a number beyond all doubles": '{"a": 1e999}',
    "a number that becomes zero": '{"a": 1e-999}',
    "an integer beyond 64 bits": '{"a": 9223372036854775808}',
    "an integer of ten thousand digits": '{"a": ' + "9" * 10_000 + "}",
    "half of a surrogate pair": r'{"a": "\ud800"}',
    "nesting that is too deep": '{"a": ' + "[" * 70 + "]" * 70 + "}",
    "an array": "[1, 2]",
    "a text": '"a"',
    "a number": "17",
    "null": "null",
    "a key without a name": '{"": 1}',
    "a key with a line break": r'{"a\nb": 1}',
}
# What has no end that could be found.
_BROKEN = {
    "single quotes": "{'a': 1}",
    "a comma at the end": '{"a": 1,}',
    "a control character": '{"a": "\x07"}',
    "a comment": '{"a": 1} // one',
    "an unclosed object": '{"a": {"b": 1}',
    "an unclosed text": '{"a": "b}',
    "a leading zero": '{"a": 007}',
    "a number without its end": '{"a": 1.}',
    "a wrong escape": r'{"a": "\x"}',
    "a nesting bomb": '{"a":' * 100_000,
}


def cases() -> Iterator[Case]:
    """Yield tables in JSON Lines and JSON."""
    yield from _odd_lines()
    yield from _bad_lines()
    yield from _odd_arrays()
    yield from _bad_elements()
    yield from _broken_arrays()
    yield from _broken_files()


def _odd_lines() -> Iterator[Case]:
    two = '{"file_name": "a.wav"}\n{"file_name": "b.wav"}\n'
    yield fine("m.jsonl", "CRLF", two.replace("\n", "\r\n"), 2)
    yield fine("m.jsonl", "no final newline", two.rstrip(), 2)
    yield fine("m.jsonl", "empty lines at the end", two + "\n \n", 2)
    yield fine("m.jsonl", "a byte order mark", "\ufeff" + two, 2)
    yield fine("m.ndjson", "the other suffix", two, 2)
    yield fine("m.jsonl", "keys that come and go", '{"a": 1}\n{"b": "x"}\n{}\n', 3)
    yield fine("m.jsonl", "escapes", r'{"a": "\ud83d\ude00 \u00e9 \\ \/ \""}', 1)
    yield fine("m.jsonl", "brackets in a text", json.dumps({"a": "[" * 1000}), 1)
    yield fine("m.jsonl", "the largest numbers", '{"a": 9223372036854775807, "b": 1.7976931348623157e308}', 1)
    yield fine(
        "m.jsonl", "separators of lines that are none", json.dumps({"a": "x\u2028y\x85z"}, ensure_ascii=False), 1
    )
    yield noted("m.jsonl", "an empty line", '{"a": 1}\n\n{"a": 2}\n', 2, ("metadata.empty_line", 2))
    yield noted("m.jsonl", "mixed types", '{"a": 1}\n{"a": "x"}\n', 2, ("metadata.mixed_types", 2))


def _bad_lines() -> Iterator[Case]:
    for name, line in {**_CHANGING, **_BROKEN, "two values": '{"a": 1} {"a": 2}'}.items():
        yield noted("m.jsonl", name, f'{{"a": 1}}\n{line}\n{{"a": 3}}\n', 2, _BAD)
    yield noted("m.jsonl", "a cut end", '{"a": 1}\n{"a": 2}\n{"a', 2, ("metadata.bad_line", 3))
    half = "".join('{"a": 1}\n{"a": NaN}\n' for _ in range(100))
    yield noted("m.jsonl", "every second line", half, 100, *(("metadata.bad_line", 2 * n) for n in range(1, 101)))


def _odd_arrays() -> Iterator[Case]:
    rows = [{"file_name": "a.wav", "label": "dog"}, {"file_name": "b.wav"}]
    yield fine("m.json", "on one line", json.dumps(rows), 2)
    yield fine("m.json", "indented", json.dumps(rows, indent=2), 2)
    yield fine("m.json", "indented, with CRLF", json.dumps(rows, indent="\t").replace("\n", "\r\n"), 2)
    yield fine("m.json", "without any space", json.dumps(rows, separators=(",", ":")), 2)
    yield fine("m.json", "space around", f" \n\t{json.dumps(rows)}\r\n\n", 2)
    yield fine("m.json", "a byte order mark", "\ufeff" + json.dumps(rows), 2)
    yield fine("m.json", "an empty object", '[{}, {"a": 1}]', 2)


def _bad_elements() -> Iterator[Case]:
    for name, element in _CHANGING.items():
        yield noted("m.json", name, f'[{{"a": 1}},\n{element},\n{{"a": 3}}]', 2, _BAD)
        yield noted("m.json", f"{name}, on one line", f'[{{"a": 1}},{element},{{"a": 3}}]', 2, ("metadata.bad_line", 1))


def _broken_arrays() -> Iterator[Case]:
    for name, element in _BROKEN.items():
        error = "element 2 is nested deeper" if "bomb" in name else "element 2"
        yield refused("m.json", name, f'[{{"a": 1}},\n{element},\n{{"a": 3}}]', error, 2)
    yield refused("m.json", "a comma behind the last element", '[{"a": 1},\n]', "element 2 is no JSON", 2)
    yield refused("m.json", "a missing comma", '[{"a": 1}\n{"a": 2}]', "behind element 1", 2)
    yield refused("m.json", "no end", '[{"a": 1},\n{"a": 2}', "the file ends behind element 2", 2)
    yield refused("m.json", "a second value", '[{"a": 1}]\n[{"a": 2}]', "something follows the array", 2)
    yield refused("m.json", "an object", '{"rows": [{"a": 1}]}', "no JSON array", 1)
    yield refused("m.json", "one object a line", '{"a": 1}\n{"a": 2}\n', "no JSON array", 1)
    yield refused("m.json", "an empty array", "[]", "empty")
    yield refused("m.json", "an array of arrays", '[["a.wav"], ["b.wav"]]', "element 1 is an array", 1)
    yield refused("m.json", "Latin-1", '[{"a": 1},\n{"a": "é"}]'.encode("latin-1"), "not UTF-8: byte 0xe9", 2)
    yield refused("m.json", "a NUL", '[{"a": 1},\n\0{"a": 2}]', "element 2", 2)


def _broken_files() -> Iterator[Case]:
    yield refused("m.jsonl", "an array of objects", '[\n{"a": 1}\n]\n', "JSON array, not JSON Lines")
    yield refused("m.jsonl", "a table of commas", "a,b\n1,2\n", "not JSON Lines", 1)
    yield refused("m.jsonl", "most lines", '{"a": 1}\n{\n{\n', "2 of the first 3 rows", 2)
    yield refused("m.jsonl", "names that look the same", '{"caf\u00e9": 1}\n{"cafe\u0301": 2}\n', "normal form")
    yield refused("m.jsonl", "a NUL", '{"a": 1}\n{"a": "\0"}\n', "NUL", 2)
    yield refused("m.jsonl", "Latin-1", '{"a": 1}\n{"a": "é"}\n'.encode("latin-1"), "not UTF-8", 2)
    keys = json.dumps({f"k{number}": 1 for number in range(10_001)})
    yield refused("m.jsonl", "data for keys", keys, "more than 10,000 columns")
