"""Prompts as OpenRLHF reads them: JSON Lines of `prompt`, `label` (the item, as JSON) and `datasource`.

They are generated, or come from a file of one's own (`openrlhf: {data.prompt_dataset: mine.jsonl}`) whose
labels are trace rows without the trace (docs/schemas.md). Either way a run draws `rl.steps` x
`rl.prompts_per_step` of them, pass after pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tomprm.belief.generate import seeded
from tomprm.config import ConfigError, RunConfig
from tomprm.rl.openrlhf.flags import PROMPTS, Value, given_flags
from tomprm.trace.prompt import prompt_text
from tomprm.world.items import Item

T = TypeVar("T")


@dataclass(frozen=True)
class Prompt:
    """What a policy is asked, and the item that its answer is judged by.

    Attributes:
        where: names it in errors.
        text: a string, or a chat (list of `{"role", "content"}`) for tokenizers with a chat template.
        label: the item as JSON text, since OpenRLHF passes it through a DataLoader and Ray as it stands.
    """

    where: str
    text: Any
    label: str
    source: str


def prompt_pool(config: RunConfig, items: Sequence[Item]) -> list[Prompt]:
    """What a run draws its prompts from: the user's file if there is one, else the generated items.

    Raises:
        ConfigError: the file is not there, or a row (named by its number) lacks a prompt or a label.
    """
    given = given_flags(config)
    if PROMPTS in given:
        keys = str(given.get("data.input_key", "prompt")), str(given.get("data.label_key", "label"))
        return list(read_prompts(given[PROMPTS], *keys))
    style = config.policy.prompt
    return [
        Prompt(i.id, prompt_text(i, style), json.dumps(i.as_row()), str(i.meta.get("source", "tomprm")))
        for i in items
    ]


def read_prompts(path: Value, input_key: str = "prompt", label_key: str = "label") -> Iterator[Prompt]:
    """The rows of a JSON Lines file. Raises ConfigError with the row's number; no row is an error too."""
    key = f"openrlhf.{PROMPTS}"
    if not isinstance(path, str) or not Path(path).is_file():
        raise ConfigError(
            f"{key}: {path} is no file here; give one JSON Lines file with a {input_key} and a "
            f"{label_key} a row"
        )
    found = False
    for number, line in enumerate(Path(path).read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path} row {number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise ConfigError(f"{where}: is no JSON; write one object a line") from None
        if not isinstance(row, dict):
            raise ConfigError(f"{where}: is no object; write one object a line")
        text, label = row.get(input_key), _label(row.get(label_key))
        if not _asks(text):
            raise ConfigError(
                f"{where}: lacks a {input_key}; give what the policy is asked, as a string or a list of "
                "messages"
            )
        if label is None:
            raise ConfigError(
                f"{where}: lacks a {label_key} with the story; give an object with story and question "
                "(a trace row of docs/schemas.md), or that as JSON text"
            )
        found = True
        yield Prompt(where, text, label, str(row.get("datasource", "prompts")))
    if not found:
        raise ConfigError(f"{key}: {path} is empty; write one object a line")


def _asks(text: Any) -> bool:
    if isinstance(text, list):
        return bool(text) and all(isinstance(m, dict) and {"role", "content"} <= m.keys() for m in text)
    return isinstance(text, str) and bool(text.strip())


def _label(label: Any) -> str | None:
    """The label as JSON text of an object; None where it is none."""
    if isinstance(label, str):
        try:
            label = json.loads(label)
        except ValueError:
            return None
    return json.dumps(label) if isinstance(label, dict) else None


def drawn(pool: Sequence[T], seed: int) -> Iterator[T]:
    """In the embedded trainer's order, pass after pass: all arms of one seed meet the same prompts."""
    epoch = 0
    while True:
        for index in seeded(seed, "prompts", epoch).permutation(len(pool)):
            yield pool[index]
        epoch += 1


def prompt_rows(
    config: RunConfig, pool: Sequence[Prompt], seed: int, flags: Mapping[str, Value]
) -> Iterator[dict[str, Any]]:
    """As many prompts as the run takes. OpenRLHF shuffles them once more, by its seed."""
    wanted = config.rl.steps * config.rl.prompts_per_step
    ask, judge = str(flags["data.input_key"]), str(flags["data.label_key"])
    for prompt in islice(drawn(pool, seed), wanted):
        yield {ask: prompt.text, judge: prompt.label, "datasource": prompt.source}


def write_prompts(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Atomically: the file appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    partial.replace(path)
