"""The exploit suite: no trick earns more than an honest, fully right trace, and none that skips the
reasoning earns as much as an honest partial one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomprm.belief.generate import Recipe, generate
from tomprm.checker.check import Checker
from tomprm.config import RewardConfig
from tomprm.rewards.shaping import Reward, score
from tomprm.trace.canonical import (
    NARRATORS,
    conclusion,
    event_step,
    relevant_events,
    sound_steps,
    write_trace,
)
from tomprm.trace.steps import TAGS, Format
from tomprm.world.generate import OpenShape
from tomprm.world.items import Item

OUTCOME, PROCESS, HYBRID, FORMAT, SHUFFLED = (
    RewardConfig(name=name) for name in ("outcome", "process", "hybrid", "format", "shuffled")
)
FULL = {"outcome": 1.1, "process": 1.1, "hybrid": 2.1, "format": 0.1, "shuffled": 1.1}


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """Shortcut-free stories of the quickstart's shape and larger, and Hi-ToM's with claims."""
    quickstart = OpenShape(places=3, moves=(2, 3))
    made = list(generate(Recipe(orders=(1, 2, 3, 4), shape=quickstart), 3, "exploits", 48))
    made += generate(Recipe(orders=(1, 2, 3, 4)), 3, "exploits-larger", 16)
    made += generate(Recipe("hitom", (0, 1, 2, 3, 4), chapters=2, deception=True), 3, "exploits-hitom", 20)
    return tuple(made)


@lru_cache(maxsize=1)
def checkers() -> dict[str, Checker]:
    return {item.id: Checker(item) for item in items()}


def earned(item: Item, text: str, config: RewardConfig = PROCESS) -> Reward:
    return score(item, text, config, checkers()[item.id])


def total(item: Item, text: str, config: RewardConfig = PROCESS) -> float:
    return earned(item, text, config).total


def honest(item: Item) -> str:
    return write_trace(*sound_steps(item))


def wrong_place(item: Item) -> str:
    return next(place for place in item.question.choices if place != item.question.gold)


def half(item: Item) -> tuple[list[str], str]:
    """The honest trace cut after half of its steps, with the right answer all the same."""
    steps, answer = sound_steps(item)
    return steps[: max(1, len(steps) // 2)], answer


# -- the honest trace earns the most ------------------------------------------------------------


@pytest.mark.parametrize("arm", list(FULL))
def test_an_honest_trace_earns_the_maximum(arm: str) -> None:
    config = RewardConfig(name=arm)  # pyright: ignore[reportArgumentType]
    for item in items():
        reward = earned(item, honest(item), config)
        assert reward.total == pytest.approx(FULL[arm]), item.id
        assert reward.verdict.sound and reward.breakdown["errors"] == 0


def test_parts_of_the_process_reward() -> None:
    """Coverage and the entailed answer are shares of K + 1, and paid where they are earned."""
    item = items()[0]
    steps, answer = sound_steps(item)
    reward = earned(item, write_trace(steps, answer))
    due = reward.verdict.obligations
    assert reward.scalar == pytest.approx(0.1 + 1 / (due + 1))
    assert [r * (due + 1) for _, r in reward.steps] == pytest.approx(
        [s.established for s in reward.verdict.steps]
    )
    assert [s.step.end for s in reward.verdict.steps] == [end for end, _ in reward.steps]
    row = reward.as_row()
    assert row["total"] == pytest.approx(1.1) and row["process"] == pytest.approx(1) and row["outcome"] == 1


def test_weights_and_penalty() -> None:
    item = items()[0]
    steps, answer = sound_steps(item)
    lie = f"Line {item.story.actions[-1].line + 5}: {item.question.fact.thing} in {answer}."
    text = write_trace([lie, *steps], answer)
    due = len(checkers()[item.id].due)
    for penalty in (0.0, 1.0, 2.5):
        config = RewardConfig(name="process", penalty=penalty, format_weight=0.5, process_weight=3)
        assert total(item, text, config) == pytest.approx(0.5 + 3 * (1 - penalty / (due + 1)))
    assert total(item, text, RewardConfig(answer_weight=2)) == pytest.approx(2.1)


# -- tricks -------------------------------------------------------------------------------------


def _both_polarities(item: Item) -> str:
    """Every member of the chain sees and misses everything."""
    steps = []
    for event in relevant_events(checkers()[item.id].state, item.question):
        for verb in ("sees it", "misses it", "seems to see it", "seems to miss it"):
            steps.append(event_step(event, item.question, [verb] * item.question.order))
    _, answer = sound_steps(item)
    return write_trace([*steps, conclusion(item.question, answer)], answer)


def _both_in_one_line(item: Item) -> str:
    lines = [a.line for a in item.story.actions]
    pairs = "; ".join(f"{name} sees it; {name} misses it" for name in item.question.chain)
    _, answer = sound_steps(item)
    return write_trace([*(f"Line {n}: {pairs}." for n in lines), conclusion(item.question, answer)], answer)


def _all_places(item: Item) -> str:
    """Each place as the belief, the right one last."""
    gold = str(item.question.gold)
    places = [*(p for p in item.question.choices if p != gold), gold]
    return write_trace([conclusion(item.question, p) for p in places], gold)


def _all_places_at_all_lines(item: Item) -> str:
    gold = str(item.question.gold)
    places = [*(p for p in item.question.choices if p != gold), gold]
    steps = [
        f"Line {a.line}: " + conclusion(item.question, p)[3:] for a in item.story.actions for p in places
    ]
    return write_trace(steps, gold)


def _answer_first(item: Item) -> str:
    steps, answer = sound_steps(item)
    return f"<answer>{answer}</answer>\n<think>\n" + "\n".join(steps) + "\n</think>"


def _trace_after_answer(item: Item) -> str:
    steps, answer = sound_steps(item)
    return f"<think>\nI see.\n</think>\n<answer>{answer}</answer>\n" + "\n".join(steps)


def _no_tags(item: Item) -> str:
    steps, answer = sound_steps(item)
    return "\n".join([*steps, answer])


def _without(tag: str) -> Callable[[Item], str]:
    return lambda item: honest(item).replace(tag, "")


def _answered(answer: Callable[[Item], str]) -> Callable[[Item], str]:
    return lambda item: write_trace(sound_steps(item)[0], answer(item))


def _twice_thought(item: Item) -> str:
    return honest(item).replace("</think>\n", "</think>\n<think>\nAgain.\n</think>\n")


# Worth less than the honest trace, for all items.
WORSE: dict[str, Callable[[Item], str]] = {
    "nothing": lambda item: "",
    "empty think, right answer": lambda item: write_trace([], str(item.question.gold)),
    "answer alone": lambda item: f"<answer>{item.question.gold}</answer>",
    "no tags": _no_tags,
    **{f"no {tag}": _without(tag) for tag in TAGS},
    "think twice": _twice_thought,
    "list of all options": _answered(lambda item: ", ".join(item.question.choices)),
    "right or wrong": _answered(lambda item: f"{item.question.gold} or {wrong_place(item)}"),
    "two answers": lambda item: honest(item) + f"\n<answer>{wrong_place(item)}</answer>",
    "negated answer": _answered(lambda item: f"not the {item.question.gold}"),
    "answer as a sentence": _answered(lambda item: f"I think it is the {item.question.gold}"),
    "wrong answer": _answered(wrong_place),
    "both polarities": _both_polarities,
    "both polarities, all lines": _both_in_one_line,
    "all places believed": _all_places,
    "all places believed at all lines": _all_places_at_all_lines,
    "answer before reasoning": _answer_first,
    "trace after the answer": _trace_after_answer,
    "talk without claims": lambda item: write_trace(
        ["Let me think step by step."] * 9, str(item.question.gold)
    ),
    "strangers see it": lambda item: write_trace(["Line 2: Zorro sees it."] * 5, str(item.question.gold)),
}
# What is paid for in these is nothing but the format and the right answer: the reasoning is skipped.
SKIPPED = (
    "nothing", "empty think, right answer", "answer alone", "trace after the answer", "talk without claims",
    "strangers see it",
)  # fmt: skip


@pytest.mark.parametrize("trick", list(WORSE))
def test_a_trick_earns_less_than_an_honest_trace(trick: str) -> None:
    flaw = "both polarities" in trick  # an order-0 question has no witnesses to be vague about
    for item in items():
        if flaw and not item.question.order:
            continue
        for config in (PROCESS, HYBRID, SHUFFLED):
            assert total(item, WORSE[trick](item), config) < FULL[config.name] - 0.05, item.id


@pytest.mark.parametrize("trick", SKIPPED)
def test_skipping_the_reasoning_earns_less_than_a_partial_trace(trick: str) -> None:
    gaps: list[float] = []
    for item in items():
        part = earned(item, write_trace(*half(item)))
        gap = part.total - total(item, WORSE[trick](item))
        assert gap >= -1e-12, item.id
        if part.verdict.established:
            assert gap > 0.05, item.id
        gaps.append(gap)
    assert np.mean(gaps) > 0.1


def test_a_bare_conclusion_earns_the_format_at_most_and_a_wrong_one_less() -> None:
    """Even the right belief and answer are worth nothing without what supports them."""
    for item in items():
        half_way = total(item, write_trace(*half(item)))
        for place in item.question.choices:
            bare = total(item, write_trace([conclusion(item.question, place)], place))
            if place == item.question.gold:
                assert bare == pytest.approx(0.1) and bare <= half_way + 1e-12
            else:
                assert bare < 0.1


def _shown_twice(steps: Sequence[str]) -> list[str]:
    return [s for step in steps for s in (step, step)]


def _clause_by_clause(steps: Sequence[str]) -> list[str]:
    """Each claim on a line of its own, the line's number repeated."""
    out: list[str] = []
    for step in steps:
        head, colon, rest = step.partition(": ")
        out += [f"{head}: {clause.strip('.')}." for clause in rest.split("; ")] if colon else [step]
    return out


