"""The official file layouts of benchmarks, one module a source: files -> items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tomprm.world.items import Item
from tomprm.world.sources import bigtom, exploretom, fantom, hitom, opentom, tomi, tomrl


@dataclass(frozen=True)
class Source:
    """How one benchmark is read."""

    load: Callable[[Path], Iterator[Item]]  # an official file, or the folder that holds it
    profile: str  # the semantics its labels follow, a key of tomprm.world.replay.PROFILES; empty: row by row
    expects: str  # what a right path looks like, for the error on a wrong one
    hub: str | None = None  # id on the Hugging Face hub, where the set is published there


SOURCES: dict[str, Source] = {
    "hitom": Source(lambda path: iter(hitom.load_release(path)), "hitom-release", hitom.RELEASE_FILE),
    "exploretom": Source(exploretom.load, "exploretom", exploretom.EXPECTS, "facebook/ExploreToM"),
    "tomi": Source(tomi.load, "tomi", tomi.EXPECTS),
    "tomrl": Source(tomrl.load, "", tomrl.EXPECTS),
    "opentom": Source(opentom.load, "opentom", opentom.META_FILE, "SeacowX/OpenToM"),
    "fantom": Source(fantom.load, "fantom", fantom.OFFICIAL_FILE),
    "bigtom": Source(bigtom.load, "bigtom", bigtom.EXPECTS),
}
