"""Training: soft-label cross-entropy at the last token of each step, in one readable loop.

Unlike TRL's PRMTrainer: labels may be probabilities, classes may be weighted, the text is tokenised
whole, and no label is ever cut off in silence.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from transformers import get_cosine_schedule_with_warmup

from tomprm.prm.data import Example
from tomprm.prm.files import check_example
from tomprm.prm.model import Encoded, TooLong, encode, end_logits, length_limit, load_prm

IGNORE = -100.0  # the target of a step that nobody could judge
LabelKey = Literal["labels", "prefix_labels"]
Row = tuple[Encoded, list[float]]  # tokens, one target a step


def step_loss(
    logits: torch.Tensor, targets: torch.Tensor, weights: tuple[float, float] = (1, 1)
) -> torch.Tensor:
    """Weighted cross-entropy against soft labels; a target below 0 (IGNORE) takes no part.

        -(w0 (1 - y) log p(contradicted) + w1 y log p(supported)), over the sum of its weights

    Args:
        logits: (N, 2).
        targets: (N,) y, the probability of being right.
        weights: of contradicted and supported steps.
    """
    y = targets.clamp(min=0)
    mass = torch.stack([weights[0] * (1 - y), weights[1] * y], -1) * (targets >= 0).unsqueeze(-1)
    return -(mass * logits.log_softmax(-1)).sum() / mass.sum().clamp(min=1e-9)


def train_prm(
    base_model_dir: str | Path,
    examples: Sequence[Example],
    out_dir: str | Path,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int = 0,
    log: Callable[[dict[str, float]], object] = lambda row: None,
    labels: LabelKey = "labels",
    class_weights: Literal["balanced"] | tuple[float, float] = "balanced",
    skip_long: bool = False,
    device: str = "auto",
    bf16: bool = False,
) -> dict[str, Any]:
    """Train a head and its backbone on step-labelled examples and save both as a plain folder.

    `out_dir` gets config, weights, tokenizer, README.md and metrics.jsonl in one move at the end; until
    then all is in `<out_dir>.partial`. The same arguments give the same weights on the same machine.

    Args:
        base_model_dir: a causal LM (its backbone is taken), or a PRM to go on with.
        labels: which labels to learn: of the step by itself, or of the trace so far.
        class_weights: of (contradicted, supported); `balanced` gives both the same sum.
        skip_long: leave examples that the model cannot take whole out and count them; else they raise.
        bf16: autocast to bfloat16 (the weights stay float32).
        log: called after each step with {"step", "loss", "lr", "grad_norm"}.

    Returns:
        What the card says: counts, settings, the final loss (mean of the last tenth).

    Raises:
        FileNotFoundError, ValueError: no usable base, a bad example, no labels, an `out_dir` with other
            things in it; before any training.
    """
    out = Path(out_dir)
    if out.exists() and (out.is_file() or any(out.iterdir())) and not _is_ours(out):
        raise ValueError(f"{out}: holds something other than a PRM trained here; choose another folder")
    if steps < 1 or batch_size < 1 or not learning_rate > 0:
        raise ValueError(f"{steps=}, {batch_size=}, {learning_rate=}: all must be above 0")
    losses: list[float] = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # the new head, then dropout
        model, tokenizer = load_prm(base_model_dir, device, new_head=True)
        rows, skipped = _encode_all(examples, tokenizer, labels, length_limit(model, tokenizer), skip_long)
        known = [y for _, ys in rows for y in ys if y >= 0]
        weights = _balance(known) if class_weights == "balanced" else class_weights
        partial = out.with_name(out.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
        schedule = get_cosine_schedule_with_warmup(optimizer, steps // 20, steps)
        batches = _batches(rows, batch_size, seed)
        model.train()
        with open(partial / "metrics.jsonl", "w", encoding="utf-8", buffering=1) as metrics:
            for step in range(1, steps + 1):
                batch = next(batches)
                targets = torch.tensor([y for _, ys in batch for y in ys], device=model.device)
                loss = step_loss(end_logits(model, [x for x, _ in batch], bf16), targets, weights)
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                rate = schedule.get_last_lr()[0]
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                losses.append(float(loss.detach()))
                record = {"step": step, "loss": losses[-1], "lr": rate, "grad_norm": float(norm)}
                metrics.write(json.dumps(record) + "\n")
                log(record)
    summary: dict[str, Any] = {
        "base": str(base_model_dir),
        "examples": len(rows),
        "skipped_long": skipped,
        "labels": labels,
        "labelled_steps": len(known),
        "share_right": sum(known) / len(known),
        "class_weights": list(weights),
        **{"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed},
        "loss": float(np.mean(losses[-max(1, steps // 10) :])),
    }
    model.cpu().eval().save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    (partial / "README.md").write_text(_card(summary), encoding="utf-8")
    if out.exists():  # moved aside first: `out` never holds half a model
        shutil.rmtree(spare := out.with_name(out.name + ".old"), ignore_errors=True)
        os.replace(out, spare)
        os.replace(partial, out)
        shutil.rmtree(spare)
    else:
        os.replace(partial, out)
    return summary


def _encode_all(
    examples: Sequence[Example], tokenizer: Any, labels: LabelKey, limit: int, skip_long: bool
) -> tuple[list[Row], int]:
    """Each example that fits and has a label, and how many did not fit."""
    rows: list[Row] = []
    skipped = 0
    for number, example in enumerate(examples, 1):
        where = f"example {number} ({example.get('id', 'no id')})"
        check_example(example, where)
        if labels not in example:
            raise ValueError(f"{where}: lacks {labels}; read the file with read_examples, which derives them")
        targets = [IGNORE if y is None else float(y) for y in example[labels]]
        try:
            encoded = encode(tokenizer, example["prompt"], example["completions"], limit=limit, where=where)
        except TooLong:
            if not skip_long:
                raise
            skipped += 1
            continue
        if any(y >= 0 for y in targets):
            rows.append((encoded, targets))
    if not rows:
        raise ValueError(f"of {len(examples)} examples ({skipped} too long) none has a label; give some")
    return rows, skipped


def _balance(known: Sequence[float]) -> tuple[float, float]:
    right = sum(known) / len(known)
    if right in (0, 1):
        raise ValueError(f"all steps are labelled {bool(right)}: nothing to tell apart; add other traces")
    return 0.5 / (1 - right), 0.5 / right


def _batches(rows: Sequence[Row], size: int, seed: int) -> Iterator[list[Row]]:
    """Endless batches of like length in random order, new ones each pass; every row once a pass."""
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        noise = rng.random(len(rows)) * 24
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0].ids) + noise[i])
        for start in rng.permutation(np.arange(0, len(order), size)):
            yield [rows[i] for i in order[start : start + size]]
        epoch += 1


def _is_ours(folder: Path) -> bool:
    """Only a PRM with its training log is ever replaced."""
    config = folder / "config.json"
    known = config.is_file() and "ForTokenClassification" in config.read_text(encoding="utf-8")
    return known and (folder / "metrics.jsonl").is_file()


def _card(summary: dict[str, Any]) -> str:
    rows = "\n".join(f"| {key} | {value} |" for key, value in summary.items())
    meaning = "the step is right by itself" if summary["labels"] == "labels" else "all steps so far are right"
    return f"""---
library_name: transformers
pipeline_tag: token-classification
tags: [process-reward-model, theory-of-mind]
---
# A process reward model made by tomprm

Give it the prompt and then the steps, one a line. The softmax of label 1 (`supported`) at the last token
of a step is the probability that {meaning}.

    from tomprm.prm.score import Prm
    row = Prm.load("this folder").score(item, trace)

It is a plain `AutoModelForTokenClassification`. How well it judges is known only for text like that of
its training: measure it on yours before relying on it.

| trained with | |
|---|---|
{rows}
"""