# The same claims, cut otherwise: worth exactly as much.
SAME: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "every step twice": _shown_twice,
    "all steps again": lambda steps: [*steps, *steps],
    "one step many times": lambda steps: [steps[0]] * 20 + list(steps),
    "merged into one line": lambda steps: [" ".join(steps)],
    "one clause a line": _clause_by_clause,
    "padded": lambda steps: ["Well."] * 7 + [s for step in steps for s in (step, "I see.")],
    "padded with uncheckable claims": lambda steps: ["Line 2: Zorro sees it.", *steps],
    "blank lines and spaces": lambda steps: [s for step in steps for s in (f"   {step}   ", " ", "")],
}


@pytest.mark.parametrize("way", list(SAME))
def test_cutting_steps_otherwise_is_worth_the_same(way: str) -> None:
    for item in items():
        steps, answer = sound_steps(item)
        for kept in (steps, half(item)[0]):
            before, after = (total(item, write_trace(s, answer)) for s in (kept, SAME[way](kept)))
            assert after == pytest.approx(before), item.id


def test_a_repeated_error_is_paid_for_once_and_a_new_one_again() -> None:
    for item in items():
        steps, answer = sound_steps(item)
        lie = conclusion(item.question, wrong_place(item))
        once, twice = (total(item, write_trace([lie] * n + steps, answer)) for n in (1, 2))
        assert once == pytest.approx(twice)
        assert once == pytest.approx(1.1 - 1 / (len(checkers()[item.id].due) + 1))


