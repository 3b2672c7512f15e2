"""Trace rows of FANToM, OpenToM and BigToM -> items, from the story and the question alone.

The data files carry annotation that a row lacks: OpenToM's metadata, the two options of FANToM's belief
questions, BigToM's condition. What a row passes along (`plot_info` with `observed`, `choices`) is used; the
rest is read from the text where it says so plainly. A gold answer decides nothing: where it contradicts what
was read, `tomprm.checker.presence` abstains. Only for FANToM does it tell lines apart (see `fantom_rows`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tomprm.world.events import Fact, Question, Story
from tomprm.world.items import Item, text_id
from tomprm.world.languages.informing import stems
from tomprm.world.sources import bigtom, opentom, opentom_text
from tomprm.world.sources.fantom_rows import row_item
from tomprm.world.sources.files import mapping

_NO_PLOT = "who moved the thing and whether the other one saw it is not said plainly enough in the story"
NO_PLACE = "the story does not say plainly what the place is called"
_NO_THING = "the question names no thing whose place is known"

_THING = re.compile(
    r"\b(?:is|that|does|would|are) (?:the )?(?P<thing>[a-z][\w ]*?) (?:is |are |be |in its|located)"
)
_ACTION = re.compile(r"\bmoving (?P<thing>[\w ]+?) from (?P<original>[\w ]+?) to (?P<place>[^?]+)\?")
_OPTIONS = re.compile(
    r"Does (?P<who>\w+) (?:believe|think|know)s? (?:that )?(?P<first>.+?),? or (?P<second>.+?)\?"
)
PERCEPT = (
    r"(?:notic\w+|se(?:e|es|en|eing)|saw|watch\w*|observ(?:e|es|ed)|witness\w*|hear|hears|heard"
    r"|overhear\w*|aware"
    r"|unaware|oblivious|perceiv\w+|realiz\w+|realis\w+|spot(?:s|ted)?|discover\w*|learn\w*|smell\w*"
    r"|detect\w*)\b"
)
_SMALL = (
    r"(?:does|did|do|is|was|has|had|not|never|fail(?:s|ed)?|to|also|remains?|completely|soon|later"
    r"|quickly|cannot|can"
    r"|could|doesn['’]t|didn['’]t|too|just|immediately|suddenly|accidentally|then|himself|herself)"
)


def percept_of(who: str) -> re.Pattern[str]:
    """Words that say that somebody notices something, or does not."""
    return re.compile(rf"\b{who}(?: {_SMALL}){{0,4}} {PERCEPT}", re.IGNORECASE)


def opentom_row(story: str, question: str, gold: Any, name: str, row: Mapping[str, Any]) -> Item:
    """A question about a story in prose; `row` may hold the metadata (`plot_info`, `observed`, `plot`)."""
    answer = "" if gold is None else str(gold)
    info, observed = mapping(row.get("plot_info")), row.get("observed")
    found = _ACTION.search(question) or _THING.search(question)
    thing = str(info["eoi"]) if info is not None else found["thing"].strip() if found else ""
    if info is not None and isinstance(observed, bool):
        given = opentom.story(str(row.get("plot", "")), {k: str(v) for k, v in info.items()}, observed)
        people: dict[str, str] = {k: str(v) for k, v in info.items()}
    else:
        plot = opentom_text.read_plot(story, thing) if thing else None
        given = opentom_text.story(plot, thing) if plot is not None else None
        mover, observer = given.agents if given is not None else ("", "")
        people = {
            "eoi": thing, "mover": mover, "observer": observer,
            "original_place": plot.original if plot else "", "move_to_place": plot.place if plot else "",
        }  # fmt: skip
        observed = plot.observed if plot is not None else None
    chain, abstain = (), _NO_PLOT if thing else _NO_THING
    asked = Question(chain, Fact(thing), gold=answer or None)
    if given is not None:
        asked, abstain = opentom.read_question(question, answer, people)
        if asked.choices != ("Yes", "No") and {opentom_text.INITIAL, opentom_text.NEW} & set(people.values()):
            abstain = abstain or NO_PLACE
        kind = "" if observed is not None or asked.chain == (people["mover"],) else _NO_PLOT
        abstain = abstain or kind
    item = _item("opentom", name, story, question, asked, given or Story((), (), opentom_text.people(story)))
    return replace(
        item, abstain=abstain or ("" if given else _NO_PLOT), meta={**item.meta, "observed": observed}
    )


def fantom_row(story: str, question: str, gold: Any, name: str, row: Mapping[str, Any]) -> Item:
    """A question about who knows or believes what in a conversation; `row` may hold `choices`."""
    return row_item(name, story, question, gold, row.get("choices"))


def bigtom_row(story: str, question: str, gold: Any, name: str, row: Mapping[str, Any]) -> Item:
    """A question with two answers about a story of one event and one percept. Whether the last sentence is
    about a percept at all, which the data files say, is told from its verb."""
    answer = "" if gold is None else str(gold)
    found = _OPTIONS.fullmatch(question.strip())
    if found is None:
        who = re.search(r"\b[A-Z]\w+", question.partition(" ")[2])
        chain = (who[0],) if who else ()
        asked = Question(chain, Fact(question, "state"), gold=answer or None)
        item = _item("bigtom", name, story, question, asked, Story((), (), chain))
        return replace(item, abstain=bigtom.ACTION)
    who, sentences = found["who"], bigtom.split(story)
    options = _shorten(found["first"], found["second"])
    given, abstain = Story((), (), (who,)), ""
    first = bigtom.first_option(sentences, question, options)
    if not percept_of(who).search(sentences[-1]):
        abstain = bigtom.BEHAVIOUR
    elif first is None or not _changes(sentences, options, first):
        abstain = bigtom.UNCLEAR
    else:
        then = next(o for o in options if o != first)
        given = bigtom.story_of(sentences, who, Fact(question, "state"), first, then)
    label = nearer(answer, options) if answer else None
    answers = ((label, answer),) if label is not None else ()
    asked = Question((who,), Fact(question, "state"), gold=answer or None, answers=answers)
    item = replace(_item("bigtom", name, story, question, asked, given), abstain=abstain)
    return replace(item, meta={**item.meta, "options": options})


def nearer(answer: str, options: tuple[str, str]) -> str | None:
    """The option with more of whose own words an answer agrees; None where it leans to neither."""
    said, (one, two) = stems(answer), (stems(o) for o in options)
    left, right = len(said & (one - two)), len(said & (two - one))
    if left == right:
        return None
    return options[0] if left > right else options[1]


def _shorten(first: str, second: str) -> tuple[str, str]:
    """The two options without the words before both: "the sea is calm", "rough" -> "calm", "rough"."""
    words, other = first.split(), second.split()
    count = len(other)
    for i, word in enumerate(words):
        if word == other[0] and len(words) - i > 1:
            return " ".join(words[i:]), second
    return " ".join(words[-count:]), second


def _changes(sentences: list[str], options: tuple[str, str], first: str) -> bool:
    """Is the other option what the event brings about, by a word of its own?"""
    then = next(o for o in options if o != first)
    return bool((stems(then) - stems(first)) & stems(" ".join(sentences[-2:])))


def _item(source: str, name: str, story: str, asked: str, question: Question, given: Story) -> Item:
    return Item(
        name, text_id(source, story), story, question, source, {"source": source}, asked.strip(), given
    )  # fmt: skip
