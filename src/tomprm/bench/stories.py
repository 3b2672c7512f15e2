"""Stories from independent generators, each with exact nested beliefs after every event.

    hitom        Hi-ToM's scheme: one to three chapters, with and without public and private claims
    open         counterfactual pairs without shortcuts: late arrivals, secret watchers, distraction
    exploretom   sentences and rules of ExploreToM: secret witnesses, distraction, honest tells, chatter
    tomi         sentences and rules of ToMi: whoever comes in sees what is there; held out for OOD

A generator is a function (rng, words, order, name) -> Item; another is added to `GENERATORS`, through
`in_words` if its stories come in words of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.bench.words import renamed
from tomprm.world.events import CHANGES, Fact, Kind, Question, join_names
from tomprm.world.generate import OpenShape, hitom_story, pick
from tomprm.world.grammar import write_story
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.vocabulary import Vocabulary

Generator = Callable[[np.random.Generator, Vocabulary, int, str], Item]

_UNTOLD = (Kind.CARRY, Kind.UPDATE, Kind.SAY)
_TOPICS = ("school play", "new budget", "summer fair", "bus timetable", "chess club")


def hitom(rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
    draft = hitom_story(rng, words, int(rng.integers(1, 4)), deception=bool(rng.random() < 0.6))
    chain = tuple(pick(rng, draft.agents, order))
    text = write_story(draft.actions, "hitom", rng)
    question = Question(chain, Fact(draft.thing), tuple(pick(rng, draft.places, len(draft.places))))
    return _answered(Item(name, name, text, question, "hitom-clean", {"source": "tomprm"}))


def open_mode(rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
    shape = OpenShape(places=3, moves=(2, 3)) if rng.random() < 0.5 else OpenShape()
    recipe = Recipe(orders=(order,), shape=shape)
    made = next(generate(recipe, int(rng.integers(2**31)), name, 1, int(rng.integers(2))))
    return renamed(replace(made, id=name, story_id=name), words, rng)


def exploretom(rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
    """One main room with containers, another to go to; tells are honest, as in the source."""
    agents = pick(rng, words.names, int(rng.integers(max(3, order), 6)))
    room, elsewhere = pick(rng, words.rooms, 2)
    thing = pick(rng, words.things, 1)[0]
    boxes = [box.replace("_", " ") for box in pick(rng, words.places, 4)]
    said: list[str] = []
    where: dict[str, str] = {}
    believed: dict[str, str] = {}
    place = ""

    def choose(options: list[str]) -> str:
        return options[int(rng.integers(len(options)))]

    def inside() -> list[str]:
        return [a for a in agents if where.get(a) == room]

    def enter(agent: str, to: str) -> None:
        if agent in where:
            said.append(f"{agent} left the {where.pop(agent)}.")
        where[agent] = to
        said.append(f"{agent} entered the {to}.")

    for agent in agents[: int(rng.integers(2, len(agents) + 1))]:
        enter(agent, room)
    moves, wanted = 0, int(rng.integers(2, 6))
    while moves < wanted:
        kind = choose(["move"] * 4 + ["leave"] * 3 + ["enter"] * 3 + ["tell"] * 2 + ["aloud", "topic"])
        here = inside()
        outside = [a for a in agents if a not in here]
        if kind == "enter" and outside:
            enter(choose(outside), room)
        elif kind == "leave" and len(here) > 1:
            leaver = choose(here)
            if rng.random() < 0.3:
                enter(leaver, elsewhere)
            else:
                said.append(f"{leaver} left the {where.pop(leaver)}.")
        elif kind == "move" and here:
            mover, goal = choose(here), choose([b for b in boxes if b != place])
            secret, lost = _remark(rng, here, outside, mover)
            place, moves = goal, moves + 1
            said.append(f"{mover} moved the {thing} to the {goal}, which is also located in the {room}.")
            said[-1] += _remark_words(secret, lost)
            believed.update(dict.fromkeys([*(a for a in here if a not in lost), *secret], goal))
        elif kind in ("tell", "aloud") and believed and len(here) > 1:
            speaker = choose([a for a in agents if a in believed and (kind == "tell" or a in here)] or [""])
            listeners = [a for a in (agents if kind == "tell" else here) if a != speaker and a in where]
            if not speaker or not listeners:
                continue
            what = f"that the {thing} is in the {believed[speaker]}."
            if kind == "tell":
                listeners = [choose(listeners)]
                said.append(f"{speaker} told privately to {listeners[0]} {what}")
            else:
                said.append(f"{speaker} told out loud {what}")
            believed.update(dict.fromkeys(listeners, believed[speaker]))
        elif kind == "topic" and here:
            said.append(f"{choose(here)} told out loud about the {choose(list(_TOPICS))}.")
    chain = tuple(pick(rng, agents, order))
    question = Question(chain, Fact(thing), tuple(pick(rng, boxes, len(boxes))))
    return _answered(Item(name, name, " ".join(said), question, "exploretom", {"source": "exploretom"}))


def _remark(
    rng: np.random.Generator, here: list[str], outside: list[str], actor: str
) -> tuple[list[str], list[str]]:
    """(who watches in secret, who is distracted), each now and then."""
    others = [a for a in here if a != actor]
    secret = pick(rng, outside, 1) if outside and rng.random() < 0.2 else []
    lost = pick(rng, others, 1) if others and rng.random() < 0.2 else []
    return secret, lost


def _remark_words(secret: list[str], lost: list[str]) -> str:
    parts: list[str] = []
    if secret:
        parts.append(f"{join_names(secret)} witnessed this action in secret (and only this action)")
    if lost:
        parts.append(
            f"{'also, ' if secret else ''}{join_names(lost)} got distracted and did not realize what "
            "happened, without anyone noticing the brief lack of attention, and going back to paying "
            "attention immediately after the action was finished"
        )
    return f" While this action was happening, {'; '.join(parts)}." if parts else ""


def tomi(rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
    """Two rooms, a thing in each, people who come and go."""
    agents = pick(rng, words.names, int(rng.integers(max(2, order), 6)))
    room, elsewhere = pick(rng, words.rooms, 2)
    thing, *tastes = pick(rng, words.things, 4)
    boxes = pick(rng, words.places, 4)
    place, said = boxes[0], list[str]()
    inside = agents[: int(rng.integers(2, len(agents) + 1))]
    gone = agents[len(inside) :]
    away: list[str] = []
    said += [f"{agent} entered the {room}." for agent in inside]
    said += [f"The {thing} is in the {place}.", f"The {place} is in the {room}."]
    moves, wanted = 0, int(rng.integers(2, 5))
    while moves < wanted:
        draw = rng.random()
        if draw < 0.25 and len(inside) > 1:
            leaver = inside.pop(int(rng.integers(len(inside))))
            gone.append(leaver)
            said.append(f"{leaver} exited the {room}.")
        elif draw < 0.5 and gone:
            comer = gone.pop(int(rng.integers(len(gone))))
            if rng.random() < 0.25 and comer not in away:
                away.append(comer)
                said += [f"{comer} entered the {elsewhere}.", f"{comer} exited the {elsewhere}."]
                gone.append(comer)
            else:
                inside.append(comer)
                said.append(f"{comer} entered the {room}.")
        elif draw < 0.6:
            someone = agents[int(rng.integers(len(agents)))]
            said.append(
                f"{someone} {'loves' if rng.random() < 0.5 else 'hates'} the {pick(rng, tastes, 1)[0]}."
            )
        elif draw > 0.65:
            place = pick(rng, [b for b in boxes if b != place], 1)[0]
            said.append(f"{inside[int(rng.integers(len(inside)))]} moved the {thing} to the {place}.")
            moves += 1
    text = "\n".join(f"{i} {sentence}" for i, sentence in enumerate(said, 1))
    chain = tuple(pick(rng, agents, order))
    question = Question(chain, Fact(thing), tuple(pick(rng, boxes, len(boxes))))
    return _answered(Item(name, name, text, question, "tomi", {"source": "tomi"}))


def in_words(stories: Callable[[int, int], Iterator[Item]]) -> Generator:
    """A generator out of `stories(seed, n) -> items` that come in words of their own: the plot and the thing
    asked about are theirs, the words and the chain of the question are drawn anew.

    Stories with fewer people than the order, or about something other than a place, are passed over; 100
    in a row are an error.
    """

    def draw(rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
        seed = int(rng.integers(0, 2**31))
        for item in stories(seed, 100):
            told, fact = item.story, item.question.fact
            if len(told.agents) < order or fact.relation != "place" or fact.thing not in told.things:
                continue
            boxes = dict.fromkeys([*told.places(fact.thing), *item.question.choices])
            boxes |= dict.fromkeys(a.place for a in told.actions if a.kind in CHANGES)
            choices = tuple(pick(rng, list(boxes), len(boxes)))
            question = Question(tuple(pick(rng, told.agents, order)), fact, choices)
            asked = replace(item, id=name, story_id=name, question=question, asked="", abstain="")
            return renamed(_answered(asked), words, rng)
        raise ValueError(
            f"{name}: no story with {order} people and a thing among 100; give a richer generator"
        )

    return draw


def _answered(item: Item) -> Item:
    gold = BeliefState(item.story, PROFILES[item.profile]).answer(item.question).value
    return replace(item, question=replace(item.question, gold=gold))


GENERATORS: dict[str, Generator] = {
    "hitom": hitom,
    "open": open_mode,
    "exploretom": exploretom,
    "tomi": tomi,
}
HELD_OUT_GENERATORS = frozenset({"tomi"})


def usable(item: Item, least_changes: int = 1) -> bool:
    """Is the question worth reasoning about: its belief is known in the end, took at least one change of
    the thing's place in and, on the way, follows from who witnessed what alone?

    Stories with sentences that no narrator tells (a thing carried off, a state updated) are not. The last
    point leaves out second-order stories that a quirk of ExploreToM's tracker decides (after a
    distraction all agree): no sound reasoning from the text leads there.
    """
    if any(action.kind in _UNTOLD for action in item.story.actions):
        return False
    state, question = BeliefState(item.story, PROFILES[item.profile]), item.question
    events = item.story.about(question.fact)
    plain = BeliefState(
        replace(item.story, events=tuple(e for e in item.story.events if e.chains is None)),
        state.profile,
    )
    chains = [question.chain[i:] for i in range(question.order)]
    agrees = all(
        state.belief(chain, question.fact, e.line).value == plain.belief(chain, question.fact, e.line).value
        for chain in chains
        for e in events
    )
    held = [state.belief(question.chain, question.fact, e.line).value for e in events]
    changes = sum(a != b for a, b in zip([None, *held], held, strict=False))
    return (
        len(set(question.choices)) > 1
        and bool(held)
        and held[-1] is not None
        and changes >= least_changes
        and agrees
    )


def draw_item(generator: str, rng: np.random.Generator, words: Vocabulary, order: int, name: str) -> Item:
    """The first usable item of a generator.

    Raises:
        ValueError: an unknown generator, or one without a usable item in 1000 draws.
    """
    if generator not in GENERATORS:
        raise ValueError(f"generator {generator!r} is unknown; choose from {', '.join(GENERATORS)}")
    for _ in range(1000):
        item = GENERATORS[generator](rng, words, order, name)
        if usable(item, least_changes=1 + int(rng.random() < 0.6)):
            return item
    raise ValueError(f"{generator}: no usable story of order {order} in 1000; check the generator")
