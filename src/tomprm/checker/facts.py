"""Which fact of the story a claim speaks of: "the key is in the hall" may name a container or a room."""

from __future__ import annotations

from tomprm.belief.lines import KNOWN
from tomprm.trace.steps import normalise
from tomprm.world.events import Fact, Question, Story


def value_words(fact: Fact, value: str | None) -> str:
    """A belief's value as claims state it: "" for none, KNOWN for a topic."""
    if value is None:
        return ""
    return KNOWN if fact.relation == KNOWN else value


def entailed_answer(question: Question, place: str) -> str:
    """What to answer, in the question's words, after the claim that the value is `place`."""
    said = (
        answer
        for value, answer in question.answers
        if normalise(value_words(question.fact, value)) == normalise(place)
    )
    return next(said, place or "unknown")


class Facts:
    """The facts of one story by the words of a trace.

    A thing has a place (its container) and, in ExploreToM, a room; a topic is known or not. What a claim
    means follows from what it says the value is; where that is open, from what the question asks for.
    """

    def __init__(self, story: Story, question: Question) -> None:
        self.asked = question.fact
        self._by_thing: dict[str, dict[str, Fact]] = {}
        self._values: dict[str, set[str]] = {}  # of a relation
        things = {*story.things, question.fact.thing}
        for event in story.events:
            for fact, value in event.facts:
                if fact.relation == "room" and fact.thing in story.agents:
                    continue  # where people are is a matter of presence
                if fact.thing in things or fact.relation != "place":
                    self._by_thing.setdefault(normalise(fact.thing), {})[fact.relation] = fact
                    self._values.setdefault(fact.relation, set()).add(normalise(value))
        self._by_thing.setdefault(normalise(question.fact.thing), {})[question.fact.relation] = question.fact
        for thing in story.things:
            self._by_thing.setdefault(normalise(thing), {}).setdefault("place", Fact(thing))

    def of(self, thing: str, value: str) -> Fact | None:
        """The fact of the thing that can have this value ("" stands for no value); None: no such thing, or
        none that has such values."""
        facts = self._by_thing.get(normalise(thing), {})
        if value == KNOWN:
            return facts.get(KNOWN)
        asked = facts.get(self.asked.relation) == self.asked
        if asked and not value:
            return self.asked
        place, room = facts.get("place"), facts.get("room")
        if place is None or room is None:
            return place or room or (None if value else facts.get(KNOWN))
        inside = {r for r in ("place", "room") if normalise(value) in self._values.get(r, ())}
        if len(inside) == 1:
            return facts[inside.pop()]
        return self.asked if asked else place
