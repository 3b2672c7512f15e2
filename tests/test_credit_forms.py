"""Which form of credit, and which baseline, can be gamed how: declared here, held true by the tests, and
printed into docs/credit.md by scripts/credit_table.py.

A cell says what a change of one trace does to what the rollout earns in all: `=` nothing, `<=` never more
(and on the example given, less), `>` more (on the example given).
"""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomprm.belief.generate import Recipe, generate
from tomprm.config import CreditConfig, RewardConfig
from tomprm.rewards.credit import ScoredSteps, kept, scored_steps, token_credit, token_rewards
from tomprm.rewards.credit.baselines import BASELINES
from tomprm.rewards.credit.forms import FORMS
from tomprm.rewards.shaping import Reward, score
from tomprm.trace.canonical import narrate_sound

# -- traces -------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A step of `size` tokens; scores as of the checker: 1 supported, -1 contradicted, 0 no claim."""

    progress: float
    score: float
    met: tuple[int, ...] = ()
    size: int = 2


Trace = tuple[Step, ...]


class Rollout(NamedTuple):
    trace: Trace
    right: bool = True


def scored(rollout: Rollout) -> ScoredSteps:
    trace = rollout.trace
    ends = tuple(int(e) - 1 for e in np.cumsum([s.size for s in trace]))
    progress, scores, met, _ = zip(*trace, strict=True) if trace else ((), (), (), ())
    return ScoredSteps(1 + sum(s.size for s in trace), ends, progress, scores, met, float(rollout.right))


def credits_of(group: list[Rollout], credit: CreditConfig) -> list[np.ndarray]:
    return token_credit([scored(r) for r in group], credit)


def earned(group: list[Rollout], credit: CreditConfig) -> float:
    """By the group's first rollout, in all."""
    return float(credits_of(group, credit)[0].sum())


# -- changes that ought to earn nothing -----------------------------------------------------------


def duplicate(trace: Trace, at: int, later: int) -> Trace:
    """A right step said again: established nothing new, so no progress."""
    assert trace[at].score == 1 and later > at
    return (*trace[:later], trace[at]._replace(progress=0.0, met=()), *trace[later:])


def split(trace: Trace, at: int, first: Step, second: Step) -> Trace:
    """One step's claims in two steps: progress, obligations and tokens are shared out, and the worse of the
    judgements is the whole step's."""
    whole = trace[at]
    assert first.progress + second.progress == pytest.approx(whole.progress)
    assert first.met + second.met == whole.met and first.size + second.size == whole.size
    assert worse(first.score, second.score) == whole.score
    return (*trace[:at], first, second, *trace[at + 1 :])


def merge(trace: Trace, at: int) -> Trace:
    a, b = trace[at : at + 2]
    both = Step(a.progress + b.progress, worse(a.score, b.score), a.met + b.met, a.size + b.size)
    return (*trace[:at], both, *trace[at + 2 :])


def pad(trace: Trace, at: int) -> Trace:
    return (*trace[:at], Step(0.0, 0.0), *trace[at:])


def worse(a: float, b: float) -> float:
    """As the checker does: contradicted before supported before no claim."""
    return min(a, b) if min(a, b) < 0 else max(a, b)


CHANGES = {"duplicate": duplicate, "split": split, "merge": merge, "pad": pad}

# -- declarations -------------------------------------------------------------------------------

