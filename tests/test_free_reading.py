"""Free English sentence by sentence: a right step is never contradicted, a plain wrong one is.

The cases were written from the stories and the task alone, before looking at the reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import pytest
from free_reading_cases import CASES, ROWS, WALKS
from hypothesis import given, settings
from hypothesis import strategies as st

from tomprm.checker.check import Checker
from tomprm.trace.steps import read_trace
from tomprm.world.sources.rows import read_row

LETTER = {"supported": "S", "contradicted": "X", "uncheckable": "U", "no_claim": "N"}
FILLER = "Let me think about this."


class Case(NamedTuple):
    about: str
    story: str
    allowed: str
    steps: tuple[str, ...]


def read_cases() -> Iterator[Case]:
    for about, block in CASES.items():
        story = allowed = ""
        for line in block.strip().splitlines():
            text = line.removeprefix("- ")
            if text == line:
                head, _, text = line.partition(": ")
                story, allowed = head.split()
            yield Case(about, story, allowed, tuple(text.replace("\\n", "\n").split(" // ")))


ALL = tuple(read_cases())
CHECKERS = {story: Checker(read_row(row)) for story, row in ROWS.items()}
WALK_STEPS = {
    name: (story, tuple(line.removeprefix("! ") for line in text.strip().splitlines()))
    for name, (story, text) in WALKS.items()
}


def read(checker: Checker, steps: Sequence[str], answer: str = "nowhere") -> str:
    """The statuses of the steps, a letter each."""
    text = "<think>" + "\n".join(steps) + f"</think><answer>{answer}</answer>"
    return "".join(LETTER[s.status.value] for s in checker.check(read_trace(text, steps=steps)).steps)


def statuses(case: Case) -> str:
    return read(CHECKERS[case.story], case.steps)


# -- golden -------------------------------------------------------------------------------------


@pytest.mark.parametrize("about", CASES)
def test_steps(about: str) -> None:
    wrong: list[str] = []
    for case in ALL:
        if case.about == about:
            got = statuses(case)
            if got[-1] not in case.allowed or "X" in got[:-1]:
                wrong.append(f"{case.story} {case.allowed}, got {got}: {' // '.join(case.steps)}")
    assert not wrong, "\n".join(wrong)


def test_there_are_many_cases() -> None:
    assert len(ALL) >= 200
    assert sum(c.allowed == "S" for c in ALL) >= 150 and sum(c.allowed == "X" for c in ALL) >= 80


@pytest.mark.parametrize("name", WALKS)
def test_walks(name: str) -> None:
    story, steps = WALK_STEPS[name]
    marked = [line.startswith("! ") for line in WALKS[name][1].strip().splitlines()]
    got = read(CHECKERS[story], steps, ROWS[story]["answer"])
    assert [letter == "X" for letter in got] == marked, list(zip(got, steps, strict=True))
    right = [letter for letter, wrong in zip(got, marked, strict=True) if not wrong]
    assert right.count("S") >= 0.6 * len(right)


# -- grids: every chain and every pair, against the rule of one-room chapters by hand -----------------

LEAVERS = ("Mila", "Oscar", "Tara", "Felix", "Ruth")  # in order
LAST_SEEN = ("blue_basket", "blue_basket", "green_box", "white_drawer", "red_crate")
MOVES = {"Mila": "blue_basket", "Tara": "green_box", "Felix": "white_drawer", "Ruth": "red_crate"}


@pytest.mark.parametrize("order", (1, 2, 3, 4))
@pytest.mark.parametrize(
    ("opening", "link"),
    (("At the end, ", "{} thinks "), ("In the end, ", "{} believes "), ("At the end, ", "{} believes that ")),
)
def test_every_chain(order: int, opening: str, link: str) -> None:
    """What a chain believes is the place when the first of its members left."""
    for chain in permutations(LEAVERS, order):
        true = LAST_SEEN[min(map(LEAVERS.index, chain))]
        for place in MOVES.values():
            step = opening + "".join(link.format(name) for name in chain) + f"the melon is in the {place}."
            assert read(CHECKERS["H"], [step]) == ("S" if place == true else "X"), step


@pytest.mark.parametrize(
    ("form", "affirms"),
    (
        ("{who} saw {mover} move the melon to the {place}.", True),
        ("{who} did not see {mover} move the melon to the {place}.", False),
        ("{who} didn't see {mover} move the melon to the {place}.", False),
        ("{who} witnessed {mover} moving the melon to the {place}.", True),
        ("{who} sees {mover} put the melon in the {place}.", True),
        ("{who} was in the kitchen when {mover} moved the melon to the {place}.", True),
        ("When {mover} moves the melon to the {place}, {who} is present.", True),
        ("{mover} moved the melon to the {place} while {who} was still there.", True),
        ("{mover} moves the melon to the {place}, and {who} sees it.", True),
        ("{mover} moves the melon to the {place}, but {who} doesn't see it.", False),
    ),
)
def test_every_witness(form: str, affirms: bool) -> None:
    for mover, place in MOVES.items():
        for who in set(LEAVERS) - {mover}:
            saw = LEAVERS.index(who) >= LEAVERS.index(mover)
            step = form.format(who=who, mover=mover, place=place)
            assert read(CHECKERS["H"], [step]) == ("S" if saw == affirms else "X"), step


# -- what may not matter ------------------------------------------------------------------------

WOMEN = ("Alice", "Bella", "Clara", "Diana", "Fiona", "Greta", "Hanna", "Julia")
MEN = ("Adam", "Brian", "Carlo", "David", "Frank", "Henry", "Kevin", "Lucas")
WORDS = ("amber", "cobalt", "copper", "ivory", "velvet", "purple", "yellow", "silken", "marble", "walnut")
HOLDERS = ("barrel", "cabinet", "envelope", "locker", "trunk", "vase", "bucket", "jug")
THINGS = ("banana", "pencil", "lantern", "medal", "spoon")
ROOMS = ("cellar", "library", "hallway", "studio")
PARTS = {  # story -> women, men, adjectives, containers, things, rooms
    "H": (
        ("Mila", "Tara", "Ruth"),
        ("Oscar", "Felix"),
        ("red", "blue", "green", "white", "black", "tin"),
        ("crate", "basket", "box", "drawer", "chest", "bucket"),
        ("melon", "scarf"),
        ("kitchen", "garage"),
    ),
    "V": (
        ("Nora", "Iris"),
        ("Paul", "Jonas"),
        ("oak", "tin", "blue", "old"),
        ("chest", "box", "bag", "suitcase"),
        ("stamp",),
        ("study",),
    ),
    "E": (
        ("Lena",),
        ("Theo", "Ivan"),
        ("leather", "glass", "wooden"),
        ("pouch", "jar", "box"),
        ("ring",),
        ("pantry", "attic"),
    ),
    "T": (("Chloe", "Emma"), ("Jack",), (), ("suitcase", "crate"), ("onion",), ("porch", "garden")),
}
# A word with a typo cannot be renamed, and whether a line of the story is copied hangs on each letter.
STEADY = tuple(c for c in ALL if not c.about.startswith("typos") and c.allowed != "SN")


def rename(text: str, new: dict[str, str]) -> str:
    def swap(found: re.Match[str]) -> str:
        word, other = found[0], new[found[0].lower()]
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other.lower()

    return re.sub(rf"(?<![a-zA-Z])(?:{'|'.join(new)})(?![a-zA-Z])", swap, text, flags=re.IGNORECASE)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(ROWS)), st.randoms(use_true_random=False))
def test_renaming_changes_nothing(story: str, rng: object) -> None:
    pools = (WOMEN, MEN, WORDS, HOLDERS, THINGS, ROOMS)
    new: dict[str, str] = {}
    for old, pool in zip(PARTS[story], pools, strict=True):
        new.update(zip((w.lower() for w in old), rng.sample(list(pool), len(old)), strict=True))  # type: ignore[attr-defined]
    row = {k: rename(v, new) if isinstance(v, str) and k != "source" else v for k, v in ROWS[story].items()}
    if isinstance(row.get("choices"), list):
        row["choices"] = [rename(c, new) for c in row["choices"]]
    renamed = Checker(read_row(row))
    for case in STEADY:
        if case.story == story:
            steps = [rename(s, new) for s in case.steps]
            assert read(renamed, steps) == statuses(case), (steps, case.steps)


PLACE = re.compile(r"\b[a-z]+_[a-z]+\b")
STYLES: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "title case": str.title,
    "blanks": lambda place: place.replace("_", " "),
    "blanks in upper case": lambda place: place.replace("_", " ").upper(),
    "bold": lambda place: f"**{place}**",
    "code": lambda place: f"`{place}`",
}


@pytest.mark.parametrize("style", STYLES)
def test_how_places_are_written_changes_nothing(style: str) -> None:
    for case in STEADY:
        steps = [PLACE.sub(lambda found: STYLES[style](found[0]), s) for s in case.steps]
        assert read(CHECKERS[case.story], steps) == statuses(case), steps


@pytest.mark.parametrize("before", ("- ", "* ", "1. ", "Step 3: ", "**Step 2.** "))
def test_what_stands_before_a_step_changes_nothing(before: str) -> None:
    for case in STEADY:
        if not case.about.startswith("tables"):
            steps = [before + s for s in case.steps]
            assert read(CHECKERS[case.story], steps) == statuses(case), steps


def test_filler_changes_nothing() -> None:
    for case in ALL:
        steps = [part for step in case.steps for part in (FILLER, step)]
        assert read(CHECKERS[case.story], steps)[1::2] == statuses(case), steps


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(WALK_STEPS)), st.data())
def test_filler_changes_no_walk(name: str, data: st.DataObject) -> None:
    story, steps = WALK_STEPS[name]
    fillers = data.draw(st.lists(st.booleans(), min_size=len(steps), max_size=len(steps)))
    padded = [part for f, step in zip(fillers, steps, strict=True) for part in ([FILLER] * f + [step])]
    got = read(CHECKERS[story], padded)
    kept = "".join(letter for letter, step in zip(got, padded, strict=True) if step != FILLER)
    assert kept == read(CHECKERS[story], steps)


@pytest.mark.parametrize("name", WALK_STEPS)
def test_repeating_a_supported_step_contradicts_nothing(name: str) -> None:
    story, steps = WALK_STEPS[name]
    before = read(CHECKERS[story], steps)
    for index, letter in enumerate(before):
        if letter == "S":
            got = read(CHECKERS[story], [*steps[: index + 1], steps[index], *steps[index + 1 :]])
            assert got[index + 1] != "X", steps[index]
            assert got.count("X") == before.count("X"), (got, before, steps[index])


HOMOGLYPHS = str.maketrans("aehiopc", "\u0430\u0435\u04bb\u0456\u043e\u0440\u0441")


@given(st.sampled_from(LEAVERS), st.sampled_from(sorted(MOVES.values())), st.sampled_from("ntp"))
def test_names_in_look_alike_letters_name_nobody(who: str, place: str, which: str) -> None:
    named = {"n": who, "t": "melon", "p": place}
    named[which] = named[which].translate(HOMOGLYPHS)
    step = f"At the end, {named['n']} thinks the {named['t']} is in the {named['p']}."
    assert read(CHECKERS["H"], [step]) in "UN"
