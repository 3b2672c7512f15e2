"""The canonical reasoning form: writing a sound trace, and traces of known lesser kinds.

Narrators other than `sound` make the warm start's mixed-quality traces; each has one named flaw:

    sound     every event about the thing with who of the chain witnessed it, then the belief
    reality   takes everybody to see everything, so ends at the world's state
    lucky     perceptions drawn at random, the right belief and answer all the same
    terse     no events at all: a guess among the places, stated as a belief
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tomprm.belief.lines import KNOWN, changes, event_at, speaker, until
from tomprm.belief.state import BeliefState, collapse
from tomprm.belief.update import sets
from tomprm.world.events import Event, Kind, Question, join_names
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

# What the canonical form can name: words in a row that no reader of it takes for more than a name.
_CONNECTIVES = "is|in|now|but|because|since|when|after|before|while|as|so|which|where|and"
_THING = re.compile(rf"(?!(?:.* )?(?:{_CONNECTIVES})\b)[a-z][\w'-]*(?: [\w'-]+){{0,2}}")
_PLACE = re.compile(rf"(?!(?:.* )?(?:{_CONNECTIVES})\b)[\w'-]+(?: [\w'-]+){{0,3}}")


def relevant_events(state: BeliefState, question: Question) -> list[Event]:
    """What a sound trace must speak of, one event a line: every change of the thing's place, every entry
    that showed it to the whole chain, every claim that entered the chain's belief."""
    chain, fact = collapse(question.chain), question.fact

    def matters(event: Event) -> bool:
        reaches = sets(event, chain, state.profile.tells)
        return (changes(event, fact) or reaches) if chain else (reaches and event.kind is not Kind.ENTER)

    about = until(state.story.about(fact), question.line)
    return list({event.line: event for event in about if matters(event)}.values())


def is_readable(place: str) -> bool:
    """Can a trace in the canonical form name this place?"""
    return _PLACE.fullmatch(place) is not None


def write_trace(steps: Sequence[str], answer: str) -> str:
    """Steps and answer in the tags that every shipped prompt asks for."""
    return "<think>\n" + "".join(step + "\n" for step in steps) + f"</think>\n<answer>{answer}</answer>"


def thing_words(question: Question) -> str:
    """The thing as a trace names it: "it" where its name is more than the canonical form can read."""
    thing = question.fact.thing
    return f"the {thing}" if _THING.fullmatch(thing) else "it"


def conclusion(question: Question, place: str | None) -> str:
    """The last step of a trace; a belief without a value (`place` None) is not knowing.

    >>> from tomprm.world.events import Fact
    >>> conclusion(Question(("Ann", "Bob"), Fact("key")), "box")
    'So Ann thinks Bob thinks the key is in the box.'
    >>> conclusion(Question(("Ann", "Bob"), Fact("play", "known")), None)
    'So Ann thinks Bob does not know about the play.'
    """
    when = "" if question.line is None else f"at line {question.line} "
    return f"So {when}{statement(question, place)}."


def statement(question: Question, place: str | None) -> str:
    """What the question asks for, as a clause: `Ann thinks the key is in the box`."""
    thing = thing_words(question)
    if place is not None and question.fact.relation != KNOWN:
        who = "".join(f"{name} thinks " for name in question.chain)
        return f"{who}{thing} is in the {place}"
    *outer, last = question.chain
    who = "".join(f"{name} thinks " for name in outer)
    knows = f"{last} knows" if place is not None else f"{last} does not know"
    what = f"about {thing}" if question.fact.relation == KNOWN else f"where {thing} is"
    return f"{who}{knows} {what}"


def event_step(event: Event, question: Question, verbs: Sequence[str], said_by: str = "") -> str:
    """`Line 5: apple in red_box; Ann sees it; Bob misses it.` What only is not somewhere is not named."""
    place = event.value(question.fact)
    clauses: list[str] = []
    if question.fact.relation != KNOWN and place is not None and not place.startswith("not("):
        said = f"{said_by} says " if said_by else ""
        clauses = [f"{said}{thing_words(question).removeprefix('the ')} in {place}"]
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
    """The full sound argument and its answer, for every question whose story has events.

    Raises:
        ValueError: the story gives the queried belief no value; or the canonical form has no words for
            the question (see `inexpressible`).
    """
    if why := inexpressible(item):
        raise ValueError(f"{item.id}: {why}")
    state = BeliefState(item.story, PROFILES[item.profile])
    question = item.question
    belief = state.answer(question)
    answer = question.say(belief.value)
    if answer is None or (belief.value is None and question.fact.relation != KNOWN):
        raise ValueError(f"{item.id}: {belief.explain()}; ask about something that the chain witnessed")
    members = replace(question, chain=belief.chain)  # no name twice in a row
    events = relevant_events(state, question)
    values = [belief.value, *(e.value(question.fact) for e in events)]
    if question.fact.relation == KNOWN:
        values = []
    if (belief.value or "").startswith("not("):
        raise ValueError(f"{item.id}: {belief.explain()}; ask about a thing whose place is believed")
    if odd := next((v for v in values if v and not v.startswith("not(") and not is_readable(v)), None):
        raise ValueError(f"{item.id}: {odd!r} is no name of at most four plain words; rename the place")
    steps: list[str] = []
    for event in events:
        if event.tell:
            verbs = _tell_verbs(event, members.chain)
        else:
            seen = event_at(state.story, event.line, question.fact)
            verbs = perception_verbs(seen or event, members.chain)
        step = event_step(event, members, verbs, speaker(state.story, event))
        if not step.endswith(": ."):  # reality for now only not somewhere: there is nothing to say
            steps.append(step)
    return [*steps, conclusion(question, belief.value)], answer


