"""The benchmark on disk: a JSON Lines file for each split, a card with counts and hashes, other formats."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tomprm.bench.rows import VERSION, Row, check_no_leak, make_split
from tomprm.bench.words import SPLITS

_COUNTED = ("order", "length", "generator", "narrator", "fault", "variant")


def prompt_of(story: str, question: str) -> str:
    """What stands before the steps: the bare story and question, as in the `plain` prompt style."""
    return f"{story.strip()}\n{question.strip()}\n"


def processbench(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in ProcessBench's format (arXiv 2412.06559); `generator` is who wrote the trace."""
    return {
        "id": row["id"],
        "generator": row["narrator"],
        "problem": prompt_of(row["story"], row["question"]).strip(),
        "steps": [step["text"] for step in row["steps"]],
        "final_answer_correct": row["final_answer_correct"],
        "label": row["label"],
    }


def stepwise(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in TRL's stepwise form, with the ids and labels that `tomprm prm` reads beside it."""
    return {
        "id": row["id"],
        "story_id": row["story_id"],
        "prompt": prompt_of(row["story"], row["question"]),
        "completions": [step["text"] for step in row["steps"]],
        "labels": [None if x is None else bool(x) for x in row["step_labels"]],
        "prefix_labels": [bool(x) for x in row["prefix_labels"]],
        "trace": row["trace"],
    }


FORMATS = {"bpb": dict, "processbench": processbench, "stepwise": stepwise}


def write_benchmark(
    out: str | Path, pairs: Mapping[str, int], seed: int, format: str = "bpb"
) -> dict[str, Any]:
    """Make the splits, check them for leaks, write `<split>.jsonl` and last `card.json`; returns the card.

    Each file appears whole or not at all, and a folder with a card is complete: its hashes are of the files.

    Args:
        pairs: pairs of rows for each split.
        format: "bpb" or one of the lesser formats "processbench" and "stepwise".

    Raises:
        ValueError: an unknown split or format, or a leak.
    """
    if format not in FORMATS:
        raise ValueError(f"format {format!r} is unknown; choose from {', '.join(FORMATS)}")
    splits = {split: list(make_split(split, n, seed)) for split, n in pairs.items()}
    check_no_leak(splits)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "card.json").unlink(missing_ok=True)
    card: dict[str, Any] = {"version": VERSION, "seed": seed, "format": format, "splits": {}}
    for split, rows in splits.items():
        text = "".join(json.dumps(FORMATS[format](row), ensure_ascii=False) + "\n" for row in rows)
        _replace(out / f"{split}.jsonl", text)
        card["splits"][split] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), **count(rows)}
    _replace(out / "card.json", json.dumps(card, indent=1) + "\n")
    return card


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def count(rows: Sequence[Row]) -> dict[str, Any]:
    """What a split holds."""
    labels = [x for row in rows for x in row["step_labels"]]
    kinds = [f"{c} process, {a} answer" for c in ("clean", "dirty") for a in ("right", "wrong")]
    table: Counter[str] = Counter()
    for row in rows:
        table[kinds[2 * (row["label"] >= 0) + (not row["final_answer_correct"])]] += 1
    return {
        "rows": len(rows),
        "stories": len({row["story_id"] for row in rows}),
        "clean": sum(row["label"] == -1 for row in rows),
        "steps": len(labels),
        "labels": {str(kind): labels.count(kind) for kind in (1, 0, None)},
        "process_x_answer": {kind: table[kind] for kind in kinds},
        **{
            key: dict(sorted(Counter(str(row[key]) for row in rows if row[key] is not None).items()))
            for key in _COUNTED
        },
    }


def read_benchmark(path: str | Path) -> list[Row]:
    """Rows of one split's file, or of all splits of a folder.

    Raises:
        ValueError: no such file, or rows that are none of this version; the message names the line.
    """
    path = Path(path)
    files = [f for s in SPLITS if (f := path / f"{s}.jsonl").is_file()] if path.is_dir() else [path]
    if not files or not all(f.is_file() for f in files):
        raise ValueError(f"{path}: no benchmark there; write one with `tomprm generate --benchmark {path}`")
    rows: list[Row] = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row: Row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{file}: line {number} is no JSON ({error}); write the file anew") from None
            if not isinstance(row, dict) or row.get("version") != VERSION:  # pyright: ignore
                remedy = "write it with `tomprm generate --benchmark`"
                raise ValueError(f"{file}: line {number} is no row of {VERSION}; {remedy}")
            rows.append(row)  # pyright: ignore
    return rows
