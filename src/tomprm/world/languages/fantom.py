"""Conversations: who takes part at each utterance, read from what is said.

A conversation is lines `Name: words`. Everybody who takes part hears everything; the facts are

    Fact("line 7", "known") = "known"     set by utterance 7 for all who took part at that moment

People take part from their first words on, or from the start if these words are no entrance (a greeting
in the middle of a talk, "mind if I join", "I'm back", ...). They leave with words such as "I have to go",
once the others have taken leave of them, and are back when they speak again. The rules are about English
leave-taking, not about any data set; `scripts/fantom_perceivers.py` measures them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tomprm.world.events import Action, Event, Fact, Kind, Story
from tomprm.world.replay import Profile, StoryError

KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line of a conversation; `speakers` is empty for "Everyone" and the like."""

    line: int
    speakers: tuple[str, ...]
    words: str


_LINE = re.compile(r"\s*([^\s:][^:\n]{0,60}?)\s*:\s*(.*)")
_ALL = re.compile(r"(?:all|both|everybody|everyone|group|others?|rest|together|narrator)\b.*", re.IGNORECASE)
_TOGETHER = re.compile(r"\s*(?:,|&|\band\b)\s*")

_GREETING = re.compile(
    r"\W*(?:hi|hey|hello|greetings|good (?:morning|afternoon|evening|day))\b", re.IGNORECASE
)
# Said by somebody who was not there a moment ago, whatever else is said with it.
_ENTRANCE = re.compile(
    r"\b(?:interrupt\w*|intrud\w*|barg(?:e|ing) in|overhear\w*|overheard|eavesdrop\w*"
    r"|(?:mind|can|could|may|might) (?:if )?i (?:join|jump in|chime in)\w*|(?:join|joining) (?:in|you|the)"
    r"|rejoin\w*|chime in|chiming in|jumping in|dropping in|just (?:got|came|arrived|walked|stepped"
    r"|finished)"
    r"|couldn't help|can't help but|(?:i'm|am|be|just|got|come|came) back|back from|returned|my absence"
    r"|(?:i'm|for being|being) (?:so |a bit |a little )?late|late to the|(?:i've |have i |did i "
    r"|what i |i )miss(?:ed)?\b"
    r"|miss(?:ed)? (?:too |that |out )?much|caught (?:the|a|some|my)|catch (?:the|a|some|that"
    r"|up on)|tail end"
    r"|what's (?:the topic|up|going on)|what (?:are|were) (?:you|we)(?: \w+)? (?:discussing|talking"
    r"|chatting)"
    r"|(?:are|were) (?:you|we) (?:\w+ )?still)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:hello|hi|hey),? (?:there )?again\b|\b(?:i'm|i am|be|glad to be|good to be"
    r"|just got) back\b|\bback from\b"
    r"|\brejoin|\breturned\b|\b(?:did|have|hope)\b[^.?!]*\bmiss(?:ed)?\b|\bmy absence\b"
    r"|\bstepp(?:ing|ed) (?:out|away)\b|\bapolog\w+[^.?!]*\b(?:interruption|break|earlier|leav\w+)\b"
    r"|\bsorry (?:about|for) (?:that|the (?:interruption|delay|break))",
    re.IGNORECASE,
)
# An obligation of one's own that calls one away.
_LEAVING = re.compile(
    r"\bi(?:'m|'ve|'ll| am| have| will)?"
    r"(?: (?:just|really|actually|afraid|sorry|going to|quickly|unfortunately|do|also|now|i|but"
    r"|think|believe|that))*"
    r" (?:have to|need to|got to|ought to|should|must|gotta|better|had better)"
    r"(?: (?:quickly|really|actually|now|also|probably|be|get|go))*"
    r" (?:go|going|leave|leaving|run|dash|rush|head|step|excuse|depart|sign off|log off|hop off"
    r"|take (?:my leave|off|this|care of|a (?:quick |short )?(?:break|call|moment|nap|shower))"
    r"|attend|make a move|cut|bid|pop"
    r"|grab|change|pick up|receive|answer|handle|deal|submit|prepare|recharge|check|tend|say goodbye)\b"
    r"|\b(?:excuse (?:me|myself)|be right back|brb|hate to (?:cut|duck|leave|interrupt|go)"
    r"|cut (?:this|the|our|such)"
    r"|wish i could stay|take my leave|must leave|leave (?:you|this|now)|duty calls|continue without me"
    r"|i(?:'m| am) (?:off|leaving|heading|going to (?:go|head|leave|run|step))|i'll (?:leave"
    r"|let) you|signing off|i'd better"
    r"|time for me to|(?:have|got) (?:an|another|a previous) (?:appointment|engagement|meeting"
    r"|emergency)|gotta"
    r"|back in a (?:minute|moment|bit|while|few)|running late|right back|let me go|unexpected visitor"
    r"|carry on|please,? (?:do )?(?:continue|keep|carry)|i'll be back|step (?:out|away)"
    r"|head(?:ing)? (?:out|off))\b",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"\b(?:bye|goodbye|farewell|see you|see ya|take care|take your time|catch (?:you|up)"
    r"|talk (?:to you )?(?:later|soon)"
    r"|until (?:next|then)|good luck|have a (?:good|great|nice|safe|wonderful)|no (?:problem"
    r"|worries)|go ahead"
    r"|safe (?:trip|travels)|don't worry|of course|sure(?: thing)?|hurry back)\b",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"\b(?:bye|goodbye|farewell|see you|see ya|take care|catch you|catch up|until next)\b", re.IGNORECASE
)
_GONE = re.compile(
    r"\b(?:now that|while|since|with|as) (?:\w+)(?:'s| is| has| had)? (?:\w+ )?(?:gone|away|left"
    r"|out|off|not here)\b"
    r"|\b(?:just|only) (?:us|the two of us)\b|\bjust us two\b|\bin (?:his|her|their) absence\b",
    re.IGNORECASE,
)
_EARLY = 4  # a bare greeting within the first utterances belongs to the opening of the talk
_SILENT = 7  # nobody who is there lets so many utterances pass without a word or a mention
_GAP = 3  # utterances of others after which a greeting is a return


