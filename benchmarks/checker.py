"""How fast traces are checked: alone, next to an RL step's generation, and next to simulating the beliefs.

    python benchmarks/checker.py --out checker.json      (--quick: a tenth of it)

Everything is CPU time of one process, torch at one thread; what is compared runs in turns, and each figure is
the median of the rounds with the least and the most. The peers simulate every chain of beliefs, naively: as
nested dictionaries of worlds (ExploreToM), and as Kripke models with product updates (epistemic
logic). They are given the replayed events, and their answers must be the engine's.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.bench.rows import item_of, make_split
from tomprm.checker.check import Checker
from tomprm.checker.corrupt import applicable, corrupt
from tomprm.config import load_config
from tomprm.rl.rollout import sample
from tomprm.rl.train import Trainer, training_recipe
from tomprm.trace import frames, spelling, steps
from tomprm.trace.canonical import sound_steps, write_trace
from tomprm.trace.prompt import prompt_text
from tomprm.world.events import Event, Fact, Story
from tomprm.world.items import Item

CONFIG = "configs/quickstart.yaml"
Chain = tuple[str, ...]
Answers = dict[tuple[Chain, str], str | None]


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def forget(checkers: Sequence[Checker] = ()) -> None:
    """Empty the caches of steps and words: a trace that is checked twice is read twice."""
    for cached in (steps._normalised, spelling.misspelt, frames._framed):
        cached.cache_clear()
    for checker in checkers:
        checker._steps.clear()


def spread(values: Sequence[float], digits: int = 4) -> list[float]:
    """[median, least, most]"""
    return [round(float(v), digits) for v in (statistics.median(values), min(values), max(values))]


# -- traces per second ------------------------------------------------------------------------

Pair = tuple[Item, str]


def canonical(n: int) -> list[Pair]:
    """Sound and corrupted traces in the canonical form, about the stories that the quickstart trains on and
    Hi-ToM's."""
    config = load_config(CONFIG)
    hitom = Recipe("hitom", (1, 2, 3, 4), chapters=2, deception=True)
    made: list[Pair] = []
    for recipe in (training_recipe(config.data), hitom):
        for index, item in enumerate(generate(recipe, 0, "benchmark", n // 2)):
            sound = write_trace(*sound_steps(item))
            wrong = index % 2 and applicable(item)
            made.append((item, corrupt(item, np.random.default_rng(index))[0] if wrong else sound))
    return made


def free(n: int) -> list[Pair]:
    """Traces of BeliefProcessBench's narrators, but for the canonical one."""
    rows = (row for row in make_split("test", n, 0) if row["narrator"] != "canonical")
    return [(item_of(row), row["trace"]) for row in islice(rows, n)]


def throughput(pairs: list[Pair], rounds: int) -> dict[str, Any]:
    checkers = [Checker(item) for item, _ in pairs]

    def check() -> None:
        forget(checkers)
        for checker, (_, trace) in zip(checkers, pairs, strict=True):
            checker.check(trace)

    def fresh() -> None:
        forget()
        for item, trace in pairs:
            Checker(Item(item.id, item.story_id, item.text, item.question, item.profile)).check(trace)

    check()
    times = [(seconds(check), seconds(fresh)) for _ in range(rounds)]
    kilobytes = sum(len(trace) for _, trace in pairs) / 1000
    return {
        "traces": len(pairs),
        "mean_characters": round(1000 * kilobytes / len(pairs)),
        "traces_per_second_and_core": spread([len(pairs) / warm for warm, _ in times], 1),
        "with_reading_the_story": spread([len(pairs) / cold for _, cold in times], 1),
        "ms_a_trace": spread([1000 * warm / len(pairs) for warm, _ in times], 3),
        "ms_a_kB": spread([1000 * warm / kilobytes for warm, _ in times], 3),
    }


# -- next to generation -----------------------------------------------------------------------


def rl_steps(number: int, english: list[Pair]) -> dict[str, Any]:
    """The quickstart's rollouts with its shipped policy, and the scoring of the same rollouts; then of as
    many free traces, as if the policy wrote those."""
    config = load_config(CONFIG)
    items = list(generate(training_recipe(config.data), 0, "train", config.data.train_items))
    times: list[tuple[float, float, float]] = []
    tokens: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, "process", 0, items, Path(folder))
        checkers = [(Checker(item), trace) for item, trace in english]
        for trainer.step in range(1, number + 1):
            rl, chosen = config.rl, trainer.prompts_of_step()
            prompts = [prompt_text(item, config.policy.prompt) for item in chosen]
            start = time.process_time()
            rollouts = sample(
                trainer.policy, trainer.tokenizer, prompts, n=rl.samples_per_prompt,
                max_new_tokens=config.policy.max_new_tokens, temperature=rl.temperature,
                generator=trainer.stream("rollout"), batch_size=rl.prompts_per_step * rl.samples_per_prompt,
            )  # fmt: skip
            generated = time.process_time() - start
            forget()
            theirs = [chosen[r.prompt] for r in rollouts]
            scored = seconds(lambda: trainer.score(theirs, rollouts))  # noqa: B023
            forget([checker for checker, _ in checkers])
            some = [checkers[i % len(checkers)] for i in range(len(rollouts))]
            in_english = seconds(lambda: [checker.check(trace) for checker, trace in some])  # noqa: B023
            times.append((generated, scored, in_english))
            tokens.append(sum(len(r.completion_ids) for r in rollouts))
    times = times[1:]  # the first step loads things
    return {
        "steps": len(times),
        "rollouts_a_step": config.rl.prompts_per_step * config.rl.samples_per_prompt,
        "tokens_a_step": round(statistics.mean(tokens)),
        "generation_s": spread([g for g, _, _ in times]),
        "scoring_s": spread([s for _, s, _ in times]),
        "scoring_share_percent": spread([100 * s / g for g, s, _ in times], 3),
        "free_english_share_percent": spread([100 * e / g for g, _, e in times], 3),
    }


# -- next to simulating beliefs -----------------------------------------------------------------


def chains(story: Story, order: int) -> list[Chain]:
    every = (c for k in range(order + 1) for c in product(story.agents, repeat=k))
    return [c for c in every if all(a != b for a, b in pairwise(c))]


def engine(story: Story, order: int) -> Answers:
    state = BeliefState(story)
    return {(c, t): state.belief(c, Fact(t)).value for c in chains(story, order) for t in story.things}


@dataclass
class Mind:
    """ExploreToM: the world as somebody sees it, and in it the worlds that the others are taken to see."""

    world: dict[str, str] = field(default_factory=dict[str, str])
    of: dict[str, Mind] = field(default_factory=dict[str, "Mind"])

    def grow(self, names: Sequence[str], order: int, last: str = "") -> Mind:
        if order:
            self.of = {name: Mind().grow(names, order - 1, name) for name in names if name != last}
        return self

    def perceive(self, event: Event, who: frozenset[str]) -> None:
        for fact, value in event.facts:
            self.world[fact.thing] = value
        for name, mind in self.of.items():
            if name in who:
                mind.perceive(event, event.apparent)

    def hear(self, event: Event, chain: Chain) -> None:
        """A claim is believed by whoever trusts the speaker, who takes it for the speaker's belief too."""
        tell = event.tell
        assert tell is not None
        if not tell.public and not set(chain) <= {tell.speaker, *tell.listeners}:
            return
        doubt = not chain or chain[-1] not in tell.trusting
        if not doubt or (len(chain) > 1 and chain[-1] == tell.speaker and chain[-2] in tell.trusting):
            for fact, value in event.facts:
                self.world[fact.thing] = value
        for name, mind in self.of.items():
            mind.hear(event, (*chain, name))


def explore_style(story: Story, order: int) -> Answers:
    mind = Mind().grow(story.agents, order)
    for event in story.events:
        if event.tell is None:
            mind.perceive(event, event.real)
        else:
            mind.hear(event, ())
    answers: Answers = {}
    for chain in chains(story, order):
        at = mind
        for name in chain:
            at = at.of[name]
        answers |= {(chain, thing): at.world.get(thing) for thing in story.things}
    return answers


@dataclass
class Kripke:
    """A pointed model: what is so in each world, and which world each agent takes for the real one. Worlds
    are named by the points of the event models that led to them; nobody here wavers between two."""

    facts: dict[Chain, dict[str, str]]
    seen: dict[tuple[Chain, str], Chain]
    real: Chain = ()


def event_model(event: Event, agents: Sequence[str]) -> tuple[dict[str, bool], dict[tuple[str, str], str]]:
    """(point -> does it set the event's facts?, (point, agent) -> the point that the agent takes it for)."""
    tell = event.tell
    if tell is None:
        sets = {"real": True, "apparent": True, "nothing": False}
        perceive = {"real": event.real, "apparent": event.apparent, "nothing": frozenset[str]()}
        return sets, {(p, a): "apparent" if a in perceive[p] else "nothing" for p in sets for a in agents}
    sets = {"real": False, "trusted": True, "meant": True, "doubted": False, "private": False}
    inside = set(agents) if tell.public else {tell.speaker, *tell.listeners}
    arrows: dict[tuple[str, str], str] = {}
    for point, agent in product(sets, agents):
        arrows[point, agent] = "doubted"
        if point == "private" or agent not in inside:
            arrows[point, agent] = "private"
        elif agent in tell.trusting:
            arrows[point, agent] = "trusted"
        elif agent == tell.speaker and point == "trusted":
            arrows[point, agent] = "meant"
    return sets, arrows


def updated(model: Kripke, event: Event, agents: Sequence[str]) -> Kripke:
    """The product of a model and an event model, as far as it can be reached from the real world."""
    sets, arrows = event_model(event, agents)
    start = (*model.real, "real")
    after, due = Kripke({}, {}, start), [(model.real, "real")]
    while due:
        world, point = due.pop()
        name = (*world, point)
        if name in after.facts:
            continue
        told = {f.thing: value for f, value in event.facts} if sets[point] else {}
        after.facts[name] = model.facts[world] | told
        for agent in agents:
            target = model.seen[world, agent], arrows[point, agent]
            after.seen[name, agent] = (*target[0], target[1])
            due.append(target)
    return after


def del_style(story: Story, order: int) -> Answers:
    model = Kripke({(): {}}, {((), a): () for a in story.agents})
    for event in story.events:
        model = updated(model, event, story.agents)
    answers: Answers = {}
    for chain in chains(story, order):
        world = model.real
        for name in chain:
            world = model.seen[world, name]
        answers |= {(chain, thing): model.facts[world].get(thing) for thing in story.things}
    return answers


def simulation(pairs: list[Pair], rounds: int, order: int = 4) -> dict[str, Any]:
    """Simulating a story's beliefs up to an order, and checking one trace about it."""
    pairs = [(i, t) for i, t in pairs if i.profile == "hitom-clean" and len(i.story.agents) > 2]
    stories = [item.story for item, _ in pairs]
    peers = {"engine": engine, "explore_style": explore_style, "del_style": del_style}
    for story in stories:
        answers = [peer(story, order) for peer in peers.values()]
        if any(other != answers[0] for other in answers):
            raise SystemExit("the peers and the engine disagree; look at their rules before their times")

    def check() -> None:
        forget()
        for item, trace in pairs:
            checker = Checker(item)  # with the question's beliefs and obligations; the story is replayed
            checker.check(trace)

    ways = {name: lambda peer=peer: [peer(s, order) for s in stories] for name, peer in peers.items()}
    ways["check"] = check  # pyright: ignore[reportArgumentType]
    check()
    times = [{name: seconds(way) / len(pairs) for name, way in ways.items()} for _ in range(rounds)]
    return {
        "stories": len(pairs),
        "order": order,
        "agents": round(statistics.mean(len(s.agents) for s in stories), 1),
        "agree": True,
        "ms_a_story": {name: spread([1000 * t[name] for t in times], 3) for name in ways},
        "ratio_to_check": {
            name: spread([t[name] / t["check"] for t in times], 2) for name in peers if name != "engine"
        },
        "ratio_to_engine": {
            name: spread([t[name] / t["engine"] for t in times], 2) for name in peers if name != "engine"
        },
    }


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--quick", action="store_true", help="a tenth of the traces, fewer rounds")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    many, rounds = (60, 3) if options.quick else (600, 7)
    formal, english = canonical(many), free(many)
    some = 12 if options.quick else 40
    result = {
        "canonical": throughput(formal, rounds),
        "free_english": throughput(english, rounds),
        "rl_step": rl_steps(3 if options.quick else 8, english),
        "simulation_canonical": simulation(formal[: 2 * some : 2] + formal[-some:], rounds),
        "simulation_free_english": simulation(english[: 3 * some], rounds),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}",
        "note": "figures are [median, least, most] of the rounds",
    }
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
