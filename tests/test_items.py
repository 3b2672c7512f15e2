"""Items as rows, and items told with other words."""

from __future__ import annotations

import numpy as np
import pytest

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.world.items import Item, recast
from tomprm.world.replay import PROFILES
from tomprm.world.vocabulary import VOCABULARIES

RECIPES = [Recipe(orders=(1, 2, 3)), Recipe(mode="hitom", orders=(0, 1, 2, 3, 4), chapters=3, deception=True)]


@pytest.mark.parametrize("recipe", RECIPES, ids=["shortcut_free", "hitom"])
def test_recast_keeps_the_plot_and_its_answer(recipe: Recipe) -> None:
    rng = np.random.default_rng(0)
    for item in generate(recipe, 0, "recast", 30):
        cast = recast(item, VOCABULARIES["all"], rng)
        answer = BeliefState(cast.story, PROFILES[cast.profile]).answer(cast.question).value
        assert answer == cast.question.gold
        assert [a.kind for a in cast.story.actions] == [a.kind for a in item.story.actions]
        assert set(cast.story.agents) != set(item.story.agents)
        assert len(cast.text.split()) == len(item.text.split())


def test_items_survive_their_rows() -> None:
    for item in generate(RECIPES[0], 0, "rows", 12):
        back = Item.from_row(item.as_row())
        assert (back.id, back.story_id, back.text, back.question) == (
            item.id, item.story_id, item.text, item.question,
        )  # fmt: skip
        assert back.story == item.story


@pytest.mark.parametrize(
    ("row", "message"), [({}, "lacks a story"), ({"story": "1 x", "question": 3}, "question")]
)
def test_bad_rows_are_refused(row: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Item.from_row(row)