PROPERTIES = {
    "duplicate": "repeat a right step",
    "split": "split a step",
    "merge": "merge two steps",
    "pad": "add a step without a claim",
}
DECLARED: dict[str, dict[str, str]] = {
    "sum": {"duplicate": "=", "split": "=", "merge": "=", "pad": "="},
    "process_supervision": {"duplicate": ">", "split": ">", "merge": ">", "pad": ">"},
    "min_soft": {"duplicate": ">", "split": ">", "merge": ">", "pad": ">"},
    "min_strict": {"duplicate": "=", "split": "<=", "merge": ">", "pad": "<="},
    "clip": {"duplicate": "=", "split": "<=", "merge": ">", "pad": "<="},
    "delta": {"duplicate": "=", "split": ">", "merge": ">", "pad": ">"},
    "first_error": {"duplicate": "=", "split": ">", "merge": ">", "pad": "="},
    "outcome_gated": {"duplicate": "=", "split": "=", "merge": "=", "pad": "="},
    "prof": {"duplicate": ">", "split": ">", "merge": ">", "pad": ">"},
    "outcome": {"duplicate": "=", "split": "=", "merge": "=", "pad": "="},
}
BASELINES_DECLARED: dict[str, dict[str, str]] = {  # each on the form `sum`
    "none": {"duplicate": "=", "split": "=", "merge": "=", "pad": "="},
    "group_mean": {"duplicate": ">", "split": ">", "merge": ">", "pad": ">"},
    "leave_one_out": {"duplicate": ">", "split": ">", "merge": ">", "pad": ">"},
    "token": {"duplicate": ">", "split": "=", "merge": "=", "pad": ">"},
    "event": {"duplicate": "=", "split": "=", "merge": "=", "pad": "="},
}
# A sound trace with a right answer earns more than an empty one beside it.
SOUND_BEATS_EMPTY = {
    "sum": True, "process_supervision": False, "min_soft": True, "min_strict": True, "clip": False,
    "delta": True, "first_error": True, "outcome_gated": True, "prof": True, "outcome": False,
}  # fmt: skip
# What of a rollout a form reads.
READS = {
    "sum": {"progress"}, "process_supervision": {"scores"}, "min_soft": {"scores"}, "min_strict": {"scores"},
    "clip": {"scores"}, "delta": {"scores"}, "first_error": {"progress", "scores"},
    "outcome_gated": {"progress", "outcome"}, "prof": {"progress", "scores", "outcome"},
    "outcome": set[str](),
}  # fmt: skip
# The expected policy gradient is what it is without a baseline; identical rollouts earn nothing.
UNBIASED = {"none": True, "group_mean": False, "leave_one_out": False, "token": False, "event": True}
LEVELS = {"none": False, "group_mean": True, "leave_one_out": True, "token": False, "event": False}


class Bound(NamedTuple):
    """Where every token's return lies (no baseline, gamma 1, weight 1), in words and as code."""

    words: str
    low: Any  # (rollout, steps in the group, credit) -> float
    high: Any


_PAID = Bound(
    "± the sum of what shaping pays",
    lambda s, n, c: -sum(map(abs, s.progress)),
    lambda s, n, c: sum(map(abs, s.progress)),
)
_ONE = Bound("[-1, 1]", lambda s, n, c: -1.0, lambda s, n, c: 1.0)
BOUNDS: dict[str, Bound] = {
    "sum": _PAID,
    "process_supervision": Bound(
        "± K √(N - 1), N steps in the group",
        lambda s, n, c: -len(s.ends) * math.sqrt(max(0, n - 1)),
        lambda s, n, c: len(s.ends) * math.sqrt(max(0, n - 1)),
    ),
    "min_soft": _ONE,
    "min_strict": _ONE,
    "clip": Bound(
        "[-K (1 + threshold), 0]",
        lambda s, n, c: -len(s.ends) * (1 + c.threshold),
        lambda s, n, c: 0.0,
    ),
    "delta": _ONE,
    "first_error": _PAID,
    "outcome_gated": _PAID,
    "prof": _PAID,
    "outcome": Bound("0", lambda s, n, c: 0.0, lambda s, n, c: 0.0),
}

# -- examples of `>` and of less in `<=`: (the group, arguments of the change to the first trace) ----

