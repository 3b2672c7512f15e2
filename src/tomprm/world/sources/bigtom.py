"""BigToM (cicl-stanford/procedural-evals-tom, MIT): short everyday stories with one event and one percept.

A story says how things are, what changes them, and whether its person notices. Whoever notices believes
what the change brought about; whoever does not keeps the first belief. Noticing is read from the last
sentence, which is negated or not; which of the two answers is the first belief, from the sentences whose
words it shares and from the order in which the question names the two. Where these contradict each other
the engine abstains, and so it does where a belief or an action has to be inferred from behaviour.

Files are `0_forward_belief_false_belief_stories.csv` or `0_forward_belief_false_belief/stories.csv`: rows of
story; question; right answer; wrong answer.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from tomprm.world.events import Action, Event, Fact, Kind, Question, Story
from tomprm.world.items import Item
from tomprm.world.languages.informing import stems
from tomprm.world.sources.files import some

EXPECTS = "0_forward_belief_false_belief_stories.csv"
_REMEDY = "give a conditions folder of procedural-evals-tom, or one of its `;`-separated stories files"
_CONDITION = re.compile(
    r"(?P<shown>[01])_(?P<asks>\w+?)_(?P<belief>true|false)_(?P<event>belief|control)(?:_stories)?(?:\.csv)?"
)
_SENTENCE = re.compile(r"(?<=[.!?])[\"”]? +(?=[\"“A-Z])")
_NEGATED = re.compile(
    r"\b(?:not|never|unaware|oblivious|without|fail(?:s|ed)? to|miss(?:es|ed))\b|n['’]t\b", re.IGNORECASE
)
_WHO = re.compile(r"Does (?P<who>\w+) (?:believe|think|know)\b.*")

BEHAVIOUR = "the belief has to be inferred from what the person does, which no percept in the story decides"
ACTION = "which action serves a belief is a matter of planning, not of who perceived what"
_OTHER = "the condition is none that asks for a belief after a percept"
_WHOSE = "the question does not name whose belief it asks for"
UNCLEAR = "which of the two answers is the first belief cannot be told from the story's words"
_REASONS = {"backward_belief": BEHAVIOUR, "backward_desire": BEHAVIOUR, "forward_action": ACTION}


def load(path: str | Path) -> Iterator[Item]:
    """All questions of a stories file, or of all those in a folder.

    Raises:
        FileNotFoundError: no such file, or a folder without stories files.
        ValueError: a file whose name is no condition, or a row of another layout.
    """
    path = Path(path)
    if path.is_dir():
        named = [p for p in path.rglob("*.csv") if _condition(p)]
        for file in some(named, path, EXPECTS, _REMEDY):
            yield from _file(file)
    elif not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {_REMEDY}")
    else:
        yield from _file(path)


def _condition(path: Path) -> re.Match[str] | None:
    return _CONDITION.fullmatch(path.parent.name if path.name == "stories.csv" else path.name)


def _file(path: Path) -> Iterator[Item]:
    condition = _condition(path)
    if condition is None:
        raise ValueError(f"{path}: expected a file named like {EXPECTS}; {_REMEDY}")
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, delimiter=";"), 1):
            cells = [c.strip() for c in row]
            if len(cells) < 4 or not all(cells[:4]):
                raise ValueError(
                    f"{path}: row {number}: expected story;question;right answer;wrong answer, found "
                    f"{len(cells)} cells; {_REMEDY}"
                )
            yield _item(condition, number, cells)


def _item(condition: re.Match[str], number: int, cells: list[str]) -> Item:
    text, asked, right, wrong = cells[:4]
    name = condition[0].removesuffix(".csv").removesuffix("_stories")
    options = (min(right, wrong), max(right, wrong))  # the files name the right one first
    sentences = _SENTENCE.split(text)
    who, fact = _WHO.fullmatch(asked), Fact(asked, "state")
    first, abstain = None, ""
    if condition["asks"] != "forward_belief":
        abstain = _REASONS.get(condition["asks"], _OTHER)
    elif who is None:
        abstain = _WHOSE
    else:
        first = first_option(sentences, asked, options)
        abstain = "" if first else UNCLEAR
    chain = (who["who"],) if who else ()
    given = Story((), (), chain)
    if first is not None and who is not None:
        then = next(o for o in options if o != first)
        given = story_of(
            sentences, who["who"], fact, first, None if condition["event"] == "control" else then
        )
    return Item(
        id=f"bigtom/{name}/{number}",
        # The conditions of a scenario share its opening.
        story_id="bigtom/" + hashlib.sha256(" ".join(sentences[:2]).encode()).hexdigest()[:10],
        text=text,
        question=Question(chain, fact, options, right),
        profile="bigtom",
        meta={"source": "bigtom", "condition": name},
        asked=asked,
        given=given,
        abstain=abstain,
    )


def split(text: str) -> list[str]:
    """The sentences of a story."""
    return _SENTENCE.split(text.strip())


def first_option(sentences: list[str], asked: str, options: tuple[str, str]) -> str | None:
    """The answer that is true before the event; None where the text does not say.

    Its own words stand in the sentences before the event rather than after, and the question names it first.
    """
    words = [stems(o) for o in options]
    own = (words[0] - words[1], words[1] - words[0])
    before, after = stems(" ".join(sentences[:-2])), stems(" ".join(sentences[-2:]))
    earlier, *later = asked.split(" or ", 1)

    def lead(left: frozenset[str], right: frozenset[str]) -> int:
        """How much more option 0 belongs to the left than option 1 does."""
        score = [len(o & left) - len(o & right) for o in own]
        return score[0] - score[1]

    by_story, by_question = lead(before, after), lead(stems(earlier), stems("".join(later)))
    if by_story * by_question <= 0:
        return None
    return options[0] if by_story > 0 else options[1]


def story_of(sentences: list[str], who: str, fact: Fact, first: str, then: str | None) -> Story:
    """The person believes `first`; the event makes it `then` (None: it changes nothing that is asked)."""
    person, line = frozenset({who}), len(sentences)
    actions = [Action(max(1, line - 2), Kind.PLACE, thing=fact.thing, place=first)]
    events = [Event(max(1, line - 2), Kind.PLACE, ((fact, first),), person, person)]
    if then is not None:
        saw = frozenset[str]() if _NEGATED.search(sentences[-1]) else person
        actions.append(Action(line - 1, Kind.MOVE, thing=fact.thing, place=then))
        events.append(Event(line - 1, Kind.MOVE, ((fact, then),), saw, saw))
    return Story(tuple(actions), tuple(events), (who,))
