"""Scoring: the checker's verdict rows, with a probability for each step.

A PRM judges steps, not claims or answers: `claims` is empty, the answer `uncheckable`, and of the
process numbers those that need a story's events are null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tomprm.bench.metrics import first_error, measure
from tomprm.checker.verdict import Status
from tomprm.prm.data import Example, prompt_of
from tomprm.prm.files import check_example
from tomprm.prm.model import Encoded, TooLong, encode, length_limit, load_prm, step_probabilities
from tomprm.trace.steps import Trace, read_trace
from tomprm.world.items import Item

_READ = {"id", "story", "question", "prompt", "answer", "choices", "trace", "steps"}  # not passed through


@dataclass(frozen=True)
class Prm:
    """A loaded model with the checker's interface."""

    model: Any
    tokenizer: Any

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto") -> Prm:
        """Raises FileNotFoundError or ValueError as `load_prm` does."""
        return cls(*load_prm(folder, device))

    def score(self, item: Item, text: str) -> dict[str, Any]:
        """The verdict row of one completion; TooLong where the model cannot take it whole."""
        return score_rows(self.model, self.tokenizer, [{**item.as_row(), "trace": text}])[0]


def score_rows(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Mapping[str, Any]],
    *,
    threshold: float = 0.5,
    batch_size: int = 32,
    skip_long: bool = False,
    names: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Verdict rows for trace rows, in order; one forward pass a batch scores all of its steps.

    Args:
        model: in evaluation mode.
        rows: {"id", "story", "question", "trace", "steps"?: [{"text"}] or [text]}; `prompt` may stand
            for story and question. Other keys pass through.
        threshold: a step is `contradicted` at a score <= threshold, else `supported`.
        skip_long: give too long traces `uncheckable` steps and a key `error`; else they raise.
        names: what errors call the rows; without, "row 1" and so on.

    Raises:
        TooLong, ValueError: the message names the row and the remedy.
    """
    limit = length_limit(model, tokenizer)
    traces: list[Trace] = []
    encoded: list[Encoded] = []
    errors: dict[int, str] = {}
    for index, row in enumerate(rows):
        where = names[index] if names else f"row {index + 1}"
        prompt, trace = _read_row(row, where)
        traces.append(trace)
        try:
            encoded.append(encode(tokenizer, prompt, [s.text for s in trace.steps], limit=limit, where=where))
        except TooLong as error:
            if not skip_long:
                raise
            encoded.append(Encoded([], []))
            errors[index] = str(error)
    result: list[dict[str, Any]] = []
    for index, scores in enumerate(step_probabilities(model, encoded, batch_size)):
        row, trace = rows[index], traces[index]
        passed = {key: value for key, value in row.items() if key not in _READ}
        verdict = _verdict(trace, [None] * len(trace.steps) if index in errors else scores, threshold)
        error = {"error": errors[index]} if index in errors else {}
        result.append({"id": row.get("id", index), **passed, **verdict, **error})
    return result


def _read_row(row: Any, where: str) -> tuple[str, Trace]:
    """(prompt, trace) of a trace row."""
    given = row if isinstance(row, Mapping) else {}
    for key in ("prompt", "trace") if "prompt" in given else ("story", "question", "trace"):
        if not isinstance(given.get(key), str):
            raise ValueError(f"{where}: no text under {key}; give story, question and trace")
    steps: Any = given.get("steps")
    if isinstance(steps, list):
        steps = [step.get("text") if isinstance(step, Mapping) else step for step in steps]
    if steps is not None and not (
        isinstance(steps, list) and all(isinstance(s, str) and s.strip() for s in steps)
    ):
        raise ValueError(f"{where}: steps must be a list of texts, each as in the trace; correct the row")
    try:
        trace = read_trace(given["trace"], steps)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return given["prompt"] if "prompt" in given else prompt_of(given["story"], given["question"]), trace


def _verdict(trace: Trace, scores: Sequence[float | None], threshold: float) -> dict[str, Any]:
    """The verdict-row schema without id; a score of None: not decided."""
    statuses = [
        Status.UNCHECKABLE if s is None else Status.SUPPORTED if s > threshold else Status.CONTRADICTED
        for s in scores
    ]
    known = [s for s in scores if s is not None]
    return {
        "steps": [
            {"start": t.start, "end": t.end, "text": t.text, "status": s.value, "score": p, "claims": []}
            for t, s, p in zip(trace.steps, statuses, scores, strict=True)
        ],
        "answer": {
            "text": trace.answer,
            "status": (Status.NO_CLAIM if trace.answer is None else Status.UNCHECKABLE).value,
        },
        "first_error": first_error(scores, threshold),
        "process": {
            "soundness": statuses.count(Status.SUPPORTED) / len(known) if known else None,  # of steps
            "coverage": None,
            "coherence": None,
            "min": min(known, default=None),
            "mean": sum(known) / len(known) if known else None,
            "last": known[-1] if known else None,
            "product": math.prod(known) if known else None,
            "format": trace.format.value,
        },
    }


def evaluate(
    model_dir: str | Path, examples: Sequence[Example], *, threshold: float = 0.5, device: str = "auto"
) -> dict[str, Any]:
    """`tomprm.bench.metrics.measure` on local labels, with the same under `always_right` for the baseline
    that calls every step right.

    Raises:
        FileNotFoundError, ValueError: a bad model or example, or none.
    """
    if not examples:
        raise ValueError("no examples to evaluate on; give at least one")
    model, tokenizer = load_prm(model_dir, device)
    limit = length_limit(model, tokenizer)
    encoded: list[Encoded] = []
    for number, example in enumerate(examples, 1):
        where = f"example {number} ({example.get('id', 'no id')})"
        check_example(example, where)
        encoded.append(encode(tokenizer, example["prompt"], example["completions"], limit=limit, where=where))
    labels = [example["labels"] for example in examples]
    always = [[1.0] * len(row) for row in labels]
    scores = step_probabilities(model, encoded)
    return {**measure(labels, scores, threshold), "always_right": measure(labels, always, threshold)}
