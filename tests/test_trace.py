"""Traces: steps with exact spans, answers, formats, and what is read as a claim."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tomprm.trace.canonical import NARRATORS, sound_steps, write_trace
from tomprm.trace.claims import Claim, ClaimKind, read_claims
from tomprm.trace.prompt import prompt_text
from tomprm.trace.steps import Format, Step, matches, normalise, read_answer, read_format, read_trace
from tomprm.world.events import Fact, Question
from tomprm.world.grammar import write_question
from tomprm.world.items import Item

LOCATION, PERCEPTION, PRESENCE = ClaimKind.LOCATION, ClaimKind.PERCEPTION, ClaimKind.PRESENCE
BELIEF, SAID, TRUST = ClaimKind.BELIEF, ClaimKind.SAID, ClaimKind.TRUST

# -- steps and answers --------------------------------------------------------------------------

GOOD = "<think>\nLine 1: a.\n\n  So b. \n</think>\n<answer>red_box</answer>"


def test_steps_are_the_lines_of_the_think_part() -> None:
    trace = read_trace(GOOD)
    assert [s.text for s in trace.steps] == ["Line 1: a.", "So b."]
    assert all(trace.text[s.start : s.end] == s.text for s in trace.steps)
    assert (trace.answer, trace.format) == ("red_box", Format.OK)


@pytest.mark.parametrize(
    ("text", "form", "answer", "steps"),
    [
        ("", Format.MISSING_TAG, None, 0),
        ("<think>a\nb", Format.MISSING_TAG, None, 2),  # cut off
        ("a\nb</think>", Format.MISSING_TAG, None, 2),
        ("a<answer>box</answer>", Format.MISSING_TAG, "box", 1),
        ("<think></think><answer>box</answer>", Format.EMPTY_THINK, "box", 0),
        ("<think>a</think><answer> </answer>", Format.EMPTY_ANSWER, None, 1),
        ("<think>a</think><answer>x</answer><answer>y</answer>", Format.REPEATED_TAG, None, 1),
        ("<answer>x</answer><think>a</think>", Format.WRONG_ORDER, "x", 0),  # no reasoning: too late
        ("<think>a</think>so<answer>x</answer>", Format.TEXT_OUTSIDE, "x", 2),
        ("<think>a</think><answer>x</answer> I think", Format.TEXT_OUTSIDE, "x", 1),
        ("<think>a</think><answer>x", Format.MISSING_TAG, None, 1),
    ],
)
def test_formats(text: str, form: Format, answer: str | None, steps: int) -> None:
    trace = read_trace(text)
    assert (trace.format, trace.answer, len(trace.steps)) == (form, answer, steps)


def test_given_segmentation() -> None:
    text = "<think>Ann left. Ann left. Bob stayed.</think><answer>x</answer>"
    trace = read_trace(text, steps=["Ann left.", "Ann left.", "Bob stayed."])
    assert [(s.start, s.end) for s in trace.steps] == [(7, 16), (17, 26), (27, 38)]
    with pytest.raises(
        ValueError, match=r"step 1 is not in the trace after the step before it: 'Ann left\.'"
    ):
        read_trace(text, steps=["Bob stayed.", "Ann left."])


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("red_box", True),
        ("Red box", True),
        ("the red_box.", True),
        ("B. red_box", True),
        ("b) red box", True),
        (" red_box ", True),
        ("red_box or blue_bag", False),
        ("not red_box", False),
        ("in the red_box", False),
        ("box", False),
        ("B", False),
        ("", False),
        (None, False),
    ],
)
def test_answers_match_exactly(answer: str | None, right: bool) -> None:
    assert matches(answer, "red_box") is right


texts = st.text(max_size=300) | st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<answer>", "</answer>", "\n", " ", "Line 5", ": ", "; ", ".", "Ann", "Bob",
         "Cid", "sees it", "misses it", "seems to", "thinks", "key", "in", "the", "box", "is", "not", "So",
         "trusts", "says", "line 9999999", "ſ", "\u2028", "\x00", "İ", "🗝", "٣", "and", ",", "or"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(texts)
def test_any_text_is_read(text: str) -> None:
    trace = read_trace(text)
    assert all(text[s.start : s.end] == s.text and s.text == s.text.strip() != "" for s in trace.steps)
    assert [s.start for s in trace.steps] == sorted(s.start for s in trace.steps)
    assert read_format(text) is trace.format and read_answer(text) == trace.answer
    for step in trace.steps:
        for claim in read_claims(step):
            assert claim.text in step.text
            assert claim.key == claim.key and hash(claim.key) is not None
    assert normalise(normalise(text)) is not None


@pytest.mark.parametrize(
    "text",
    [
        " " * 50_000,
        "<answer>" * 10_000,
        "A" * 50_000,
        "a" * 50_000,
        "Ann, " * 10_000,
        "Ann thinks " * 5_000,
        "Line 1 " * 5_000,
        "key in box " * 5_000,
        "Ann and Bob " * 5_000 + "see it",
        "a-b'c " * 8_000,
        "Line " + "9" * 5_000 + ": key in box.",
    ],
    ids=lambda text: text[:12],
)
def test_long_garbage_is_read_in_no_time(text: str) -> None:
    start = time.perf_counter()
    for step in read_trace(text).steps:
        read_claims(step)
    assert time.perf_counter() - start < 3  # linear; seconds where it is quadratic at this length


# -- claims -------------------------------------------------------------------------------------


def claims(text: str) -> list[tuple[object, ...]]:
    """(kind, names, thing, place, line, positive, apparent), trailing defaults left out."""
    found: list[tuple[object, ...]] = []
    for c in read_claims(Step(0, len(text), text)):
        row = [c.kind, c.names, c.thing, c.place, c.line, c.positive, c.apparent]
        defaults: list[object] = [None, (), "", "", None, True, False]
        while row[-1] == defaults[len(row) - 1]:
            row.pop()
        found.append(tuple(row))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the canonical form
        (
            "Line 5: apple in red_box; Ann sees it; Bob misses it.",
            [
                (LOCATION, (), "apple", "red_box", 5),
                (PERCEPTION, ("Ann",), "", "", 5),
                (PERCEPTION, ("Bob",), "", "", 5, False),
            ],
        ),
        (
            "Line 9: Cid says apple in bag; Ann trusts Cid.",
            [(SAID, ("Cid",), "apple", "bag", 9), (TRUST, ("Ann",), "", "", 9)],
        ),
        ("Line 6: Bob is not in the kitchen.", [(PRESENCE, ("Bob",), "", "kitchen", 6, False)]),
        (
            "So Ann thinks Bob thinks the apple is in the red_box.",
            [(BELIEF, ("Ann", "Bob"), "apple", "red_box")],
        ),
        ("So the apple is in the red_box.", [(LOCATION, (), "apple", "red_box")]),
        (
            "Line 5: apple in red_box; Ann seems to see it; Bob seems to miss it.",
            [
                (LOCATION, (), "apple", "red_box", 5),
                (PERCEPTION, ("Ann",), "", "", 5, True, True),
                (PERCEPTION, ("Bob",), "", "", 5, False, True),
            ],
        ),
        # small words, other wordings
        (
            "- At line 5, the apple is now in the red box, but Ann and Bob did not see it.",
            [
                (LOCATION, (), "apple", "red box", 5),
                (PERCEPTION, ("Ann",), "", "", 5, False),
                (PERCEPTION, ("Bob",), "", "", 5, False),
            ],
        ),
        ("Ann, Bob, and Cid all witnessed this at line 7.", [
            (PERCEPTION, (n,), "", "", 7) for n in ("Ann", "Bob", "Cid")
        ]),
        ("Ann cannot see line 8.", [(PERCEPTION, ("Ann",), "", "", 8, False)]),
        (
            "Therefore, Ann believes that Bob knows that it is still in the box because he saw line 3.",
            [(BELIEF, ("Ann", "Bob"), "it", "box", 3)],
        ),
        ("Ann thinks Bob does not know where the apple is.", [(BELIEF, ("Ann", "Bob"), "apple")]),
        (
            "Line 9: Cid privately told Ann that the apple is in the bag now. Bob doesn't trust Cid.",
            [(SAID, ("Cid",), "apple", "bag", 9), (TRUST, ("Bob",), "", "", 9, False)],
        ),
        # several sentences of one step: each claim belongs to the line of its own sentence
        (
            "Line 3: apple in box. Ann sees it. Line 5: apple in bag. Ann misses it. "
            "In the end, Ann thinks the apple is in the box.",
            [
                (LOCATION, (), "apple", "box", 3),
                (PERCEPTION, ("Ann",), "", "", 3),
                (LOCATION, (), "apple", "bag", 5),
                (PERCEPTION, ("Ann",), "", "", 5, False),
                (BELIEF, ("Ann",), "apple", "box"),
            ],
        ),
        ("Bob left at line 4. Ann saw it at line 6.", [(PERCEPTION, ("Ann",), "", "", 6)]),
        ("- Line 5. apple in box", [(LOCATION, (), "apple", "box", 5)]),
        # what is the case or is believed is meant of the end, unless its own sentence says otherwise
        (
            "Line 5: apple in bag; so Ann thinks it is in the box. So Bob thinks the apple is in the bag.",
            [
                (LOCATION, (), "apple", "bag", 5),
                (BELIEF, ("Ann",), "it", "box", 5),
                (BELIEF, ("Bob",), "apple", "bag"),
            ],
        ),
        # not understood, so no claim; never a wrong one
        ("Let me think about this.", []),
        ("Ann puts it somewhere.", []),
        ("Line 5:", []),
        ("Where is the apple?", []),
        ("So Ann thinks Bob thinks", []),
        ("ann sees it", []),
        # not understood, so about a thing that no story has: uncheckable, never wrong
        ("Ann thinks " * 11 + "the apple is in the box.", [(LOCATION, (), "thinks the apple", "box")]),
        ("Ann does not think the apple is in the box.", [(LOCATION, (), "think the apple", "box")]),
        # a list of places is not a place: it is read as one odd place, and found wrong
        ("So Ann thinks the apple is in the box or bag.", [(BELIEF, ("Ann",), "apple", "box or bag")]),
    ],
)  # fmt: skip
def test_claims(text: str, expected: list[tuple[object, ...]]) -> None:
    assert claims(text) == expected


def test_claims_that_say_the_same_are_one() -> None:
    (a,) = read_claims(Step(0, 0, "Line 5: apple in red_box."))
    (b,) = read_claims(Step(0, 0, "At line 5, the Apple is in the red box".replace("Apple", "apple")))
    assert a.key == b.key and a != b
    assert Claim(BELIEF, "", ("Ann",), "key", "box").key != Claim(BELIEF, "", ("Ann",), "key", "bag").key


# -- canonical traces and prompts ---------------------------------------------------------------


def test_canonical_steps_are_read_as_they_were_meant(assorted: list[Item]) -> None:
    for item in assorted:
        steps, answer = sound_steps(item)
        trace = read_trace(write_trace(steps, answer))
        assert [s.text for s in trace.steps] == steps
        assert (trace.answer, trace.format) == (answer, Format.OK)
        *events, end = trace.steps
        for step in events:
            assert len(read_claims(step)) == len(step.text.split("; "))
        (last,) = read_claims(end)
        assert (last.kind, last.names) == (BELIEF if item.question.chain else LOCATION, item.question.chain)
        assert (last.thing, last.place, last.line) == (item.question.fact.thing, answer, None)


def test_narrators_are_well_formed(assorted: list[Item]) -> None:
    rng = np.random.default_rng(0)
    for item in assorted:
        for narrate in NARRATORS.values():
            trace = read_trace(narrate(item, rng))
            assert trace.format is Format.OK and trace.answer in item.question.choices
            assert all(read_claims(step) for step in trace.steps)


def test_no_trace_about_what_nobody_knows() -> None:
    story = "1 Ann entered the hall.\n2 The key is in the box.\n3 Bob entered the attic."
    item = Item("x", "x", story, Question(("Bob",), Fact("key"), ("box", "bag")))
    with pytest.raises(ValueError, match="x: Bob thinks that the key has no known place"):
        sound_steps(item)


def test_prompts_hold_story_and_question(assorted: list[Item]) -> None:
    for item in assorted:
        plain, told = prompt_text(item), prompt_text(item, "instruct")
        assert plain == f"{item.text}\n{write_question(item.question)}\n"
        assert item.text in told and write_question(item.question) in told
        assert all(choice in told for choice in item.question.choices) and "{" not in told
