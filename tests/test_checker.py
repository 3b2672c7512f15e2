"""Verdicts: golden traces by hand, sound traces, single errors, and how steps are cut changing nothing."""

import random
from collections.abc import Sequence
from functools import cache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tomprm.belief.generate import Recipe, generate
from tomprm.checker.check import Checker
from tomprm.checker.corrupt import corrupt
from tomprm.checker.obligations import obligations
from tomprm.checker.verdict import ErrorKind, Status, Verdict
from tomprm.trace.canonical import NARRATORS, sound_steps, write_trace
from tomprm.trace.steps import Format
from tomprm.world.events import Fact, Question
from tomprm.world.grammar import read_question
from tomprm.world.items import Item

SUPPORTED, CONTRADICTED = Status.SUPPORTED, Status.CONTRADICTED
UNCHECKABLE, NO_CLAIM = Status.UNCHECKABLE, Status.NO_CLAIM

STORY = """1 Ann, Bob and Cid entered the hall.
2 The key is in the box.
3 Cid exited the hall.
4 Ann moved the key to the bag. Cid watched in secret.
5 Ann moved the key to the jar. Bob did not notice."""


def item(question: str, story: str = STORY, profile: str = "hitom-clean") -> Item:
    return Item("golden", "golden", story, read_question(question, ("box", "bag", "jar", "tin")), profile)


def judged(about: Item, *steps: str, answer: str = "box") -> Verdict:
    return Checker(about).check(write_trace(steps, answer))


def statuses(verdict: Verdict) -> list[list[Status]]:
    return [[c.status for c in step.claims] for step in verdict.steps]


# -- golden -------------------------------------------------------------------------------------


def test_a_sound_trace() -> None:
    about = item("Where does Bob think Cid thinks the key is?")
    verdict = judged(
        about,
        "Line 2: key in box; Bob sees it; Cid sees it.",
        "Line 4: key in bag; Bob sees it; Cid seems to miss it.",
        "Line 5: key in jar; Bob misses it; Cid misses it.",
        "So Bob thinks Cid thinks the key is in the box.",
    )
    assert verdict.obligations == 5  # two witnesses, two changes that were missed, the belief
    assert [s.established for s in verdict.steps] == [2, 1, 1, 1]
    assert verdict.sound and verdict.soundness == verdict.coverage == 1.0 and verdict.coherent
    assert verdict.first_error == -1 and verdict.answer_status is SUPPORTED and verdict.format is Format.OK
    assert verdict.unestablished == ()


def test_errors_name_what_is_right_and_why() -> None:
    verdict = judged(
        item("Where does Bob think Cid thinks the key is?"),
        "Line 2: key in tin; Bob misses it; Cid sees it.",
        "Line 4: key in jar; Bob sees it; Cid seems to see it.",
        "Line 9: key in jar; Bob sees it.",
        "So Bob thinks Cid thinks the key is in the bag.",
        answer="bag",
    )
    wrong = [c for s in verdict.steps for c in s.claims if c.status is CONTRADICTED]
    assert [(c.claimed, c.expected, c.error and c.error.name, c.reason, c.line) for c in wrong] == [
        ("tin", "box", "WRONG_PLACE", "the key is in the box (line 2)", 2),
        ("Bob misses it", "Bob sees it", "WRONG_OBSERVERS", "witnesses of line 2: Ann, Bob and Cid", 2),
        ("jar", "bag", "WRONG_TIME", "the key is in the bag (line 4)", 4),
        (
            "Cid seems to see it",
            "Cid seems to miss it",
            "UPDATED_WITHOUT_PERCEPTION",
            "seeming witnesses of line 4: Ann and Bob",
            4,
        ),
        ("line 9", "one of lines 1-5", "UNKNOWN_EVENT", "the story has no line 9", None),
        ("line 9", "one of lines 1-5", "UNKNOWN_EVENT", "the story has no line 9", None),
        (
            "bag",
            "box",
            "ORDER_COLLAPSED",  # it is what Bob believes himself
            "Bob thinks that Cid thinks that the key is in the box: set by line 2 (place), "
            "perceived by Ann, Bob and Cid",
            2,
        ),
    ]
    assert [s.status for s in verdict.steps] == [CONTRADICTED] * 4
    assert [s.new_errors for s in verdict.steps] == [2, 2, 2, 1]
    assert [s.score for s in verdict.steps] == [0.0] * 4
    assert verdict.first_error == 0 and not verdict.sound
    assert verdict.answer_status is CONTRADICTED and verdict.coherent  # wrong, but it follows
    assert verdict.unestablished == (
        "line 2 witnessed by Bob",
        "line 4 missed by Cid",
        "line 5 missed by Bob or Cid",
        "Bob thinks Cid thinks key in box",
    )


