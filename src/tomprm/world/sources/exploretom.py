"""ExploreToM (facebook/ExploreToM, CC-BY-NC-4.0): the released CSV, and its rows wherever they are copied.

Everything is computed from the story's text and the question's; the generator's own columns are kept
in `meta` and not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tomprm.world.events import Fact, Kind, Question, split_names
from tomprm.world.items import Item, text_id
from tomprm.world.languages.exploretom import read_actions
from tomprm.world.replay import StoryError
from tomprm.world.sources.tables import read_table

COLUMNS = ("story_structure", "question", "expected_answer")
EXPECTS = f"ExploreToM's CSV with the columns {', '.join(COLUMNS)}"

_KEPT_ELSEWHERE = (*COLUMNS, "infilled_story")

_YES_NO = (("yes", "yes"), (None, "no"))
_AWARE = (("yes", "knows about it"), (None, "does not know about it"))
_RELATION = {"container": "place", "room": "room"}
_SEARCH = re.compile(
    r"In which (?P<what>container|room) "
    r"(?:will (?P<only>\w+)|does (?P<outer>\w+) think that (?P<inner>\w+) will) "
    r"search for the (?P<thing>.+)\?"
)
_KNOWS = re.compile(r"Does (?P<name>\w+) know about (?:the )?(?P<topic>.+)\? Answer yes or no\.")
_THINKS = re.compile(
    r"What does (?P<outer>\w+) think about (?P<inner>\w+)'s belief on (?:the )?(?P<topic>.+)\? "
    r"\(knows about it / does not know about it\)"
)
_NOW = re.compile(r"In which (?P<what>container|room) is the (?P<thing>.+) now\?")
_FIRST = re.compile(r"In which (?P<what>container|room) was the (?P<thing>.+) at the beginning\?")
_BEFORE = re.compile(
    r"In which (?P<what>container|room) was the (?P<thing>.+?) before (?P<event>\w+ moved .+)\?"
)
# The generator sometimes names the remark on the action instead of the action.
_BEFORE_REMARK = re.compile(
    r"In which (?P<what>container|room) was the (?P<thing>.+?) before While this action was happening, "
    r"(?P<watchers>.+) witnessed this action in secret \(and only this action\)\?"
)
_STATE = re.compile(
    r"Does (?P<outer>\w+) (?:think that (?P<inner>\w+) believes|believe) that the .+\? Answer yes or no\."
)


def load(path: Path) -> Iterator[Item]:
    """All rows of the CSV, in file order; `path` is the file or a folder with one.

    Raises:
        FileNotFoundError, ValueError: no such file, or another layout.
    """
    for number, row in enumerate(read_table(path, (".csv", ".jsonl"), COLUMNS, EXPECTS)):
        yield item(
            row["story_structure"], row["question"], row["expected_answer"], f"exploretom/{number}", row
        )


def item(story: str, question: str, gold: str, name: str, row: Mapping[str, Any]) -> Item:
    """One question; of a form that cannot be computed from text, it says so in `abstain`."""
    read, why = _question(question.strip(), story, gold)
    meta = {
        "source": "exploretom",
        **{k.rpartition("=")[2]: v for k, v in row.items() if k not in _KEPT_ELSEWHERE},
    }
    return Item(
        id=name,
        story_id=text_id("exploretom", story),
        text=story,
        question=read,
        profile="exploretom",
        meta=meta,
        asked=question.strip(),
        abstain=why,
    )


def _question(text: str, story: str, gold: str) -> tuple[Question, str]:
    """The question and, where the engine must abstain, why."""
    if found := _SEARCH.fullmatch(text):
        chain = (found["only"],) if found["only"] else (found["outer"], found["inner"])
        return Question(chain, Fact(found["thing"], _RELATION[found["what"]]), gold=gold), ""
    if found := _KNOWS.fullmatch(text):
        fact = Fact(found["topic"], "known")
        return Question((found["name"],), fact, ("yes", "no"), gold, answers=_YES_NO), ""
    if found := _THINKS.fullmatch(text):
        fact, says = Fact(found["topic"], "known"), tuple(said for _, said in _AWARE)
        return Question((found["outer"], found["inner"]), fact, says, gold, answers=_AWARE), ""
    if found := _NOW.fullmatch(text):
        return Question((), Fact(found["thing"], _RELATION[found["what"]]), gold=gold), ""
    if found := _FIRST.fullmatch(text):
        fact = Fact(found["thing"], _RELATION[found["what"]])
        return Question((), fact, gold=gold, line=_line(story, fact.thing)), ""
    if found := _BEFORE.fullmatch(text):
        fact = Fact(found["thing"], _RELATION[found["what"]])
        line = _line(story, fact.thing, found["event"])
        return Question((), fact, gold=gold, line=None if line is None else line - 1), ""
    if found := _BEFORE_REMARK.fullmatch(text):
        fact = Fact(found["thing"], _RELATION[found["what"]])
        line = _line(story, fact.thing, watchers=split_names(found["watchers"]))
        return Question((), fact, gold=gold, line=None if line is None else line - 1), ""
    if found := _STATE.fullmatch(text):
        chain = tuple(name for name in (found["outer"], found["inner"]) if name)
        return Question(
            chain, Fact("", "state"), ("yes", "no"), gold
        ), "the text does not say which state was updated"
    return Question((), Fact(""), gold=gold), "a question of no known form of ExploreToM"


def _line(story: str, thing: str, event: str = "", watchers: tuple[str, ...] = ()) -> int | None:
    """The sentence that first moves the thing, or the first after it that begins like `event`, or that
    had these secret `watchers`."""
    try:
        moves = [a for a in read_actions(story) if a.kind in (Kind.MOVE, Kind.CARRY) and a.thing == thing]
    except StoryError:  # reported when the story is replayed
        return None
    if watchers:
        return next((a.line for a in moves[1:] if a.secret == watchers), None)
    if not event:
        return moves[0].line if moves else None
    fits = [
        a for a in moves if event.startswith(f"{a.actors[0]} moved the {thing} to the {a.place or a.room}")
    ]
    fits = fits or [a for a in moves if event.startswith(f"{a.actors[0]} moved the {thing} to the {a.room}")]
    return next((a.line for a in fits if a is not moves[0]), None)
