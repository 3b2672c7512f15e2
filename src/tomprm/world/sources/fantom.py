"""FANToM (skywalker023/fantom, MIT, for evaluation only): conversations and questions -> items.

Somebody knows what was said while they took part (`world/languages/fantom.py`), so beliefs, lists and
yes/no questions about who knows are answered from presence. Which lines carry the information in question
is found by the words they share with it (`world/languages/informing.py`); where that leaves two answers
open, the engine abstains. Questions about the content itself (fact questions) are not asked here.

Two layouts are read: the official rows of `fantom_v1.json`, each with its `full_context` and
`short_context`, and `{conversation: {narrative, questions}}` of copies that keep one context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomprm.world.events import Fact, Question
from tomprm.world.items import Item
from tomprm.world.languages.fantom import KNOWN, Utterance, conversation, presence, read_utterances
from tomprm.world.languages.informing import informing, stems
from tomprm.world.replay import StoryError
from tomprm.world.sources.files import describe, fields, mapping, read_json, sequence, some

OFFICIAL_FILE = "fantom_v1.json"
_REMEDY = f"give {OFFICIAL_FILE} as skywalker023/fantom's loader downloads it"
_ROW: dict[str, type] = {"set_id": str, "full_context": str, "short_context": str, "factQA": dict}
_ASKED: dict[str, type] = {"question": str, "question_type": str}
_LISTS = ("infoAccessibilityQA_list", "answerabilityQA_list")
_BINARIES = ("infoAccessibilityQAs_binary", "answerabilityQAs_binary")
_GROUPS = ("beliefQAs", *_LISTS, *_BINARIES)

LIST = re.compile(r"(?P<about>.*?)\s*\bList all the characters who know\b.*", re.DOTALL)
BINARY = re.compile(
    r"(?P<about>.*?)\s*\bDoes (?P<who>.+?) know the (?:precise|aforementioned)\b.*", re.DOTALL
)
_ASKING = stems(
    "what which who whom whose how why when where did do does was were is are has have had be of to in on "
    "about the a an and that by for from with as at during after before their his her they he she it s know "
    "believe believes think thinks thoughts understand understanding regarding discuss discussed mention "
    "mentioned"
)
_SAME = 0.5  # part of a fact question's own words that the belief questions made from it repeat
LABEL = re.compile(r"^(?:Information|Question|Target):\s*")
IGNORANCE = re.compile(
    r"\b(?:unaware|neither|not (?:\w+ )?(?:know|aware|have|provide|privy|certain|sure|clear"
    r"|involved|possible|present|mention\w*)"
    r"|(?:doesn't|don't|didn't|isn't|wasn't|can't|cannot) (?:know|have|aware|involved|determine"
    r"|discern|say)"
    r"|no (?:\w+ )?(?:information|knowledge|idea|indication|mention|evidence|insight|understanding|way)"
    r"|lacks?|unknown|uncertain|unclear|hard to|difficult to|impossible to|insufficient|not enough"
    r"|cannot|unable to)\b",
    re.IGNORECASE,
)

UNREAD = "the question is none about who believes or knows what was said"
NOT_FOUND = "the lines that give the information cannot be told from its words"
RIVALS = "the information's words fit lines that different people heard, and the answer depends on which"
_MISPLACED = (
    "this copy prints the question of another part of the conversation here than its neighbours ask about, "
    "so its label belongs to another question"
)
_OPTIONS = "which of the two answers says that nothing is known cannot be told from their words"
_NOBODY = "the people whose belief is asked for cannot be told from the question"


@dataclass(frozen=True)
class Talk:
    """A conversation with who takes part at each of its lines."""

    text: str
    said: tuple[Utterance, ...]
    here: list[frozenset[str]]

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for u in self.said for name in u.speakers))


def load(path: str | Path) -> Iterator[Item]:
    """All questions about beliefs and knowledge, of `fantom_v1.json` or a file of the other layout; of a
    folder: of all such files in it.

    Raises:
        FileNotFoundError: no such file, or a folder without one.
        ValueError: a file or a row has another layout.
    """
    path = Path(path)
    if path.is_dir():
        official = path / OFFICIAL_FILE
        files = [official] if official.is_file() else some(path.glob("*.json"), path, OFFICIAL_FILE, _REMEDY)
    else:
        files = [path]
    for file in files:
        yield from _file(file)


def _file(path: Path) -> Iterator[Item]:
    found = read_json(path, _REMEDY)
    rows, conversations = sequence(found), mapping(found)
    if conversations is not None and (held := sequence(conversations.get("data"))):
        rows, conversations = held, None
    if rows:
        for index, row in enumerate(rows):
            yield from _official(row, f"{path}: row {index}")
    elif conversations:
        for key, value in conversations.items():
            yield from _conversation(key, value, path)
    else:
        raise ValueError(
            f"{path}: expected FANToM's rows or an object conversation -> questions, "
            f"found {describe(found)}; {_REMEDY}"
        )


def _conversation(key: str, value: object, path: Path) -> Iterator[Item]:
    """The layout of copies: one context, the questions of all its parts one after the other."""
    where = f"{path}: conversation {key}"
    row = fields(value, {"narrative": str, "questions": list}, where, _REMEDY)
    talk = read_talk(row["narrative"], where)
    asked = [
        fields(q, _ASKED | {"correct_answer": object}, f"{where}: question {i}", _REMEDY)
        for i, q in enumerate(row["questions"])
    ]
    facts = _facts(asked)
    people = stems(" ".join(talk.people))
    beliefs: list[str] = []
    for i, q in enumerate(asked):
        believed, before = "belief" in q["question_type"], i > 0 and "belief" in asked[i - 1]["question_type"]
        if believed:
            beliefs = [*(beliefs if before else []), q["question"]]
        misplaced = not believed and not _made_from(_about(q["question"]), facts, beliefs, people)
        name, extra = f"fantom/{path.stem}/{key}/{i}", {"context": path.stem}
        yield _item(name, f"fantom/{key}", talk, q, facts, extra, _MISPLACED if misplaced else "")


def _about(text: str) -> str:
    """The information, or the question about a fact, that a list or yes/no question quotes."""
    found = LIST.fullmatch(text) or BINARY.fullmatch(text)
    return LABEL.sub("", found["about"]) if found else ""


def _made_from(about: str, facts: Mapping[str, str], beliefs: list[str], people: frozenset[str]) -> bool:
    """Is `about` the fact that these belief questions were made from? They repeat its question's words."""
    fact_question = next((q for q, fact in facts.items() if about in (q, fact)), "")
    words = stems(fact_question) - _ASKING - people
    if not words or not beliefs:
        return True  # nothing to compare with
    return any(len(words & stems(b)) >= _SAME * len(words) for b in beliefs)