def test_stale_beliefs_are_told_from_leaked_ones() -> None:
    about = item("Where does Bob think the key is?")  # he saw line 4, not line 5
    stale, leaked, elsewhere = (
        judged(about, f"So Bob thinks the key is in the {place}.").steps[0].claims[0].error
        for place in ("box", "jar", "tin")
    )
    assert (stale, leaked, elsewhere) == (
        ErrorKind.BELIEF_NOT_UPDATED,
        ErrorKind.UPDATED_WITHOUT_PERCEPTION,
        ErrorKind.WRONG_PLACE,
    )


def test_right_answer_for_wrong_reasons() -> None:
    verdict = judged(
        item("Where does Cid think the key is?"),
        "Line 2: key in box; Cid misses it.",
        "Line 4: key in bag; Cid misses it.",
        "Line 5: key in jar; Cid sees it.",
        "So Cid thinks the key is in the bag.",
        answer="bag",
    )
    assert verdict.answer_status is SUPPORTED and verdict.coherent and not verdict.sound
    assert statuses(verdict) == [[SUPPORTED, CONTRADICTED]] * 3 + [[SUPPORTED]]
    assert verdict.coverage == 1 / 3  # the belief alone; nothing that carries it


def test_presence_and_open_claims() -> None:
    verdict = judged(
        item("Where does Cid think the key is?"),
        "Line 3: Cid is not in the hall; Bob is in the hall.",
        "Line 3: Cid is in the hall.",
        "Line 1: key in box.",  # not yet said
        "Line 3: the lamp is in the box.",
        "Zed sees it.",
        "Bob sees it.",  # which line?
        "Line 4: Zed sees it.",
        "Let me think.",
    )
    assert statuses(verdict) == [
        [SUPPORTED, SUPPORTED],
        [CONTRADICTED],
        [UNCHECKABLE],
        [UNCHECKABLE],
        [UNCHECKABLE],
        [UNCHECKABLE],
        [UNCHECKABLE],
        [],
    ]
    assert verdict.steps[-1].status is NO_CLAIM and verdict.steps[-1].score is None
    assert verdict.steps[2].score is None
    reasons = [s.claims[0].reason for s in verdict.steps[2:7]]
    assert reasons == [
        "where the key is has not been said yet",
        "no lamp has a place in the story",
        "Zed is not in the story",
        "no line is named",
        "Zed is not in the story",
    ]
    assert verdict.steps[1].claims[0].reason == "Cid is in: not(hall) (line 3)"


CLAIM_STORY = """1 Ann, Bob and Cid entered the hall.
2 The key is in the box.
3 Ann exited the hall.
4 Bob exited the hall.
5 Cid exited the hall.
6 Ann, Bob and Cid entered the waiting_room.
7 Bob publicly claimed that key is in the bag."""


