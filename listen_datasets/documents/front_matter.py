"""The YAML at the top of a dataset card: what the Hugging Face Hub and ``datasets`` read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from listen_datasets import licences
from listen_datasets.documents import features, strict_yaml, vocabulary
from listen_datasets.documents.facts import Facts
from listen_datasets.errors import RecipeError
from listen_datasets.text import visible

CONFIG = "default"
_LONGEST_LICENSE_NAME = 96


def front_matter(facts: Facts) -> str:
    """Return the YAML between its two lines of dashes.

    Raises:
        RecipeError: A task or a language in ``lds.toml`` is none that the Hub knows.
    """
    return f"---\n{strict_yaml.dump(fields(facts))}---\n"


def fields(facts: Facts) -> dict[str, Any]:
    """Return the fields in their order; those that nobody has filled in are left out.

    Raises:
        RecipeError: A task or a language in ``lds.toml`` is none that the Hub knows.
    """
    about = facts.about
    found: dict[str, Any] = {
        **_languages(about.languages),
        **license_fields(facts),
        "pretty_name": visible(facts.title),
        "tags": list(dict.fromkeys(["audio", *(visible(word) for word in about.keywords)])),
        "size_categories": [vocabulary.size_category(facts.clips)],
        **_tasks(about.tasks),
        "configs": [_config(facts)],
        "dataset_info": _info(facts),
    }
    return {key: value for key, value in found.items() if value}


def license_fields(facts: Facts) -> dict[str, Any]:
    """Return ``license``, and where the Hub has no id for one, its name and where to read it."""
    ids = sorted({licences.hub_id(item.name) for item in facts.licences.licences})
    fields: dict[str, Any] = {"license": ids[0] if len(ids) == 1 else ids}
    if licences.OTHER in ids:
        others = sorted(
            item.name
            for item in facts.licences.licences
            if item.name is not None and licences.hub_id(item.name) == licences.OTHER
        )
        name = "-and-".join("-".join(other.lower().replace("(", "").replace(")", "").split()) for other in others)
        fields["license_name"] = name[:_LONGEST_LICENSE_NAME]
        fields["license_link"] = (licences.page(others[0]) if len(others) == 1 else None) or "README.md#licences"
    return fields


def _languages(said: Iterable[str]) -> Mapping[str, list[str]]:
    codes, tags = [], []
    for text in said:
        tag = vocabulary.LANGUAGE_TAG.fullmatch(text)
        if tag is None and not vocabulary.LANGUAGE.fullmatch(text):
            raise RecipeError(
                f"{visible(text)!r} is no language code",
                where="[dataset] languages",
                hint="use ISO 639 codes such as en or yue, or BCP 47 tags such as en-GB",
            )
        codes.append(text if tag is None else tag[1])
        tags += [text] if tag else []
    return {"language": list(dict.fromkeys(codes)), "language_details": tags}


def _tasks(said: Iterable[str]) -> Mapping[str, list[str]]:
    categories, ids = [], []
    for text in said:
        if text in vocabulary.TASK_IDS:
            ids.append(text)
        elif text not in vocabulary.TASK_CATEGORIES:
            near = difflib.get_close_matches(text, [*vocabulary.TASK_CATEGORIES, *vocabulary.TASK_IDS], n=1)
            hint = f"did you mean {near[0]}?" if near else "say it in `keywords`, which may be anything"
            raise RecipeError(f"the Hub has no task {visible(text)!r}", where="[dataset] tasks", hint=hint)
        categories.append(vocabulary.TASK_IDS.get(text, text))
    return {"task_categories": list(dict.fromkeys(categories)), "task_ids": ids}


def _config(facts: Facts) -> dict[str, Any]:
    files = [{"split": split.name, "path": f"data/{split.name}-*"} for split in facts.splits]
    return {"config_name": CONFIG, "default": True, "data_files": files}


def _info(facts: Facts) -> dict[str, Any]:
    splits = [
        {"name": split.name, "num_bytes": split.files.num_bytes, "num_examples": split.clips} for split in facts.splits
    ]
    return {
        "config_name": CONFIG,
        "features": features.features(facts.columns, facts.sampling_rate),
        "splits": splits,
        "download_size": facts.download_bytes,
        "dataset_size": sum(split.files.num_bytes for split in facts.splits),
    }
