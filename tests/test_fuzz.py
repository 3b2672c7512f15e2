"""Spoilt traces: the checker answers every text, in linear time. The million is scripts/fuzz_checker.py's."""

from __future__ import annotations

import random
import sys
import time
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import mutations
from fuzz_checker import problem

from tomprm.belief.generate import Recipe, generate
from tomprm.checker.check import Checker


@cache
def pool() -> list[mutations.Seed]:
    return mutations.seeds(7, each=2)


@cache
def told() -> Checker:
    """About a long story, where anything that is looked up line by line costs most."""
    recipe = Recipe("hitom", (3,), chapters=3, deception=True)
    return Checker(next(iter(generate(recipe, 0, "test fuzz", 1))))


@pytest.mark.parametrize("block", range(3))
def test_spoilt_traces_are_judged_with_exact_spans(block: int):
    rng = random.Random(f"test/{block}")
    for _ in range(80):
        seed, text = mutations.mutated(rng, pool())
        wrong, _ = problem(seed, text)
        assert wrong is None, f"{seed.checker.item.id}: {text!r}"


def test_a_verdict_does_not_depend_on_what_was_judged_before():
    rng = random.Random("test/again")
    for _ in range(40):
        seed, text = mutations.mutated(rng, pool())
        assert seed.checker.check(text) == Checker(seed.checker.item).check(text)


@pytest.mark.parametrize(
    "text",
    [
        "all ² people saw it",
        "the other ③ left",
        "| line | who saw it |\n|---|---|\n| " + "9" * 6000 + " | Ann |",
        "Line " + "9" * 5000 + ": Ann saw it.",
        "before line 1 NAME heard it",
        "Just before NAME left, OTHER heard about it.",
        "Ok's",
        "İİİİ NAME İ saw it in the İ",
        "\x00\x1c\u2028\x85",
    ],
)
def test_texts_that_stopped_a_reader_once(text: str):
    name, other = told().item.story.agents[:2]
    assert (
        problem(mutations.Seed(told(), [], []), text.replace("NAME", name).replace("OTHER", other))[0] is None
    )


def _units() -> list[str]:
    item = told().item
    a, b, c = item.story.agents[:3]
    thing = item.question.fact.thing
    wrong = next(p for p in item.question.choices if p != item.question.gold)
    return [
        "is ", "in ", "and ", ", ", ": ", "-> ", "| ", "[", '"', "9", "a", "_", "\u0301", "1. ", "\n- a",
        f"{a} and ", f"{a}, ", f"seen by {a} ", f"so he saw it {a} ", f"{a} thinks that {b} thinks that ",
        f"{a}, who saw ",
        f"{a} sees it; {b} misses it; ", "Line 9: ", "in line 9. ", "lines 1, 2, 3, 4, ",
        f"-> {wrong}\n",
        f"{a} thinks {b} thinks {c} thinks the {thing} is in the {wrong}. ",
        f"it is in {wrong}. ", "\\boxed{",
    ]  # fmt: skip


@pytest.mark.parametrize("head", ["", "- NAME thinks "])
def test_time_is_linear_in_the_length(head: str):
    """Four times as long takes about four times as long, not sixteen."""
    head = head.replace("NAME", told().item.story.agents[0])

    def spent(text: str) -> float:
        best = 1.0
        for _ in range(2):
            start = time.process_time()
            told().check(text)
            best = min(best, time.process_time() - start)
        return best

    for unit in _units():
        short, long = (head + unit * (size // len(unit)) for size in (1000, 4000))
        assert spent(long) < 9 * spent(short) + 0.01, f"{unit!r} after {head!r}"


def test_long_chains_of_beliefs_are_not_unfolded():
    item = told().item
    wrong = next(p for p in item.question.choices if p != item.question.gold)
    chain = "".join(f"{name} thinks that " for name in islice(cycle(item.story.agents), 18))
    start = time.process_time()
    told().check(f"Hm. {chain}the {item.question.fact.thing} is in the {wrong}.")
    assert time.process_time() - start < 0.1  # 2**18 shorter chains took half a second