def test_claims_and_trust() -> None:
    about = item("Where does Ann think Bob thinks the key is?", CLAIM_STORY)
    verdict = judged(
        about,
        "Line 2: key in box; Ann sees it; Bob sees it.",
        "Line 7: Bob says key in bag; Ann trusts Bob; Cid doubts Bob.",
        "So Ann thinks Bob thinks the key is in the bag.",
        answer="bag",
    )
    assert verdict.sound and verdict.obligations == 2
    wrong = judged(
        about,
        "Line 7: Cid says key in bag.",
        "Line 7: Bob says key in tin.",
        "Line 7: Bob says lamp in bag.",
        "Line 7: Ann doubts Bob; Cid trusts Bob.",
        "Line 4: Ann trusts Bob.",
    )
    assert statuses(wrong) == [
        [CONTRADICTED],
        [CONTRADICTED],
        [CONTRADICTED],
        [CONTRADICTED, CONTRADICTED],
        [UNCHECKABLE],
    ]
    assert [c.error for c in wrong.steps[3].claims] == [ErrorKind.WRONG_TRUST] * 2
    assert wrong.steps[1].claims[0].expected == "Bob says key in bag"


def test_seeming_trust_is_a_matter_of_the_profile() -> None:
    """As released, a speaker takes every hearer for a believer."""
    question = "Where does Bob think Cid thinks the key is?"
    steps = ("Line 7: Bob says key in bag; Cid seems to trust it.",)
    released = judged(item(question, CLAIM_STORY, "hitom-release"), *steps)
    assert statuses(released) == [[SUPPORTED, SUPPORTED]] and released.steps[0].established == 1
    assert statuses(judged(item(question, CLAIM_STORY), *steps)) == [[SUPPORTED, CONTRADICTED]]


def test_reality_needs_the_line_that_made_it() -> None:
    about = item("Where is the key really?")
    verdict = judged(about, "Line 5: key in jar.", "So the key is in the jar.", answer="jar")
    assert verdict.sound and verdict.obligations == 2 and verdict.coherent
    assert not judged(about, "So the key is in the jar.", answer="jar").sound


def test_entry_shows_the_thing_and_whoever_is_in_the_room_sees_that() -> None:
    story = STORY + "\n6 Cid entered the hall."
    about = item("Where does Cid think the key is?", story)
    sound = judged(
        about, "Line 6: key in jar; Cid sees it.", "So Cid thinks the key is in the jar.", answer="jar"
    )
    assert sound.sound
    assert statuses(judged(about, "Line 6: Ann sees it; Bob misses it.")) == [[SUPPORTED, CONTRADICTED]]


def test_it_is_the_thing_in_question() -> None:
    about = item("Where does Bob think the key is?")
    verdict = judged(about, "Line 4: it is in the bag.", "So Bob thinks it is in the bag.", answer="bag")
    assert statuses(verdict) == [[SUPPORTED], [SUPPORTED]] and verdict.coherent


def test_chains_with_a_name_twice() -> None:
    """What Cid thinks Bob thinks Cid thinks: he watched line 4, and knows that Bob does not know."""
    about = item("Where does Cid think Bob thinks Cid thinks the key is?")
    steps, answer = sound_steps(about)
    assert steps[1] == "Line 4: key in bag; Cid sees it; Bob sees it; Cid seems to miss it."
    assert answer == "box" and Checker(about).check(write_trace(steps, answer)).sound
    doubled = item("Where does Cid think Cid thinks the key is?")
    steps, answer = sound_steps(doubled)
    assert answer == "bag" and steps[1] == "Line 4: key in bag; Cid sees it."
    assert Checker(doubled).check(write_trace(steps, answer)).sound


def test_nothing_is_due_where_there_is_no_answer() -> None:
    about = Item(
        "x", "x", "1 Ann entered the hall.\n2 The key is in the box.\n3 Bob entered the attic.",
        Question(("Bob",), Fact("key")),
    )  # fmt: skip
    checker = Checker(about)
    assert obligations(checker.state, about.question) == ()
    verdict = checker.check(write_trace(["Bob does not know where the key is."], "unknown"))
    assert verdict.answer_status is UNCHECKABLE and statuses(verdict) == [[SUPPORTED]]
    assert verdict.coverage == 0.0 and not verdict.sound


