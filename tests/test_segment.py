"""Free reasoning as steps: where cuts are made, what is a step, and what holds for any text."""

import re
import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tomprm.trace.canonical import NARRATORS, sound_steps, write_trace
from tomprm.trace.steps import Format, read_trace
from tomprm.world.items import Item


def cut(text: str) -> list[str]:
    return [step.text for step in read_trace(text).steps]


def think(*lines: str) -> str:
    return "<think>\n" + "\n".join(lines) + "\n</think>\n<answer>box</answer>"


# -- sentences ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentences",
    [
        ["Ann left the den.", "Bob stayed!", "Did Cid see it?", "He did"],
        ["She saw it, e.g. from the door, i.e. at once.", "Mr. Smith vs. Dr. Jones is another matter."],
        ["The shelf is 3.5 m long.", "No. 5 is empty."],
        ["He goes on... and then he stops.", "Later on… hmm, was it?", "She left...", "Then Bob."],
        ["Where is it?!", "In the box!!", "So be it."],
        ['Jack says: "It is in the box. I moved it."', "Bob hears this."],
        ["“It is here. I know.”", "So he said."],
        [
            'He answers "Absolutely!" and adds that it helps.',
            'She replies "Well said Frank".',
            "Then he left.",
        ],
        [
            "(He left. She stayed.)",
            "Then nothing (in the hall. really) moved.",
            "They see [a box. a bag] here.",
        ],
        ["Mila wears the t-shirt.", "The t-shirt.", "It is in the T-shirt.", "Next one."],
        ["It is N. green_pantry in the end.", "So B. red box."],
        ["It goes into container B.", "Then Mary J. Smith left."],
        [
            "Ann came at 5 p.m. and left.",
            "Bob came at 6 p.m.",
            "Cid etc. were out.",
            "No boxes, bags, etc.",
            "Done.",
        ],
        ["Line 5. Ella moves the key.", "Ann sees it."],
        ["Ann left.", "then bob moved it."],
        ["**Bob** left for the **hall.**", "Ann stayed *there.*", "So `box`."],
        ["Hmm, wait. Ann had left.", "Okay. So, no. Bob saw it.", "Let's see.", "No, she is out."],
        ["Was Bob there? No."],
        ["彼は出た。", "彼女は見た！", "「はい。」", "終わり"],
        ["She left.", "He stayed. :) 👍"],
        ["The key in red_box.green is one word."],
    ],
    ids=lambda sentences: sentences[0][:24],
)
def test_sentences_of_a_paragraph(sentences: list[str]) -> None:
    gap = "" if "。" in sentences[0] else " "
    text = gap.join(sentences)
    assert cut(think(text)) == sentences
    assert cut(think("", text, "", text)) == sentences * 2


# -- lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    ["- Ann left. Bob stayed.", "* a key. A box.", "+ Ann. Bob.", "• Ann left. Bob did.", "– Ann left. So.",
     "1. Ann left. Bob stayed.", "12) Ann left. She did.", "(1) Ann left. Bob did.", "a) Ann left. Bob did.",
     "(b) Ann left. Bob did.", "A. Ann left. Bob did.", "ii. Ann left. Bob did.", "1.2. Ann left. Bob did.",
     "Step 1: Ann left. Bob did.", "STEP 2. Ann left. Bob did.", "**Step 3:** Ann left. Bob did.",
     "**1. Ann left.** Bob did.", "- **Ann** left. She did."],
)  # fmt: skip
def test_an_item_is_one_step(item: str) -> None:
    assert cut(think("They met. All saw it.", item, item, "So it is.")) == [
        "They met.", "All saw it.", item, item, "So it is."
    ]  # fmt: skip


def test_items_go_on_in_deeper_indented_lines() -> None:
    text = "1. Ann left.\n   She saw it.\n   Twice.\n  - Bob: a. b.\n    c\n  back\n2. Cid.\n\n   Not his."
    assert cut(text) == [
        "1. Ann left.\n   She saw it.\n   Twice.", "- Bob: a. b.\n    c", "back", "2. Cid.", "Not his."
    ]  # fmt: skip
    assert cut("- Ann\r\n  left\r\n\r\n- Bob") == ["- Ann\r\n  left", "- Bob"]


def test_lists_of_cited_lines_are_items_but_paragraphs_are_prose() -> None:
    listed = [
        "Line 5: Ella moves it. Line 6: Ella exits.",
        "Line 7 is Owen's. She is out.",
        "Lines 8-9: no. No.",
    ]
    assert cut(think(*listed, "So Ann knows. Bob does not.")) == [*listed, "So Ann knows.", "Bob does not."]
    labelled = ["Line 5: Ella moves it. Ann sees it.", "", "Line 6: Ella exits. Ann stays."]
    assert cut(think(*labelled)) == [line for line in labelled if line]
    assert cut(think("In line 5, Ella moves it. Ann sees it.")) == [
        "In line 5, Ella moves it.",
        "Ann sees it.",
    ]
    assert cut(think("In line 5 Ella goes. Ann stays.", "", "In line 6 Bob goes. Ann stays.")) == [
        "In line 5 Ella goes.", "Ann stays.", "In line 6 Bob goes.", "Ann stays."
    ]  # fmt: skip