def _facts(asked: list[dict[str, Any]]) -> dict[str, str]:
    """question about a fact -> the fact, from neighbouring questions about either."""
    facts: dict[str, str] = {}
    information = ""
    for q in asked:
        if found := LIST.fullmatch(q["question"]):
            about = found["about"]
            if about.startswith("Information:"):
                information = LABEL.sub("", about)
            elif information:
                facts[LABEL.sub("", about)] = information
    return facts


def _official(value: object, where: str) -> Iterator[Item]:
    """A row of fantom_v1.json: both contexts, each with all questions that it decides."""
    row = fields(value, _ROW, where, _REMEDY)
    fact = fields(row["factQA"], {"question": str, "correct_answer": str}, f"{where}: factQA", _REMEDY)
    if missing := [g for g in _GROUPS if g not in row]:
        raise ValueError(f"{where} lacks {', '.join(missing)}; {_REMEDY}")
    facts = {fact["question"]: fact["correct_answer"]}
    for context in ("full", "short"):
        talk = read_talk(row[f"{context}_context"], where)
        missed = _lines_of(str(row.get("missed_info") or ""), talk)
        people = stems(" ".join(talk.people))
        for group in _GROUPS:
            held = row[group] if isinstance(row[group], list) else [row[group]]
            for i, question in enumerate(held):
                q = fields(question, {"correct_answer": object}, f"{where}: {group} {i}", _REMEDY)
                if context == "short" and q["correct_answer"] == "no:long":
                    continue  # asked of the full context only
                q = _complete(q, group, fact)
                name = f"fantom/{context}/{row['set_id']}/{group}/{i}"
                # What was missed is what the fact is about, and what belief questions made from it ask.
                same = group != "beliefQAs" or _made_from(fact["question"], facts, [q["question"]], people)
                extra = {"context": context}
                hint = missed if same else frozenset[int]()
                yield _item(name, f"fantom/{row['set_id']}", talk, q, facts, extra, missed=hint)


def _complete(q: Mapping[str, Any], group: str, fact: Mapping[str, str]) -> dict[str, Any]:
    """A question of an official row with its fact and type written out, as copies have them."""
    kind = str(q.get("question_type") or f"tom:{group}")
    text = str(q.get("question", ""))
    if group == "beliefQAs":
        return {**q, "question": text, "question_type": kind}
    about = (
        f"Information: {fact['correct_answer']}"
        if group.startswith("info")
        else f"Question: {fact['question']}"
    )
    if not text.startswith(("Information:", "Question:", "Target:")):
        text = f"{about}\n{text}".strip()
    if group in _LISTS and not LIST.fullmatch(text):
        text = f"{about}\nList all the characters who know it."
    return {**q, "question": text, "question_type": kind}


