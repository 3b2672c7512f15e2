"""OpenToM (seacowx/OpenToM, CC-BY-NC-4.0, for evaluation only): annotation -> events, questions -> items.

The stories are prose, so their events come from the metadata: the thing is at its original place, seen
by both people; the mover moves it; the observer perceives that iff `observed` says so (an annotation of
the narrative, which sometimes differs from the plot it was written from). From this follow all first-order
questions about the place, and what the observer thinks that the mover thinks. The rest does not:

- what the mover thinks of the observer's belief depends on whether the mover noticed that he was watched,
  which the metadata does not say;
- fullness, accessibility and attitude need knowledge of the world.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tomprm.world.events import Action, Event, Fact, Kind, Question, Story
from tomprm.world.items import Item
from tomprm.world.sources.files import describe, fields, mapping, read_json, sequence, some

META_FILE = "meta_data.json"
_REMEDY = "give data/opentom_data of seacowx/OpenToM, or opentom.json of its Hugging Face data set"
_QA = re.compile(r"(attitude|location_[cf]g_[fs]o|multihop_[fs]o)(_new)?\.json")
_INFO: dict[str, type] = dict.fromkeys(("mover", "observer", "eoi", "original_place", "move_to_place"), str)
_META: dict[str, type] = {"plot": str, "plot_info": dict, "observed": bool, "narrative": str}
_QUESTION: dict[str, type] = dict.fromkeys(("question", "answer", "type"), str)

_WHERE = re.compile(
    r"From (?P<outer>.+?)'s? perspective, where (?:precisely )?"
    r"(?:does (?P<inner>.+?) think that .+? is located|is .+? located(?: precisely)?) "
    r"(?P<when>by the end|in the beginning) of the story\?"
)
_STILL = re.compile(
    r"From (?P<outer>.+?)'s? perspective, (?:does (?P<inner>.+?) think that .+? is|is .+?) "
    r"in its initial location by the end of the story\?"
)
_ROOM = re.compile(r".+? (?:entered|is in) the (?P<room>.+?)\.?")

_ARTICLE = re.compile(r"^(?:a|an|the) ", re.IGNORECASE)

_COMMONSENSE = "fullness, accessibility and attitude need knowledge of the world, not only who perceived what"
_WATCHED = (
    "whether the mover noticed being watched is not in the metadata, so what he thinks of the observer's "
    "belief cannot be computed"
)
_WORDING = "the question has none of the known wordings about a place"


def load(path: str | Path) -> Iterator[Item]:
    """All questions of the official folder, of one of its files, or of `opentom.json`.

    `meta_data_long.json` gives the same questions with the long narratives.

    Raises:
        FileNotFoundError: no such file, or a folder without metadata or questions.
        ValueError: a file or a row has another layout.
    """
    path = Path(path)
    if path.is_dir():
        single = sorted(path.glob("opentom*.json"))
        meta = next((p for p in (path / META_FILE, path / "metadata.json") if p.is_file()), None)
        if meta is None and single:
            return _all_in_one(single[0])
        return _folder(meta or path / META_FILE, _question_files(path))
    if _QA.fullmatch(path.name):
        beside = (path.with_name(META_FILE), path.with_name("metadata.json"))
        return _folder(next((p for p in beside if p.is_file()), beside[0]), [path])
    found = mapping(read_json(path, _REMEDY))
    if found is not None and all(isinstance(v, dict) for v in found.values()):
        return _folder(path, _question_files(path.parent))
    return _all_in_one(path)


def _question_files(folder: Path) -> list[Path]:
    """The question files of a folder; `x_new.json` replaces `x.json`."""
    named = [p for p in folder.iterdir() if _QA.fullmatch(p.name)] if folder.is_dir() else []
    kept = [p for p in named if p.with_name(p.stem + "_new.json") not in named]
    return some(kept, folder, "OpenToM's question files (location_cg_fo.json, ...)", _REMEDY)


def _folder(meta_path: Path, question_files: list[Path]) -> Iterator[Item]:
    metas = mapping(read_json(meta_path, _REMEDY))
    if not metas:
        raise ValueError(f"{meta_path}: expected an object story id -> metadata; {_REMEDY}")
    for path in question_files:
        asked = mapping(read_json(path, _REMEDY))
        if asked is None:
            raise ValueError(f"{path}: expected an object story id -> questions; {_REMEDY}")
        for key, rows in asked.items():
            questions = sequence(rows)
            if questions is None:
                raise ValueError(
                    f"{path}: story {key}: expected a list of questions, found {describe(rows)}; {_REMEDY}"
                )
            # Metadata of a part of the stories (as meta_data_long.json is) asks only these.
            if key in metas:
                meta = _meta(metas[key], f"{meta_path}: story {key}")
                for i, row in enumerate(questions):
                    yield _item(key, f"{path.stem}/{i}", meta, row, f"{path}: story {key}: question {i}")


def _all_in_one(path: Path) -> Iterator[Item]:
    """`opentom.json`: a list of metadata, each with its `question`."""
    rows = sequence(read_json(path, _REMEDY))
    if not rows:
        raise ValueError(
            f"{path}: expected {META_FILE}, a question file or a list of OpenToM rows, found another layout; "
            + _REMEDY
        )
    for index, row in enumerate(rows):
        where = f"{path}: row {index}"
        meta = _meta(row, where)
        if "question" not in meta:
            raise ValueError(f"{where} lacks question; {_REMEDY}")
        # Stories carry no id there; questions about the same plot belong together.
        key = hashlib.sha256(meta["plot"].encode()).hexdigest()[:10]
        yield _item(key, str(index), meta, meta["question"], where)


def _meta(found: object, where: str) -> dict[str, Any]:
    meta = fields(found, _META, where, _REMEDY)
    fields(meta["plot_info"], _INFO, f"{where}: plot_info", _REMEDY)
    return meta


def _item(key: str, number: str, meta: dict[str, Any], row: object, where: str) -> Item:
    asked = fields(row, _QUESTION, where, _REMEDY)
    info: dict[str, str] = meta["plot_info"]
    question, abstain = _read(asked["question"], asked["answer"], info, asked["type"])
    return Item(
        id=f"opentom/{key}/{number}",
        story_id=f"opentom/{key}",
        text=meta.get("long_narrative") or meta["narrative"],
        question=question,
        profile="opentom",
        meta={"source": "opentom", "type": asked["type"], "plot": meta["plot"], "observed": meta["observed"]},
        asked=asked["question"],
        given=story(meta["plot"], info, meta["observed"]),
        abstain=abstain,
    )


def _read(text: str, gold: str, info: dict[str, str], kind: str) -> tuple[Question, str]:
    """(question, why it cannot be answered)."""
    fact, people = Fact(info["eoi"]), (info["mover"], info["observer"])
    if not kind.startswith("location"):
        return Question(_minds(text, people, kind), fact, gold=gold), _COMMONSENSE
    where, still = _WHERE.fullmatch(text), _STILL.fullmatch(text)
    match = where or still
    if match is None:
        return Question((), fact, gold=gold), _WORDING
    chain = tuple(n for n in (match["outer"], match["inner"]) if n and n != "narrator")
    if not set(chain) <= set(people):
        return Question((), fact, gold=gold), _WORDING
    abstain = _WATCHED if chain == people else ""
    if still is not None:
        answers = ((info["original_place"], "Yes"), (info["move_to_place"], "No"))
        return Question(chain, fact, ("Yes", "No"), gold, answers=answers), abstain
    # In the beginning = right before the move, which is the only change.
    line = 1 if match["when"] == "in the beginning" else None
    # Labels drop the article of a place at times ("a box", "box"): a place is spelt as its label spells it.
    places = (info["original_place"], info["move_to_place"])
    answers = tuple((p, gold) for p in places if _ARTICLE.sub("", p) == _ARTICLE.sub("", gold))
    return Question(chain, fact, gold=gold, line=line, answers=answers), abstain


def read_question(text: str, gold: str, info: dict[str, str]) -> tuple[Question, str]:
    """The question of a bare row and why it cannot be answered; wordings about places, the rest abstains."""
    placed = _WHERE.fullmatch(text.strip()) or _STILL.fullmatch(text.strip())
    question, abstain = _read(text.strip(), gold, info, "location" if placed else "other")
    if not placed:
        at = [n for n in (info["mover"], info["observer"]) if n in text]
        question = Question(tuple(sorted(at, key=text.index)), Fact(info["eoi"]), gold=gold)
    return question, abstain


def _minds(text: str, people: tuple[str, str], kind: str) -> tuple[str, ...]:
    """Whose beliefs a question about fullness, accessibility or attitude is about."""
    mover, observer = people
    if kind == "attitude":
        return (observer,)
    outer, inner = people if text.startswith(f"From {mover}'") else (observer, mover)
    return (outer, inner) if kind.endswith("-so") else (outer,)


def story(plot: str, info: dict[str, str], observed: bool) -> Story:
    """The events: the thing at its original place (line 1), then the move (line 2).

    The apparent perceivers of the move are the real ones: the metadata knows no others.
    """
    mover, observer, thing = info["mover"], info["observer"], info["eoi"]
    both = frozenset({mover, observer})
    saw = both if observed else frozenset({mover})
    room = next((m["room"] for s in plot.splitlines() if (m := _ROOM.fullmatch(s.strip()))), "")
    actions = (
        Action(1, Kind.PLACE, thing=thing, place=info["original_place"], room=room),
        Action(2, Kind.MOVE, (mover,), thing=thing, place=info["move_to_place"], room=room),
    )
    events = tuple(
        Event(a.line, a.kind, ((Fact(thing), a.place),), who, who)
        for a, who in zip(actions, (both, saw), strict=True)
    )
    return Story(actions, events, (mover, observer))
