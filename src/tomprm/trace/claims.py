"""What a step claims, in the canonical reasoning form.

    Line 5: apple in red_box; Ann sees it; Bob misses it.      (an event and its witnesses)
    Line 9: Cid says apple in bag; Ann trusts Cid.             (a claim and who believes it)
    Line 6: Bob is not in the kitchen.                         (presence)
    So Ann thinks Bob thinks the apple is in the red_box.      (nested belief)

Small words are free ("the apple is in the red box", "Ann and Bob see it", "did not see it",
"thinks that", "it" for the thing). `seems to see` speaks of apparent perception.

A claim belongs to the line that its sentence names. Where the sentence names none, what somebody
sees, says or trusts belongs to the line last named in the step, and what is the case or is believed
is meant of the end of the story. So it does not matter how a trace is cut into steps. What is not
understood is no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tomprm.belief.lines import KNOWN
from tomprm.trace.steps import Step, normalise
from tomprm.world.events import split_names


class ClaimKind(str, Enum):
    LOCATION = "location"
    PERCEPTION = "perception"
    PRESENCE = "presence"
    BELIEF = "belief"
    SAID = "said"
    TRUST = "trust"
    # Of free text only:
    MOVE = "move"
    ENTRY = "entry"
    EXIT = "exit"
    SIGHT = "sight"  # saw the thing in a place
    ORDER = "order"  # left before or after somebody
    QUESTION = "question"  # what the question asks
    CONCLUSION = "conclusion"  # the answer, without saying whose belief it is


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `text` is its span within the step; `line` anchors it in story time (None: the end)."""

    kind: ClaimKind
    text: str
    names: tuple[str, ...] = ()  # who perceives, is present, speaks; the chain of a belief
    thing: str = ""  # "it": whatever the question is about
    place: str = ""  # a container, or the room of a presence claim; "": unknown, of a belief; or KNOWN
    line: int | None = None
    positive: bool = True
    apparent: bool = False
    relation: str = "place"  # of what is believed, as in `world.events.Fact`

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for claims that say the same, however they are worded."""
        thing, place = normalise(self.thing), normalise(self.place)
        return (self.kind, self.names, thing, place, self.line, self.positive, self.apparent)


_NAME = r"\b[A-Z]\w*"
_NAMES = rf"{_NAME}(?:(?:, and |, | and ){_NAME}){{0,7}}"
_WORDS = r"[\w'-]+(?: [\w'-]+){0,3}?"
_THING = rf"(?P<thing>(?![A-Z]){_WORDS})"
# Where a place or thing ends. Not before "or": a list of places is not a place. \0 hides an anchor.
_END = (
    r"(?=\s*(?:[;:,.!()\0]|$)| (?:now|but|because|since|when|after|before|while|as|so|which|where)\b"
    r"| and (?:[A-Z]|so\b|then\b))"
)

_SEES = r"(?:sees?|saw|notices?|noticed|witness(?:es|ed)?|watch(?:es|ed)?)"
_MISSES = r"(?:miss(?:es|ed)?|(?:(?:does|do|did|can|could)(?: not|n't)|cannot) (?:see|notice|witness|watch))"
_PERCEPTION = re.compile(
    rf"(?P<names>{_NAMES}) (?:also |both |all )?(?P<seems>seems? to |seemed to )?"
    rf"(?:(?P<no>{_MISSES})|{_SEES}) (?:it|this|that|line (?P<line>\d{{1,6}}))\b"
)
# Chains of up to ten names; a longer one is no claim, rather than a claim about its last ten.
_VERBS = ("think", "thinks", "believe", "believes", "know", "knows")
_THINKS = rf"(?:{'|'.join(_VERBS)})"
_CHAIN_STARTS = "".join(rf"(?<!{verb} )(?<!{verb} that )" for verb in _VERBS)
_BELIEF = re.compile(
    rf"{_CHAIN_STARTS}(?P<chain>(?:{_NAME} {_THINKS} (?:that )?){{1,10}})"
    rf"(?:the )?{_THING} is (?:still |now )?in (?:the )?(?P<place>{_WORDS}){_END}"
)
_UNKNOWN = re.compile(
    rf"{_CHAIN_STARTS}(?P<chain>(?:{_NAME} {_THINKS} (?:that )?){{0,9}}{_NAME}) "
    rf"(?:does not|doesn't) know where (?:the )?{_THING} is{_END}"
)
_KNOWS = re.compile(
    rf"{_CHAIN_STARTS}(?P<chain>(?:{_NAME} {_THINKS} (?:that )?){{0,9}}{_NAME}) "
    rf"(?:(?P<no>(?:does not|doesn't) know)|knows) about (?:the )?{_THING}{_END}"
)
_SAID = re.compile(
    rf"(?P<names>{_NAME}) (?:publicly |privately )?"
    rf"(?:says?|said|claims?|claimed|(?:tells|told) {_NAME})(?: that)? "
    rf"(?:the )?{_THING} (?:is )?in (?:the )?(?P<place>{_WORDS}){_END}"
)
_TRUST = re.compile(
    rf"(?P<names>{_NAMES}) (?P<seems>seems? to )?"
    rf"(?:(?P<no>doubts?|(?:does|do)(?: not|n't) trust)|trusts?) (?:{_NAME}|it)\b"
)
_PRESENCE = re.compile(
    rf"(?P<names>{_NAMES}) (?:is|are|was|were) (?P<no>not |no longer )?(?:still )?in (?:the )?"
    rf"(?P<place>{_WORDS}){_END}"
)
_LOCATION = re.compile(
    rf"(?<![\w'-])(?:[Tt]he )?(?P<thing>[a-z][\w'-]*(?: [\w'-]+){{0,2}}?) (?:is |was )?(?:now |still )?"
    rf"in (?:the )?(?P<place>{_WORDS}){_END}"
)
# Longest structures first: what a belief sentence has used is not read again as a location. A pattern
# is tried only where one of its words occurs, which makes reading three times as fast.
_READERS = (
    (ClaimKind.BELIEF, _UNKNOWN, re.compile(" know where ").search),
    (ClaimKind.BELIEF, _KNOWS, re.compile(" knows? about ").search),
    (ClaimKind.BELIEF, _BELIEF, re.compile(" (?:think|believe|know)").search),
    (ClaimKind.SAID, _SAID, re.compile(" (?:say|said |claim|tells |told )").search),
    (ClaimKind.PERCEPTION, _PERCEPTION, re.compile(" (?:it|this|that|line )").search),
    (ClaimKind.TRUST, _TRUST, re.compile(" (?:trust|doubt)").search),
    (ClaimKind.PRESENCE, _PRESENCE, re.compile(" (?:is|are|was|were) ").search),
    (ClaimKind.LOCATION, _LOCATION, re.compile(" in ").search),
)
_FIND_NAME = re.compile(_NAME)

_ANCHOR = re.compile(
    r"\b(?:(?:[Aa]fter |[Aa]t |[Ii]n |[Oo]n )?[Ll]ine (?P<line>\d{1,6})\b[:,]?"
    r"|(?:[Ii]n|[Aa]t) the end\b|[Ff]inally\b)"
)
_BREAK = re.compile(r"[.!?]\s+|\n")
_OF_EVENTS = (ClaimKind.PERCEPTION, ClaimKind.SAID, ClaimKind.TRUST)


def read_claims(step: Step) -> tuple[Claim, ...]:
    """The claims of one step, in the order in which they are written."""
    return _read(step.text)[0]


@dataclass(frozen=True, slots=True)
class Canonical:
    """A step that is in the canonical form from end to end."""

    claims: tuple[Claim, ...]
    anchored: bool  # it names a line


_BETWEEN = re.compile(r"(?:[\s.;,]|\b[Ss]o\b|\band\b)*")


def read_canonical(step: Step) -> Canonical | None:
    """The step's claims where the canonical form is all that it holds, else None."""
    text = step.text
    claims, covered = _read(text)
    at = 0
    for start, end in [*sorted(covered), (len(text), len(text))]:
        if start > at and not _BETWEEN.fullmatch(text, at, start):
            return None
        at = max(at, end)
    return Canonical(claims, any(c.line is not None for c in claims)) if claims else None


