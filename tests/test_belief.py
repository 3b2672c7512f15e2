"""The belief engine: golden stories by hand, the same answers as a table kept by brute force, invariants."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Chain, Oracle, strange_story

from tomprm.belief.heuristics import HEURISTICS, shortcut_markdown, shortcut_table
from tomprm.belief.solve import solve
from tomprm.belief.state import BeliefState, collapse
from tomprm.belief.update import missed_by, sets
from tomprm.world.events import Action, Fact, Kind, Question
from tomprm.world.generate import OpenShape, hitom_story, open_story
from tomprm.world.grammar import read_question, read_story
from tomprm.world.items import Item
from tomprm.world.replay import HITOM_CLEAN, HITOM_RELEASE, PROFILES, Profile, renumber, replay
from tomprm.world.vocabulary import VOCABULARIES

KEY = Fact("key")
Actions = list[Action]


def believed(state: BeliefState, *chain: str, line: int | None = None) -> str | None:
    return state.belief(chain, KEY, line).value


# -- by hand ------------------------------------------------------------------------------------


def test_false_belief() -> None:
    state = BeliefState(
        read_story(
            """1 Ann and Bob entered the hall.
            2 The key is in the box.
            3 Ann exited the hall.
            4 Bob moved the key to the bag."""
        )
    )
    assert believed(state) == "bag"
    assert believed(state, "Bob") == "bag"
    assert believed(state, "Ann") == "box"
    assert believed(state, "Bob", "Ann") == "box"  # Bob knows that she missed it
    assert believed(state, "Ann", "Bob") == "box"  # Ann does not know that he did it
    assert believed(state, "Ann", line=1) is None
    assert believed(state, "Bob", line=3) == "box"
    explained = state.belief(("Bob", "Ann"), KEY).explain()
    assert explained == (
        "Bob thinks that Ann thinks that the key is in the box: "
        "set by line 2 (place), perceived by Ann and Bob"
    )


def test_secret_watcher_knows_and_nobody_knows_that() -> None:
    state = BeliefState(
        read_story(
            """1 Ann and Bob entered the hall.
            2 The key is in the box.
            3 Ann exited the hall.
            4 Bob moved the key to the bag. Ann watched in secret."""
        )
    )
    assert believed(state, "Ann") == "bag"
    assert believed(state, "Ann", "Bob") == "bag"  # she saw him do it
    assert believed(state, "Bob", "Ann") == "box"  # he does not know that she watched
    assert believed(state, "Ann", "Bob", "Ann") == "box"  # and she knows that he does not
    assert state.missed(state.belief(("Bob", "Ann"), KEY)) == ((state.story.events[-1], ("Ann",)),)


def test_distracted_person_seems_to_know() -> None:
    state = BeliefState(
        read_story(
            """1 Ann and Bob entered the hall.
            2 The key is in the box.
            3 Bob moved the key to the bag. Ann did not notice."""
        )
    )
    assert believed(state, "Ann") == "box"
    assert believed(state, "Bob", "Ann") == "bag"  # he takes her to have seen it
    assert believed(state, "Ann", "Bob") == "box"  # she missed it, so to her nothing changed


def test_whoever_comes_back_sees_where_things_are_and_only_that() -> None:
    story = """1 Ann, Bob and Cid entered the hall.
    2 The key is in the box.
    3 Ann and Bob exited the hall.
    4 Cid moved the key to the bag.
    5 Ann entered the hall.
    6 Bob entered the hall."""
    state = BeliefState(read_story(story))
    assert believed(state, "Ann") == believed(state, "Bob") == "bag"
    assert believed(state, "Ann", "Bob") == "box"  # they came one by one: no joint look
    assert believed(state, "Cid", "Ann") == "box"  # who is there already learns nothing about the entrant
    together = BeliefState(read_story(story.replace("5 Ann", "5 Ann and Bob")))
    assert believed(together, "Ann", "Bob") == "bag"


CLAIMS = """1 Ann, Bob and Cid entered the hall.
2 The key is in the box.
3 Ann exited the hall.
4 Bob exited the hall.
5 Cid exited the hall.
6 Ann, Bob and Cid entered the waiting_room.
7 Bob publicly claimed that key is in the bag."""


@pytest.mark.parametrize(
    ("chain", "release", "clean"),
    [
        (("Ann",), "bag", "bag"),  # left before Bob: believes him
        (("Cid",), "box", "box"),  # left after him: knows better
        (("Bob",), "box", "box"),  # a liar is not taken in by himself
        (("Ann", "Bob"), "bag", "bag"),  # takes him to be sincere
        (("Bob", "Ann"), "bag", "bag"),
        (("Bob", "Cid"), "bag", "box"),  # as released, a liar thinks that everybody believes him
        (("Cid", "Ann"), "box", "bag"),  # as released, third parties learn nothing
        (("Cid", "Bob", "Ann"), "box", "bag"),  # as released, orders 3 and 4 never change
    ],
)
def test_public_claim(chain: Chain, release: str, clean: str) -> None:
    story = read_story(CLAIMS)
    assert BeliefState(story, HITOM_RELEASE).belief(chain, KEY).value == release
    assert BeliefState(story, HITOM_CLEAN).belief(chain, KEY).value == clean


def test_private_claim_stays_between_two() -> None:
    text = CLAIMS.replace(
        "Bob publicly claimed that key is in the bag", "Bob privately told Ann that the key is in the bag"
    )
    state = BeliefState(read_story(text), HITOM_CLEAN)
    assert believed(state, "Ann") == believed(state, "Bob", "Ann") == "bag"
    assert believed(state, "Bob", "Ann", "Bob") == "bag"
    assert believed(state, "Cid", "Ann") == believed(state, "Ann", "Cid") == "box"


def test_people_who_leave_together_do_not_trust_each_other() -> None:
    text = CLAIMS.replace("3 Ann exited the hall.\n4 Bob exited the hall.", "3 Ann and Bob exited the hall.")
    assert BeliefState(read_story(text), HITOM_CLEAN).belief(("Ann",), KEY).value == "box"


def test_no_belief_is_unknown_with_a_reason() -> None:
    story = "1 Ann entered the hall.\n2 The key is in the box.\n3 Bob entered the attic."
    state = BeliefState(read_story(story))
    belief = state.belief(("Ann", "Bob"), KEY)
    assert belief.value is None
    assert belief.explain() == "Ann thinks that Bob thinks that the key has no known place"


# -- against brute force --------------------------------------------------------------------------


def compare(actions: list[Action], depth: int, repeats: bool, rng: np.random.Generator) -> int:
    """Engine and oracle agree after every sentence; returns the number of beliefs compared."""
    compared = 0
    story = replay(actions)
    agents = story.agents  # a story's people are those whom it names
    for profile in (HITOM_CLEAN, HITOM_RELEASE):
        oracle = Oracle(agents, depth, repeats, profile.tells)
        state = BeliefState(story, profile)
        short = [c for c in oracle.table if len(c) < 2]
        things = [Fact(t) for t in story.things]
        for action in actions:
            oracle.do(action)
            deep = [oracle.chains[int(i)] for i in rng.integers(len(oracle.chains), size=24)]
            for chain in (*short, *deep):
                for fact in things:
                    expected = oracle.table[chain].get(fact.thing)
                    found = state.belief(chain, fact, action.line)
                    if found.value != expected:
                        pytest.fail(f"{profile.name}, {action}: {found}, not {expected}\n{actions}")
                    compared += 1
        for chain in oracle.chains if len(oracle.chains) < 100 else short:  # all of them at the end
            assert [state.belief(chain, f).value for f in things] == [
                oracle.table[chain].get(f.thing) for f in things
            ]
    return compared


@pytest.mark.parametrize(
    ("people", "depth", "repeats", "stories"), [(3, 6, True, 500), (4, 4, True, 500), (5, 4, False, 500)]
)
def test_brute_force_agrees_on_strange_stories(people: int, depth: int, repeats: bool, stories: int) -> None:
    agents = ("Ann", "Bob", "Cid", "Dan", "Eve")[:people]
    rng = np.random.default_rng([people, depth])
    compared = sum(compare(strange_story(rng, agents), depth, repeats, rng) for _ in range(stories))
    assert compared > 300_000


def test_brute_force_agrees_on_open_stories() -> None:
    rng = np.random.default_rng(1)
    for _ in range(500):
        draft = open_story(rng, VOCABULARIES["train"], OpenShape())
        compare(list(draft.actions), 4, False, rng)


@pytest.mark.parametrize("chapters", [1, 2, 3])
def test_brute_force_agrees_on_hitom_stories(chapters: int) -> None:
    rng = np.random.default_rng(chapters)
    for _ in range(60):
        draft = hitom_story(rng, VOCABULARIES["train"], chapters, deception=True)
        compare(list(draft.actions), 4, False, rng)


def test_brute_force_can_disagree() -> None:
    """The comparison has teeth: an engine without inertia for secret watchers is found out."""
    rng = np.random.default_rng(0)
    differing = 0
    for _ in range(50):
        actions = strange_story(rng, ("Ann", "Bob", "Cid"))
        blind = replay([replace(a, secret=()) for a in actions])
        oracle = Oracle(("Ann", "Bob", "Cid"), 2, True, "clean")
        for action in actions:
            oracle.do(action)
        state = BeliefState(blind)
        asked = [(chain, thing) for chain in oracle.chains for thing in blind.things]
        differing += any(state.belief(c, Fact(t)).value != oracle.table[c].get(t) for c, t in asked)
    assert differing > 5


# -- invariants -----------------------------------------------------------------------------------

AGENTS = ("Ann", "Bob", "Cid", "Dan")
PLACES = ("box", "bag", "jar", "tin")
stories = st.integers(0, 2**32 - 1).map(lambda seed: strange_story(np.random.default_rng(seed), AGENTS))
chains = st.lists(st.sampled_from(AGENTS), min_size=1, max_size=5).map(tuple)
profiles = st.sampled_from(list(PROFILES.values()))


@given(stories, chains, profiles)
def test_unperceived_events_leave_beliefs_alone(actions: Actions, chain: Chain, profile: Profile) -> None:
    state = BeliefState(replay(actions), profile)
    chain = collapse(chain)
    for fact in map(Fact, state.story.things):
        for event in state.story.about(fact):
            before, after = state.belief(chain, fact, event.line - 1), state.belief(chain, fact, event.line)
            if (
                event.tell is None
                and missed_by(event, chain)
                and not any(
                    sets(e, chain, profile.tells) for e in state.story.about(fact) if e.line == event.line
                )
            ):
                assert after == before
            if event.tell is not None and not set(chain) & {event.tell.speaker, *event.tell.listeners}:
                assert after == before


@given(stories, chains, profiles, st.permutations(AGENTS), st.permutations(PLACES))
def test_renaming_commutes(
    actions: Actions, chain: Chain, profile: Profile, people: Chain, places: Chain
) -> None:
    name = dict(zip((*AGENTS, *PLACES), (*people, *places), strict=True))

    def rename(a: Action) -> Action:
        group = {f: tuple(name[n] for n in getattr(a, f)) for f in ("actors", "secret", "distracted")}
        return replace(a, **group, place=name.get(a.place, a.place), listener=name.get(a.listener, ""))

    state = BeliefState(replay(actions), profile)
    renamed = BeliefState(replay([rename(a) for a in actions]), profile)
    for fact in map(Fact, state.story.things):
        value = state.belief(chain, fact).value
        assert renamed.belief(tuple(name[n] for n in chain), fact).value == (value and name[value])


@given(stories, chains, profiles, st.data())
def test_noise_changes_nothing(actions: Actions, chain: Chain, profile: Profile, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(actions)))
    noise = Action(0, data.draw(st.sampled_from([Kind.NOISE, Kind.STAY])), ("Ann",), place="cat", room="hall")
    noisy = renumber([*actions[:at], noise, *actions[at:]])
    state, other = BeliefState(replay(actions), profile), BeliefState(replay(noisy), profile)
    for fact in map(Fact, state.story.things):
        assert other.belief(chain, fact).value == state.belief(chain, fact).value


@given(stories, chains, profiles, st.data())
def test_what_ann_thinks_ann_thinks_is_what_ann_thinks(
    actions: Actions, chain: Chain, profile: Profile, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    state = BeliefState(replay(actions), profile)
    for fact in map(Fact, state.story.things):
        doubled = state.belief((*chain[: at + 1], *chain[at:]), fact)
        assert doubled == state.belief(chain, fact)


# -- solve and heuristics -------------------------------------------------------------------------


def test_solve_says_why_there_is_no_answer() -> None:
    question = read_question("Where does Bob really think the key is?", ("box", "bag"), "box")
    right = Item("a", "a", "1 Bob entered the hall.\n2 The key is in the box.", question)
    unknown = replace(right, id="b", text="1 Bob entered the hall.\n2 Ann entered the hall.")
    broken = replace(right, id="c", text="1 Bob entered the hall.\n2 The key sang.")
    rows = list(solve([right, unknown, broken]))
    assert [(r["engine"], r["agree"]) for r in rows] == [("box", True), (None, None), (None, None)]
    assert rows[1]["reason"] == "Bob thinks that the key has no known place"
    assert rows[2]["reason"].startswith("line 2: unknown sentence 'The key sang.'")
    assert rows[0].keys() >= {"id", "order", "question", "gold", "engine", "agree", "reason"}


def test_heuristics_by_hand() -> None:
    text = """1 Ann, Bob and Cid entered the hall.
    2 The key is in the box.
    3 Cid exited the hall.
    4 Ann moved the key to the bag.
    5 Bob exited the hall.
    6 Ann moved the key to the jar.
    7 Ann moved the key to the bag."""
    question = read_question("Where does Ann think Bob thinks the key is?", ("box", "bag", "jar"), "bag")
    item = Item("x", "x", text, question)
    state = BeliefState(item.story)
    assert {name: h(state, question) for name, h in HEURISTICS.items()} == {
        "initial container": "box",
        "place at first exit": "box",
        "place at a chain member's first exit": "bag",
        "drop outermost name": "bag",
        "drop innermost name": "bag",
        "world state": "bag",
        "innermost name's own belief": "bag",
        "outermost name's own belief": "bag",
        "last place mentioned": "bag",
        "first move": "bag",
        "most visited place": "bag",
    }
    rows = shortcut_table([item])
    assert {r.heuristic: r.accuracy for r in rows}["initial container"] == 0.0
    assert all(r.chance == pytest.approx(1 / 3) and r.order == 2 and r.n == 1 for r in rows)
    assert "| initial container | 0.0 |" in shortcut_markdown(rows)


def test_question_order() -> None:
    assert Question((), KEY).order == 0
    assert Question(("Ann", "Bob"), KEY).order == 2
