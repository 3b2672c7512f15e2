"""How the stories of each source are read: text -> replayed story."""

from __future__ import annotations

from collections.abc import Callable

from tomprm.world.events import Story
from tomprm.world.grammar import read_story
from tomprm.world.languages import exploretom, tomi
from tomprm.world.replay import Profile

LANGUAGES: dict[str, Callable[[str, Profile], Story]] = {
    "hitom": read_story,
    "exploretom": exploretom.read_story,
    "tomi": tomi.read_story,
}