def read_talk(text: str, where: str) -> Talk:
    try:
        said = read_utterances(text)
    except StoryError as error:
        raise ValueError(f"{where}: {error}; {_REMEDY}") from error
    return Talk(text, said, presence(said))


def _item(
    name: str,
    story: str,
    talk: Talk,
    q: Mapping[str, Any],
    facts: Mapping[str, str],
    meta: Mapping[str, Any],
    abstain: str = "",
    missed: frozenset[int] = frozenset(),
) -> Item:
    text = q["question"]
    about, question, unread = _read(q, talk)
    abstain = abstain or unread
    about = f"{about} {facts.get(about, '')}"
    lines: frozenset[int] = frozenset()
    if not abstain:
        lines, abstain = _decide(talk, about, question, missed)
    given = conversation(talk.said, [(question.fact.thing, lines)])
    return Item(
        id=name,
        story_id=story,
        text=talk.text,
        question=question,
        profile="fantom",
        meta={
            "source": "fantom",
            "type": q["question_type"],
            "tom_type": q.get("tom_type"),
            "informing": sorted(lines),
            **meta,
        },
        asked=text,
        given=given,
        abstain=abstain,
    )


def _decide(talk: Talk, about: str, question: Question, missed: frozenset[int]) -> tuple[frozenset[int], str]:
    """(the lines that give the information, why it cannot be decided). `missed`: lines that give it if the
    words leave a choice."""
    # Whoever the information itself names took part; those whose belief is asked for need not have.
    named = frozenset(n for n in talk.people if n not in question.chain and find_name(n, about) >= 0)
    candidates = informing(talk.said, talk.here, about, named)
    if not candidates:
        return frozenset(), NOT_FOUND
    if missed:
        heard_it = talk.here[min(missed) - 1]
        candidates = [c for c in candidates if talk.here[min(c) - 1] == heard_it] or candidates
    heard = [talk.here[min(lines) - 1] for lines in candidates]
    answers = {h if question.who else h.issuperset(question.chain) for h in heard}
    return candidates[0], RIVALS if len(answers) > 1 else ""


def _lines_of(text: str, talk: Talk) -> frozenset[int]:
    """The lines of the conversation that `text` quotes."""
    return frozenset(u.line for u in talk.said if len(u.words) > 20 and u.words in text)


def _read(q: Mapping[str, Any], talk: Talk) -> tuple[str, Question, str]:
    """(what the question is about, the question, why it cannot be answered)."""
    text, gold = q["question"].strip().strip('"'), q["correct_answer"]
    if found := LIST.fullmatch(text):
        about = LABEL.sub("", found["about"])
        return about, Question((), Fact(about, KNOWN), gold=_names(gold, talk), who=True), ""
    if found := BINARY.fullmatch(text):
        about = LABEL.sub("", found["about"])
        answers = ((KNOWN, "yes"), (None, "no"))
        label = str(gold).removesuffix(":long")
        return about, Question((found["who"],), Fact(about, KNOWN), ("yes", "no"), label, answers=answers), ""
    if "wrong_answer" in q and isinstance(gold, str) and "belief" in q["question_type"]:
        return _belief(text, gold, str(q["wrong_answer"]), str(q.get("tom_type", "")), talk)
    return text, Question((), Fact(text, KNOWN), gold=str(gold)), UNREAD


def _belief(text: str, gold: str, wrong: str, kind: str, talk: Talk) -> tuple[str, Question, str]:
    choices = tuple(sorted((gold, wrong)))  # an order that says nothing about which is right
    at = {n: found for n in talk.people if (found := find_name(n, text)) >= 0}
    chain = tuple(sorted(at, key=lambda n: at[n]))[: 2 if kind.startswith("second") else 1]
    question = Question(chain, Fact(text, KNOWN), choices, gold)
    if len(chain) < (2 if kind.startswith("second") else 1):
        return text, question, _NOBODY
    ignorant = [c for c in choices if IGNORANCE.search(c)]
    if len(ignorant) != 1:
        return text, question, _OPTIONS
    informed = next(c for c in choices if c not in ignorant)
    answers = ((KNOWN, informed), (None, ignorant[0]))
    return f"{text} {informed}", Question(chain, Fact(text, KNOWN), choices, gold, answers=answers), ""


def find_name(name: str, text: str) -> int:
    """Where the name stands in the text, -1 for nowhere."""
    found = re.search(rf"\b{re.escape(name)}\b", text)
    return found.start() if found else -1


def _names(gold: object, talk: Talk) -> str:
    """The list of names as `solve` writes one: in order of appearance."""
    names = [str(n) for n in sequence(gold) or [gold]]
    order = {n: i for i, n in enumerate(talk.people)}
    return ", ".join(sorted(names, key=lambda n: (order.get(n, len(order)), n)))
