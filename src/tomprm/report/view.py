"""The data of `tomprm view`: an item and its verdict row as what one page shows. Nothing is drawn here.

Steps and rows are numbered from 1, as a person counts; the files count steps from 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tomprm.belief.solve import engine_answer
from tomprm.belief.state import BeliefState
from tomprm.checker.obligations import obligations
from tomprm.checker.verdict import Status
from tomprm.config import RewardConfig
from tomprm.report.timeline import timeline
from tomprm.rewards.rows import item_of, judge
from tomprm.trace.steps import matches
from tomprm.world.grammar import write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

_STATUSES = tuple(s.value for s in Status)
_WORST = ("contradicted", "supported", "uncheckable")  # which of overlapping claims colours the text


def view_rows(rows: Iterable[tuple[int, dict[str, Any]]], config: RewardConfig) -> Iterator[dict[str, Any]]:
    """What the page shows of each (number, trace row or verdict row). A row that cannot be checked becomes
    `{number, id, question, error, story, trace}`, and the rest goes on."""
    for number, row in rows:
        try:
            yield {"number": number, **_view_row(row, config)}
        except (ValueError, TypeError, KeyError) as error:
            shown = {key: row.get(key) for key in ("id", "question", "story", "trace")}
            texts = {key: "" if value is None else str(value) for key, value in shown.items()}
            why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            yield {"number": number, **texts, "error": why}


def _view_row(row: dict[str, Any], config: RewardConfig) -> dict[str, Any]:
    judged = is_judged(row)
    # The answer of a verdict row is the model's; the gold one is then `gold_answer`, or the engine's.
    asked = {k: v for k, v in row.items() if k != "answer"} if isinstance(row.get("answer"), dict) else row
    if not isinstance(row.get("trace"), str):
        raise ValueError("lacks a trace; give the model's text as a string")
    return view(item_of(asked), row["trace"], row if judged else judge(row, config))


def is_judged(row: Mapping[str, Any]) -> bool:
    """Does the row carry verdicts already, from `tomprm check` or `tomprm score`?"""
    steps = row.get("steps")
    if not isinstance(steps, list) or not isinstance(row.get("process"), dict):
        return False
    return all(isinstance(s, dict) and "status" in s for s in steps)


def view(item: Item, trace: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """One page's data from an item, the trace and its verdict row (schema: docs/schemas.md).

    Returns:
        `id, source, order, question, headline, tone, right, sound`; `answer {text, status, gold, engine}`;
        `numbers` [(name, value, detail)]; `first_error` (step number or None); `rewards`;
        `obligations` [(text, established)]; `story` (see `tomprm.report.timeline`);
        `steps` [{status, score, pieces, claims, lines}], where the pieces join to the step's text;
        `parts`: the whole trace in order, a step's index or the text between two steps.

    Raises:
        ValueError: a step is not the text at its offsets, or has no known status.
    """
    process: Mapping[str, Any] = verdict["process"]
    answer = _text(verdict.get("answer"), "text")
    gold = item.question.gold
    right = None if gold is None else matches(answer, gold)
    sound = bool(process.get("sound"))
    steps = [_step(i, s, trace) for i, s in enumerate(verdict["steps"], 1)]
    wrong = next((i for i, s in enumerate(steps, 1) if s["status"] == "contradicted"), None)
    headline, tone = _headline(right, sound, wrong, bool(process.get("obligations")))
    return {
        "id": item.id,
        "source": str(item.meta.get("source", "")),
        "order": item.question.order,
        "question": item.asked or write_question(item.question),
        "headline": headline,
        "tone": tone,
        "right": right,
        "sound": sound,
        "answer": {
            "text": answer,
            "status": _text(verdict.get("answer"), "status"),
            "gold": gold,
            "engine": None if item.abstain else engine_answer(item)[0],
        },
        "numbers": _numbers(process, steps),
        "first_error": wrong,
        "rewards": _rewards(verdict.get("rewards")),
        "obligations": _obligations(item, process),
        "story": timeline(item),
        "steps": steps,
        "parts": _parts(trace, verdict["steps"]),
    }


def _headline(right: bool | None, sound: bool, wrong: int | None, due: bool) -> tuple[str, str]:
    """(the verdict in one sentence, good | bad | mixed); where nothing is due, no argument is complete."""
    answer = {True: "Right answer", False: "Wrong answer", None: "No answer to compare with"}[right]
    if sound:
        return (f"{answer}, sound reasoning", "good" if right else "mixed")
    join = ", but" if right else ","
    if wrong is None and not due:
        return f"{answer}{join} the argument cannot be judged", "mixed" if right else "bad"
    why = "an incomplete argument" if wrong is None else f"a wrong step ({wrong})"
    return f"{answer}{join} {why}", "mixed" if right and wrong is None else "bad"


def _step(number: int, step: Mapping[str, Any], trace: str) -> dict[str, Any]:
    start, end, text, status = step["start"], step["end"], step["text"], step["status"]
    if status not in _STATUSES:
        raise ValueError(
            f"step {number} has the status {status!r}; give one of {', '.join(_STATUSES)}, or leave the "
            "verdicts out to have them computed"
        )
    if trace[start:end] != text:
        raise ValueError(
            f"step {number} is not the trace's text from {start} to {end}; leave the verdicts out to have "
            "them computed"
        )
    claims = [_claim(c) for c in step.get("claims") or () if isinstance(c, dict)]
    lines = dict.fromkeys(c["line"] for c in claims if c["line"] is not None)
    return {
        "status": status,
        "score": _finite(step.get("score")),
        "pieces": _pieces(text, claims),
        "claims": claims,
        "lines": list(lines),
    }


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    line = claim.get("line")
    texts = ("kind", "text", "claimed", "expected", "status", "reason", "error")
    return {key: _text(claim, key) for key in texts} | {"line": line if type(line) is int else None}


def _pieces(text: str, claims: Iterable[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """The step's text cut where its claims begin and end, each piece with the status that colours it."""
    status: list[str | None] = [None] * len(text)
    for claim in sorted(claims, key=lambda c: -_rank(c["status"])):  # the worst is painted last
        start = text.find(claim["text"]) if claim["text"] else -1
        if start >= 0:
            end = start + len(claim["text"])
            status[start:end] = [claim["status"]] * (end - start)
    pieces: list[tuple[str, str | None]] = []
    begin = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or status[i] != status[begin]:
            pieces.append((text[begin:i], status[begin]))
            begin = i
    return pieces