@pytest.mark.parametrize("narrator", ["terse", "lucky", "reality"])
def test_flawed_narrators_never_beat_the_honest_one(narrator: str) -> None:
    rng = np.random.default_rng(0)
    scores: list[float] = []
    for item in items():
        for _ in range(4):
            text = NARRATORS[narrator](item, rng)
            reward = earned(item, text)
            assert reward.total <= 1.1 + 1e-9
            if reward.total > 1.1 - 1e-9:  # by luck: then there is nothing wrong with it
                assert reward.verdict.sound and reward.verdict.coherent
            scores.append(reward.total)
    assert np.mean(scores) < 0.7


def test_random_perceptions_earn_nothing_on_average() -> None:
    """The lucky narrator's conclusion and answer are right; what it says of perceptions pays <= 0."""
    rng = np.random.default_rng(1)
    for order in (1, 2, 3, 4):
        parts: list[float] = []
        for item in items():
            if item.question.order != order:
                continue
            share = 1 / (len(checkers()[item.id].due) + 1)
            for _ in range(20):
                text = NARRATORS["lucky"](item, rng)
                parts.append(total(item, text) - 0.1 - 2 * share)
        assert np.mean(parts) < 0.02, order  # 0.02: about one standard error


def test_another_questions_trace_earns_less() -> None:
    """Traces of the twin (the same sentences, another answer), and of other stories."""
    pool = items()
    by_story: dict[str, list[Item]] = {}
    for item in pool:
        by_story.setdefault(item.story_id, []).append(item)
    for number, item in enumerate(pool):
        for other in (*by_story[item.story_id], pool[number - 7]):
            same = other.question.chain == item.question.chain and other.question.gold == item.question.gold
            if not same and item.question.order:  # any trace may say where the thing really is
                assert total(item, honest(other)) < 1.1 - 0.05, (item.id, other.id)


