"""Hi-ToM (ying-hui-he/Hi-ToM_dataset, Apache-2.0): the released file, and the corrected copy.

The release holds 600 questions, each with two sets of labels, `CoTP` and `VP`. The file shipped
with tomprm keeps each question once, with the label of the exact engine; `release_label` says what
CoTP printed, so that a corrected row can be told from an untouched one.
"""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from tomprm.world.grammar import read_choices, read_question
from tomprm.world.items import Item

_FIELDS = {"prompting_type", "deception", "story_length", "question_order", "story", "question", "choices", "answer"}


def load_release(path: str | Path) -> list[Item]:
    """All rows of `Hi-ToM_data.json`, in file order; `path` is the file or its folder.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file has another layout.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "Hi-ToM_data.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give Hi-ToM_data.json of ying-hui-he/Hi-ToM_dataset")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["data"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: expected JSON with a `data` list of Hi-ToM rows ({error!r}); "
            "give Hi-ToM_data.json as released"
        ) from error
    return [_item(index, row, path) for index, row in enumerate(rows)]


def _item(index: int, row: dict[str, Any], path: Path) -> Item:
    if missing := _FIELDS - row.keys():
        raise ValueError(
            f"{path}: row {index} lacks {', '.join(sorted(missing))}; give Hi-ToM_data.json as released"
        )
    question = read_question(row["question"], read_choices(row["choices"]), row["answer"])
    # A VP row is the CoTP row 300 before it: the same story, told with another prompt line.
    twin = index if row["prompting_type"] == "CoTP" else index - 300
    meta = {k: row[k] for k in ("prompting_type", "deception", "story_length", "question_order")}
    return Item(
        id=f"hitom/{index}",
        story_id=f"hitom/s{twin // 5}",
        text=row["story"],
        question=question,
        profile="hitom-release",
        meta={"source": "hitom", "row": index, **meta},
    )


def load_corrected() -> list[Item]:
    """The 600 distinct questions with corrected labels, as shipped with the package."""
    raw = files("tomprm.world").joinpath("sources/hitom_corrected.json.gz").read_bytes()
    items: list[Item] = []
    for row in json.loads(gzip.decompress(raw))["data"]:
        question = read_question(row["question"], tuple(row["choices"]), row["answer"])
        items.append(
            Item(
                id=row["id"],
                story_id=row["story_id"],
                text=row["story"],
                question=question,
                profile="hitom-release",
                meta={"source": "hitom", "deception": row["deception"], "release_label": row["release_label"]},
            )
        )
    return items