def _read(text: str) -> tuple[tuple[Claim, ...], list[tuple[int, int]]]:
    """The claims of a text, and the spans that they and their lines take."""
    anchors = list(_ANCHOR.finditer(text))
    hidden = text
    for start, end in (anchor.span() for anchor in anchors):
        hidden = hidden[:start] + "\0" * (end - start) + hidden[end:]
    breaks = _breaks(text) if anchors else []
    found: list[tuple[int, Claim]] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern, words in _READERS:
        if not words(text):
            continue
        readable = text if kind is ClaimKind.PERCEPTION else hidden  # "Ann sees line 5" reads its line
        for match in pattern.finditer(readable):
            start, end = match.span()
            if taken and any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            line = _line_of(start, end, anchors, breaks, inherits=kind in _OF_EVENTS)
            found += [(start, claim) for claim in _build(kind, match, text[start:end], line)]
    found.sort(key=lambda pair: pair[0])
    return tuple(claim for _, claim in found), taken + [a.span() for a in anchors]


def _breaks(text: str) -> list[int]:
    """Where new sentences start; "Line 5." at the head of one is not a sentence of its own."""
    starts: list[int] = []
    opened = 0
    for stop in _BREAK.finditer(text):
        if not _ANCHOR.fullmatch(text[opened : stop.start()].strip(" -*")):
            opened = stop.end()
            starts.append(opened)
    return starts


def _line_of(
    start: int, end: int, anchors: list[re.Match[str]], breaks: list[int], inherits: bool
) -> int | None:
    """The line that a claim speaks of; in its sentence one named before it comes before one after."""
    opens = max((b for b in breaks if b <= start), default=0)
    closes = min((b for b in breaks if b >= end), default=None)
    before = after = None  # the nearest ones
    for anchor in anchors:
        at = anchor.start()
        if at <= start:
            before = anchor if inherits or at >= opens else before
        elif closes is None or at < closes:
            after = anchor
            break
    here = before is not None and before.start() >= opens
    chosen = before if here or after is None else after
    return int(chosen["line"]) if chosen is not None and chosen["line"] else None


def _build(kind: ClaimKind, match: re.Match[str], text: str, line: int | None) -> Iterator[Claim]:
    slot = match.groupdict("")
    thing, place = slot.get("thing", ""), slot.get("place", "")
    if kind is ClaimKind.BELIEF:
        place = KNOWN if match.re is _KNOWS and not slot["no"] else place
        yield Claim(kind, text, tuple(_FIND_NAME.findall(slot["chain"])), thing, place, line)
    elif kind is ClaimKind.LOCATION:
        yield Claim(kind, text, (), thing, place, line)
    else:
        positive, apparent = not slot.get("no"), bool(slot.get("seems"))
        if slot.get("line"):
            line = int(slot["line"])
        for name in split_names(slot["names"]):
            yield Claim(kind, text, (name,), thing, place, line, positive, apparent)
