"""Prompts: what a policy is shown. One function, so that every trainer and stack asks alike."""

from __future__ import annotations

from typing import Literal

from tomprm.world.grammar import write_question
from tomprm.world.items import Item

PromptStyle = Literal["plain", "instruct"]

INSTRUCTION = """Read the story and answer the question.

Reason inside <think> </think>, one step a line, then give only the place inside <answer> </answer>.
First go through the story's lines that put, move or show the {thing}, or make a claim about it. \
For each, write one line that says where the {thing} is and who of {names} sees it:
Line 5: {thing} in red_box; Ann sees it; Bob misses it.
Write "seems to see it" or "seems to miss it" when somebody only appears to, because they were \
distracted or watched in secret. For a claim: Line 9: Cid says {thing} in red_box; Ann trusts Cid.
End the reasoning with the belief that is asked for:
So Ann thinks Bob thinks the {thing} is in the red_box."""


def prompt_text(item: Item, style: PromptStyle = "plain") -> str:
    """The prompt as one string; `instruct` explains the canonical form, for models that can be told,
    `plain` is the bare story and question, for models that were trained on it."""
    question = write_question(item.question)
    if style == "plain":
        return f"{item.text.strip()}\n{question}\n"
    names = ", ".join(item.question.chain) or "the people"
    told = INSTRUCTION.format(thing=item.question.fact.thing, names=names)
    choices = ", ".join(item.question.choices)
    return f"{told}\n\nStory:\n{item.text.strip()}\n\nQuestion: {question}\nChoices: {choices}\n"