GOOD, BAD, NONE = Step(0.0, 1.0), Step(0.0, -1.0), Step(0.0, 0.0)
_CLEAN = Rollout((GOOD, GOOD))
_WRONG = Rollout((BAD, BAD))
# PROF drops one of two right rollouts: the first, until its steps look better on average than the other's.
_UPWARD = [Rollout((Step(0.5, 1.0), BAD)), Rollout((GOOD, GOOD, GOOD, BAD, BAD))]
_EARNING, _LOSING = Rollout((Step(1.0, 1.0),)), Rollout((Step(-1.0, -1.0),))
EXAMPLES: dict[tuple[str, str], tuple[list[Rollout], tuple[Any, ...]]] = {
    ("process_supervision", "duplicate"): ([_CLEAN, _WRONG], (0, 1)),
    ("process_supervision", "split"): ([_CLEAN, _WRONG], (0, Step(0, 1, (), 1), Step(0, 1, (), 1))),
    ("process_supervision", "merge"): ([_WRONG, _CLEAN], (0,)),
    ("process_supervision", "pad"): ([_WRONG, _WRONG], (0,)),
    ("min_soft", "duplicate"): ([Rollout((GOOD, NONE))], (0, 1)),
    ("min_soft", "split"): ([Rollout((GOOD, NONE))], (0, Step(0, 1, (), 1), Step(0, 1, (), 1))),
    ("min_soft", "merge"): ([Rollout((GOOD, NONE))], (0,)),
    ("min_soft", "pad"): ([Rollout((BAD,))], (0,)),
    ("min_strict", "split"): ([Rollout((GOOD,))], (0, Step(0, 1, (), 1), Step(0, 0, (), 1))),
    ("min_strict", "merge"): ([Rollout((GOOD, NONE))], (0,)),
    ("min_strict", "pad"): ([Rollout((GOOD,))], (0,)),
    ("clip", "split"): ([Rollout((BAD,))], (0, Step(0, -1, (), 1), Step(0, -1, (), 1))),
    ("clip", "merge"): ([Rollout((BAD, BAD))], (0,)),
    ("clip", "pad"): ([Rollout((GOOD,))], (0,)),  # with a threshold above 0
    ("delta", "split"): ([Rollout((BAD,))], (0, Step(0, 1, (), 1), Step(0, -1, (), 1))),
    ("delta", "merge"): ([Rollout((NONE, GOOD))], (0,)),
    ("delta", "pad"): ([Rollout((BAD,))], (0,)),
    ("first_error", "split"): ([Rollout((Step(-2, -1),))], (0, Step(-1, -1, (), 1), Step(-1, -1, (), 1))),
    ("first_error", "merge"): ([Rollout((BAD, Step(1, 1)))], (0,)),
    ("prof", "duplicate"): (_UPWARD, (0, 1)),
    ("prof", "split"): (_UPWARD, (0, Step(0.5, 1, (), 1), Step(0, 1, (), 1))),
    ("prof", "merge"): ([Rollout((Step(0.5, 1.0), GOOD, BAD, BAD)), _UPWARD[1]], (2,)),
    ("prof", "pad"): ([Rollout((Step(0.5, 1.0), BAD, BAD)), Rollout((BAD,) * 3 + (NONE,) * 7)], (1,)),
    ("group_mean", "duplicate"): ([Rollout((GOOD,)), _LOSING], (0, 1)),
    ("group_mean", "split"): ([Rollout((GOOD,)), _LOSING], (0, Step(0, 1, (), 1), Step(0, 1, (), 1))),
    ("group_mean", "merge"): ([Rollout((GOOD, GOOD)), _EARNING], (0,)),
    ("group_mean", "pad"): ([Rollout((GOOD,)), _LOSING], (0,)),
    ("leave_one_out", "duplicate"): ([Rollout((GOOD,)), _LOSING], (0, 1)),
    ("leave_one_out", "split"): ([Rollout((GOOD,)), _LOSING], (0, Step(0, 1, (), 1), Step(0, 1, (), 1))),
    ("leave_one_out", "merge"): ([Rollout((GOOD, GOOD)), _EARNING], (0,)),
    ("leave_one_out", "pad"): ([Rollout((GOOD,)), _LOSING], (0,)),
    ("token", "duplicate"): ([Rollout((GOOD,)), _LOSING], (0, 1)),
    ("token", "pad"): ([Rollout((GOOD,)), _LOSING], (0,)),
}  # fmt: skip


def configured(name: str, change: str) -> CreditConfig:
    """The config under which a cell's example counts."""
    if name in BASELINES_DECLARED:
        return CreditConfig(baseline=name)  # pyright: ignore[reportArgumentType]
    threshold = 0.5 if (name, change) == ("clip", "pad") else 0.0
    return CreditConfig(form=name, threshold=threshold)  # pyright: ignore[reportArgumentType]


# -- random groups ------------------------------------------------------------------------------

_VALUES = st.integers(-8, 8).map(lambda k: k / 8)
_JUDGED, _ANY = st.sampled_from((-1.0, 0.0, 1.0)), st.floats(-1, 1)


@st.composite
def traces(draw: st.DrawFn, scores: Any = _JUDGED, most: int = 6) -> Trace:
    """Steps that share out obligations, each established at most once."""
    count = draw(st.integers(0, most))
    owner = draw(st.lists(st.integers(0, 2 * most), max_size=4))  # of obligation o: the step, if there is one
    return tuple(
        Step(
            draw(_VALUES),
            draw(scores),
            tuple(o for o, step in enumerate(owner) if step == k),
            draw(st.integers(2, 4)),
        )
        for k in range(count)
    )


def groups(scores: Any = _JUDGED, least: int = 1) -> st.SearchStrategy[list[Rollout]]:
    rollout = st.builds(Rollout, traces(scores), st.booleans())
    return st.lists(rollout, min_size=1, max_size=5)


