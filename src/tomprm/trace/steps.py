"""Traces as text with exact character spans: the think part, its steps, the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from tomprm.trace.segment import segment

LONGEST = 4000  # characters of a step that are read: time is quadratic in them (people write up to 600)


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
    """A model's completion: `answer` is None where no single `<answer>` can be read.

    `loose_answer` is then what a reader would take for the answer all the same: in tags of another case
    or with blanks, or stated at the end ("Answer: X"). No reward is paid for it.
    """

    text: str
    steps: tuple[Step, ...]
    answer: str | None
    format: Format
    loose_answer: str | None = None


TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def read_trace(text: str, steps: Sequence[str] | None = None) -> Trace:
    """Segment a completion into steps: items, sentences, table rows (see tomprm.trace.segment).

    Tags may be missing, misplaced or badly written: the reasoning is all that stands before the first
    answer, so that a cut-off trace is still judged. What is written after an answer is no reasoning.

    Args:
        steps: a given segmentation instead; each text must occur in `text`, in this order.

    Raises:
        ValueError: a given step is not in the trace after the one before it.
    """
    spans, loose = segment(text)
    found = tuple(Step(start, end, text[start:end]) for start, end in spans)
    if steps is not None:
        found = _locate(text, steps)
    answer = read_answer(text)
    return Trace(text, found, answer, read_format(text), loose if answer is None else None)


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


def shortened(step: Step) -> Step:
    """The beginning of a step, of at most `LONGEST` characters."""
    if len(step.text) <= LONGEST:
        return step
    return Step(step.start, step.start + LONGEST, step.text[:LONGEST])


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
    return _normalised(answer) if len(answer) < 100 else _normalised.__wrapped__(answer)


@lru_cache(maxsize=8192)  # names come again and again: a quarter of the time of scoring a batch
def _normalised(answer: str) -> str:
    text = " ".join(answer.lower().replace("_", " ").split()).strip(" .,:;!\"'")
    text = re.sub(r"^[a-z][.)] ", "", text)
    return _ARTICLE.sub("", text)


def matches(answer: str | None, gold: str) -> bool:
    """Exact match after normalisation: no substring, negation or list of options passes."""
    return answer is not None and normalise(answer) == normalise(gold)
