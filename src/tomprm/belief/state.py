"""Who believes what about whose beliefs, at any moment of a story."""

from __future__ import annotations

from dataclasses import dataclass

from tomprm.belief.update import missed_by, sets
from tomprm.world.events import Event, Fact, Question, Story, join_names
from tomprm.world.replay import HITOM_CLEAN, Profile


@dataclass(frozen=True, slots=True)
class Belief:
    """A nested belief with the event that set it; `value` None = no belief (unknown)."""

    chain: tuple[str, ...]
    fact: Fact
    value: str | None
    event: Event | None

    def explain(self) -> str:
        """One line: which event set the belief, and who witnessed it."""
        who = " thinks that ".join(self.chain) + " thinks that " if self.chain else ""
        if self.event is None or self.value is None:
            return f"{who or 'nobody says where '}the {self.fact.thing} has no known {self.fact.relation}"
        how = f"line {self.event.line} ({self.event.kind.value})"
        if self.event.tell is not None:
            how += f", said by {self.event.tell.speaker}"
        elif self.chain:
            how += f", perceived by {join_names(sorted(self.event.real))}"
            if self.event.real != self.event.apparent:
                how += f", seemingly by {join_names(sorted(self.event.apparent))}"
        what = f"{self.fact.thing!r}: {self.value}"
        if self.fact.relation == "place":
            what = f"the {self.fact.thing} is in the {self.value}"
        return f"{who}{what}: set by {how}"


class BeliefState:
    """All nested beliefs of a story; nothing is stored per chain, so any order costs the same.

    >>> from tomprm.world.grammar import read_story
    >>> text = '''1 Ann and Bob entered the hall.
    ... 2 The key is in the box.
    ... 3 Bob exited the hall.
    ... 4 Ann moved the key to the bag.'''
    >>> state = BeliefState(read_story(text))
    >>> state.belief(("Ann", "Bob"), Fact("key")).value, state.belief(("Ann",), Fact("key")).value
    ('box', 'bag')
    """

    def __init__(self, story: Story, profile: Profile = HITOM_CLEAN) -> None:
        self.story = story
        self.profile = profile

    def belief(self, chain: tuple[str, ...], fact: Fact, line: int | None = None) -> Belief:
        """B(chain)(fact) at the end, or right after the sentence numbered `line`.

        A name repeated at once ("Ann thinks Ann thinks") is the same as the name alone.
        """
        chain = collapse(chain)
        for event in reversed(self.story.about(fact)):
            if line is not None and event.line > line:
                continue
            if sets(event, chain, self.profile.tells):
                return Belief(chain, fact, event.value(fact), event)
        return Belief(chain, fact, None, None)

    def answer(self, question: Question) -> Belief:
        """The belief that the question asks for."""
        return self.belief(question.chain, question.fact, question.line)

    def missed(self, belief: Belief) -> tuple[tuple[Event, tuple[str, ...]], ...]:
        """Later events about the fact that did not reach the belief, each with the members of the
        chain who missed it (for a tell: none is named, nobody missed it, it was not believed)."""
        after = belief.event
        later = self.story.about(belief.fact)
        if after is not None:
            later = later[later.index(after) + 1 :]
        return tuple((e, () if e.tell else missed_by(e, belief.chain)) for e in later)


def collapse(chain: tuple[str, ...]) -> tuple[str, ...]:
    """Drop immediate repetitions: what Ann thinks Ann thinks is what Ann thinks."""
    return tuple(x for i, x in enumerate(chain) if i == 0 or x != chain[i - 1])
