"""Columns as ``datasets`` describes them in a dataset card.

Layout: https://github.com/huggingface/datasets, ``Features._to_yaml_list``. Lists of scalars are spelled ``sequence``,
which both old and new versions read; lists of structs are spelled ``list``, because in old ones ``sequence`` turns them
inside out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from listen_datasets.documents.facts import Column

_SPELLING = {"double": "float64", "float": "float32", "halffloat": "float16"}


def type_name(kind: pa.DataType) -> str:
    """Return the name of a type, as ``datasets`` spells it where it has a name for it.

    >>> type_name(pa.list_(pa.float64()))
    'list of float64'
    """
    if _is_list(kind):
        return f"list of {type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        fields = (kind.field(position) for position in range(kind.num_fields))
        return f"struct of {', '.join(f'{field.name}: {type_name(field.type)}' for field in fields)}"
    return _SPELLING.get(str(kind), str(kind))


def features(columns: Sequence[Column], sampling_rate: int | None) -> list[dict[str, Any]]:
    """Return the ``features`` of ``dataset_info``: every column, with its name and type.

    Args:
        columns: Of the shards.
        sampling_rate: In Hz, if all recordings share it: readers resample to it.
    """
    return [{"name": column.name, **_feature(column, sampling_rate)} for column in columns]


def _feature(column: Column, sampling_rate: int | None) -> dict[str, Any]:
    if column.owner == "recording":
        return {"dtype": "audio" if sampling_rate is None else {"audio": {"sampling_rate": sampling_rate}}}
    if column.classes:
        names = {str(position): name for position, name in enumerate(column.classes)}
        return {"dtype": {"class_label": {"names": names}}}
    return _of_type(column.type)


def _of_type(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(kind):
        return {"struct": _fields(kind)}
    if not _is_list(kind):
        return {"dtype": type_name(kind)}
    if pa.types.is_struct(kind.value_type):
        return {"list": _fields(kind.value_type)}
    inner = _of_type(kind.value_type)
    return {"sequence": inner["dtype"] if set(inner) == {"dtype"} else inner}


def _fields(kind: pa.DataType) -> list[dict[str, Any]]:
    fields = (kind.field(position) for position in range(kind.num_fields))
    return [{"name": field.name, **_of_type(field.type)} for field in fields]


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