def configs(**fixed: Any) -> st.SearchStrategy[CreditConfig]:
    drawn = {
        "form": st.sampled_from(list(DECLARED)),
        "baseline": st.sampled_from(list(BASELINES_DECLARED)),
        "temperature": st.sampled_from([1e-300, 1e-3, 0.1, 1.0, 1e6]),
        "threshold": st.sampled_from([-1.0, 0.0, 0.3, 1.0]),
        "keep": st.sampled_from([0.1, 0.5, 0.75, 1.0]),
    }
    return st.builds(CreditConfig, **(drawn | {k: st.just(v) for k, v in fixed.items()}))


def changed(change: str, trace: Trace, data: st.DataObject) -> Trace:
    """The change at a random place; steps are put in where it needs some."""
    if change == "pad":
        return pad(trace, data.draw(st.integers(0, len(trace))))
    at = data.draw(st.integers(0, max(0, len(trace) - 1 - (change == "merge"))))
    if change == "merge":
        return merge(trace, at)
    if change == "duplicate":
        rights = [i for i, s in enumerate(trace) if s.score == 1]
        at = data.draw(st.sampled_from(rights))
        return duplicate(trace, at, data.draw(st.integers(at + 1, len(trace))))
    whole = trace[at]
    share = data.draw(_VALUES)
    cut, size = data.draw(st.integers(0, len(whole.met))), data.draw(st.integers(1, whole.size - 1))
    milder = data.draw(st.sampled_from({1.0: [1.0, 0.0], 0.0: [0.0], -1.0: [-1.0, 0.0, 1.0]}[whole.score]))
    judged = [whole.score, milder] if data.draw(st.booleans()) else [milder, whole.score]
    first = Step(share, judged[0], whole.met[:cut], size)
    second = Step(whole.progress - share, judged[1], whole.met[cut:], whole.size - size)
    return split(trace, at, first, second)


def possible(change: str, trace: Trace) -> bool:
    return {
        "pad": True,
        "merge": len(trace) > 1,
        "split": len(trace) > 0,
        "duplicate": any(s.score == 1 for s in trace),
    }[change]


CELLS = [
    (name, change, cell)
    for table in (DECLARED, BASELINES_DECLARED)
    for name, row in table.items()
    for change, cell in row.items()
]
NAMES = [f"{name}-{change}-{cell}" for name, change, cell in CELLS]

# -- the tables are true ------------------------------------------------------------------------


def test_the_tables_are_complete() -> None:
    fields = CreditConfig.model_fields
    forms, baselines = (set(get_args(fields[key].annotation)) for key in ("form", "baseline"))
    assert forms == set(FORMS) == set(DECLARED) == set(BOUNDS)
    assert forms == set(SOUND_BEATS_EMPTY) == set(READS)
    assert baselines == set(BASELINES) == set(BASELINES_DECLARED) == set(UNBIASED) == set(LEVELS)
    assert all(set(row) == set(CHANGES) == set(PROPERTIES) for row in DECLARED.values())
    assert set(EXAMPLES) == {(name, change) for name, change, cell in CELLS if cell != "="}


@pytest.mark.parametrize(("name", "change", "cell"), [c for c in CELLS if c[2] != ">"])
@settings(max_examples=30)
@given(data=st.data())
def test_what_a_change_never_earns(name: str, change: str, cell: str, data: st.DataObject) -> None:
    fixed = (
        {"baseline": name, "form": "sum"}
        if name in BASELINES_DECLARED
        else {"form": name, "baseline": "none"}
    )
    credit = data.draw(configs(**fixed))
    group = data.draw(groups().filter(lambda g: possible(change, g[0].trace)))
    after = [group[0]._replace(trace=changed(change, group[0].trace, data)), *group[1:]]
    gain = earned(after, credit) - earned(group, credit)
    assert gain <= 1e-9
    assert cell == "<=" or gain >= -1e-9


@pytest.mark.parametrize(("name", "change", "cell"), [c for c in CELLS if c[2] != "="])
def test_what_a_change_does_earn(name: str, change: str, cell: str) -> None:
    group, place = EXAMPLES[name, change]
    credit = configured(name, change)
    after = [group[0]._replace(trace=CHANGES[change](group[0].trace, *place)), *group[1:]]
    gain = earned(after, credit) - earned(group, credit)
    assert gain > 1e-5 if cell == ">" else gain < -1e-5


@pytest.mark.parametrize("form", list(DECLARED))
@settings(max_examples=30)
@given(shares=st.lists(st.integers(1, 8).map(lambda k: k / 40), min_size=1, max_size=5))
def test_a_sound_trace_beside_an_empty_one(form: str, shares: list[float]) -> None:
    sound = Rollout(tuple(Step(share, 1.0, (k,)) for k, share in enumerate(shares)))
    group = [sound, Rollout((), right=False)]
    paid = credits_of(group, CreditConfig(form=form))  # pyright: ignore[reportArgumentType]
    assert not paid[1].any()
    assert bool(paid[0].sum() > 1e-9) is SOUND_BEATS_EMPTY[form]