def read_utterances(text: str) -> tuple[Utterance, ...]:
    """The lines of a conversation; a line without a name continues the one above.

    Raises:
        StoryError: the text is empty, or its first line names no speaker.
    """
    said: list[Utterance] = []
    for raw in text.splitlines():
        if not raw.strip():
            continue
        if found := _LINE.fullmatch(raw):
            said.append(Utterance(len(said) + 1, _speakers(found[1]), found[2]))
        elif said:
            said[-1] = replace(said[-1], words=f"{said[-1].words} {raw.strip()}")
        else:
            raise StoryError(f"line 1: {raw[:60]!r} names no speaker; write each utterance as `Name: words`")
    if not said:
        raise StoryError("line 1: the conversation is empty; give at least one `Name: words`")
    return tuple(said)


def _speakers(label: str) -> tuple[str, ...]:
    if _ALL.fullmatch(label):
        return ()
    return tuple(n for n in _TOGETHER.split(label) if n)


def presence(said: Sequence[Utterance]) -> list[frozenset[str]]:
    """Who takes part at each utterance, in order."""
    people = tuple(dict.fromkeys(name for u in said for name in u.speakers))
    here = [set[str]() for _ in said]
    for name in people:
        for start, end in _stays(name, said):
            for present in here[start:end]:
                present.add(name)
    return [frozenset(p) for p in here]