def running_steps(item: Item) -> tuple[list[str], str]:
    """The sound argument with the belief as it is after each line, and its answer.

    `Line 5: key in bag; Ann sees it; Bob misses it; Ann thinks Bob thinks the key is in the box.`

    Raises:
        ValueError: as `sound_steps`.
    """
    steps, answer = sound_steps(item)
    question, state = item.question, BeliefState(item.story, PROFILES[item.profile])
    if not question.chain:
        return steps, answer
    asked = replace(question, chain=collapse(question.chain))
    told: list[str] = []
    for step in steps[:-1]:
        line = int(step.partition(":")[0].split()[1])
        value = state.belief(question.chain, question.fact, line).value
        clause = "" if value and not is_readable(value) else f"; {statement(asked, value)}"
        told.append(step.removesuffix(".") + clause + ".")
    return [*told, steps[-1]], answer


def inexpressible(item: Item) -> str:
    """Why the canonical form cannot argue for any answer to this question; empty: it can.

    Lists of people and people who say nothing (FANToM), states of things (BigToM, ExploreToM) and what the
    engine abstains from.
    """
    question = item.question
    if item.abstain:
        return f"the engine cannot answer this question: {item.abstain}"
    if question.who:
        return "a list of people is no belief of one chain; ask about each person in turn"
    if question.fact.relation not in ("place", "room", KNOWN):
        return f"a {question.fact.relation} has no place; ask where something is or who knows of it"
    if stranger := next((n for n in question.chain if n not in item.story.agents), ""):
        return f"{stranger} is not in the story; ask about {join_names(item.story.agents)}"
    if question.fact.relation == KNOWN and not question.chain:
        return "a topic is no state of the world; ask who knows of it"
    return ""


def narrate_sound(item: Item, rng: np.random.Generator) -> str:
    return write_trace(*sound_steps(item))


def narrate_reality(item: Item, rng: np.random.Generator) -> str:
    state, question = _replayed(item)
    events = [e for e in relevant_events(state, question) if e.tell is None and not e.said]
    steps = [event_step(e, question, ["sees it"] * question.order) for e in events]
    world = state.belief((), question.fact, question.line).value
    about = state.story.about(question.fact)
    if world is None and about:  # a topic: somebody told it, so everybody heard it
        world = about[-1].value(question.fact)
    if world is None:
        raise ValueError(f"{item.id}: nobody says where the {question.fact.thing} is; ask about another")
    return write_trace([*steps, conclusion(question, world)], question.say(world) or world)


def narrate_lucky(item: Item, rng: np.random.Generator) -> str:
    state, question = _replayed(item)
    value = state.answer(question).value
    answer = question.say(value)
    if answer is None:
        raise ValueError(f"{item.id}: nobody has such a belief; ask about something that the chain witnessed")
    steps: list[str] = []
    for event in relevant_events(state, question):
        verbs = ["sees it" if rng.random() < 0.5 else "misses it" for _ in question.chain]
        steps.append(event_step(event, question, verbs, speaker(state.story, event)))
    return write_trace([*steps, conclusion(question, value)], answer)


def narrate_terse(item: Item, rng: np.random.Generator) -> str:
    question = item.question
    if question.answers:
        value, answer = question.answers[int(rng.integers(len(question.answers)))]
    else:
        value = answer = str(rng.choice(question.choices))
    return write_trace([conclusion(question, value)], answer)


def _replayed(item: Item) -> tuple[BeliefState, Question]:
    if why := inexpressible(item):
        raise ValueError(f"{item.id}: {why}")
    return BeliefState(item.story, PROFILES[item.profile]), item.question


NARRATORS: dict[str, Callable[[Item, np.random.Generator], str]] = {
    "sound": narrate_sound,
    "reality": narrate_reality,
    "lucky": narrate_lucky,
    "terse": narrate_terse,
}