@pytest.mark.parametrize("form", list(DECLARED))
def test_what_a_form_reads(form: str) -> None:
    """Other values of what it does not read change nothing, of what it reads, something."""
    credit = CreditConfig(form=form)  # pyright: ignore[reportArgumentType]
    rng = np.random.default_rng(0)

    def drawn(field: str) -> dict[str, Any]:
        return {field: float(rng.random() < 0.5) if field == "outcome" else tuple(rng.uniform(-1, 1, 3))}

    found: set[str] = set()
    for _ in range(40):
        group = [ScoredSteps(4, (0, 1, 2), (0.0,) * 3, (0.0,) * 3, ((),) * 3, 0.0)] * 4
        group = [replace(s, **drawn("progress"), **drawn("scores"), **drawn("outcome")) for s in group]
        before = token_credit(group, credit)
        for field in ("progress", "scores", "outcome"):
            after = token_credit([replace(s, **drawn(field)) for s in group], credit)
            if not all(map(np.array_equal, before, after)):
                found.add(field)
    assert found == READS[form]


@pytest.mark.parametrize("form", list(DECLARED))
@settings(max_examples=30)
@given(data=st.data())
def test_returns_are_bounded(form: str, data: st.DataObject) -> None:
    credit = data.draw(configs(form=form, baseline="none"))
    group = data.draw(groups(_ANY))
    steps = sum(len(r.trace) for r in group)
    for rollout, paid in zip(group, credits_of(group, credit), strict=True):
        returns = np.cumsum(paid[::-1])
        bound, s = BOUNDS[form], scored(rollout)
        assert bound.low(s, steps, credit) - 1e-9 <= returns.min()
        assert returns.max() <= bound.high(s, steps, credit) + 1e-9


# -- of all forms with all baselines --------------------------------------------------------------


@settings(max_examples=200)
@given(groups(_ANY), configs(), st.integers(0, 2**32 - 1))
def test_finite_in_shape_and_the_order_of_rollouts_is_nothing(
    group: list[Rollout], credit: CreditConfig, seed: int
) -> None:
    paid = credits_of(group, credit)
    stays = kept([scored(r) for r in group], credit)
    for rollout, row, stay in zip(group, paid, stays, strict=True):
        assert row.shape == (scored(rollout).tokens,) and row.dtype == np.float64
        assert np.isfinite(row).all()
        assert stay or not row.any()
    order = np.random.default_rng(seed).permutation(len(group))
    other = credits_of([group[i] for i in order], credit)
    for i, row in zip(order, other, strict=True):
        twins = [k for k, r in enumerate(group) if r == group[i]]  # of which PROF may drop either
        assert any(np.allclose(row, paid[k], atol=1e-6) for k in twins)
    other_stays = kept([scored(group[i]) for i in order], credit)
    assert sum(other_stays) == sum(stays) >= min(1, len(group))


@settings(max_examples=80)
@given(groups(_ANY), configs())
def test_empty_traces(group: list[Rollout], credit: CreditConfig) -> None:
    """One without steps earns nothing, but what `event` charges it for having established nothing."""
    group = [Rollout((), right=False), *group]
    first = credits_of(group, credit)[0]
    assert first.shape == (1,) and (credit.baseline == "event" or not first.any())
    nothing = [Rollout(()), Rollout((), right=False)]
    assert not any(row.any() for row in credits_of(nothing, credit))
    none = ScoredSteps(0, (), (), (), (), 0.0)
    assert [row.shape for row in token_credit([none, none], credit)] == [(0,), (0,)]
    assert token_credit([], credit) == []


@settings(max_examples=80)
@given(groups(_ANY), configs())
def test_one_rollout_has_nothing_to_be_compared_with(group: list[Rollout], credit: CreditConfig) -> None:
    alone = group[:1]
    assert kept([scored(r) for r in alone], credit) == [True]
    plain = credits_of(alone, credit.model_copy(update={"baseline": "none"}))
    assert np.array_equal(credits_of(alone, credit)[0], plain[0])


@settings(max_examples=80)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=5), st.floats(-1, 1), configs())
def test_all_rewards_equal(counts: list[int], value: float, credit: CreditConfig) -> None:
    group = [Rollout((Step(value, value),) * count) for count in counts]
    paid = credits_of(group, credit)
    assert all(np.isfinite(row).all() for row in paid)
    if credit.form == "process_supervision" and credit.baseline in ("none", "group_mean"):
        assert not any(row.any() for row in paid)


