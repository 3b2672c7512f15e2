"""The suites of a comparison, in and out of distribution, each with a version.

In distribution is what RL trains on; a policy may have met the rest before, as any pretrained model has.

id       trained orders, held-out stories and names
higher   orders 3 and 4
longer   trained orders, more moves and people
style    trained orders, told in a register that RL never trains on
hitom    the real Hi-ToM questions (Apache-2.0), all orders, corrected labels
id-val, ood-val   small ones, measured during training
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from tomprm.belief.generate import Recipe, generate
from tomprm.config import DataConfig
from tomprm.eval.files import write_rows
from tomprm.world.generate import OpenShape
from tomprm.world.items import Item
from tomprm.world.sources.hitom import load_corrected

VERSION = 1
VALIDATION = ("id-val", "ood-val")
_HIGHER = (3, 4)


@dataclass(frozen=True)
class Suite:
    """Items under a name that never changes its content without changing `version`."""

    name: str
    split: str  # "id" or "ood"
    items: tuple[Item, ...]
    version: int = VERSION

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


def recipes(data: DataConfig) -> dict[str, tuple[str, Recipe]]:
    """split and recipe of every generated suite."""
    base = Recipe(
        orders=data.train_orders,
        vocabulary="held_out",
        shape=OpenShape(places=data.places, moves=data.moves),
    )
    longer = OpenShape(agents=(5, 5), places=data.places, moves=data.longer_moves)
    return {
        "id": ("id", base),
        "higher": ("ood", replace(base, orders=_HIGHER)),
        "longer": ("ood", replace(base, shape=longer)),
        "style": ("ood", replace(base, register="inverted")),
    }


def build_suites(data: DataConfig) -> list[Suite]:
    """The suites that the config names, in its order."""
    suites: list[Suite] = []
    known = recipes(data)
    for name in data.suites:
        if name == "hitom":
            suites.append(Suite(name, "ood", tuple(load_corrected())))
            continue
        split, recipe = known[name]
        n = data.items_per_order * len(recipe.orders)
        suites.append(Suite(name, split, tuple(generate(recipe, data.seed, f"suite-{name}", n))))
    return suites


def build_validation(data: DataConfig) -> list[Suite]:
    """Small suites for the curves: stories of their own, names of their own."""
    known = recipes(data)
    ood = replace(known["higher"][1], orders=(3,))
    return [
        Suite("id-val", "id", tuple(generate(known["id"][1], data.seed, "id-val", data.validation_items))),
        Suite("ood-val", "ood", tuple(generate(ood, data.seed, "ood-val", data.validation_items))),
    ]


def write_suite(suite: Suite, path: Path) -> None:
    """The items as JSON Lines, with the suite's split on every row."""
    write_rows(path, (item.as_row() | {"split": suite.split} for item in suite.items))


def read_suite(name: str, path: Path) -> Suite:
    """Inverse of `write_suite`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Suite(name, rows[0]["split"], tuple(Item.from_row(row) for row in rows))