def _stays(name: str, said: Sequence[Utterance]) -> list[tuple[int, int]]:
    """The stretches (first utterance, one past the last) in which somebody takes part."""
    mine = [i for i, u in enumerate(said) if name in u.speakers]
    start = mine[0] if _joins(name, mine[0], said) else 0
    stays: list[tuple[int, int]] = []
    for i in mine:
        if i < start or (stays and i < stays[-1][1]):
            continue
        end = _farewell(name, i, said)
        back = next((k for k in mine if k >= end), None)
        if _leaves(name, i, end, back, said):
            stays.append((start, end))
            start = back if back is not None else len(said)
    if start < len(said):
        stays.append((start, len(said)))
    return stays


def _joins(name: str, first: int, said: Sequence[Utterance]) -> bool:
    """Are somebody's first words an entrance, rather than those of one who was there from the start?"""
    if first == 0:
        return False
    words, before = said[first].words, said[:first]
    if any(_names(name, u.words) for u in before):
        return False
    greets = bool(_GREETING.match(words)) and first >= _EARLY
    return greets or first >= _SILENT or bool(_ENTRANCE.search(words))


def _leaves(name: str, i: int, end: int, back: int | None, said: Sequence[Utterance]) -> bool:
    """Does `name` go with the words of utterance `i`, so that the others are alone from `end` on?"""
    if end >= len(said):
        return False
    if back is not None:
        if back - end >= _GAP and _returns(back, said):
            return True
        if not _returns(back, said):
            return back - end >= _GAP and bool(_LEAVING.search(said[i].words))
    others = bool(_GONE.search(said[end].words)) or _says_goodbye(name, i, end, said)
    return others or bool(_LEAVING.search(said[i].words))


def _returns(back: int, said: Sequence[Utterance]) -> bool:
    """Are these the words of somebody coming back, and no answer to one who came?"""
    arrived = any(_GREETING.match(u.words) or _AGAIN.search(u.words) for u in said[max(0, back - 2) : back])
    words = said[back].words
    return not arrived and bool(_GREETING.match(words) or _AGAIN.search(words))


def _says_goodbye(name: str, i: int, end: int, said: Sequence[Utterance]) -> bool:
    """Do the others say goodbye to somebody by name?"""
    return any(_names(name, u.words) and _GOODBYE.search(u.words) for u in said[i + 1 : end])


def _farewell(name: str, i: int, said: Sequence[Utterance]) -> int:
    """One past the last utterance of the leave-taking that begins with `i`."""
    end = i + 1
    while end < len(said) and (name in said[end].speakers or _takes_leave(name, said[end].words)):
        end += 1
    return end


def _takes_leave(name: str, words: str) -> bool:
    if _GONE.search(words) and not _FAREWELL.search(words):
        return False
    return _names(name, words) or bool(_FAREWELL.search(words))


def _names(name: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", words) is not None


def read_story(text: str, profile: Profile) -> Story:
    """The conversation as events, one an utterance: it is known to all who took part.

    Raises:
        StoryError: as in `read_utterances`.
    """
    return conversation(read_utterances(text))


def conversation(said: Sequence[Utterance], informing: Iterable[tuple[str, frozenset[int]]] = ()) -> Story:
    """The events of a conversation. `informing`: pieces of information with the lines that give them;
    only who heard all these lines knows the piece."""
    here = presence(said)
    told = {max(lines): (Fact(what, KNOWN), lines) for what, lines in informing if lines}
    events: list[Event] = []
    for utterance, present in zip(said, here, strict=True):
        line = utterance.line
        events.append(Event(line, Kind.SAY, ((Fact(f"line {line}", KNOWN), KNOWN),), present, present))
        if line in told:
            fact, lines = told[line]
            heard = frozenset[str].intersection(*(here[n - 1] for n in lines))
            events.append(Event(line, Kind.SAY, ((fact, KNOWN),), heard, heard))
    actions = tuple(Action(u.line, Kind.SAY, u.speakers, thing=f"line {u.line}") for u in said)
    people = tuple(dict.fromkeys(name for u in said for name in u.speakers))
    return Story(actions, tuple(events), people)