@pytest.mark.parametrize("baseline", list(LEVELS))
@settings(max_examples=30)
@given(trace=traces(), n=st.integers(2, 4))
def test_identical_rollouts(baseline: str, trace: Trace, n: int) -> None:
    credit = CreditConfig(baseline=baseline)  # pyright: ignore[reportArgumentType]
    if LEVELS[baseline]:
        assert earned([Rollout(trace)] * n, credit) == pytest.approx(0, abs=1e-9)
    else:
        assert earned([Rollout((Step(1.0, 1.0),))] * n, credit) > 0
    if baseline == "event":  # what rests on obligations is levelled
        open_steps = sum(s.progress for s in trace if not s.met)
        assert earned([Rollout(trace)] * n, credit) == pytest.approx(open_steps, abs=1e-9)


# -- the expected gradient ------------------------------------------------------------------------

_STEPS = (Step(0.5, 1.0, (0,), 1), Step(0.3, 1.0, (1,), 1), Step(-0.1, -1.0, (), 1))  # and a token that stops
_STOP = len(_STEPS)
_LOGITS = np.random.default_rng(0).normal(size=(3, _STOP + 1))


def all_rollouts() -> list[tuple[float, np.ndarray, Rollout]]:
    """Of a policy that writes at most three steps: probability, the gradient of each token's log-probability
    (T, *logits), and the trace. An obligation established again earns nothing."""
    p = np.exp(_LOGITS) / np.exp(_LOGITS).sum(1, keepdims=True)
    found: list[tuple[float, np.ndarray, Rollout]] = []
    for actions in itertools.product(range(_STOP + 1), repeat=3):
        written = actions[: actions.index(_STOP)] if _STOP in actions else actions
        if _STOP in actions and any(a != _STOP for a in actions[len(written) :]):
            continue  # the same rollout under another name
        trace: list[Step] = []
        for action in written:
            step = _STEPS[action]
            again = any(step.met and step.met == s.met for s in trace)
            trace.append(step._replace(progress=0.0, met=()) if again else step)
        tokens = [*written, _STOP] if _STOP in actions else list(written)
        gradient = np.zeros((len(trace) + 1, *_LOGITS.shape))
        probability = 1.0
        for t, action in enumerate(tokens):
            gradient[t, t] = (np.arange(_STOP + 1) == action) - p[t]
            probability *= p[t, action]
        found.append((probability, gradient, Rollout(tuple(trace))))
    return found


def expected_gradient(baseline: str) -> np.ndarray:
    """Exactly: over all pairs of rollouts."""
    credit = CreditConfig(baseline=baseline)  # pyright: ignore[reportArgumentType]
    total = np.zeros(_LOGITS.shape)
    rollouts = all_rollouts()
    assert sum(p for p, _, _ in rollouts) == pytest.approx(1)
    for (p, gradient, one), (q, _, other) in itertools.product(rollouts, repeat=2):
        returns = np.cumsum(credits_of([one, other], credit)[0][::-1])[::-1]
        total += p * q * np.tensordot(returns, gradient, 1)
    return total


@pytest.mark.parametrize("baseline", [b for b in UNBIASED if b != "none"])
def test_the_expected_gradient(baseline: str) -> None:
    off = np.abs(expected_gradient(baseline) - expected_gradient("none")).max()
    assert off < 1e-12 if UNBIASED[baseline] else off > 0.01


# -- forms and baselines by hand -------------------------------------------------------------------


def ends_pay(form: str, scores: tuple[float, ...], **settings: Any) -> list[float]:
    trace = tuple(Step(0.1 * k, s, (), 1) for k, s in enumerate(scores, 1))
    credit = CreditConfig(form=form, **settings)  # pyright: ignore[reportArgumentType]
    return credits_of([Rollout(trace)], credit)[0][:-1].round(9).tolist()


def test_forms_by_hand() -> None:
    assert ends_pay("sum", (1, -1, 0)) == [0.1, 0.2, 0.3]
    assert ends_pay("outcome", (1, -1, 0)) == [0, 0, 0]
    assert ends_pay("first_error", (1, -1, 0)) == [0.1, 0.2, 0]
    assert ends_pay("clip", (1, -1, 0)) == [0, -1, 0]
    assert ends_pay("clip", (1, -1, 0), threshold=0.5) == [0, -1.5, -0.5]
    assert ends_pay("delta", (1, -1, 0)) == [2, -1, 0]
    assert ends_pay("min_strict", (1, 0.2, 0.5)) == [0, -0.3, 0.5]  # returns 0.2, 0.2, 0.5: none is 0
    w = np.exp([-10.0, 10.0])
    assert ends_pay("min_soft", (1, -1)) == pytest.approx([w[0] / w.sum(), -w[1] / w.sum()], abs=1e-8)
    assert ends_pay("min_soft", (0.5, 0.5)) == [0.25, 0.25]
    z = math.sqrt(1.5)
    assert ends_pay("process_supervision", (1, -1, 0)) == pytest.approx([z, -z, 0])


