"""Making the tiny policy that the quickstart starts from: `tomprm warm-start`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from transformers import Qwen2ForCausalLM

from tomprm.belief.generate import Recipe, generate
from tomprm.config import RunConfig, dump_config
from tomprm.eval.run import code_version, evaluate
from tomprm.eval.suites import build_validation, recipes
from tomprm.rl.memory import keep_freed_memory
from tomprm.rl.models import choose_device
from tomprm.rl.tiny import build_policy, train_tokenizer
from tomprm.rl.warmstart import mixed_traces, supervised
from tomprm.trace.prompt import prompt_text
from tomprm.world.items import Item, recast
from tomprm.world.vocabulary import VOCABULARIES

CARD = """---
license: apache-2.0
library_name: transformers
---
# Tiny theory-of-mind policy (tomprm)

A Qwen2 of {parameters:,} parameters that reads a short story and answers a nested-belief question after
reasoning in tomprm's canonical form. It is the warm start of `configs/quickstart.yaml`: trained on
supervised traces of *mixed quality*, so that reinforcement learning has something to select. It is no
good model of anything and is not meant to be.

- Made by: `tomprm warm-start {config} --out {out}` (tomprm {version})
- Data: {items:,} generated items, told with new words at every pass (tomprm.belief.generate,
  tomprm.world.items.recast), in the manner of the suites: {shares}. Like a pretrained model it has seen
  some of everything, and none of the suites' stories
- Phases: {phases}
- Narrators: `sound` right reasoning; `reality` takes everybody to see everything; `lucky` random
  perceptions, right answer; `terse` a guess without reasoning (tomprm.trace.canonical)
- After training, greedy, n = {n} a suite: {scores}
- Licence: Apache-2.0. No text of others went into it.
"""


def make_warm_start(config: RunConfig, out: Path, log: Callable[[dict[str, float]], None]) -> Path:
    """Tokenizer, weights and card; the folder appears only when it is complete.

    The model after each phase is kept in `OUT.phases/`, where the same command finds it again.
    """
    keep_freed_memory()
    warm, version = config.warm_start, code_version()
    items, words = warm_items(config), VOCABULARIES["all"]
    rng = np.random.default_rng(warm.seed)
    sample = [recast(items[i], words, rng) for i in rng.permutation(len(items))[:4000]]
    corpus = mixed_traces(sample, {"sound": 1.0}, rng)
    tokenizer = train_tokenizer(
        [prompt_text(item) + trace for item, trace in zip(sample, corpus, strict=True)], warm.vocab_size
    )
    model = build_policy(tokenizer, warm.hidden, warm.layers, warm.heads, warm.seed)
    device = choose_device(config.policy.device)
    model.to(device)  # pyright: ignore[reportArgumentType]
    for number, phase in enumerate(warm.phases):
        kept = _kept(config, out, number)
        if kept.is_dir():  # a run that was cut off, or one that differs in its later phases only
            model = Qwen2ForCausalLM.from_pretrained(kept).to(device)  # pyright: ignore[reportArgumentType]
            continue
        supervised(
            model,
            tokenizer,
            items,
            {str(name): weight for name, weight in phase.mixture.items()},
            steps=phase.steps,
            batch_size=phase.batch_size,
            learning_rate=phase.learning_rate,
            seed=warm.seed + number,
            bf16=warm.bf16,
            prompt_loss=phase.prompt_loss,
            words=words,
            log=log,
        )
        partial = kept.with_name(kept.name + ".partial")
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        partial.rename(kept)
    scores: list[str] = []
    for suite in build_validation(config.data):
        rows = list(evaluate(model, tokenizer, suite, config, decoding="greedy"))
        right = sum(r["correct"] for r in rows) / len(rows)
        sound = sum(r["verdict"]["sound"] for r in rows) / len(rows)
        scores.append(f"{suite.label} {right:.2f} right, {sound:.2f} with a sound trace")
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    (partial / "warm_start.yaml").write_text(dump_config(config), encoding="utf-8")
    card = CARD.format(
        parameters=sum(p.numel() for p in model.parameters()),
        config="configs/warm_start.yaml",
        out=out,
        version=version,
        items=warm.items,
        shares=", ".join(
            f"{name} {share / sum(warm.shares.values()):.0%}" for name, share in warm.shares.items()
        ),
        phases="; ".join(f"{p.steps} steps of {json.dumps(p.mixture)}" for p in warm.phases),
        n=config.data.validation_items,
        scores="; ".join(scores),
    )
    (partial / "README.md").write_text(card, encoding="utf-8")
    if out.is_dir():
        out.rmdir()
    return partial.rename(out)


def warm_items(config: RunConfig) -> list[Item]:
    """Items in the manner of each suite, by `warm_start.shares`; none of the suites' own."""
    warm = config.warm_start
    manners: dict[str, list[Recipe]] = {name: [recipe] for name, (_, recipe) in recipes(config.data).items()}
    manners["hitom"] = [
        Recipe(mode="hitom", orders=(0, 1, 2, 3, 4), chapters=chapters, deception=deception)
        for chapters in (1, 2, 3)
        for deception in (False, True)
    ]
    items: list[Item] = []
    for name, share in warm.shares.items():
        n = round(warm.items * share / sum(warm.shares.values()) / len(manners[name]))
        for number, recipe in enumerate(manners[name]):
            split = f"warm-{name}-{number}"
            items += generate(replace(recipe, vocabulary="all"), warm.data_seed, split, n)
    return items


def _kept(config: RunConfig, out: Path, number: int) -> Path:
    """Where the model after phase `number` is kept; the name tells all that it depends on."""
    warm = config.warm_start.model_dump(mode="json")
    warm["phases"] = warm["phases"][: number + 1]
    made_of = json.dumps([warm, config.data.model_dump(mode="json")], sort_keys=True)
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:8]
    return out.with_name(out.name + ".phases") / f"phase-{number + 1}-{digest}"
