"""The canonical reasoning form: writing a sound trace, and traces of known lesser kinds.

Narrators other than `sound` make the warm start's mixed-quality traces; each has one named flaw:

    sound     every event about the thing with who of the chain witnessed it, then the belief
    reality   takes everybody to see everything, so ends at the world's state
    lucky     perceptions drawn at random, the right belief and answer all the same
    terse     no events at all: a guess among the places, stated as a belief
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tomprm.belief.state import BeliefState, collapse
from tomprm.belief.update import sets
from tomprm.world.events import CHANGES, Event, Question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES


def relevant_events(state: BeliefState, question: Question) -> list[Event]:
    """What a sound trace must speak of: every change of the thing's place, every entry that showed
    it to the whole chain, every claim that entered the chain's belief."""
    chain = collapse(question.chain)
    return [
        event
        for event in state.story.about(question.fact)
        if event.kind in CHANGES or (chain and sets(event, chain, state.profile.tells))
    ]


def write_trace(steps: Sequence[str], answer: str) -> str:
    """Steps and answer in the tags that every shipped prompt asks for."""
    return "<think>\n" + "".join(step + "\n" for step in steps) + f"</think>\n<answer>{answer}</answer>"


def conclusion(question: Question, place: str) -> str:
    """The last step of a trace.

    >>> from tomprm.world.events import Fact
    >>> conclusion(Question(("Ann", "Bob"), Fact("key")), "box")
    'So Ann thinks Bob thinks the key is in the box.'
    """
    who = "".join(f"{name} thinks " for name in question.chain)
    return f"So {who}the {question.fact.thing} is in the {place}."


def event_step(event: Event, question: Question, verbs: Sequence[str]) -> str:
    """`Line 5: apple in red_box; Ann sees it; Bob misses it.`"""
    place = event.value(question.fact)
    said = f"{event.tell.speaker} says " if event.tell else ""
    clauses = [f"{said}{question.fact.thing} in {place}"]
    clauses += [f"{name} {verb}" for name, verb in zip(question.chain, verbs, strict=False) if verb]
    return f"Line {event.line}: " + "; ".join(clauses) + "."


def perception_verbs(event: Event, chain: Sequence[str]) -> list[str]:
    """One verb a member: the outermost by what it really perceived, the others by what they were
    taken to perceive; `seems to` is written only where the two differ."""
    verbs: list[str] = []
    for depth, name in enumerate(chain):
        really, seemingly = name in event.real, name in event.apparent
        if depth == 0 or really == seemingly:
            verbs.append("sees it" if really else "misses it")
        else:
            verbs.append("seems to see it" if seemingly else "seems to miss it")
    return verbs


def _tell_verbs(event: Event, chain: Sequence[str]) -> list[str]:
    """Whoever's trust carries the claim into the chain: its last member, or the one before it
    where the chain ends in the speaker."""
    tell = event.tell
    assert tell is not None
    verbs = ["" for _ in chain]
    carrier = len(chain) - 2 if chain[-1] == tell.speaker else len(chain) - 1
    if carrier >= 0:
        believes = chain[carrier] in tell.trusting
        verbs[carrier] = f"trusts {tell.speaker}" if believes else "seems to trust it"
    return verbs


def sound_steps(item: Item) -> tuple[list[str], str]:
    """The full sound argument and its answer.

    Raises:
        ValueError: the story gives the queried belief no value.
    """
    state = BeliefState(item.story, PROFILES[item.profile])
    question = item.question
    belief = state.answer(question)
    if belief.value is None:
        raise ValueError(f"{item.id}: {belief.explain()}; ask about something that the chain witnessed")
    steps: list[str] = []
    members = replace(question, chain=belief.chain)  # no name twice in a row
    for event in relevant_events(state, question):
        verbs = _tell_verbs if event.tell else perception_verbs
        steps.append(event_step(event, members, verbs(event, members.chain)))
    return [*steps, conclusion(question, belief.value)], belief.value


def narrate_sound(item: Item, rng: np.random.Generator) -> str:
    return write_trace(*sound_steps(item))


def narrate_reality(item: Item, rng: np.random.Generator) -> str:
    state = BeliefState(item.story, PROFILES[item.profile])
    question = item.question
    events = [e for e in relevant_events(state, question) if e.tell is None]
    steps = [event_step(e, question, ["sees it"] * question.order) for e in events]
    world = state.belief((), question.fact).value
    assert world is not None
    return write_trace([*steps, conclusion(question, world)], world)


def narrate_lucky(item: Item, rng: np.random.Generator) -> str:
    state = BeliefState(item.story, PROFILES[item.profile])
    question = item.question
    value = state.answer(question).value
    assert value is not None
    steps: list[str] = []
    for event in relevant_events(state, question):
        verbs = ["sees it" if rng.random() < 0.5 else "misses it" for _ in question.chain]
        steps.append(event_step(event, question, verbs))
    return write_trace([*steps, conclusion(question, value)], value)


def narrate_terse(item: Item, rng: np.random.Generator) -> str:
    place = str(rng.choice(item.question.choices))
    return write_trace([conclusion(item.question, place)], place)


NARRATORS: dict[str, Callable[[Item, np.random.Generator], str]] = {
    "sound": narrate_sound,
    "reality": narrate_reality,
    "lucky": narrate_lucky,
    "terse": narrate_terse,
}
