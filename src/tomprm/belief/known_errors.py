"""Why a published label differs from the engine, where the cause is known.

Each benchmark's known errors are replayed, not looked up: a row is explained when the error, put into
the engine, gives the published label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from tomprm.belief.state import BeliefState
from tomprm.world.events import Fact, Kind, join_names
from tomprm.world.items import Item
from tomprm.world.languages import exploretom
from tomprm.world.replay import HITOM_VP, PROFILES


def explain(item: Item) -> str:
    """The known error that gives the item's label; empty where none does."""
    rule = _RULES.get(str(item.meta.get("source", "")))
    return rule(item) if rule else ""


def _hitom(item: Item) -> str:
    """Fixed upstream on 2023-06-12 (commit 9117f35d), after the VP labels were made."""
    buggy = replace(item, profile=HITOM_VP.name)
    if BeliefState(buggy.story, HITOM_VP).answer(item.question).value == item.question.gold:
        return (
            "the generator's old bug: from the second order on, a move reached only chains in the order of "
            "entry that may end in the mover, so the mover's beliefs about others never changed"
        )
    return ""


def _tomi(item: Item) -> str:
    """The third person's events are made after the story and inserted earlier (inspect_ai issue 66)."""
    state, question = BeliefState(item.story, PROFILES[item.profile]), item.question
    final = state.belief((), question.fact).value
    if question.order != 2 or question.gold != final:
        return ""
    room = next((a.room for a in item.story.actions if a.thing == question.fact.thing and a.room), "")
    # The late entry is played in the world of the story's end: someone of the chain must be there to see it.
    stays = any(state.belief((), Fact(name, "room")).value == room for name in question.chain)
    for action in item.story.actions:
        third = action.kind is Kind.ENTER and action.actors[0] not in question.chain
        if third and stays and action.room == room:
            return (
                f"ToMi's generator: line {action.line}, the third person's entry, was played after the "
                "story's end and wrote the final container into the others' beliefs about each other"
            )
    return ""


def _exploretom(item: Item) -> str:
    """Seen in one released story, of unknown cause: a secret witness gets the sentence before hers."""
    actions = exploretom.read_actions(item.text)
    for before, action in pairwise(actions):
        if not action.secret:
            continue
        moved = {before.line: action.secret, action.line: ()}
        shifted = [replace(a, secret=moved.get(a.line, a.secret)) for a in actions]
        state = BeliefState(exploretom.replay(shifted), PROFILES[item.profile])
        if item.question.say(state.answer(item.question).value) == item.question.gold:
            return (
                f"the label credits {join_names(action.secret)}, who watched line {action.line} in secret, "
                f"with line {before.line} instead"
            )
    return ""


_RULES: dict[str, Callable[[Item], str]] = {"hitom": _hitom, "tomi": _tomi, "exploretom": _exploretom}
