"""How the stories of each source are read: text -> replayed story."""

from __future__ import annotations

from collections.abc import Callable

from tomprm.world.events import Story
from tomprm.world.grammar import read_story
from tomprm.world.languages import exploretom, fantom, tomi
from tomprm.world.replay import Profile, StoryError


def _annotated(text: str, profile: Profile) -> Story:
    raise StoryError(
        f"a story of {profile.name} cannot be read from its text: its events come from the data set's own "
        "files; load the item with tomprm.world.sources"
    )


LANGUAGES: dict[str, Callable[[str, Profile], Story]] = {
    "hitom": read_story,
    "exploretom": exploretom.read_story,
    "tomi": tomi.read_story,
    "fantom": fantom.read_story,
    "annotation": _annotated,
}
