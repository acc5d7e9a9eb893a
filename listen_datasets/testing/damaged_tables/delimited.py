"""Tables of text that are divided by commas or tabs."""

from __future__ import annotations

from collections.abc import Iterator

from listen_datasets.testing.damaged_tables.case import Case, fine, noted, refused

_HEAD = "file_name,label,text\n"
_GOOD = "a.wav,dog,x\nb.wav,cat,y\n"
_MANY = "".join(f"{row}.wav,dog,x\n" for row in range(1500))


def cases() -> Iterator[Case]:
    """Yield tables in CSV and TSV."""
    yield from _odd()
    yield from _ragged()
    yield from _quotes()
    yield from _headers()
    yield from _encodings()
    yield from _separators()


def _odd() -> Iterator[Case]:
    yield fine("m.csv", "CRLF", (_HEAD + _GOOD).replace("\n", "\r\n"), 2)
    yield fine("m.csv", "LF and CRLF", _HEAD + "a.wav,dog,x\r\nb.wav,cat,y\n", 2)
    yield fine("m.csv", "no final newline", (_HEAD + _GOOD).rstrip("\n"), 2)
    yield fine("m.csv", "empty lines at the end", _HEAD + _GOOD + "\n\r\n", 2)
    yield fine("m.csv", "a byte order mark", "\ufeff" + _HEAD + _GOOD, 2)
    yield fine("m.csv", "all fields quoted", '"file_name","label"\n"a.wav","do""g"\n', 1)
    yield fine("m.csv", "line breaks in quotes", _HEAD + 'a.wav,dog,"one\ntwo,three\r\n\nfour"\nb.wav,cat,y\n', 2)
    yield fine("m.csv", "a poem with commas in quotes", 'file_name,text\na.wav,"Roses, red\nViolets, blue"\n', 1)
    yield fine("m.csv", "quotes inside a field", _HEAD + 'a.wav,dog,said "hi"\nb.wav,cat,5"\n', 2)
    yield fine("m.csv", "one column", "file_name\na.wav\nb.wav\n", 2)
    yield fine("m.csv", "semicolons in values", _HEAD + "a.wav,dog,x; y; z; w\n", 1)
    yield fine("m.csv", "semicolons in a name", "file_name,label (a;b;c;d)\na.wav,dog\n", 1)
    yield fine("m.csv", "empty cells", _HEAD + "a.wav,,\n,,\n", 2)
    yield fine("m.csv", "upper-case suffix of the header", "FILE_NAME,Label\na.wav,dog\n", 1)
    yield fine("m.csv", "a thousand columns", ",".join(f"c{n}" for n in range(1000)) + "\n" + "," * 999 + "\n", 1)
    yield fine("m.tsv", "commas in values", "file_name\tlabel\na.wav\tdog, cat\n", 1)
    yield fine("m.tsv", "a quote inside a field", 'file_name\ttext\na.wav\tsaid "hi"\n', 1)


def _ragged() -> Iterator[Case]:
    few, many = ("metadata.ragged_row", 4), ("metadata.ragged_row", 3)
    yield noted("m.csv", "too few fields", _HEAD + _GOOD + "c.wav,dog\n", 2, few)
    yield noted("m.csv", "too many fields", _HEAD + "a.wav,dog,x\nb.wav,dog,x,y\n", 1, many)
    yield noted("m.csv", "too many fields at the end", _HEAD + _GOOD + "c.wav,dog,x,", 2, few)
    yield noted("m.csv", "a line of white space", _HEAD + _GOOD + "   \n", 2, few)
    yield noted("m.tsv", "too few fields", "file_name\tlabel\na.wav\tdog\nb.wav\n", 1, many)
    rows = "".join("b.wav,dog\n" for _ in range(400))
    yield noted("m.csv", "many of many rows", _HEAD + _MANY + rows, 1500,
                *(("metadata.ragged_row", 1502 + row) for row in range(400)))  # fmt: skip
    yield noted("m.csv", "an empty line", _HEAD + "a.wav,dog,x\n\n\nb.wav,cat,y\n", 2, ("metadata.empty_line", 3))
    yield refused("m.csv", "every row", _HEAD + "a.wav,dog\nb.wav,cat\n", "2 of the first 2 rows", 2)
    yield refused("m.csv", "more than half of the first rows", _HEAD + "a.wav\n" * 600 + _MANY,
                  "1 fields where the header names 3 columns; 501 of the first 501 rows", 2)  # fmt: skip
    yield refused("m.csv", "over two lines", _HEAD + 'a.wav,"do\ng"\nb.wav,dog,x\n', "2 fields", 2)