def test_headings_and_lead_ins() -> None:
    lines = ["### Moves. All.", "**Moves. All**", "**Then:**", "---", "***"]
    assert cut(think(*lines)) == lines[:3]
    assert cut(think("**Goal:** find the key. Then stop.")) == ["**Goal:** find the key.", "Then stop."]
    assert cut(think("**Did Ann see it?** Yes, she did. So.")) == ["**Did Ann see it?** Yes, she did. So."]
    assert cut(think("**Ann saw it.** Bob did not.")) == ["**Ann saw it.**", "Bob did not."]


def test_tables() -> None:
    head, row = "| Event | Seen by |\n|:---|---:|", "| Ann moves it. She leaves. | all |"
    assert cut(think("Who?", head, row, row, "Ann. It is.")) == ["Who?", head, row, row, "Ann.", "It is."]
    assert cut(think("Event | Seen\n--|--", "Ann. Bob | x", "", "this | that. It is.")) == [
        "Event | Seen\n--|--", "Ann. Bob | x", "this | that.", "It is."
    ]  # fmt: skip
    assert cut(think(row, "|---|")) == [f"{row}\n|---|"]
    assert cut(think(row, row)) == [row, row]


def test_code_fences_are_no_steps() -> None:
    lines = ["Ann left. Bob did.", "```python", "x = 1. y = 2", "", "  z", "```", "~~~", "Cid left. Dan did."]
    assert cut(think(*lines)) == ["Ann left.", "Bob did.", "x = 1. y = 2", "z", "Cid left.", "Dan did."]


def test_a_del_block_is_one_step() -> None:
    first = "## Step 1 ##\nAnn left. She did.\n\nAnn thinks the key is in [Null]"
    second = "## step 2 ##\n- Bob\nBob thinks the key is in [box]"
    assert cut(think("Intro. Go.", first, "", second, "")) == ["Intro.", "Go.", first, second]


# -- tags and answers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "steps", "answer", "loose"),
    [
        ("<Think>Ann left.</THINK><answer>box</answer>", ["Ann left."], "box", None),
        ("< think >Ann left.< / think ><answer>box</answer>", ["Ann left."], "box", None),
        ("First. <think>Ann left.</think> Then. <answer>box</answer>", ["First.", "Ann left.", "Then."],
         "box", None),
        ("Ann left. Bob did.", ["Ann left.", "Bob did."], None, None),
        ("<think>Ann left.<think>Bob did.</think></think>", ["Ann left.", "Bob did."], None, None),
        ("<think>Ann left.<answer>box</answer> Bob did.</think>", ["Ann left."], "box", None),
        ("<answer>box</answer><think>Ann left.</think>", [], "box", None),
        ("<think>Ann left.</think><answer>box</answer>\nLine 2: Ann sees it.", ["Ann left."], "box", None),
        ("box</answer> Ann left.", ["box"], None, None),
        ("I use <answer></answer> and <answer>...</answer> then. Ann left.",
         ["I use", "and", "then.", "Ann left."], None, None),
        ("Ann left.<answer>box</answer><answer>bag</answer>", ["Ann left."], None, None),
        ("Ann left.<Answer> box </ANSWER>", ["Ann left."], None, "box"),
        ("Ann left.<Answer>коробка</Answer>", ["Ann left."], None, "коробка"),
        ("Ann left.<Answer>box</Answer><Answer>bag</Answer>", ["Ann left."], None, None),
        ("Ann left.<Answer>box", ["Ann left."], None, None),
        ("Ann left.\nAnswer: box", ["Ann left."], None, "box"),
        ("<think>Ann left.\nanswer = red_box.</think>", ["Ann left."], None, "red_box"),
        ("Ann left.\n**Final answer:** N. red_box", ["Ann left."], None, "N. red_box"),
        ("Ann left.\n**Answer**: *red_box*", ["Ann left."], None, "red_box"),
        ("Ann left. So the final answer is: red_box.", ["Ann left."], None, "red_box"),
        ("Ann left. \\boxed{\\text{red\\_box}}", ["Ann left."], None, "red_box"),
        ("Ann left.\nThe answer is $\\boxed{a {b} c}$.", ["Ann left."], None, "a {b} c"),
        ("Ann left.\n### Final Answer\nred_box", ["Ann left."], None, "red_box"),
        ("The answer is red_box. Bob left.", ["The answer is red_box.", "Bob left."], None, None),
        ("Ann left. The answer is yes. <answer>no</answer>", ["Ann left.", "The answer is yes."], "no", None),
        ("Ann knows the answer.", ["Ann knows the answer."], None, None),
        ("a \\boxed{b", ["a \\boxed{b"], None, None),
    ],
)  # fmt: skip
def test_reasoning_and_answer(text: str, steps: list[str], answer: str | None, loose: str | None) -> None:
    trace = read_trace(text)
    assert ([s.text for s in trace.steps], trace.answer, trace.loose_answer) == (steps, answer, loose)