@settings(max_examples=150)
@given(st.data())
def test_no_mixture_of_claims_beats_the_honest_trace(data: st.DataObject) -> None:
    """Any steps in any order, right and wrong, any number of times, with any answer."""
    item = data.draw(st.sampled_from(items()))
    steps, answer = sound_steps(item)
    events = relevant_events(checkers()[item.id].state, item.question)
    verbs = st.sampled_from(["sees it", "misses it", "seems to see it", "seems to miss it", ""])
    drawn = st.builds(
        lambda event, said: event_step(event, item.question, said),
        st.sampled_from(events),
        st.lists(verbs, min_size=4, max_size=4),
    )
    belief = st.sampled_from([conclusion(item.question, p) for p in item.question.choices])
    pool = st.one_of(
        st.sampled_from(steps), drawn, belief, st.sampled_from(["So.", "Line 1: nobody sees it."])
    )
    chosen = data.draw(st.lists(pool, max_size=12))
    said = data.draw(st.sampled_from([answer, wrong_place(item), "", f"not {answer}"]))
    text = write_trace(chosen, said)
    for config in (OUTCOME, PROCESS, HYBRID):
        assert total(item, text, config) <= FULL[config.name] + 1e-9
    # The sum of step rewards depends on what is said, not on the order in which it is said.
    shuffled = data.draw(st.permutations(chosen))
    ways = [sum(r for _, r in earned(item, write_trace(way, said)).steps) for way in (chosen, shuffled)]
    assert ways[0] == pytest.approx(ways[1])


# -- the answer's share -------------------------------------------------------------------------


def test_the_answer_is_paid_only_where_the_trace_entails_it() -> None:
    for item in items():
        if not item.question.order:  # there, any step may say what entails the answer
            continue
        steps, answer = sound_steps(item)
        wrong = wrong_place(item)
        assert earned(item, write_trace(steps, answer)).breakdown["entailed"] == 1
        assert earned(item, write_trace(steps, wrong)).breakdown["entailed"] == 0
        assert earned(item, write_trace(steps[:-1], answer)).breakdown["entailed"] == 0
        lied = [*steps[:-1], conclusion(item.question, wrong)]
        assert earned(item, write_trace(lied, answer)).breakdown["entailed"] == 0
        assert earned(item, write_trace(lied, wrong)).breakdown["entailed"] == 0
        changed_its_mind = [*steps, conclusion(item.question, wrong)]
        assert earned(item, write_trace(changed_its_mind, answer)).breakdown["entailed"] == 0


@pytest.mark.parametrize("trick", ["answer before reasoning", "think twice", "two answers", "no </think>"])
def test_the_answer_is_not_paid_outside_the_format(trick: str) -> None:
    for item in items():
        reward = earned(item, WORSE[trick](item), HYBRID)
        assert reward.scalar == 0 and reward.breakdown["entailed"] == reward.breakdown["answer"] == 0


# -- the outcome arm ----------------------------------------------------------------------------


