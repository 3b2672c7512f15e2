"""ToMi (facebookresearch/ToMi, CC-BY-NC-4.0): the released .txt and .trace, and balanced JSON Lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tomprm.world.events import Fact, Kind, Question
from tomprm.world.items import Item, text_id
from tomprm.world.languages.tomi import read_actions
from tomprm.world.replay import StoryError
from tomprm.world.sources.tables import find, read_table

EXPECTS = "ToMi's .txt (question lines with TAB answer), or .jsonl with story, question and answer"

_THING = r"the (?P<thing>[\w'-]+)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"Where will (?P<outer>[A-Z][\w'-]*) look for {_THING}\?",
        rf"Where does (?P<outer>[A-Z][\w'-]*) think that (?P<inner>[A-Z][\w'-]*) searches for {_THING}\?",
        rf"Where is {_THING} really\?",
        rf"Where was {_THING} at the (?P<start>beginning)\?",
    )
)


def load(path: Path) -> Iterator[Item]:
    """All questions of the .txt and .jsonl files at `path`, in order.

    Raises:
        FileNotFoundError, ValueError: no such file, or another layout.
    """
    for file in find(path, (".txt", ".jsonl"), EXPECTS):
        if file.suffix == ".txt":
            yield from _release(file)
        else:
            rows = read_table(file, ".jsonl", ("story", "question", "answer"), EXPECTS)
            for number, row in enumerate(rows):
                yield item(row["story"], row["question"], row["answer"], f"tomi/{file.stem}/{number}", row)


def _release(file: Path) -> Iterator[Item]:
    """A story's sentences, then its question with a TAB and the answer; the next begins again at 1."""
    trace = file.with_suffix(".trace")
    kinds = iter(trace.read_text(encoding="utf-8").splitlines()) if trace.is_file() else iter(())
    lines: list[str] = []
    number = 0
    with file.open(encoding="utf-8") as stream:
        for position, raw in enumerate(stream, 1):
            text, tab, rest = raw.rstrip("\n").partition("\t")
            if not tab:
                lines.append(text)
                continue
            question = re.sub(r"^\d+ ", "", text)
            if not lines or not question.endswith("?"):
                raise ValueError(f"{file}: line {position} is no question after a story; expected {EXPECTS}")
            *plot, question_type, story_type = next(kinds, ",").split(",")
            meta = {"question_type": question_type, "story_type": story_type, "plot": ",".join(plot)}
            answer = rest.split("\t")[0]
            yield item("\n".join(lines), question, answer, f"tomi/{file.stem}/{number}", meta)
            lines, number = [], number + 1
    if not number:
        raise ValueError(f"{file}: no question with TAB and answer; expected {EXPECTS}")


def item(story: str, question: str, gold: str, name: str, row: dict[str, Any]) -> Item:
    """One question about one story."""
    asked = question.strip()
    found = next((f for form in _FORMS if (f := form.fullmatch(asked))), None)
    slot = found.groupdict() if found else {}
    chain = tuple(n for n in (slot.get("outer"), slot.get("inner")) if n)
    fact = Fact(slot.get("thing", ""))
    line = _start(story, fact.thing) if slot.get("start") else None
    kept = {k: v for k, v in row.items() if k not in ("story", "question", "answer") and v not in ("", None)}
    return Item(
        id=name,
        story_id=text_id("tomi", story),
        text=story,
        question=Question(chain, fact, tuple(row.get("containers") or ()), gold, line),
        profile="tomi",
        meta={"source": "tomi", **kept},
        asked=asked,
        abstain="" if found else "a question of no known form of ToMi",
    )


def _start(story: str, thing: str) -> int | None:
    """The line that first says where the thing is."""
    try:
        actions = read_actions(story)
    except StoryError:  # reported when the story is replayed
        return None
    return next((a.line for a in actions if a.kind in (Kind.PLACE, Kind.MOVE) and a.thing == thing), None)