def _quotes() -> Iterator[Case]:
    yield refused("m.csv", "an unclosed quote", _HEAD + 'a.wav,dog,"x\nb.wav,cat,y\n', "never closed", 2)
    yield refused("m.csv", "an unclosed quote far from the end", _HEAD + 'a.wav,dog,"x\n' + _MANY,
                  "not closed within 1000 lines", 2)  # fmt: skip
    yield refused("m.csv", "an unclosed quote in the header", '"file_name,label\na.wav,dog\n', "never closed", 1)
    yield refused("m.csv", "a quote that another row opens again", _HEAD + 'a.wav,dog,"x\nb.wav,cat,"y"\n',
                  "goes on after its closing quote", 2)  # fmt: skip
    yield refused("m.csv", "a quote that another row closes", _HEAD + 'a.wav,dog,"x\nb.wav,cat,y\nc.wav,dog,z"\n',
                  "holds lines that are rows", 2)  # fmt: skip
    yield refused("m.csv", "text behind a quote", _HEAD + 'a.wav,"dog" ,x\n', "goes on after its closing quote", 2)
    yield refused("m.tsv", "an unclosed quote", 'file_name\ttext\na.wav\t"x\nb.wav\ty\n', "never closed", 2)
    yield refused("m.csv", "a NUL", _HEAD + "a.wav,dog,x\nb.wav,c\0t,y\n", "NUL", 3)
    yield refused("m.csv", "old line ends", (_HEAD + _GOOD).replace("\n", "\r"), "carriage return", 1)
    yield refused("m.csv", "one old line end", _HEAD + "a.wav,dog,x\rb.wav,cat,y\n", "carriage return", 2)


def _headers() -> Iterator[Case]:
    yield refused("m.csv", "a doubled name", "file_name,label,label\na.wav,dog,cat\n", "both called `label`", 1)
    yield refused("m.csv", "names that look the same", "file_name,caf\u00e9,cafe\u0301\na.wav,1,2\n", "normal form", 1)
    yield refused("m.csv", "a column without a name", "file_name,,label\na.wav,1,dog\n", "column 2 has no name", 1)
    yield refused("m.csv", "a name of spaces", "file_name,  \na.wav,1\n", "column 2 has no name", 1)
    yield refused("m.csv", "a name with a control character", "file_name,la\x07bel\na.wav,1\n", "control characters", 1)
    yield refused("m.csv", "an empty first line", "\n" + _HEAD + _GOOD, "first line is empty", 1)
    yield refused("m.csv", "a header alone", _HEAD, "no rows")
    yield refused("m.csv", "nothing", b"", "empty")
    yield refused("m.csv", "a byte order mark alone", "\ufeff", "empty")
    names = ",".join(f"c{number}" for number in range(10_001))
    yield refused("m.csv", "too many columns", f"{names}\n{',' * 10_000}\n", "more than 10,000 columns", 1)


def _encodings() -> Iterator[Case]:
    text = _HEAD + "a.wav,dog,x\nb.wav,dog,Grüße\n"
    yield refused("m.csv", "Latin-1", text.encode("latin-1"), "not UTF-8: byte 0xfc at position 13", 3)
    yield refused("m.csv", "Windows-1252", (_HEAD + "a.wav,dog,€\n").encode("cp1252"), "not UTF-8: byte 0x80", 2)
    yield refused("m.csv", "Mac Roman", text.encode("mac-roman"), "not UTF-8", 3)
    yield refused("m.csv", "a cut character", (_HEAD + "a.wav,dog,é").encode()[:-1], "not UTF-8", 2)
    yield refused("m.csv", "an overlong character", _HEAD.encode() + b"a.wav,\xc0\xaf,x\n", "not UTF-8", 2)
    yield refused("m.csv", "half of a surrogate pair", _HEAD.encode() + b"a.wav,\xed\xa0\x80,x\n", "not UTF-8", 2)
    yield refused("m.csv", "UTF-16", text.encode("utf-16"), "UTF-16 text")
    yield refused("m.csv", "UTF-16, big-endian", "\ufeff".encode("utf-16-be") + text.encode("utf-16-be"), "UTF-16 text")
    yield refused("m.csv", "UTF-16 without a mark", text.encode("utf-16-le"), "NUL", 1)
    yield refused("m.csv", "UTF-32", text.encode("utf-32"), "UTF-32 text")


def _separators() -> Iterator[Case]:
    german = "file_name;label;dauer\na.wav;dog;1,5\nb.wav;cat;2,5\n"
    yield refused("m.csv", "semicolons, as Excel writes them in German", german, "semicolons separate", 1)
    yield refused(
        "m.csv", "semicolons and a comma in a name", "a;b;c;d;e (m, n)\n1;2;3;4;5\n", "semicolons separate", 1
    )
    yield refused("m.csv", "tabs", german.replace(";", "\t"), "tabs separate", 1)
    yield refused("m.csv", "vertical bars", german.replace(";", "|"), "vertical bars separate", 1)
    yield refused("m.tsv", "commas", _HEAD + _GOOD, "commas separate", 1)
    yield refused("m.csv", "a line for Excel", "sep=;\n" + german, "tells Excel", 1)
    yield refused("m.csv", "a line for Excel with a comma", "sep=,\n" + _HEAD + _GOOD, "tells Excel", 1)
