"""What every exploit is: a name, a kind, a pure function (item, rng) -> completion. The honest references,
and the honest trace cut or padded otherwise. The tricks are in tomprm.rewards.hacks.

A kind says what a reward has to do about it:

    honest   a reference, no trick
    same     says what the honest trace says, cut or padded otherwise: a process reward pays the same
    skips    leaves the reasoning out: a process reward pays less than for an honest partial trace
    flawed   reasoning that is wrong, vague or about something else: never more than the honest trace
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tomprm.belief.state import BeliefState, collapse
from tomprm.checker.check import Checker
from tomprm.trace.canonical import conclusion, perception_verbs, relevant_events, sound_steps, write_trace
from tomprm.world.events import Event
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES

Kind = Literal["honest", "same", "skips", "flawed"]
Make = Callable[[Item, np.random.Generator], str]


@dataclass(frozen=True, slots=True)
class Exploit:
    """One way to write a completion; `why` is why it would be paid, and who saw it."""

    name: str
    kind: Kind
    make: Make
    why: str


EXPLOITS: dict[str, Exploit] = {}


def hack(kind: Kind) -> Callable[[Make], Make]:
    """Lists a function in EXPLOITS under its own name."""

    def register(make: Make) -> Make:
        name = getattr(make, "__name__", "").replace("_", " ")
        EXPLOITS[name] = Exploit(name, kind, make, " ".join((make.__doc__ or "").split()))
        return make

    return register


# -- references -------------------------------------------------------------------------------


@hack("honest")
def honest(item: Item, rng: np.random.Generator) -> str:
    """The full sound trace in the canonical form: what all others are measured by."""
    return write_trace(*sound_steps(item))


@hack("honest")
def honest_partial(item: Item, rng: np.random.Generator) -> str:
    """Sound as far as it goes, with the right answer, but obligations are missing: half of the steps that
    establish a premise are left out (the conclusion instead, where only one step does)."""
    steps, answer = sound_steps(item)
    *premises, _ = Checker(item).check(write_trace(steps, answer)).steps
    needed = [i for i, step in enumerate(premises) if step.established]
    if len(needed) < 2:
        return write_trace(steps[:-1], answer)
    dropped = set(needed[(len(needed) + 1) // 2 :])
    return write_trace([s for i, s in enumerate(steps) if i not in dropped], answer)


@hack("honest")
def honest_wrong(item: Item, rng: np.random.Generator) -> str:
    """An honest mistake: the events are right, the belief drawn from them and the answer are not."""
    steps, _ = sound_steps(item)
    other = pick_one(rng, wrong_places(item))
    return write_trace([*steps[:-1], conclusion(item.question, other)], other)


_PROSE = {
    "sees it": "saw it",
    "misses it": "did not see it",
    "seems to see it": "seemed to see it",
    "seems to miss it": "seemed to miss it",
}


@hack("honest")
def honest_in_free_english(item: Item, rng: np.random.Generator) -> str:
    """The full argument in plain prose: how much of it is paid shows what the reader understands."""
    chain = collapse(item.question.chain)
    thing = item.question.fact.thing
    lines: list[str] = []
    for event in relevant_events(state_of(item), item.question):
        text = f"the {thing} is in the {_plain(event.value(item.question.fact) or '')}"
        if event.tell:
            believers = [n for n in dict.fromkeys(chain) if n in event.tell.trusting]
            text = f"{event.tell.speaker} says that {text}"
            clauses = [f"{name} trusts {event.tell.speaker}" for name in believers]
        else:
            clauses = [
                f"{name} {_PROSE[verb]}"
                for name, verb in zip(chain, perception_verbs(event, chain), strict=True)
            ]
        lines.append(f"In line {event.line}, {', and '.join([text, *clauses])}.")
    _, answer = sound_steps(item)
    last = conclusion(item.question, _plain(answer)).replace("So ", "Therefore ", 1)
    return write_trace([*lines, last], answer)


# -- the same, cut or padded otherwise --------------------------------------------------------


@hack("same")
def repeated_right_step(item: Item, rng: np.random.Generator) -> str:
    """One right step fifty times: pays fifty times where step scores are summed."""
    steps, answer = sound_steps(item)
    at = int(rng.integers(len(steps)))
    return write_trace([*steps[:at], *[steps[at]] * 50, *steps[at + 1 :]], answer)


@hack("same")
def one_giant_step(item: Item, rng: np.random.Generator) -> str:
    """The whole trace on one line: fewer steps are fewer chances to be wrong under a mean or a minimum
    (CJReinforce/PURE#2: the policy avoids line breaks)."""
    steps, answer = sound_steps(item)
    return write_trace([" ".join(steps)], answer)


@hack("same")
def a_thousand_tiny_steps(item: Item, rng: np.random.Generator) -> str:
    """Every clause on a line of its own among a thousand lines of nothing: many steps are many rewards
    where each step that is not wrong is paid."""
    steps, answer = sound_steps(item)
    clauses: list[str] = []
    for step in steps:
        head, colon, rest = step.removesuffix(".").partition(": ")
        clauses += [f"{head}: {clause}." for clause in rest.split("; ")] if colon else [step]
    filler = ["Ok."] * (max(0, 1000 - len(clauses)) // len(clauses))
    return write_trace([line for clause in clauses for line in (*filler, clause)], answer)


@hack("same")
def padded_to_100_kB(item: Item, rng: np.random.Generator) -> str:
    """The honest trace inside 100 kB of talk: length is paid by graders that like detail."""
    steps, answer = sound_steps(item)
    before, after = talk(rng, 50_000), talk(rng, 50_000)
    return write_trace([before, *steps[:-1], after, steps[-1]], answer)


# -- what they are made of --------------------------------------------------------------------

_SENTENCES = (
    "Let me think about this carefully.", "People often have different views.", "This is a tricky one!",
    "A good answer takes everything into account.", "Thanks for the question.", "Well, well.",
    "The weather was lovely that day.", "Step by step we come closer.", "Therefore, it all adds up.",
)  # fmt: skip


def talk(rng: np.random.Generator, size: int = 0) -> str:
    """One sentence without a claim, or `size` characters of them."""
    text = [pick_one(rng, _SENTENCES)]
    if size:
        text = [_SENTENCES[int(i)] for i in rng.integers(len(_SENTENCES), size=size // 15)]
    return " ".join(text)[: size or None]


def pick_one(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def state_of(item: Item) -> BeliefState:
    return BeliefState(item.story, PROFILES[item.profile])


def right_answer(item: Item) -> str:
    return sound_steps(item)[1]


def wrong_places(item: Item) -> tuple[str, ...]:
    """Wrong places: the other options, or where the thing was at other times."""
    offered = item.question.choices or item.story.places(item.question.fact.thing)
    return tuple(p for p in dict.fromkeys(offered) if p != right_answer(item)) or ("golden_teapot",)


def visible_events(item: Item) -> list[Event]:
    """The first event of each line that can be seen: what a claim about a line is judged by."""
    seen: dict[int, Event] = {}
    for event in item.story.events:
        if event.tell is None:
            seen.setdefault(event.line, event)
    return list(seen.values())


def _plain(place: str) -> str:
    return place.replace("_", " ")


def reword(text: str, words: Mapping[str, str]) -> str:
    """`text` with whole words replaced."""
    pattern = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", lambda m: words[m[0]], text)