def test_outcome_gated_pays_right_answers_alone() -> None:
    group = [Rollout((Step(0.5, 1),)), Rollout((Step(0.5, 1),), right=False)]
    paid = credits_of(group, CreditConfig(form="outcome_gated"))
    assert [row.sum() for row in paid] == [0.5, 0]


def test_process_supervision_pools_the_group() -> None:
    paid = credits_of([_CLEAN, Rollout((BAD,))], CreditConfig(form="process_supervision"))
    scores = np.array([1, 1, -1])
    wanted = (scores - scores.mean()) / scores.std()
    assert [row.sum() for row in paid] == pytest.approx([wanted[:2].sum(), wanted[2]])


def test_prof_keeps_the_consistent_and_balances() -> None:
    """Six right, two wrong, four go: four of the right, those with the worst steps."""
    rights = [Rollout((Step(0.1, s, ()),) * 2) for s in (-1, -0.5, 0, 0.5, 0.8, 1)]
    wrongs = [Rollout((Step(0.1, s, ()),) * 2, right=False) for s in (1, -1)]
    group = [scored(r) for r in rights + wrongs]
    credit = CreditConfig(form="prof")
    assert kept(group, credit) == [False] * 4 + [True] * 4
    # Four of each: two go of each, and of the wrong ones those with right steps.
    even = [scored(r._replace(right=k % 2 == 0)) for k, r in enumerate([*rights, *rights[:2]])]
    assert sum(kept(even, credit)[::2]) == sum(kept(even, credit)[1::2]) == 2
    assert kept([scored(w) for w in wrongs], credit) == [False, True]
    # A trace of a single step is suspicious, however right.
    short = [Rollout((GOOD,)), Rollout((NONE, NONE))]
    assert kept([scored(r) for r in short], credit) == [False, True]
    assert all(kept(group, replace_(credit, form="sum"))) and all(kept(group, replace_(credit, keep=1.0)))


def replace_(credit: CreditConfig, **changes: Any) -> CreditConfig:
    return CreditConfig.model_validate(credit.model_dump() | changes)


def test_baselines_by_hand() -> None:
    group = [
        Rollout((Step(0.6, 1, (0,), 3), Step(0.2, 1, (), 2))),  # 6 tokens
        Rollout((Step(0.3, 1, (0, 1), 4),)),  # 5
        Rollout(()),  # 1
    ]
    paid = {b: credits_of(group, CreditConfig(baseline=b)) for b in UNBIASED}  # pyright: ignore
    mean = (0.4 + 0.3 + 0) / 3
    assert [r[r != 0].tolist() for r in paid["group_mean"]] == [
        pytest.approx([0.6 - mean, 0.2 - mean]), pytest.approx([0.3 - mean]), [],
    ]  # fmt: skip
    assert [r[r != 0].tolist() for r in paid["leave_one_out"]] == [
        pytest.approx([0.6 - 0.15, 0.2 - 0.15]), pytest.approx([0.3 - 0.2]), [],
    ]  # fmt: skip
    assert [r[r != 0].tolist() for r in paid["token"]] == [
        pytest.approx([0.6 - 3 * 0.3 / 6, 0.2 - 2 * 0.3 / 6]), pytest.approx([0.3 - 4 * 0.8 / 7]), [],
    ]  # fmt: skip
    # Obligation 0 earned 0.6, 0.15 and 0; obligation 1 earned 0, 0.15 and 0.
    assert [r[r != 0].tolist() for r in paid["event"]] == [
        pytest.approx([0.6 - 0.075, 0.2, -0.075]), [], pytest.approx([-0.375 - 0.075]),
    ]  # fmt: skip


