"""OpenToM stories without their metadata: who moved the thing and whether the other person saw it, as far as
the prose says so in so many words.

The plot is always the same: two people find a thing, one of them (the mover) puts it elsewhere, the other
(the observer) sees that or not. Read are the people, the mover, the observer's leaving, and sentences that
say outright that the observer watched, or did not notice. Where the words point both ways, or nowhere,
nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tomprm.world.events import Action, Event, Fact, Kind, Story

INITIAL, NEW = "initial location", "new location"  # names of places that the text does not give plainly

_SENTENCE = re.compile(r"(?<=[.!?])[\"”')]* +|\n+")
_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_NO_NAMES = frozenset([
    "The", "One", "And", "But", "With", "As", "In", "On", "At", "It", "Its", "His", "Her", "Their", "He",
    "She", "They", "Both", "Without", "Suddenly", "However", "Before", "After", "While", "When", "Despite",
    "Being", "Little", "Only", "What", "Will", "Would", "This", "That", "There", "Then", "So", "Just",
    "Meanwhile", "Curiosity", "For", "Not", "Unbeknownst", "Instead", "Determined", "Wanting", "Knowing",
    "To", "From", "By", "If", "Or", "An", "Each", "Neither", "Either", "Once", "Upon", "Unaware", "Now",
    "Although", "Though", "Since", "Until", "All", "Some", "Every", "Note", "Inside", "Perhaps", "Maybe",
    "Quickly", "Thinking", "Seizing", "Believing", "Time", "These", "Those", "Such", "Even", "Still",
    "Soon", "Finally", "Main", "Ignorantly", "Mistakenly", "Driven", "Overwhelmed", "Feeling", "Noticing",
    "Seeing", "Understanding", "Realizing", "Moving", "Taking", "Oblivious", "Bedroom", "Kitchen",
    "Excitement", "Surprised",
])  # fmt: skip
_MOVING = re.compile(
    r"\b(?:move[ds]?|moving|relocat(?:e[ds]?|ing)|transfer(?:s|red|ring)?|plac(?:ed|es|ing)|carr(?:y"
    r"|ied|ying)"
    r"|took|take|taking|snatch(?:ed|ing)|grabb(?:ed|ing)|pick(?:ed|ing) (?:it |them )?up|toss(?:ed|ing)?"
    r"|dropp(?:ed|ing)|shift(?:ed|ing)?|hid|hidden|stash(?:ed|ing)|dispos(?:ed|ing) of|deposit(?:ed"
    r"|ing)|put)\b"
)
_TO = re.compile(
    r"\b(?:in|on)?to (?P<place>(?:(?:the|a|an|his|her|their)(?: own| nearby)?"
    r"|[A-Z]\w+['’]s?(?: own)?) [a-z][a-z -]*?)"
    r"(?=,|\.|;|!|$| (?:in|on|at|where|which|to|for|near|with|as|so|and|labeled|located|of|nearby|that"
    r"|while|making"
    r"|by|when|until|without)\b)"
)
_FOUND = re.compile(
    r"\b(?:the|a|an)(?: \w+)?? (?P<place>(?:treasure )?(?:basket|box|crate|chest|drawer|cupboard"
    r"|bathtub|container|bucket|suitcase|bottle"
    r"|envelope))s?\b"
)
_LEFT = (
    r"(?:left|leave|leaving|exit(?:ed|s|ing)?|depart(?:ed|s|ing|ure)|excused (?:him|her|them)sel\w+"
    r"|made (?:his|her|their) (?:own )?(?:way (?:out|back)|exit)|stepped (?:out|away|outside)|rushed out"
    r"|walked (?:away|out)|went out|slipped (?:away|out))\b"
)
_BACK = r"(?:return(?:ed|s|ing)?|re-?enter(?:ed|s|ing)?|came back|back in)\b"
_SEES = (
    r"(?:watch(?:ed|es|ing)|observ(?:ed|es|ing)|witness(?:ed|es|ing)?|saw|seen|notic(?:ed|es|ing)"
    r"|looked on|looking on"
    r"|caught sight|caught a glimpse)\b"
)
_BLIND = (
    r"(?:oblivious|unaware|unknowing\w*|none the wiser|no idea|not aware"
    r"|(?:never|not|n['’]t|without|before|failed to|missed|nor)(?: \w+){0,3} "
    r"(?:witness\w*|se(?:e|en|eing)|saw|notic\w+|observ\w+|perceiv\w+|knowing|realiz\w+)"
    r"|no knowledge)\b"
)
_NATURE = (
    r"\b{name}(?:, (?:always )?(?:being|known|a|an|the)\b| was| had| possessed)[^.]*?"
    r"\b(?:considerate|inconsiderate|negativistic|negative|impulsive|mischievous|attention-seeking"
    r"|showy|pessimis\w+)\b"
)
_DENIES = re.compile(
    r"\b(?:never|not|without|before|no|nor|neither|failed|unaware|oblivious|if|would)\b|n['’]t\b"
)


@dataclass(frozen=True, slots=True)
class Plot:
    """What the prose says; None where it does not say it plainly."""

    mover: str | None
    observer: str | None
    observed: bool | None
    left: int | None  # sentence (from 1) with which the observer leaves for good
    moved: int  # sentence with the move, 0 if none was found
    original: str
    place: str


_UNREAD = Plot(None, None, None, None, 0, INITIAL, NEW)
_LONG = 20  # sentences; longer retellings are too free for these rules


def sentences(text: str) -> list[str]:
    return [s.strip() for s in _SENTENCE.split(text) if s.strip()]


def people(text: str) -> tuple[str, ...]:
    """The two people of the story, by how often they are named; fewer where two do not stand out."""
    count = Counter(n for n in _NAME.findall(text) if n not in _NO_NAMES)
    named = [name for name, times in count.most_common(3) if times > 1]
    if len(named) == 3 and count[named[2]] > 0.7 * count[named[1]]:
        return ()
    return tuple(named[:2]) if len(named) > 1 else ()


def read_plot(text: str, thing: str) -> Plot:
    """The plot of a story about `thing`."""
    names = people(text)
    told = sentences(text)
    if len(told) > _LONG:
        return _UNREAD
    moves = [i for i, s in enumerate(told) if _MOVING.search(s)]
    if len(names) < 2:
        return _UNREAD
    subjects = _subjects(told, names)
    core = [i for i in moves if _about(told[i], thing)] or moves
    by = {who for i in core if (who := _actor(told[i], names, subjects[i]))}
    natured = {n for n in names for s in told if re.search(_NATURE.format(name=n), s)}
    if len(by) > 1 and len(natured) == 1:
        by &= natured
    if len(by) != 1 or (natured and not natured & by):
        return _UNREAD
    mover = next(iter(by))
    observer = next(n for n in names if n != mover)
    deeds = re.compile(
        rf"\b{mover}\b.*?\b{observer}['’]s? (?:\w+,? ){{0,4}}?(?:actions?|acts?|gesture|moves?|deeds?"
        rf"|maneuver)\b"
    )
    if any(deeds.search(s) for s in told) or any(
        re.search(rf"\b{mover}\b(?!['’])[^.]*{_SEES} as {observer}", s) for s in told
    ):
        return _UNREAD  # the other one is said to have done something
    mine = [i for i in core if _actor(told[i], names, subjects[i]) == mover]
    moved = next((i for i in mine if _TO.search(told[i])), mine[0])
    if _leaving(told, subjects, mover, observer, moved - 1) is not None:
        return _UNREAD  # who is gone moves nothing there
    left = _leaving(told, subjects, observer, mover, moved)
    observed = _observed(told, subjects, mover, observer, moved, left)
    return Plot(
        mover, observer, observed, None if observed else left, moved + 1, *_places(told, moved, mover)
    )


def _about(sentence: str, thing: str) -> bool:
    """Does the sentence name the thing, or its head, in singular or plural?"""
    words = re.split(r"[_ ]", thing.lower())
    stem = words[-1][: max(3, len(words[-1]) - 2)]
    return re.search(rf"\b{re.escape(stem)}", sentence.lower()) is not None


def _actor(sentence: str, names: tuple[str, ...], subject: str | None) -> str | None:
    """Who does what the first verb of moving in the sentence says; None where that is open or denied."""
    at = _MOVING.search(sentence)
    if at is None or _DENIES.search(sentence[: at.start()][-25:]):
        return None
    before = [(m.start(), n) for n in names for m in _free(n).finditer(sentence, 0, at.start())]
    if not before:
        return subject
    pronoun = re.search(r"\b(?:he|she|they)\b", sentence[: at.start()], re.I)
    if len({n for _, n in before}) > 1 or (pronoun and pronoun.start() < min(before)[0]):
        return subject
    return max(before)[1]


def _free(name: str) -> re.Pattern[str]:
    """The name as a subject: no possessive, not within what somebody thinks or does to him."""
    return re.compile(
        rf"(?<!that )(?<!how )(?<!much )(?<!what )(?<!with )(?<!for )(?<!from )(?<!to )(?<!of )(?<!know )"
        r"(?<!knew )(?<!leaving )(?<!believing )(?<!by )(?<!thinking )(?<!avoid )(?<!where )(?<!prevent )"
        r"(?<!surprise )"
        rf"\b{name}\b(?!['’])"
    )


def _subjects(told: list[str], names: tuple[str, ...]) -> list[str | None]:
    """The person whom each sentence is about: the first who stands in it as a subject; for a pronoun, or
    where nobody does, the one before."""
    found: list[str | None] = []
    for sentence in told:
        before = found[-1] if found else None
        at = sorted((m.start(), n) for n in names if (m := _free(n).search(sentence)))
        pronoun = re.search(r"\b(?:he|she)\b", sentence, re.I)
        known = re.match(r"\W*(?:unbeknownst|unknown|little did)\b", sentence, re.I)
        if re.search(r"\b(?:both|neither|they both)\b", sentence, re.I) or _joined(sentence, names):
            found.append(None)
        elif not at or (pronoun and not known and pronoun.start() < at[0][0]):
            found.append(before)
        else:
            found.append(at[0][1])
    return found


def _joined(sentence: str, names: tuple[str, ...]) -> bool:
    a, b = names
    return re.search(rf"\b(?:{a} and {b}|{b} and {a})\b", sentence) is not None


def _leaving(told: list[str], subjects: list[str | None], who: str, other: str, moved: int) -> int | None:
    """The sentence before the move with which somebody leaves and does not come back."""
    left: int | None = None
    for i, sentence in enumerate(told[: moved + 1]):
        mine = re.search(rf"\b{who}\b(?!['’])(?:(?!\b{other}\b)[^.])*?\b{_LEFT}", sentence)
        mine = mine or (
            other not in sentence
            and subjects[i] == who
            and i < moved
            and re.search(rf"\b(?:he|she|they)\b[^.]*\b{_LEFT}", sentence)
        )
        if mine and not re.search(rf"\b{_LEFT}[^.]*\balone\b.*\b{who}\b", sentence):
            left = i + 1
        if left is not None and who in sentence and re.search(rf"\b{_BACK}", sentence):
            left = None
    return left


def _observed(
    told: list[str], subjects: list[str | None], mover: str, observer: str, moved: int, left: int | None
) -> bool | None:
    """True or False where what is said points one way only."""
    saw = blind = False
    for i in range(max(0, moved - 2), len(told)):
        sentence = told[i]
        who = rf"(?:\b{observer}\b(?!['’]s? (?:absence|knowledge|eyes|notice))|\b(?:he|she|they)\b)"
        mine = observer in sentence or subjects[i] == observer
        if re.search(
            rf"\b(?:unbeknownst to|unknown to|unseen by|unnoticed by|without|hidden from"
            rf"|secret from) {observer}\b",
            sentence,
            re.I,
        ):
            blind = True
            continue
        if re.search(
            rf"\b(?:unbeknownst to|unseen by|unnoticed by) {mover}\b", sentence, re.I
        ) and observer not in (sentence):
            continue
        if not mine:
            continue
        if re.search(rf"\b{observer}\b[^.]*?\b{_BLIND}", sentence) or (
            subjects[i] == observer and re.search(rf"\b{_BLIND}", sentence)
        ):
            # "Mover, unaware that Observer ..." speaks of the mover.
            until = sentence[: bad.start()] if (bad := re.search(rf"\b{_BLIND}", sentence)) else ""
            whose = [n for n in (mover, observer) if n in until]
            last = max(whose, key=until.rfind) if whose else subjects[i]
            blind = blind or last == observer
            continue
        if i >= moved and (found := re.search(rf"{who}[^.]*?\b{_SEES}", sentence)):
            clause = found[0]
            by_name = observer in clause or subjects[i] == observer
            if by_name and not _DENIES.search(clause) and mover not in clause[len(observer) :]:
                saw = True
    if left is not None:
        blind = True
    return saw if saw != blind else None


def _places(told: list[str], moved: int, mover: str) -> tuple[str, str]:
    """(where the thing is first, where it is put); generic names where the words are not plain."""
    target = next((m for s in told[moved : moved + 2] if (m := _TO.search(s))), None)
    place = re.sub(r"^(?:the|a|an)(?: nearby)? ", "", target["place"].strip()) if target else NEW
    if re.search(
        r"\b(?:center|hands?|place|spot|location|friend|actions|ensur\w+|whenever|more|other|very)\b", place
    ):
        place = NEW
    place = re.sub(r"^(?:his|her|their) ", f"{mover}'s ", place)
    before = [m["place"] for s in told[:moved] for m in _FOUND.finditer(s)]
    first = before or [m["place"] for m in _FOUND.finditer(told[moved].partition(" to ")[0])]
    full = {p for p in first if not any(q != p and q.endswith(p) for q in first)}
    original = full.pop() if len(full) == 1 else INITIAL
    return original, place if place != original else NEW


def story(plot: Plot, thing: str) -> Story | None:
    """The events of a plot; None where it is not known who moved the thing."""
    if plot.mover is None or plot.observer is None:
        return None
    both = frozenset({plot.mover, plot.observer})
    fact = Fact(thing)
    first = min(plot.left or plot.moved, plot.moved)
    first = max(1, first - 1)
    actions = [Action(first, Kind.PLACE, thing=thing, place=plot.original)]
    events = [Event(first, Kind.PLACE, ((fact, plot.original),), both, both)]
    if plot.left is not None and first < plot.left < plot.moved:
        actions.append(Action(plot.left, Kind.EXIT, (plot.observer,), room="room"))
    if plot.moved > first:
        saw = both if plot.observed else both - {plot.observer}
        actions.append(Action(plot.moved, Kind.MOVE, (plot.mover,), thing=thing, place=plot.place))
        events.append(Event(plot.moved, Kind.MOVE, ((fact, plot.place),), saw, saw))
    return Story(tuple(actions), tuple(events), (plot.mover, plot.observer))
