"""What a story and its question name, and the phrases by which a text may call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tomprm.trace.given_names import SEXES
from tomprm.trace.spelling import SMALL, one_off, plain, split_words
from tomprm.trace.words import ENGLISH
from tomprm.world.events import Kind, Question, Story


def _longest(phrases: Iterable[tuple[str, ...]], known: Mapping[str, int]) -> dict[str, int]:
    """How many words the longest phrase has that begins with a word."""
    most = dict(known)
    for words in phrases:
        most[words[0]] = max(most.get(words[0], 0), len(words))
    return most


_OF_ENGLISH = _longest(ENGLISH, {})


@dataclass
class Lexicon:
    """What the story and its question name, ready to be found in a text."""

    story: Story
    question: Question
    text: str = ""  # the story as written
    phrases: dict[tuple[str, ...], tuple[str, str]] = field(init=False)  # words -> tag, name
    topic_words: dict[str, str] = field(init=False)  # a word that only this topic has

    def __post_init__(self) -> None:
        named = list(self._named())
        whole: dict[tuple[str, ...], tuple[str, str]] = {}
        parts: dict[tuple[str, ...], set[tuple[str, str]]] = {}
        topics: dict[str, set[str]] = {}
        for tag, name in named:
            words = tuple(split_words(name))
            if not words:
                continue
            whole.setdefault(words, (tag, name))
            if "of" in words[1:]:
                parts.setdefault(words[: words.index("of")], set()).add((tag, name))
            for i in range(1, len(words)):
                if words[i] not in SMALL and words[i - 1] != ",":
                    parts.setdefault(words[i:], set()).add((tag, name))
            if tag == "K":
                for word in words:
                    if len(word) > 3:
                        topics.setdefault(word, set()).add(name)
        single = {words: next(iter(found)) for words, found in parts.items() if len(found) == 1}
        self.phrases = single | whole
        self.measure()
        self.topic_words = {w: next(iter(t)) for w, t in topics.items() if len(t) == 1}
        self.sentences = frozenset(plain(s) for s in re.split(r"(?<=[.!?])\s+|\n", self.text)) - {""}
        self.people = {n.lower(): n for n in (*self.story.agents, *self.question.chain)}
        self.holders = {a.place for a in self.story.actions if a.place}
        self.sexes = {name: SEXES[low] for low, name in self.people.items() if low in SEXES}

    def _named(self) -> Iterator[tuple[str, str]]:
        """(tag, name) of everything that has a name, most important first."""
        fact = self.question.fact
        if fact.thing:
            yield "K" if fact.relation == "known" else "T", fact.thing
        for action in self.story.actions:
            topic = action.kind in (Kind.TELL, Kind.CLAIM) and not action.place
            noise = action.kind is Kind.NOISE
            person = action.thing in self.story.agents  # "that Ann is in the hall"
            if action.thing and not noise and not person and action.kind is not Kind.UPDATE:
                yield "K" if topic else "T", action.thing
            if action.place and not noise:
                yield "C", action.place
            if action.room:
                yield "R", action.room
        for place in self.question.choices if fact.relation == "place" else ():
            yield "C", place
        for action in self.story.actions:
            if action.kind is Kind.NOISE and action.place:
                yield "x", action.place  # what somebody likes or saw is no thing of the plot

    def measure(self) -> None:
        """To be called after `phrases` were added or removed."""
        self.longest = _longest(self.phrases, _OF_ENGLISH)

    def person(self, word: str) -> str | None:
        """The person of this name; with one letter wrong only where nobody else is as near."""
        if word.lower() in self.people:
            return self.people[word.lower()]
        if len(word) < 4 or not word.isascii() or not word[0].isupper() or (word.lower(),) in ENGLISH:
            return None
        near = [name for low, name in self.people.items() if one_off(low, word.lower())]
        return near[0] if len(near) == 1 else None
