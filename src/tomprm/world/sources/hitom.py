"""Hi-ToM (ying-hui-he/Hi-ToM_dataset, Apache-2.0): the released file, and the corrected copy.

The release holds 600 questions, each with two sets of labels, `CoTP` and `VP`. The file shipped
with tomprm keeps each question once, with the label of the exact engine; `release_label` says what
CoTP printed, so that a corrected row can be told from an untouched one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

from tomprm.world.grammar import is_decoration, read_choices, read_question
from tomprm.world.items import Item

_LOG = logging.getLogger(__name__)
RELEASE_FILE = "Hi-ToM_data.json"
CORRECTED = "sources/hitom_corrected.json.gz"
_REMEDY = f"give {RELEASE_FILE} of ying-hui-he/Hi-ToM_dataset, as released"
_META = ("prompting_type", "deception", "story_length", "question_order")
_FIELDS = {*_META, "story", "question", "choices", "answer"}


def load_release(path: str | Path) -> list[Item]:
    """All rows of `Hi-ToM_data.json`, in file order; `path` is the file or its folder.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file has another layout.
    """
    path = Path(path)
    if path.is_dir():
        path = path / RELEASE_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {_REMEDY}")
    try:
        rows: object = json.loads(path.read_text(encoding="utf-8"))["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected JSON with a `data` list of Hi-ToM rows; {_REMEDY}") from error
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{path}: expected a `data` list with rows; {_REMEDY}")
    return [_item(index, row, path) for index, row in enumerate(cast("list[object]", rows))]


def _item(index: int, row: object, path: Path) -> Item:
    found = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    if missing := _FIELDS - found.keys():
        raise ValueError(f"{path}: row {index} lacks {', '.join(sorted(missing))}; {_REMEDY}")
    try:
        question = read_question(found["question"], read_choices(found["choices"]), found["answer"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: row {index}: {error}; {_REMEDY}") from error
    return Item(
        id=f"hitom/{index}",
        story_id=story_id(found["story"]),
        text=found["story"],
        question=question,
        profile="hitom-release",
        meta={"source": "hitom", "row": index, **{k: found[k] for k in _META}},
    )


def story_body(text: str) -> str:
    """The numbered sentences alone: no prompt line, no `***`, no blank lines."""
    return "\n".join(line.strip() for line in text.splitlines() if not is_decoration(line))


def story_id(text: str) -> str:
    """The same for all rows that tell the same story, whatever is printed around it.

    >>> story_id("1 Ann entered the hall.") == story_id("***\\n1 Ann entered the hall.\\n\\n")
    True
    """
    return "hitom/s" + hashlib.sha256(story_body(text).encode()).hexdigest()[:10]


def load(path: str | Path | None = None, labels: Literal["corrected", "release"] = "corrected") -> list[Item]:
    """Hi-ToM with corrected labels, unless the released ones are asked for; logs how many it changed.

    Args:
        path: the released file or its folder; None: the 600 distinct questions that tomprm ships.

    Raises:
        FileNotFoundError, ValueError: as `load_release`.
    """
    shipped = load_corrected()
    if path is None:
        if labels == "corrected":
            return shipped
        released = [replace(i.question, gold=i.meta["release_label"]) for i in shipped]
        return [replace(i, question=q) for i, q in zip(shipped, released, strict=True)]
    items = load_release(path)
    if labels == "release":
        return items
    right = {(i.story_id, i.question.chain): i for i in shipped}
    corrected: list[Item] = []
    for item in items:
        known = right.get((item.story_id, item.question.chain))
        if known is not None and known.question.gold != item.question.gold:
            meta = {**item.meta, "release_label": item.question.gold, "reason": known.meta["reason"]}
            item = replace(item, question=replace(item.question, gold=known.question.gold), meta=meta)
        corrected.append(item)
    changed = sum("release_label" in i.meta for i in corrected)
    _LOG.warning(
        "Hi-ToM: %d of %d labels corrected; labels='release' keeps them as printed", changed, len(items)
    )
    return corrected


def load_corrected() -> list[Item]:
    """The 600 distinct questions with corrected labels, as shipped with the package."""
    raw = files("tomprm.world").joinpath(CORRECTED).read_bytes()
    return [
        Item(
            id=row["id"],
            story_id=row["story_id"],
            text=row["story"],
            question=read_question(row["question"], row["choices"], row["answer"]),
            profile="hitom-release",
            meta={
                "source": "hitom",
                "row": int(row["id"].removeprefix("hitom/")),
                **{k: row[k] for k in ("deception", "story_length", "release_label", "vp_label", "reason")},
                "question_order": row["order"],
            },
        )
        for row in json.loads(gzip.decompress(raw))["data"]
    ]
