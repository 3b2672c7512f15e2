"""FANToM questions without the file's other columns, which give the fact and both options -> items.

Whose belief is asked for is read from the question, and the lines that give the information are found by the
question's words alone. These fit several parts of the conversation more often, so a wider margin is kept:
`meta["candidates"]` are the lines that may be meant. A given answer rules out those that lead to another one;
without it the item abstains where they lead to different answers.
"""

from __future__ import annotations

import re

from tomprm.world.events import Fact, Question
from tomprm.world.items import Item, text_id
from tomprm.world.languages.fantom import KNOWN, conversation
from tomprm.world.languages.informing import informing
from tomprm.world.sources.fantom import (
    BINARY,
    IGNORANCE,
    LABEL,
    LIST,
    NOT_FOUND,
    RIVALS,
    UNREAD,
    Talk,
    find_name,
    read_talk,
)  # fmt: skip
from tomprm.world.sources.files import sequence

DISPUTED = "the given answer is not what the story's own words lead to, so one of the two is misread"
# Without options the words of a list or belief question find the right lines in 87 % and 73 % of the cases.
_ALONE = (
    "which lines the question is about does not follow from its words alone; give the answer or the options"
)
_MARGIN = 0.3  # a stretch with this part of the likeliest one's weight may be meant as well
_OUTER = re.compile(r"(?P<who>[A-Z]\w+) (?:believes?|thinks?)\b(?P<rest>.*)", re.DOTALL)
_INNER = re.compile(
    r"(?P<who>[A-Z]\w+)(?:['’]s? (?:\w+ )?(?:beliefs?|thoughts?|understanding|knowledge|perception)\b"
    r"| (?:thinks?|believes?)\b)"
)
_YES_NO = ((KNOWN, "yes"), (None, "no"))


def row_item(name: str, text: str, asked: str, gold: object = None, options: object = None) -> Item:
    """The item of a bare question; `gold` a text or a list of names, `options` the choices offered.

    Raises:
        ValueError: the text is no conversation.
    """
    talk = read_talk(text, "story")
    names = sequence(gold)
    label = ", ".join(str(n) for n in names) if names is not None else str(gold or "")
    about, question, abstain = _question(asked.strip().strip('"'), label, options, talk)
    lines: list[frozenset[int]] = []
    if not abstain:
        named = frozenset(n for n in talk.people if n not in question.chain and find_name(n, about) >= 0)
        lines = informing(talk.said, talk.here, about, named, _MARGIN)
        lines, abstain = _fitting(lines, question, talk)
    informed = lines[0] if lines else frozenset[int]()
    meta = {
        "source": "fantom", "type": "row", "informing": sorted(informed),
        "candidates": [sorted(c) for c in lines],
    }  # fmt: skip
    given = conversation(talk.said, [(question.fact.thing, informed)])
    return Item(
        name, text_id("fantom", text), text, question, "fantom", meta, asked.strip(), given, abstain
    )  # fmt: skip


def professes_ignorance(answer: str) -> bool:
    """Does an answer say that nothing is known?"""
    return IGNORANCE.search(answer) is not None


def _fitting(
    candidates: list[frozenset[int]], question: Question, talk: Talk
) -> tuple[list[frozenset[int]], str]:
    """The lines that may be meant, without those that the given answer rules out; why none is chosen."""
    if not candidates:
        return [], NOT_FOUND

    def known(lines: frozenset[int]) -> object:
        heard = talk.here[min(lines) - 1]
        return heard if question.who else heard.issuperset(question.chain)

    if question.gold:
        label = question.gold
        said = set(label.split(", ")) if question.who else not professes_ignorance(label)
        if question.answers == _YES_NO:
            said = label.removesuffix(":long").lower() == "yes"
        fitting = [c for c in candidates if known(c) == said]
        return (fitting, "") if fitting else (candidates, DISPUTED)
    if question.answers != _YES_NO and not question.choices:
        return candidates, _ALONE
    return candidates, RIVALS if len({known(c) for c in candidates}) > 1 else ""


def _question(asked: str, label: str, options: object, talk: Talk) -> tuple[str, Question, str]:
    """(what it is about, the question, why it cannot be answered)."""
    gold = label or None
    if found := LIST.fullmatch(asked):
        about = LABEL.sub("", found["about"])
        order = {n: i for i, n in enumerate(talk.people)}
        gold = ", ".join(sorted(label.split(", "), key=lambda n: order.get(n, len(order)))) or None
        return about, Question((), Fact(about, KNOWN), gold=gold, who=True), ""
    if found := BINARY.fullmatch(asked):
        about = LABEL.sub("", found["about"])
        return about, Question((found["who"],), Fact(about, KNOWN), ("yes", "no"), gold, answers=_YES_NO), ""
    outer = _OUTER.search(asked)
    if outer is None or outer["who"] not in talk.people:
        return asked, Question((), Fact(asked, KNOWN), gold=gold), UNREAD
    inner = _INNER.search(outer["rest"])
    chain = (outer["who"], *([inner["who"]] if inner and inner["who"] in talk.people else []))
    offered = [str(c) for c in sequence(options) or []]
    ignorant = next((c for c in (label, *offered) if c and professes_ignorance(c)), "does not know")
    informed = next((c for c in (label, *offered) if c and not professes_ignorance(c)), "knows it")
    answers = ((KNOWN, informed), (None, ignorant))
    asks = Question(chain, Fact(asked, KNOWN), tuple(offered), gold, answers=answers)
    return f"{asked} {' '.join(offered)}", asks, ""
