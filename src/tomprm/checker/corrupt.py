"""One known error of a known kind at a known step of a sound trace, and the test of the checker by them.

`tomprm check --self-test` runs `self_test`: every sound trace has to be judged sound, and every
corrupted one has to be contradicted at its step, for its reason, with nothing else accused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.checker.check import Checker
from tomprm.checker.verdict import ErrorKind, Status, Verdict
from tomprm.trace.canonical import conclusion, sound_steps, write_trace
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

_FLIPS = {
    ErrorKind.UPDATED_WITHOUT_PERCEPTION: (
        (" misses it", " sees it"),
        (" seems to miss it", " seems to see it"),
    ),
    ErrorKind.WRONG_OBSERVERS: (
        (" sees it", " misses it"),
        (" seems to see it", " seems to miss it"),
    ),
    ErrorKind.WRONG_TRUST: (
        (" trusts ", " doubts "),
        (" seems to trust it", " seems to doubt it"),
    ),
}


def corrupt(item: Item, rng: np.random.Generator, kind: ErrorKind | None = None) -> tuple[str, int]:
    """The item's sound trace with one error, drawn among all of that kind, and the index of its step.
    The answer stays right: the reasoning alone is wrong.

    Args:
        kind: of the error; None draws one of those that apply.

    Raises:
        ValueError: the kind cannot occur in this item's sound trace (see `applicable`).
    """
    steps, answer = sound_steps(item)
    if kind is None:
        kinds = applicable(item)
        kind = kinds[int(rng.integers(len(kinds)))]
    options = list(_corruptions(item, steps, kind))
    if not options:
        can = ", ".join(k.value for k in applicable(item))
        raise ValueError(f"{item.id}: nothing to make a {kind.value!r} error of; choose from: {can}")
    index, text = options[int(rng.integers(len(options)))]
    return write_trace([*steps[:index], text, *steps[index + 1 :]], answer), index


def applicable(item: Item) -> tuple[ErrorKind, ...]:
    """The kinds of error that `corrupt` can make in this item."""
    steps, _ = sound_steps(item)
    return tuple(kind for kind in ErrorKind if any(_corruptions(item, steps, kind)))


def _corruptions(item: Item, steps: list[str], kind: ErrorKind) -> Iterator[tuple[int, str]]:
    """All (step index, corrupted step) of a kind."""
    *events, end = steps
    for index, step in enumerate(events):
        head, *clauses = step.removesuffix(".").split("; ")
        if kind in _FLIPS:
            for at, clause in enumerate(clauses):
                if flipped := _flip(clause, kind):
                    yield index, "; ".join([head, *clauses[:at], flipped, *clauses[at + 1 :]]) + "."
        elif kind is ErrorKind.UNKNOWN_EVENT:
            line, _, rest = step.partition(": ")
            yield index, f"Line {item.story.actions[-1].line + int(line.split()[1])}: {rest}"
        else:
            before, _, place = head.rpartition(" in ")
            for other in _other_places(item, place, kind, said=" says " in before):
                yield index, "; ".join([f"{before} in {other}", *clauses]) + "."
    answer = end.removesuffix(".").rpartition(" in the ")[2]
    for other in _other_conclusions(item, answer, kind):
        yield len(events), conclusion(item.question, other)


def _flip(clause: str, kind: ErrorKind) -> str | None:
    for old, new in _FLIPS[kind]:
        if old in clause and ("seems" in clause) == ("seems" in old):
            return clause.replace(old, new)
    return None


def _other_places(item: Item, place: str, kind: ErrorKind, said: bool) -> Iterator[str]:
    """Wrong places for the thing at some line, or in what somebody says."""
    visited = item.story.places(item.question.fact.thing)
    if kind is ErrorKind.WRONG_TIME and not said:
        yield from (p for p in visited if p != place)
    elif kind is ErrorKind.WRONG_PLACE:
        yield from (p for p in _elsewhere(item) if p != place)


def _other_conclusions(item: Item, answer: str, kind: ErrorKind) -> Iterator[str]:
    """Wrong ends of the argument."""
    chain, fact = item.question.chain, item.question.fact
    if not chain:
        yield from _other_places(item, answer, kind, said=False)
        return
    state = BeliefState(item.story, PROFILES[item.profile])
    held = [state.belief(chain, fact, event.line).value for event in item.story.about(fact)]
    stale = {v for v in held if v is not None and v != answer}
    visited = {p for p in item.story.places(fact.thing) if p != answer}
    if kind is ErrorKind.BELIEF_NOT_UPDATED:
        yield from sorted(stale)
    elif kind is ErrorKind.UPDATED_WITHOUT_PERCEPTION:
        yield from sorted(visited - stale)
    elif kind is ErrorKind.WRONG_PLACE:
        yield from (p for p in _elsewhere(item) if p != answer and p not in stale)


def _elsewhere(item: Item) -> tuple[str, ...]:
    """Places where the thing never was: those on offer, else one of our own."""
    visited = item.story.places(item.question.fact.thing)
    return tuple(p for p in item.question.choices if p not in visited) or ("golden_teapot",)


# -- the verifier verified --------------------------------------------------------------------

_COUNTS = ("n", "caught", "named", "false_alarms")


def self_test(n: int = 200, seed: int = 0) -> dict[str, Any]:
    """Judge the sound trace of about `n` generated items and one corruption of each kind of each.

    Returns:
        `passed`, and the counts behind it: `items`, `gold_sound`, and for each kind of error `n` made,
        `caught` at their step, `named` with the right kind, `false_alarms` elsewhere; `failures`
        holds the first ten, in words.
    """
    rng = np.random.default_rng(seed)
    count: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {kind.value: Counter() for kind in ErrorKind}
    failures: list[str] = []
    for item in _test_items(n, seed):
        checker = Checker(item)
        count["items"] += 1
        if _all_sound(checker.check(write_trace(*sound_steps(item)))):
            count["gold_sound"] += 1
        else:
            failures.append(f"{item.id} ({item.profile}): the sound trace is not judged sound")
        for kind in applicable(item):
            text, index = corrupt(item, rng, kind)
            caught, named, alarms = _accusations(checker.check(text), index, kind)
            kinds[kind.value].update(n=1, caught=caught, named=named, false_alarms=alarms)
            if not (caught and named) or alarms:
                failures.append(f"{item.id} ({item.profile}): {kind.value} at step {index} in {text!r}")
    return {
        "passed": not failures,
        "items": count["items"],
        "gold_sound": count["gold_sound"],
        "kinds": {kind: {key: found[key] for key in _COUNTS} for kind, found in kinds.items()},
        "failures": failures[:10],
    }


def _all_sound(verdict: Verdict) -> bool:
    judged = all(step.status is Status.SUPPORTED for step in verdict.steps)
    return verdict.sound and judged and verdict.coherent is True and not verdict.count(Status.UNCHECKABLE)


def _accusations(verdict: Verdict, index: int, kind: ErrorKind) -> tuple[bool, bool, int]:
    """(caught at the step, with the right kind, claims or steps accused wrongly)."""
    wrong = [c for c in verdict.steps[index].claims if c.status is Status.CONTRADICTED]
    other = sum(s.status is Status.CONTRADICTED for i, s in enumerate(verdict.steps) if i != index)
    # A line that does not exist takes all claims of its step with it; other errors are one claim.
    extra = 0 if kind is ErrorKind.UNKNOWN_EVENT else max(0, len(wrong) - 1)
    return bool(wrong), bool(wrong) and all(c.error is kind for c in wrong), other + extra


def _test_items(n: int, seed: int) -> Iterator[Item]:
    """Both modes, all orders, both registers, claims, both ways to treat them."""
    each = max(2, n // 8)
    yield from generate(Recipe(orders=(1, 2, 3, 4)), seed, "self-test", 2 * each)
    yield from generate(Recipe(orders=(1, 2), register="inverted"), seed, "self-test inverted", each)
    for chapters, deception in ((1, False), (1, True), (2, True), (3, True)):
        recipe = Recipe("hitom", (0, 1, 2, 3, 4), chapters=chapters, deception=deception)
        for item in generate(recipe, seed, f"self-test {chapters} {deception}", max(5, each)):
            yield item
            if deception and chapters == 1:
                yield replace(item, profile="hitom-release")
