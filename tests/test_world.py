"""Stories: English to events and back, who perceives what, and what is refused with which message."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tomprm
from tomprm.world.events import Action, Fact, Kind, Question, join_names, split_names
from tomprm.world.generate import OpenShape, hitom_story, open_story
from tomprm.world.grammar import (
    REGISTERS,
    read_actions,
    read_choices,
    read_question,
    read_story,
    write_question,
    write_story,
)
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, Profile, StoryError
from tomprm.world.vocabulary import VOCABULARIES

SYMBOLIC = ("config", "world", "belief", "trace", "checker", "rewards")


def symbolic_modules() -> list[str]:
    found = pkgutil.walk_packages(tomprm.__path__, "tomprm.")
    return [m.name for m in found if m.name.split(".")[1] in SYMBOLIC]


@pytest.mark.parametrize("name", symbolic_modules())
def test_docstring_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# -- English ------------------------------------------------------------------------------------


def test_read_hitom_sentences() -> None:
    text = """Read the following story and answer the multiple-choice question.
    1 Ann, Bob and Cid entered the living_room.
    2 Ann saw a mouse.
    3 The key is in the red_box.
    ***
    4 Ann moved the key to the blue_bag. Dan watched in secret. Bob and Cid did not notice.
    5 Bob made no movements and stayed in the living_room for 1 minute.
    6 Ann and Bob exited the living_room.
    7 Ann publicly claimed that key is in the green_tin.
    8 Ann privately told Bob that the key is in the green_tin now."""
    assert read_actions(text) == (
        Action(1, Kind.ENTER, ("Ann", "Bob", "Cid"), room="living_room"),
        Action(2, Kind.NOISE, ("Ann",), place="mouse"),
        Action(3, Kind.PLACE, (), "key", "red_box"),
        Action(4, Kind.MOVE, ("Ann",), "key", "blue_bag", secret=("Dan",), distracted=("Bob", "Cid")),
        Action(5, Kind.STAY, ("Bob",), room="living_room"),
        Action(6, Kind.EXIT, ("Ann", "Bob"), room="living_room"),
        Action(7, Kind.CLAIM, ("Ann",), "key", "green_tin"),
        Action(8, Kind.TELL, ("Ann",), "key", "green_tin", listener="Bob"),
    )


def test_lines_without_numbers_are_counted() -> None:
    actions = read_actions("Ann entered the hall.\n\nThe key is in the box.")
    assert [a.line for a in actions] == [1, 2]


seeds = st.integers(0, 2**32 - 1)
registers = st.sampled_from(sorted(REGISTERS))


@given(seeds, registers)
def test_open_stories_read_back(seed: int, register: str) -> None:
    draft = open_story(np.random.default_rng(seed), VOCABULARIES["train"], OpenShape())
    assert read_actions(write_story(draft.actions, register)) == draft.actions


@given(seeds, registers, st.integers(1, 3), st.booleans())
def test_hitom_stories_read_back(seed: int, register: str, chapters: int, deception: bool) -> None:
    rng = np.random.default_rng(seed)
    draft = hitom_story(rng, VOCABULARIES["train"], chapters, deception)
    assert read_actions(write_story(draft.actions, register)) == draft.actions
    assert read_actions(write_story(draft.actions, register, rng)) == draft.actions  # any noise template
    assert len(set(draft.places)) == 15


names = st.lists(st.sampled_from(VOCABULARIES["held_out"].names), max_size=5, unique=True).map(tuple)
things = st.sampled_from(["key", "red box", "grapes", "half-eaten pear", "is"])


@given(names, things)
def test_questions_read_back(chain: tuple[str, ...], thing: str) -> None:
    question = Question(chain, Fact(thing), ("box", "bag"), "box")
    assert read_question(write_question(question), ("box", "bag"), "box") == question


@given(names)
def test_lists_of_names_read_back(listed: tuple[str, ...]) -> None:
    assert split_names(join_names(listed)) == listed


def test_choices() -> None:
    assert read_choices("A. red_box, B. blue_bag, C. toy chest") == ("red_box", "blue_bag", "toy chest")


def test_registers_differ_in_every_sentence() -> None:
    draft = hitom_story(np.random.default_rng(0), VOCABULARIES["train"], 3, True)
    told = [set(write_story(draft.actions, register).splitlines()) for register in REGISTERS]
    assert not told[0] & told[1]


# -- perceivers ---------------------------------------------------------------------------------


def test_perceivers() -> None:
    story = read_story(
        """1 Ann and Bob entered the hall.
        2 The key is in the box. Cid watched in secret.
        3 Bob moved the key to the bag. Ann did not notice.
        4 Ann exited the hall.
        5 Dan entered the hall."""
    )
    placed, moved = story.about(Fact("key"))[:2]
    assert (placed.real, placed.apparent) == ({"Ann", "Bob", "Cid"}, {"Ann", "Bob"})
    assert (moved.real, moved.apparent) == ({"Bob"}, {"Ann", "Bob"})
    left, entered, looked = story.events[-3:]
    assert left.real == {"Ann", "Bob"}  # whoever leaves sees himself leave
    assert entered.real == {"Bob", "Dan"} and entered.value(Fact("Dan", "room")) == "hall"
    assert looked.real == looked.apparent == {"Dan"} and looked.value(Fact("key")) == "bag"
    assert story.agents == ("Ann", "Bob", "Cid", "Dan")  # a secret watcher is one of the people
    assert story.places("key") == ("box", "bag")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_whom_people_trust(profile: Profile) -> None:
    story = read_story(
        """1 Ann, Bob and Cid entered the hall.
        2 The key is in the box.
        3 Ann exited the hall.
        4 Bob exited the hall.
        5 Dan entered the attic.
        6 Cid exited the hall.
        7 Ann, Bob and Cid entered the hall.
        8 Bob exited the hall.
        9 Cid publicly claimed that key is in the bag.
        10 Bob privately told Dan that the key is in the tin.""",
        profile,
    )
    public, private = (e.tell for e in story.events if e.tell)
    assert public and public.trusting == {"Bob", "Dan"}  # Dan is outside the chapter, Ann is still inside
    assert private and private.trusting == private.listeners == {"Dan"}


# -- refusals -----------------------------------------------------------------------------------

HALL = "1 Ann entered the hall.\n2 The key is in the box.\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the story is empty; give at least one sentence"),
        ("***\n\n", "line 1: the story is empty"),
        (
            HALL + "3 Ann hid the key.",
            "line 3: unknown sentence 'Ann hid the key.'; rewrite it in one of the",
        ),
        (HALL + "\n***\n3 ann left.", "line 5: unknown sentence 'ann left.'"),
        (HALL + "2 Ann exited the hall.", "line 3: number 2 does not follow 2; number the sentences"),
        ("1 Ann exited the hall.", "line 1: Ann leaves the hall without being there; add an entry for Ann"),
        (HALL + "3 Ann exited the attic.", "line 3: Ann leaves the attic without being there"),
        (
            HALL + "3 Bob moved the key to the bag.",
            "line 3: Bob moves the key but is in no room; add an entry",
        ),
        (
            HALL + "3 Ann exited the hall.\n4 Ann moved the key to the bag.",
            "line 4: Ann moves the key but is in no room",
        ),
        ("1 The key is in the box.", "line 1: the key is placed before anybody entered a room"),
        (
            HALL + "3 Ann moved the key to the bag. Bob did not notice.",
            "line 3: Bob is said to be distracted but is not in the hall; let them enter first",
        ),
        (
            HALL + "3 Ann moved the key to the bag. Ann did not notice.",
            "line 3: Ann is said not to notice their own move; drop the remark",
        ),
        (
            HALL + "3 Bob entered the hall.\n4 Ann moved the key to the bag. Bob watched in secret.",
            "line 4: Bob is said to watch in secret but is in the hall openly; let them leave first",
        ),
        (
            HALL + "3 Ann publicly claimed that key is in the bag. Bob watched in secret.",
            "line 3: claims cannot be overheard in secret or go unnoticed; drop the remark",
        ),
        ("9" * 5000 + " Ann entered the hall.", "line 1: unknown sentence"),
    ],
)
def test_stories_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(StoryError) as caught:
        read_story(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["Where is it?", "", "Where does ann think the key is?", "Why?"])
def test_questions_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown question .*; ask 'Where is the X really"):
        read_question(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_story(text).actions
    except StoryError as error:
        assert str(error).startswith("line ")


def test_items() -> None:
    question = read_question("Where is the key really?", ("box", "bag"), "box")
    item = Item("a", "s", HALL, question)
    assert item.chance == 0.5 and Item("a", "s", HALL, Question((), Fact("key"))).chance == 0.0
    assert item.as_row()["question"] == "Where is the key really?" and item.as_row()["order"] == 0
    with pytest.raises(
        ValueError, match="a: profile 'tommy' is unknown; choose from hitom-release, hitom-clean"
    ):
        Item("a", "s", HALL, question, "tommy")