def test_unfinished_text_is_judged_as_far_as_it_goes() -> None:
    checker = Checker(item("Where does Bob think the key is?"))
    verdict = checker.check("<think>\nLine 4: key in bag; Bob sees it.\nLine 5: key in j")
    assert [s.established for s in verdict.steps] == [1, 0] and verdict.answer_status is NO_CLAIM
    assert verdict.coherent is None and verdict.format is Format.MISSING_TAG
    assert checker.check("").steps == ()


def test_rows_follow_the_schema() -> None:
    row = judged(item("Where does Bob think the key is?"), "Line 4: key in jar; Bob sees it.").as_row()
    assert row.keys() == {"steps", "answer", "first_error", "process"}
    (step,) = row["steps"]
    assert step.keys() == {"start", "end", "text", "status", "score", "claims"}
    assert step["claims"][0] == {
        "kind": "location",
        "text": "key in jar",
        "claimed": "jar",
        "expected": "bag",
        "status": "contradicted",
        "reason": "the key is in the bag (line 4)",
        "line": 4,
        "error": "wrong time",
    }
    assert row["process"].keys() >= {"soundness", "coverage", "coherence"} and row["first_error"] == 0


# -- any item -----------------------------------------------------------------------------------


def test_sound_traces_are_sound(assorted: list[Item]) -> None:
    for about in [*assorted, *generate(Recipe(orders=(1, 1, 1, 2, 2, 3, 4)), 5, "sound", 200)]:
        verdict = Checker(about).check(write_trace(*sound_steps(about)))
        assert verdict.sound and verdict.coverage == verdict.soundness == 1.0 and verdict.coherent, about
        assert all(s.status is SUPPORTED for s in verdict.steps)
        assert not verdict.count(UNCHECKABLE) and verdict.answer_status is SUPPORTED


@cache
def small_items() -> list[Item]:
    items = list(generate(Recipe(orders=(1, 2, 3)), 3, "invariants", 12))
    items += generate(Recipe("hitom", (0, 1, 2, 3, 4), deception=True), 3, "invariants", 30)
    return items + [Item(i.id, i.story_id, i.text, i.question, "hitom-release") for i in items[-15:]]


@cache
def checkers() -> list[Checker]:
    return [Checker(i) for i in small_items()]


@st.composite
def written(draw: st.DrawFn) -> tuple[Checker, list[str], str]:
    """An item's checker, and the steps and answer of a trace about it: sound, flawed or corrupted."""
    checker = checkers()[draw(st.integers(0, len(checkers()) - 1))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from([*NARRATORS, "corrupted"]))
    if kind == "corrupted":
        text, _ = corrupt(checker.item, rng)
    else:
        text = NARRATORS[kind](checker.item, rng)
    verdict = checker.check(text)
    return checker, [s.step.text for s in verdict.steps], verdict.answer or ""


def totals(checker: Checker, steps: Sequence[str], answer: str) -> tuple[object, ...]:
    """What a reward is made of."""
    v = checker.check(write_trace(steps, answer))
    return (v.established, v.obligations, sum(s.new_errors for s in v.steps), v.coherent, v.answer_status)


@given(written(), st.data())
def test_repeating_steps_changes_nothing(trace: tuple[Checker, list[str], str], data: st.DataObject) -> None:
    checker, steps, answer = trace
    at = data.draw(st.integers(0, len(steps) - 1))
    again = data.draw(st.integers(at, len(steps) - 1))
    repeated = [*steps[: again + 1], steps[at], *steps[again + 1 :]]
    if at < len(steps) - 1 or again == at:  # saying an earlier step again after the conclusion
        v, w = totals(checker, steps, answer), totals(checker, repeated, answer)
        assert w[:3] == v[:3]
    assert totals(checker, [s for s in steps for _ in range(2)], answer) == totals(checker, steps, answer)
    assert totals(checker, steps * 2, answer) == totals(checker, steps, answer)