def test_scores_are_weighted_and_progress_is_already() -> None:
    heavy = [replace(scored(r), weight=3.0) for r in (_CLEAN, _WRONG)]
    for form in FORMS:
        for baseline in BASELINES:
            credit = CreditConfig(form=form, baseline=baseline)  # pyright: ignore[reportArgumentType]
            factor = 3 if FORMS[form]((replace(scored(_WRONG), progress=(0.0, 0.0))), credit).any() else 1
            for a, b in zip(token_credit(heavy, credit), credits_of([_CLEAN, _WRONG], credit), strict=True):
                np.testing.assert_allclose(a, factor * b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": (1.0,)}, r"lengths \[1, 2\]; give every step one value"),
        ({"progress": (math.nan, 0.0)}, "NaN or infinite; correct the reward"),
        ({"ends": (4, 3)}, r"do not ascend in 5 tokens; list steps in order"),
        ({"ends": (3, 5)}, "do not ascend in 5 tokens"),
        ({"ends": (-1, 3)}, "do not ascend in 5 tokens"),
        ({"obligations": ((0,), (0,))}, "comes twice; list it with the first step"),
    ],
)
def test_bad_steps_are_refused(change: dict[str, Any], message: str) -> None:
    good = ScoredSteps(5, (1, 3), (0.1, 0.2), (1.0, -1.0), ((0,), ()), 1.0)
    with pytest.raises(ValueError, match=message):
        replace(good, **change)


# -- from a reward to scored steps -----------------------------------------------------------------


def letters(ids: Any) -> str:
    return "".join(map(chr, ids))


def sound_reward(name: str = "process") -> tuple[str, Reward]:
    (item,) = generate(Recipe(orders=(2,)), 0, "credit-forms", 1)
    text = narrate_sound(item, np.random.default_rng(0))
    return text, score(item, text, RewardConfig(name=name, process_weight=2.0))  # pyright: ignore


def test_scored_steps_of_a_sound_trace() -> None:
    text, reward = sound_reward()
    ids = [*map(ord, text), 0]
    steps = scored_steps(reward, ids, text, lambda part: letters(i for i in part if i))
    assert steps.tokens == len(text) + 1 and steps.weight == 2 and steps.outcome == 1
    assert [e + 1 for e in steps.ends] == [end for end, _ in reward.steps]
    assert set(steps.scores) <= {0.0, 1.0} and 1.0 in steps.scores
    met = sorted(o for step in steps.obligations for o in step)
    assert met == list(range(reward.verdict.obligations))
    (placed,) = token_credit([steps], CreditConfig())
    assert np.array_equal(placed[:-1], token_rewards(reward.steps, ids[:-1], text, letters))


def test_shuffled_steps_keep_their_judgement() -> None:
    _, plain = sound_reward()
    _, mixed = sound_reward("shuffled")
    rows = [
        sorted(zip([r for _, r in x.steps], x.scores, x.obligations, strict=True)) for x in (plain, mixed)
    ]
    assert rows[0] == rows[1] and plain.steps != mixed.steps


def test_steps_without_pay_need_no_place() -> None:
    text, reward = sound_reward("outcome")
    steps = scored_steps(reward, list(map(ord, text)), text, lambda part: pytest.fail("decoded for nothing"))
    assert steps.weight == 0 and set(steps.ends) == {len(text) - 1} and 1.0 in steps.scores
    for form in FORMS:
        (paid,) = token_credit([steps], CreditConfig(form=form))  # pyright: ignore[reportArgumentType]
        assert not paid.any()


def test_a_tail_cut_off_takes_its_steps_along() -> None:
    text, reward = sound_reward()
    whole = scored_steps(reward, list(map(ord, text)), text, letters)
    for size in range(len(text) + 1):
        cut = scored_steps(reward, list(map(ord, text[:size])), text, letters)
        assert cut.tokens == size
        assert cut.ends == tuple(e for e in whole.ends if e < size)
        assert cut.progress == whole.progress[: len(cut.ends)]


def test_half_a_character_at_the_end_is_no_text() -> None:
    raw = "ab🦊".encode()
    decode = lambda ids: bytes(ids).decode("utf-8", "replace")  # noqa: E731
    _, reward = sound_reward()
    reward = replace(reward, steps=((2, 0.5), (3, 0.5)), scores=(), obligations=())
    assert scored_steps(reward, raw, "ab🦊", decode).ends == (1, 5)
    assert scored_steps(reward, raw[:-1], "ab🦊", decode).ends == (1,)
    assert scored_steps(reward, raw[:-1], decode(raw[:-1]), decode).ends == (1, 2)
    assert scored_steps(reward, b"", "ab🦊", decode).ends == ()


def test_ids_of_another_text_are_refused() -> None:
    text, reward = sound_reward()
    with pytest.raises(ValueError, match="do not decode to the text; pass the ids"):
        scored_steps(reward, list(map(ord, "x" + text)), text, letters)


# -- the documentation ----------------------------------------------------------------------------


def test_the_documented_tables_are_these() -> None:
    script = Path(__file__).parents[1] / "scripts" / "credit_table.py"
    found = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