def _rank(status: str | None) -> int:
    return _WORST.index(status) if status in _WORST else len(_WORST)


def _parts(trace: str, steps: Iterable[Mapping[str, Any]]) -> list[int | str]:
    """Step indices, and the texts between them: nothing of the trace is left out but white space."""
    parts: list[int | str] = []
    cursor = 0
    for index, step in enumerate(steps):
        if between := trace[cursor : step["start"]].strip():
            parts.append(between)
        parts.append(index)
        cursor = step["end"]
    if rest := trace[cursor:].strip():
        parts.append(rest)
    return parts


def _numbers(process: Mapping[str, Any], steps: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(name, value, what it is made of)."""
    counts = Counter(c["status"] for s in steps for c in s["claims"])
    good, bad, open_ = (counts[s] for s in ("supported", "contradicted", "uncheckable"))
    judged = f"{good} of {good + bad} judged claims" if good + bad else "no claim was judged"
    due, met = process.get("obligations"), process.get("established")
    coherence = process.get("coherence")
    coherent = "–" if coherence is None else "yes" if coherence else "no"
    return [
        ("soundness", _percent(process.get("soundness")), judged + (f", {open_} open" if open_ else "")),
        ("coverage", _percent(process.get("coverage")), f"{met} of {due} obligations" if due else ""),
        ("coherence", coherent, "answer = last belief"),
    ]


def _rewards(rewards: Any) -> dict[str, Any] | None:
    if not isinstance(rewards, dict):
        return None
    given = rewards.get("breakdown")
    breakdown = given if isinstance(given, dict) else {}
    parts = [(str(k), _short(v)) for k, v in breakdown.items() if _finite(v) is not None]
    return {"total": _short(rewards.get("total")), "parts": parts}


def _obligations(item: Item, process: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Each obligation with whether a supported claim met it; of verdicts that do not say (those of a PRM,
    of another version): the ones they name as not met."""
    named = process.get("unestablished")
    if not isinstance(named, list):
        return []
    due = [d.text for d in obligations(BeliefState(item.story, PROFILES[item.profile]), item.question)]
    missing = Counter(str(text) for text in named)
    if missing - Counter(due):
        return [(text, False) for text in missing.elements()]
    found: list[tuple[str, bool]] = []
    for text in reversed(due):  # of two in the same words, the later one is the one not met
        found.append((text, missing[text] <= 0))
        missing[text] -= 1
    return found[::-1]


def _text(found: Any, key: str) -> str | None:
    value = found.get(key) if isinstance(found, Mapping) else None
    return None if value is None else str(value)


def _finite(value: Any) -> float | None:
    """A number that JSON can hold, else None."""
    good = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if good else None


def _percent(value: Any) -> str:
    number = _finite(value)
    return "–" if number is None else f"{100 * number:.0f} %"


def _short(value: Any) -> str:
    number = _finite(value)
    return "–" if number is None else f"{number:.3f}".rstrip("0").rstrip(".")