@given(written())
def test_splitting_steps_changes_nothing(trace: tuple[Checker, list[str], str]) -> None:
    checker, steps, answer = trace
    split: list[str] = []
    for step in steps:
        line, colon, rest = step.partition(": ")
        split += [f"{line}: {clause}" for clause in rest.split("; ")] if colon else [step]
    assert totals(checker, split, answer) == totals(checker, steps, answer)


@given(written(), st.data())
def test_merging_steps_changes_nothing(trace: tuple[Checker, list[str], str], data: st.DataObject) -> None:
    checker, steps, answer = trace
    merged = steps[:1]
    for step in steps[1:]:
        if data.draw(st.booleans()):
            merged[-1] += data.draw(st.sampled_from([" ", "  "])) + step
        else:
            merged.append(step)
    assert totals(checker, merged, answer) == totals(checker, steps, answer)


PADDING = ("Let me think.", "Line 1.", "Hmm, so", "I go through the story.", "</b>", "Line 2: ...")


@given(written(), st.data())
def test_padding_changes_nothing(trace: tuple[Checker, list[str], str], data: st.DataObject) -> None:
    checker, steps, answer = trace
    padded: list[str] = []
    for step in steps:
        padded += data.draw(st.lists(st.sampled_from(PADDING), max_size=2))
        padded.append(step)
    assert totals(checker, padded, answer) == totals(checker, steps, answer)


@given(written(), st.randoms(use_true_random=False))
def test_the_order_of_event_steps_changes_no_total(
    trace: tuple[Checker, list[str], str], shuffler: random.Random
) -> None:
    checker, steps, answer = trace
    events = steps[:-1]
    shuffler.shuffle(events)
    assert totals(checker, [*events, steps[-1]], answer)[:3] == totals(checker, steps, answer)[:3]


words = st.sampled_from(
    ["Line", "1", "2", "5:", "12:", "99", "Ann", "sees", "misses", "it", "it;", "seems", "to", "thinks", "So",
     "the", "in", "is", "not", "trusts", "says", "and", ".", ";", "\n", "<think>", "</think>", "<answer>",
     "</answer>", "_", "İ", "\u2028", "knows", "where", "does"]
)  # fmt: skip


@given(st.integers(0, 56), st.lists(words, max_size=50), st.text(max_size=60))
def test_garbage_never_raises(index: int, garbage: list[str], noise: str) -> None:
    checker = checkers()[index % len(checkers())]
    names = [*checker.item.story.agents, checker.question.fact.thing, *checker.item.question.choices[:2]]
    garbled = " ".join(names[len(w) % len(names)] if w == "Ann" else w for w in garbage)
    for text in (garbled, noise, garbled + noise, f"<think>{garbled}</think><answer>{noise}</answer>"):
        verdict = checker.check(text)
        assert 0 <= verdict.established <= verdict.obligations
        assert sum(s.new_errors for s in verdict.steps) <= verdict.count(CONTRADICTED)
        assert verdict.as_row()["first_error"] == verdict.first_error


@given(written(), st.data())
def test_garbled_traces_are_judged(trace: tuple[Checker, list[str], str], data: st.DataObject) -> None:
    """Dropped, doubled and swapped words: what a policy writes while it learns."""
    checker, steps, answer = trace
    tokens = write_trace(steps, answer).split(" ")
    for _ in range(data.draw(st.integers(1, 6))):
        i, j = (data.draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        tokens[i] = data.draw(st.sampled_from([tokens[j], tokens[i] * 2, ""]))
    verdict = checker.check(" ".join(tokens))
    assert verdict.established <= verdict.obligations
    assert all(s.status in Status for s in verdict.steps)
