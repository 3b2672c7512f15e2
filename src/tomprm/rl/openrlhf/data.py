"""Prompts as OpenRLHF reads them: JSON Lines of `prompt`, `label` (the item, as JSON) and `datasource`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tomprm.belief.generate import seeded
from tomprm.config import RunConfig
from tomprm.trace.prompt import PromptStyle, prompt_text
from tomprm.world.items import Item


def prompt_row(item: Item, style: PromptStyle) -> dict[str, Any]:
    """One row. The label is text, since OpenRLHF passes it through a DataLoader and Ray as it stands."""
    return {
        "prompt": prompt_text(item, style),
        "label": json.dumps(item.as_row()),
        "datasource": str(item.meta.get("source", "tomprm")),
    }


def drawn(items: Sequence[Item], seed: int) -> Iterator[Item]:
    """Items in the embedded trainer's order, pass after pass: all arms of one seed meet the same prompts."""
    epoch = 0
    while True:
        for index in seeded(seed, "prompts", epoch).permutation(len(items)):
            yield items[index]
        epoch += 1


def prompt_rows(config: RunConfig, items: Sequence[Item], seed: int) -> Iterator[dict[str, Any]]:
    """As many prompts as the run takes. OpenRLHF shuffles them once more, by its seed."""
    wanted = config.rl.steps * config.rl.prompts_per_step
    return (prompt_row(item, config.policy.prompt) for item in islice(drawn(items, seed), wanted))


def write_prompts(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Atomically: the file appears when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    partial.replace(path)