def test_a_loose_answer_is_not_well_formed() -> None:
    for text in ("<think>Ann left.</think>\nAnswer: box", "<Think>Ann left.</Think><Answer>box</Answer>"):
        trace = read_trace(text)
        assert (trace.format, trace.answer, trace.loose_answer) == (Format.MISSING_TAG, None, "box")
    assert read_trace("Ann left.\nAnswer: box", steps=["Ann left."]).loose_answer == "box"


# -- canonical traces ---------------------------------------------------------------------------


def test_canonical_traces_keep_one_step_a_line(assorted: list[Item]) -> None:
    rng = np.random.default_rng(0)
    for item in assorted:
        for narrate in NARRATORS.values():
            text = narrate(item, rng)
            lines = text.partition("<think>\n")[2].partition("\n</think>")[0].split("\n")
            assert cut(text) == lines
        steps, answer = sound_steps(item)
        one_line = write_trace([" ".join(steps)], answer)
        assert cut(one_line) == steps
        assert cut("\r\n".join(steps)) == cut("\n\n".join(steps)) == steps


# -- any text -----------------------------------------------------------------------------------

PIECES = [
    "Ann", "bob sees it", "e.g.", "Mr.", "B.", "3.5", "N. x", "Line 5", "Line 6:", ":", ". ", ".",
    "...", "?!", "…", "。", '"', "“", "”", "(", ")", "[", "]", "'", "**", "__", "*", "`", "```",
    "~~~", "#", "## Step 1 ##", "\n", "\n\n", "\r\n", "\n- ", "\n  ", "\n1. ", "\n(1) ", "\nStep 2: ",
    "\n• ", "|", "\n|---|\n", "---", "\n### ", " ", "\t", "<think>", "</think>", "<Think>",
    "< / think >", "<", ">", "Hmm, wait.", "\u200b", "\u2028", "\x00", "İ", "ſ", "🗝", "}", "_",
]  # fmt: skip
ANSWERS = ["<answer>", "</answer>", "<Answer>", "Answer: ", "\nThe answer is ", "\\boxed{"]
TAG = re.compile(r"(?ai)<[ \t]{0,4}/?[ \t]{0,4}(?:think|answer)[ \t]{0,4}>")
texts = st.lists(st.sampled_from(PIECES + ANSWERS), max_size=40).map("".join) | st.text(max_size=200)


@given(texts)
def test_spans_are_exact_in_order_and_free_of_tags(text: str) -> None:
    trace = read_trace(text)
    end = 0
    for step in trace.steps:
        assert step.text == text[step.start : step.end] == step.text.strip()
        assert end <= step.start < step.end
        assert any(c.isalnum() for c in step.text) and not TAG.search(step.text)
        end = step.end
    if answered := re.search(r"(?ai)<answer>(?![\s._-]*</answer>)", text):
        assert end <= answered.start()


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_all_reasoning_is_in_a_step(text: str) -> None:
    """But for tags and code fences, with the one word that may follow a fence."""
    rest, end = "", 0
    for step in [*read_trace(text).steps, None]:
        rest += TAG.sub("\n", text[end : step.start if step else None]) + "\n"
        end = step.end if step else end
    fence = re.compile(r"(?m)^\s*(`{3,}|~{3,})[ \t]*[\w+#.-]*\s*$")
    assert not any(c.isalnum() for c in fence.sub("", rest.replace("\r", "\n")))


@given(st.lists(st.sampled_from(["Ann left", "bob saw red_box", "So it is there"]), min_size=1, max_size=8))
def test_cutting_again_changes_nothing(parts: list[str]) -> None:
    sentences = [f"{part}." for part in parts]
    assert cut(" ".join(sentences)) == cut("\n".join(sentences)) == sentences


@pytest.mark.parametrize(
    "unit",
    ["- ", "-", "|", "|\n", "|\n|-\n", ".", ". ", ".)", "<think>", "<", " ", "\n", "\n- a\n  b", "```\n",
     "**", '"', "(", "Hmm. ", "Line 5: a\n\n", "## Step 1 ##\n", "e.g. ", "__a"],
)  # fmt: skip
def test_work_is_linear(unit: str) -> None:
    """Lines of Python executed, not seconds: eight times the text, at most some ten times the work."""
    assert _work(unit * 1600) < 10 * _work(unit * 200) + 2000


def _work(text: str) -> int:
    count = 0

    def tracer(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        read_trace(text)
    finally:
        sys.settrace(before)
    return count
