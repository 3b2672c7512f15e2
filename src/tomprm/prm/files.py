"""Step-labelled examples and trace rows as JSON Lines, with errors that name the line and the remedy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tomprm.prm.data import Example, prefix_of
from tomprm.trace.steps import read_trace


def check_example(example: Any, where: str) -> None:
    """`prompt`, `completions` and `labels` are required; further keys must agree with them.

    Raises:
        ValueError: names `where` (file and line, or example), what is wrong and the remedy.
    """
    if not isinstance(example, dict):
        raise ValueError(f"{where}: expected an object, found {type(example).__name__}; one example a line")
    if missing := [k for k in ("prompt", "completions", "labels") if k not in example]:
        raise ValueError(f"{where}: lacks {', '.join(missing)}; give prompt, completions and labels")
    steps, trace = example["completions"], example.get("trace")
    if not isinstance(example["prompt"], str) or not isinstance(trace, str | None):
        raise ValueError(f"{where}: prompt and trace must be strings; correct the row")
    if not isinstance(steps, list) or not steps:
        raise ValueError(f"{where}: completions must be a list of at least one step; correct the row")
    for index, step in enumerate(steps):
        if not isinstance(step, str) or not step.strip():
            raise ValueError(f"{where}: step {index} is {step!r}; a step is a text with something in it")
    for key in ("labels", "prefix_labels"):
        labels = example.get(key, [None] * len(steps))
        if not isinstance(labels, list) or len(labels) != len(steps):
            found = len(labels) if isinstance(labels, list) else "no list of"
            raise ValueError(f"{where}: {len(steps)} steps but {found} {key}; one a step, null if unknown")
        for index, label in enumerate(labels):
            if label is not None and not (isinstance(label, int | float) and 0 <= label <= 1):
                remedy = "use true, false, a number in [0, 1] or null"
                raise ValueError(f"{where}: {key}[{index}] is {label!r}; {remedy}")
    if trace is not None:
        try:
            read_trace(trace, steps)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error


def check_folder(folder: str) -> bool:
    """Whether it is a local folder; if not, it may be a hub name.

    Raises:
        FileNotFoundError: it looks like a path, and no folder is there.
    """
    # Anything that could be a path is not looked for on the hub.
    if Path(folder).is_dir():
        return True
    if folder.startswith((".", "~", "/")) or folder.count("/") != 1 or Path(folder).parent.is_dir():
        raise FileNotFoundError(f"{folder}: no such model folder; give one saved by save_pretrained")
    return False


def check_prm(folder: str) -> None:
    """What can be seen without loading a PRM, before long work starts; a hub name passes.

    Raises:
        FileNotFoundError, ValueError: no folder, no PRM's config, no weights, no tokenizer.
    """
    if not check_folder(folder):
        return
    path = Path(folder)
    try:
        kinds = json.loads((path / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    except (OSError, ValueError, AttributeError):
        raise ValueError(f"{folder}: lacks a readable config.json; give a PRM's folder") from None
    if not str(kinds[0]).endswith("ForTokenClassification"):
        raise ValueError(f"{folder}: holds {kinds[0] or 'an unnamed model'}, no PRM; train one on it")
    if not any([*path.glob("*.safetensors"), *path.glob("*.bin")]):
        raise ValueError(f"{folder}: lacks weights; give a PRM's folder, complete")
    if not any((path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise ValueError(f"{folder}: lacks a tokenizer; save the PRM's there")


def read_examples(path: str | Path) -> list[Example]:
    """Examples of a JSONL file, `-` for standard input; a missing `prefix_labels` is derived.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a row that is no example; the message names file and line.
    """
    examples: list[Example] = []
    for line, example in read_jsonl(path):
        check_example(example, f"{path} line {line}")
        example.setdefault("prefix_labels", prefix_of(example["labels"]))
        examples.append(example)
    return examples


def write_examples(path: str | Path, examples: Iterable[Example]) -> None:
    """Examples as JSONL, `-` for standard output. Raises ValueError before writing if one is none."""
    examples = list(examples)
    for number, example in enumerate(examples, 1):
        check_example(example, f"example {number}")
    write_jsonl(path, examples)


def read_jsonl(path: str | Path) -> list[tuple[int, Any]]:
    """(line number, its JSON value) for the lines of a file that are not blank; `-` is standard input.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a line that is no JSON, or a file without rows.
    """
    if str(path) != "-" and not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; give a JSON Lines file")
    rows: list[tuple[int, Any]] = []
    try:
        text = sys.stdin.read() if str(path) == "-" else Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text; give JSON Lines") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except ValueError as error:
                raise ValueError(f"{path} line {number}: not JSON ({error}); one object a line") from error
    if not rows:
        raise ValueError(f"{path}: no rows; give JSON Lines, one object a line")
    return rows


def write_jsonl(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One object a line; `-` is standard output. A file is replaced in one move."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if str(path) == "-":
        sys.stdout.write(text)
        return
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
