"""What a step claims, in the canonical reasoning form.

    Line 5: apple in red_box; Ann sees it; Bob misses it.      (an event and its witnesses)
    Line 9: Cid says apple in bag; Ann trusts Cid.             (a claim and who believes it)
    Line 6: Bob is not in the kitchen.                         (presence)
    So Ann thinks Bob thinks the apple is in the red_box.      (nested belief)

Small words are free ("the apple is in the red box", "Ann and Bob see it", "did not see it",
"thinks that"). `seems to see` speaks of apparent perception. What is not understood is no claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tomprm.trace.steps import Step
from tomprm.world.events import split_names


class ClaimKind(str, Enum):
    LOCATION = "location"
    PERCEPTION = "perception"
    PRESENCE = "presence"
    BELIEF = "belief"
    SAID = "said"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `text` is its span within the step; `line` anchors it in story time (None: the end)."""

    kind: ClaimKind
    text: str
    names: tuple[str, ...] = ()  # who perceives, is present, speaks; the chain of a belief
    thing: str = ""
    place: str = ""  # a container, or the room of a presence claim
    line: int | None = None
    positive: bool = True
    apparent: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for claims that say the same, however they are worded."""
        return (self.kind, self.names, self.thing, self.place, self.line, self.positive, self.apparent)


_NAME = r"[A-Z]\w*"
_NAMES = rf"{_NAME}(?:(?:, and |, | and ){_NAME})*"
_WORDS = r"[\w'-]+(?: [\w'-]+){0,3}?"
_CLAUSE_END = r"(?=\s*(?:[;,.!]|$| but | and [A-Z]))"
_ANCHOR = re.compile(r"(?:[Aa]fter |[Aa]t |[Ii]n |[Oo]n )?[Ll]ine (\d+)\b[:,]?")

_SEES = r"(?:sees?|saw|notices?|noticed|witness(?:es|ed)?|watch(?:es|ed)?)"
_MISSES = r"(?:miss(?:es|ed)?|(?:does|do|did)(?: not|n't) (?:see|notice|witness|watch))"
_PERCEPTION = re.compile(
    rf"(?P<names>{_NAMES}) (?:also )?(?P<seems>seems? to |seemed to )?"
    rf"(?:(?P<no>{_MISSES})|{_SEES}) (?:it|this|that|line (?P<line>\d+))\b"
)
_BELIEF = re.compile(
    rf"(?P<chain>(?:{_NAME} (?:thinks?|believes?|knows?) (?:that )?)+)"
    rf"(?:the |it )?(?:(?P<thing>{_WORDS}) )?is (?:still )?in (?:the )?(?P<place>{_WORDS}){_CLAUSE_END}"
)
_UNKNOWN = re.compile(
    rf"(?P<chain>(?:{_NAME} thinks? (?:that )?)*{_NAME}) (?:does not|doesn't) know where "
    rf"(?:the )?(?P<thing>{_WORDS}) is{_CLAUSE_END}"
)
_SAID = re.compile(
    rf"(?P<name>{_NAME}) (?:publicly |privately )?(?:says?|said|claims?|claimed)(?: that)? "
    rf"(?:the )?(?P<thing>{_WORDS}) (?:is )?in (?:the )?(?P<place>{_WORDS}){_CLAUSE_END}"
)
_TRUST = re.compile(
    rf"(?P<names>{_NAMES}) (?P<seems>seems? to )?(?:(?P<no>doubts?|(?:does|do) not trust)|trusts?) "
    rf"(?:{_NAME}|it)\b"
)
_PRESENCE = re.compile(
    rf"(?P<names>{_NAMES}) (?:is|are|was|were) (?P<no>not |no longer )?(?:still )?in (?:the )?"
    rf"(?P<room>{_WORDS}){_CLAUSE_END}"
)
_LOCATION = re.compile(
    rf"(?:[Tt]he )?(?P<thing>[a-z][\w'-]*(?: [\w'-]+){{0,2}}?) (?:is |was )?(?:now |still )?in (?:the )?"
    rf"(?P<place>{_WORDS}){_CLAUSE_END}"
)
_LEAD = re.compile(r"^(?:[-*•]\s+|\d+[.)]\s+)?(?:[Ss]o|[Tt]herefore|[Tt]hus|[Hh]ence|[Tt]hen)?,?\s*")


def read_claims(step: Step) -> tuple[Claim, ...]:
    """The claims of one step, in the order in which they are written."""
    text = step.text
    anchor = _ANCHOR.search(text)
    line = int(anchor[1]) if anchor else None
    body_from = anchor.end() if anchor and not text[: anchor.start()].strip(" -*•") else 0
    if not body_from:
        lead = _LEAD.match(text)
        body_from = lead.end() if lead else 0
    found: list[tuple[int, Claim]] = []
    taken = [False] * len(text)
    for kind, pattern in _READERS:
        for match in pattern.finditer(text, body_from):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            found += [(match.start(), claim) for claim in _build(kind, match, line)]
    return tuple(claim for _, claim in sorted(found, key=lambda pair: pair[0]))


def _build(kind: ClaimKind, match: re.Match[str], line: int | None) -> list[Claim]:
    slot = match.groupdict()
    text = match[0]
    positive = not slot.get("no")
    apparent = bool(slot.get("seems"))
    if kind is ClaimKind.PERCEPTION:
        at = int(slot["line"]) if slot["line"] else line
        return [
            Claim(kind, text, (n,), line=at, positive=positive, apparent=apparent)
            for n in split_names(slot["names"])
        ]
    if kind is ClaimKind.TRUST:
        return [
            Claim(kind, text, (n,), line=line, positive=positive, apparent=apparent)
            for n in split_names(slot["names"])
        ]
    if kind is ClaimKind.PRESENCE:
        return [
            Claim(kind, text, (n,), place=slot["room"], line=line, positive=positive)
            for n in split_names(slot["names"])
        ]
    if kind is ClaimKind.BELIEF:
        chain = tuple(re.findall(rf"({_NAME})(?= (?:think|believe|know|does))", slot["chain"] + " "))
        if "place" not in slot:
            chain = tuple(re.findall(_NAME, slot["chain"]))
        return [Claim(kind, text, chain, slot["thing"] or "", slot.get("place") or "", line)]
    names = (slot["name"],) if kind is ClaimKind.SAID else ()
    return [Claim(kind, text, names, slot["thing"], slot["place"], line)]


# Longest structures first: what a belief sentence has used is not read again as a location.
_READERS = (
    (ClaimKind.BELIEF, _UNKNOWN),
    (ClaimKind.BELIEF, _BELIEF),
    (ClaimKind.SAID, _SAID),
    (ClaimKind.PERCEPTION, _PERCEPTION),
    (ClaimKind.TRUST, _TRUST),
    (ClaimKind.PRESENCE, _PRESENCE),
    (ClaimKind.LOCATION, _LOCATION),
)
