"""What a sentence in free English says, before it is anchored in story time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tomprm.trace.claims import ClaimKind
from tomprm.trace.groups import Group


class When(str, Enum):
    """Where in the story a statement is meant."""

    OPEN = "open"  # anywhere from where the reasoning stands
    NOW = "now"  # right where the reasoning stands
    END = "end"
    PAST = "past"  # anywhere up to where the reasoning stands


class Inward(str, Enum):
    """What only the person himself can know of his perception."""

    NO = ""
    DISTRACTED = "distracted"
    SECRET = "in secret"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a step; `text` is its span within the step, from `start`.

    Attributes:
        group: who moves, enters, leaves, perceives, is there, speaks or trusts.
        chain: the people of a nested belief, outermost first.
        place: a container or room; "" unknown; "there" the place named last.
        relation: "place", "room" or "known", as in `world.events.Fact`.
        wide: of several events ("none of these moves"), not of the last alone.
        firm: read whole; nobody is accused for a statement that is not.
        lines: the story's lines that the sentence names (first, last).
    """

    kind: ClaimKind
    text: str
    start: int
    group: Group | None = None
    chain: tuple[Group, ...] = ()
    thing: str = ""
    place: str = ""
    relation: str = "place"
    room: str = ""
    source: str = ""
    listener: Group | None = None
    company: Group | None = None
    positive: bool = True
    wide: bool = False
    loose: bool = False  # "those", "any other move", "everything": which events, the text leaves open
    heard: bool = False
    known: bool = False  # "knows about it", of what happened or of a topic
    thought: bool = True  # that the people of the chain think so, of what somebody perceived
    inward: Inward = Inward.NO
    of_that: bool = False  # "does not know that", of what was just said
    pointing: bool = False  # "did not notice that": perhaps that somebody else was not looking
    lost: bool = False  # what was told just before was not understood
    watched: bool = False  # of the event told with it
    coming: bool = False  # "the later moves"
    cited: bool = False  # the line is named in the same sentence
    then: bool = False  # told as coming after what was told before
    later: bool = False  # of all that comes after
    last: bool = False
    firm: bool = True
    when: When = When.OPEN
    lines: tuple[int, int] | None = None
    sentence: int = 0  # its number within the step
    joint: str = ""  # the conjunction before its clause
    ahead: bool = False  # that clause belongs to what follows it
    concludes: bool = False
    ordinal: int = 0  # "the second move"; -1 the last
    perfect: bool = False  # "must have left": by then, whenever
    again: bool = False  # comes back
    first: bool = False  # of how it was at first
    count: int = 0  # "these three moves"
    passive: bool = False  # nobody is named as speaker
    around: str = ""  # "before", "after" the move
    alone: bool = False  # nobody else is there
    bare: bool = False  # a place and nothing else
    quoted: bool = False  # a sentence of the story, word for word: no reasoning
