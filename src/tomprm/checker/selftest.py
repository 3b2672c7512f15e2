"""The verifier verified, on sound traces and on all kinds of error, in every benchmark's semantics.

`tomprm check --self-test` runs this: every sound trace has to be judged sound, every corrupted one has to
be contradicted at its step, for its reason, with nothing else accused, and a brute-force engine has to
give the same answer. Stories are random; the data sets are not needed. BigToM is left out: its questions
are about states of things, for which the canonical form has no words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from tomprm.belief.generate import Recipe, generate, seeded
from tomprm.belief.wild import wild_items
from tomprm.checker.check import Checker
from tomprm.checker.corrupt import Corruption, corruptions
from tomprm.checker.oracle import oracle_answer
from tomprm.checker.verdict import ErrorKind, Status, Verdict
from tomprm.trace.canonical import running_steps, sound_steps, write_trace
from tomprm.world.items import Item

_COUNTS = ("n", "caught", "named", "false_alarms")
_MANY = 10**9
_TIMES = {ErrorKind.NAMES_SWAPPED: 3, ErrorKind.WRONG_TRUST: 3}  # rare ones are planted again


def self_test(n: int = 1000, seed: int = 0, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Judge `n` traces: for each item its sound trace and one error of each kind that it admits. Traces of
    every other pair of items state the belief after each line.

    Args:
        progress: called with the number of traces judged so far.

    Returns:
        `passed`, and the counts behind it: `items`, `traces`, `gold_sound`; for each kind of error `n`
        made, `caught` at their step, `named` with the right kind, `false_alarms` elsewhere; the same over
        all kinds by `profiles` and by `orders`; `oracle`: items `asked` and how many `agree`; `failures`
        holds the first ten, in words.
    """
    items = traces = sound = agree = 0
    kinds: dict[str, Counter[str]] = {kind.value: Counter() for kind in ErrorKind}
    profiles: dict[str, Counter[str]] = {}
    orders: dict[int, Counter[str]] = {}
    failures: list[str] = []
    for item in _items(seed):
        where = f"{item.id} ({item.profile})"
        groups = (
            profiles.setdefault(item.profile, Counter()),
            orders.setdefault(item.question.order, Counter()),
        )
        rng, checker = seeded(seed, f"self-test/{item.id}/{item.profile}", 0), Checker(item)
        running = items % 4 >= 2
        steps, answer = running_steps(item) if running else sound_steps(item)
        good = _all_sound(checker.check(write_trace(steps, answer)))
        same = oracle_answer(item) == answer
        for group in groups:
            group.update(items=1, traces=1, gold_sound=good, oracle=same)
        items, traces, sound, agree = items + 1, traces + 1, sound + good, agree + same
        if not good:
            failures.append(f"{where}: the sound trace is not judged sound")
        if not same:
            failures.append(f"{where}: answer {answer!r}, by brute force {oracle_answer(item)!r}")
        options = corruptions(item, running)
        made = [k for k in ErrorKind if k in options for _ in range(_TIMES.get(k, 1))]
        for kind in made[: n - traces]:
            planted = options[kind][int(rng.integers(len(options[kind])))]
            caught, named, alarms = _accusations(checker.check(planted.text), planted, len(steps))
            for group in (kinds[kind.value], *groups):
                group.update(n=1, caught=caught, named=named, false_alarms=alarms)
            for group in groups:
                group.update(traces=1)
            traces += 1
            if not (caught and named) or alarms:
                failures.append(f"{where}: {kind.value} at step {planted.step} in {planted.text!r}")
        if progress is not None:
            progress(traces)
        if traces >= n:
            break
    keys = ("items", "traces", "gold_sound", "oracle", *_COUNTS)
    return {
        "passed": not failures,
        "items": items,
        "traces": traces,
        "gold_sound": sound,
        "oracle": {"asked": items, "agree": agree},
        "kinds": {kind: {key: found[key] for key in _COUNTS} for kind, found in kinds.items()},
        "profiles": {name: {key: found[key] for key in keys} for name, found in sorted(profiles.items())},
        "orders": {str(order): {key: found[key] for key in keys} for order, found in sorted(orders.items())},
        "failures": failures[:10],
    }


def _all_sound(verdict: Verdict) -> bool:
    judged = all(step.status is Status.SUPPORTED for step in verdict.steps)
    right = verdict.answer_status is Status.SUPPORTED and verdict.answer_error is None
    claims = verdict.sound and verdict.coherent is True and not verdict.count(Status.UNCHECKABLE)
    return judged and right and claims


def _accusations(verdict: Verdict, planted: Corruption, steps: int) -> tuple[bool, bool, int]:
    """(caught at its place, with the right kind, claims, steps or answers accused wrongly)."""
    wrong = [i for i, s in enumerate(verdict.steps) if s.status is Status.CONTRADICTED]
    if planted.step is None:
        caught = verdict.answer_error is not None
        return caught, verdict.answer_error is planted.kind, len(wrong)
    claims = [c for c in verdict.steps[planted.step].claims if c.status is Status.CONTRADICTED]
    named = bool(claims) and all(c.error is planted.kind for c in claims)
    # A line that does not exist takes all claims of its step with it; other errors are one claim.
    extra = 0 if planted.kind is ErrorKind.UNKNOWN_EVENT else max(0, len(claims) - 1)
    # The answer stays right: after a wrong conclusion it does not follow, after other errors it does.
    answer = verdict.answer_error is not None and planted.step < steps - 1
    return bool(claims), named, sum(i != planted.step for i in wrong) + extra + answer


def _items(seed: int) -> Iterator[Item]:
    """Items without end, one of each sort by turns: all profiles, orders 0 to 4, registers, chapters,
    claims."""
    sorts = [
        generate(Recipe(orders=(1, 2, 3, 4)), seed, "self-test", _MANY),
        generate(Recipe(orders=(1, 2, 3, 4), register="inverted"), seed, "self-test inverted", _MANY),
        *(_hitom(profile, seed) for profile in ("hitom-clean", "hitom-release", "hitom-vp")),
        *(wild_items(profile, seed) for profile in ("exploretom", "tomi", "opentom", "fantom")),
        wild_items("exploretom", seed + 1),  # the richest language twice
    ]
    for turn in count():
        yield next(item for item in sorts[turn % len(sorts)] if _answerable(item))


def _hitom(profile: str, seed: int) -> Iterator[Item]:
    """Hi-ToM's own scheme at all lengths, with and without claims, in one of its three semantics."""
    shapes = ((1, False), (1, True), (2, True), (3, True))
    streams = [
        generate(
            Recipe("hitom", (4, 3, 2, 1, 0), chapters=chapters, deception=claims),
            seed,
            f"self-test {chapters} {claims}",
            _MANY,
        )
        for chapters, claims in shapes
    ]
    for turn in count():
        yield replace(next(streams[turn % len(streams)]), profile=profile)


def _answerable(item: Item) -> bool:
    """Has the story an answer? A chain of Hi-ToM's later chapters may have seen nothing."""
    try:
        sound_steps(item)
    except ValueError:
        return False
    return True
