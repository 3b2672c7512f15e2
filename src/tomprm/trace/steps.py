"""Traces as text with exact character spans: the think part, its steps, the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Format(str, Enum):
    """How a completion keeps to `<think> ... </think> <answer> ... </answer>`."""

    OK = "ok"
    EMPTY_THINK = "empty_think"
    EMPTY_ANSWER = "empty_answer"
    MISSING_TAG = "missing_tag"
    REPEATED_TAG = "repeated_tag"
    WRONG_ORDER = "wrong_order"
    TEXT_OUTSIDE = "text_outside"


@dataclass(frozen=True, slots=True)
class Step:
    """One reasoning step; `text == trace.text[start:end]`, so `end` is one past its last character."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A model's completion: `answer` is None where no single answer can be read."""

    text: str
    steps: tuple[Step, ...]
    answer: str | None
    format: Format


TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_LINE = re.compile(r"[^\n]+")


def read_trace(text: str, steps: Sequence[str] | None = None) -> Trace:
    """Segment a completion into steps, one a line of the think part.

    Tags may be missing: the think part then runs from the start (or `<think>`) to the first of
    `</think>`, `<answer>` and the end, so that a cut-off trace is still judged.

    Args:
        steps: a given segmentation instead; each text must occur in `text`, in this order.

    Raises:
        ValueError: a given step is not in the trace after the one before it.
    """
    if steps is not None:
        spans = _locate(text, steps)
    else:
        begin, end = _think_span(text)
        lines = (_trim(text, m.start(), m.end()) for m in _LINE.finditer(text, begin, end))
        spans = tuple(line for line in lines if line.text)
    return Trace(text, spans, read_answer(text), read_format(text))


def _think_span(text: str) -> tuple[int, int]:
    opened = text.find("<think>")
    begin = opened + len("<think>") if opened >= 0 else 0
    ends = [i for tag in ("</think>", "<answer>") if (i := text.find(tag, begin)) >= 0]
    return begin, min(ends, default=len(text))


def _trim(text: str, start: int, end: int) -> Step:
    body = text[start:end]
    start += len(body) - len(body.lstrip())
    body = body.strip()
    return Step(start, start + len(body), body)


def _locate(text: str, steps: Sequence[str]) -> tuple[Step, ...]:
    found: list[Step] = []
    cursor = 0
    for index, step in enumerate(steps):
        start = text.find(step, cursor)
        if start < 0:
            raise ValueError(
                f"step {index} is not in the trace after the step before it: {step[:60]!r}; "
                "give steps as substrings of the trace, in order"
            )
        cursor = start + len(step)
        found.append(Step(start, cursor, step))
    return tuple(found)


def read_format(text: str) -> Format:
    """Exactly one of each tag, in order, with something in both parts and nothing outside."""
    counts = [text.count(tag) for tag in TAGS]
    if any(c == 0 for c in counts):
        return Format.MISSING_TAG
    if any(c > 1 for c in counts):
        return Format.REPEATED_TAG
    at = [text.index(tag) for tag in TAGS]
    if at != sorted(at):
        return Format.WRONG_ORDER
    ends = [i + len(tag) for i, tag in zip(at, TAGS, strict=True)]
    if text[: at[0]].strip() or text[ends[1] : at[2]].strip() or text[ends[3] :].strip():
        return Format.TEXT_OUTSIDE
    if not text[ends[0] : at[1]].strip():
        return Format.EMPTY_THINK
    if not text[ends[2] : at[3]].strip():
        return Format.EMPTY_ANSWER
    return Format.OK


def read_answer(text: str) -> str | None:
    """The content of the only answer tag; two answers are no answer."""
    if text.count("<answer>") != 1:
        return None
    content, closed, _ = text.partition("<answer>")[2].partition("</answer>")
    return content.strip() or None if closed else None


_ARTICLE = re.compile(r"^(?:the|a|an) ")


def normalise(answer: str) -> str:
    """Lower case, `_` as a space, no final punctuation, article or choice letter.

    >>> normalise("B. The red_box."), normalise("red box")
    ('red box', 'red box')
    """
    text = " ".join(answer.lower().replace("_", " ").split()).strip(" .,:;!\"'")
    text = re.sub(r"^[a-z][.)] ", "", text)
    return _ARTICLE.sub("", text)


def matches(answer: str | None, gold: str) -> bool:
    """Exact match after normalisation: no substring, negation or list of options passes."""
    return answer is not None and normalise(answer) == normalise(gold)
