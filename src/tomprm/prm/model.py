"""The model: a token-classification head on any causal LM, read at the last token of each step.

Saved as a plain Hugging Face folder (`Qwen2ForTokenClassification` from a Qwen2, and so on) that
transformers loads without remote code and vLLM serves at `/pooling`. Labels: 0 contradicted,
1 supported. One forward pass scores all steps of a trace, since the backbone looks backwards only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer
from transformers.utils import logging

from tomprm.prm.files import check_folder

ID2LABEL = {0: "contradicted", 1: "supported"}
_CAUSAL = ("ForCausalLM", "LMHeadModel", "ForTokenClassification")


class Unscorable(ValueError):
    """A trace that the model cannot score."""


class TooLong(Unscorable):
    """A trace that the model cannot take whole."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt with its steps as tokens: `ends[i]` is the index in `ids` of step i's last token."""

    ids: list[int]
    ends: list[int]


def join(prompt: str, steps: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text that the model reads, and each step's span in it: one step a line, after the prompt.

    >>> join("Where?", ["Ann sees it.", "So box."])
    ('Where?\\nAnn sees it.\\nSo box.\\n', [(7, 19), (20, 27)])
    """
    text = prompt if not prompt or prompt.endswith("\n") else prompt + "\n"
    spans: list[tuple[int, int]] = []
    for step in steps:
        body = step.strip()
        spans.append((len(text), len(text) + len(body)))
        text += body + "\n"
    return text, spans


def encode(
    tokenizer: Any, prompt: str, steps: Sequence[str], *, limit: int | None = None, where: str = "trace"
) -> Encoded:
    """Tokenise the whole text once and find each step's last token through the offsets.

    Args:
        limit: tokens that the model takes (see `length_limit`); nothing is ever cut off.
        where: the row, for errors.

    Raises:
        TooLong: the text has more tokens.
        Unscorable: a step has no last token of its own.
        ValueError: the tokenizer gives no offsets.
    """
    if not tokenizer.is_fast:
        raise ValueError("the tokenizer gives no character offsets; use a fast one (tokenizer.json)")
    text, spans = join(prompt, steps)
    found = tokenizer(text, return_offsets_mapping=True, verbose=False)
    ids: list[int] = found["input_ids"]
    if limit is not None and len(ids) > limit:
        raise TooLong(
            f"{where}: {len(ids)} tokens, the model takes {limit}; "
            "shorten it, use a model with a longer context, or skip such rows"
        )
    # Tokens in text order, without the special ones that stand for no character.
    real = [(start, end, i) for i, (start, end) in enumerate(found["offset_mapping"]) if end > start]
    starts = [start for start, _, _ in real]
    ends: list[int] = []
    for index, (start, end) in enumerate(spans):
        # The last token that begins before the step ends; of one character's several tokens, the last.
        at = bisect_left(starts, end) - 1
        if at < 0 or real[at][1] <= start or (ends and real[at][2] <= ends[-1]):
            raise Unscorable(
                f"{where}: step {index} ({steps[index][:40]!r}) has no last token of its own; "
                "the tokenizer drops its characters or joins it with its neighbour, so use another one"
            )
        ends.append(real[at][2])
    return Encoded(ids, ends)


def length_limit(model: Any, tokenizer: Any) -> int:
    """How many tokens the model takes, by its config and its tokenizer."""
    limit = int(tokenizer.model_max_length)
    return min(getattr(model.config, "max_position_embeddings", limit), limit)


def end_logits(model: Any, rows: Sequence[Encoded], bf16: bool = False) -> torch.Tensor:
    """One forward pass for all steps of all rows.

    Returns:
        (N, 2) float32 logits at the steps' last tokens, row after row, N the steps of all rows.
    """
    width, device = max(len(r.ids) for r in rows), model.device
    # Filled up on the right, where causal attention never looks, so with any id.
    ids = torch.tensor([r.ids + [0] * (width - len(r.ids)) for r in rows], device=device)
    mask = torch.tensor([[1] * len(r.ids) + [0] * (width - len(r.ids)) for r in rows], device=device)
    at = torch.tensor([b * width + end for b, r in enumerate(rows) for end in r.ends], device=device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    return logits.flatten(0, 1)[at].float()


@torch.inference_mode()
def step_probabilities(model: Any, rows: Sequence[Encoded], batch_size: int = 32) -> list[list[float]]:
    """Probability of being right for each step of each row, by a model in evaluation mode; rows of
    like length share a batch."""
    result: list[list[float]] = [[] for _ in rows]
    order = sorted((i for i, r in enumerate(rows) if r.ends), key=lambda i: len(rows[i].ids))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        values = iter(end_logits(model, [rows[i] for i in chosen]).softmax(-1)[:, 1].tolist())
        for i in chosen:
            result[i] = [next(values) for _ in rows[i].ends]
    return result


def choose_device(wanted: str = "auto") -> torch.device:
    """`auto` is CUDA where there is one."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def load_prm(folder: str | Path, device: str = "auto", *, new_head: bool = False) -> tuple[Any, Any]:
    """(model in evaluation mode on its device, tokenizer), the weights in float32.

    Args:
        new_head: take a causal LM's backbone under a head drawn from torch's global generator (a PRM's
            own head stays). Without, a folder that lacks a trained head is refused.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no config, tokenizer, head or complete weights; another label map; no causal LM.
    """
    name = str(folder)
    check_folder(name)
    labels = {"num_labels": 2, "id2label": ID2LABEL, "label2id": {v: k for k, v in ID2LABEL.items()}}
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # a new head is no surprise here
    try:
        config = AutoConfig.from_pretrained(name)
        kinds = ", ".join(config.architectures or ["an unnamed model"])
        headed = kinds.endswith("ForTokenClassification")
        if not headed and not new_head:
            raise ValueError(f"it holds {kinds}, without a token-classification head; train one on it")
        if not kinds.endswith(_CAUSAL):
            raise ValueError(f"it holds {kinds}; start from a causal LM")
        if headed and config.id2label != ID2LABEL:
            raise ValueError(f"its labels are {config.id2label}, a PRM's are {ID2LABEL}; relabel or retrain")
        tokenizer = AutoTokenizer.from_pretrained(name)
        model, info = AutoModelForTokenClassification.from_pretrained(
            name, dtype=torch.float32, output_loading_info=True, **labels
        )
        # Only a new head may be missing.
        known = "" if headed else model.base_model_prefix + "."
        if missing := sorted(k for k in info["missing_keys"] if k.startswith(known)):
            raise ValueError(f"weights are missing ({', '.join(missing[:3])}); give a complete checkpoint")
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(f"{name}: no usable model: {reason[0][:200]}") from error
    finally:
        logging.set_verbosity(level)
    return model.to(choose_device(device)).eval(), tokenizer