def test_outcome_pays_for_format_and_exact_answer_alone() -> None:
    for item in items():
        gold = str(item.question.gold)
        talk = ["Hm."]
        for right in (gold, f"the {gold}", gold.upper(), gold.replace("_", " "), f"{gold}.", f"B. {gold}"):
            assert total(item, write_trace(talk, right), OUTCOME) == pytest.approx(1.1), right
        wrong = (
            wrong_place(item), f"not {gold}", f"not the {gold}", f"{gold} or {wrong_place(item)}",
            ", ".join(item.question.choices), f"in the {gold}", f"{gold} {gold}", gold.partition("_")[0],
            f"x{gold}", f"the {gold} is wrong",
        )  # fmt: skip
        for answer in wrong:
            assert total(item, write_trace(talk, answer), OUTCOME) == pytest.approx(0.1), answer
        for text in (
            write_trace([], gold), write_trace(["", "  "], gold), f"<answer>{gold}</answer>", gold,
            write_trace(talk, gold) + gold, write_trace(talk, ""), _answer_first(item),
        ):  # fmt: skip
            assert total(item, text, OUTCOME) == 0, text
        assert all(r == 0 for _, r in earned(item, honest(item), OUTCOME).steps)


def test_outcome_is_blind_to_the_reasoning_and_format_to_the_answer() -> None:
    for item in items():
        lies = write_trace([conclusion(item.question, wrong_place(item))], str(item.question.gold))
        assert total(item, lies, OUTCOME) == pytest.approx(1.1)
        assert total(item, write_trace(["?"], "?"), FORMAT) == pytest.approx(0.1)
        assert total(item, honest(item), FORMAT) == pytest.approx(0.1)


def test_an_item_without_a_gold_answer_pays_no_answer() -> None:
    item = items()[0]
    blank = replace(item, question=replace(item.question, gold=None))
    assert score(blank, honest(item), OUTCOME).total == pytest.approx(0.1)


# -- the shuffled control -----------------------------------------------------------------------


def test_shuffled_pays_the_same_rewards_on_other_steps() -> None:
    moved = 0
    rng = np.random.default_rng(2)
    for item in items():
        for text in (honest(item), NARRATORS["lucky"](item, rng), NARRATORS["reality"](item, rng)):
            process, shuffled = earned(item, text, PROCESS), earned(item, text, SHUFFLED)
            assert sorted(r for _, r in process.steps) == pytest.approx(sorted(r for _, r in shuffled.steps))
            assert [e for e, _ in process.steps] == [e for e, _ in shuffled.steps]
            assert process.scalar == shuffled.scalar
            assert earned(item, text, SHUFFLED).steps == shuffled.steps
            moved += process.steps != shuffled.steps
    assert moved > len(items())


# -- any text -----------------------------------------------------------------------------------

_FRAGMENTS = st.sampled_from(
    [*TAGS, "\n", "Line 2: ", "Line 999999999: ", "Ann sees it", "; ", "So Ann thinks ",
     "the apple is in the box.", "line 0", "\u2028", "\x00", "\ufffd", "é", "🦊", "A" * 300, " and ",
     " thinks " * 40, "is in ", "_", ", "]
)  # fmt: skip
_ANY = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(categories=["Cs", "Cc", "Zl", "Ll"]), max_size=40),  # lone surrogates too
    st.lists(_FRAGMENTS, max_size=30).map("".join),
)


@settings(max_examples=300)
@given(st.sampled_from(range(8)), _ANY, st.sampled_from([OUTCOME, PROCESS, HYBRID, FORMAT, SHUFFLED]))
def test_rewards_never_raise(index: int, text: str, config: RewardConfig) -> None:
    item = items()[index * 11]
    for whole in (text, f"<think>\n{text}\n</think>\n<answer>{text}</answer>"):
        reward = earned(item, whole, config)
        assert np.isfinite(reward.total) and reward.total <= FULL[config.name] + 1e-9
        for step, (end, _) in zip(reward.verdict.steps, reward.steps, strict=True):
            assert whole[step.step.start : end] == step.step.text != ""
            assert end == step.step.end
        if reward.verdict.format is not Format.OK:
            assert reward.scalar == 0
