"""Generated sets: a function of their seed, nothing shared between splits, no shortcut that works."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from tomprm.belief.generate import Recipe, generate, quick_answer
from tomprm.belief.heuristics import shortcut_table
from tomprm.belief.state import BeliefState
from tomprm.belief.tilt import fit_tilt
from tomprm.world.events import Fact, Kind
from tomprm.world.generate import OpenShape, hitom_story, open_story, pick
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES, replay
from tomprm.world.vocabulary import VOCABULARIES

# Five points above a blind guess, and 2.5 standard errors of 800 items for the luck of the draw. Items come
# in pairs with different answers: a shortcut that says the same of both has a smaller error than binomial.
MARGIN = 0.05
ERRORS = 2.5


def balanced_items(order: int) -> list[Item]:
    return list(generate(Recipe(orders=(order,)), 0, "audit", 800))


@pytest.fixture(scope="module")
def balanced() -> dict[int, list[Item]]:
    """Shortcut-free items by order: most of the time that these tests take."""
    with ProcessPoolExecutor(2) as pool:
        return dict(zip((1, 2, 3, 4), pool.map(balanced_items, (1, 2, 3, 4)), strict=True))


def excess(items: list[Item]) -> dict[tuple[str, int], float]:
    """By how much each heuristic exceeds a blind guess beyond sampling noise."""
    return {
        (row.heuristic, row.order): row.accuracy
        - row.chance
        - ERRORS * float(np.sqrt(row.chance * (1 - row.chance) / row.n))
        for row in shortcut_table(items)
    }


def test_no_shortcut_works(balanced: dict[int, list[Item]]) -> None:
    items = [item for order in balanced for item in balanced[order]]
    found = excess(items)
    assert len(found) == 9 + 3 * 11
    assert not {key: value for key, value in found.items() if value > MARGIN}
    for order in (1, 2, 3, 4):
        answers = Counter(i.question.choices.index(str(i.question.gold)) for i in balanced[order])
        assert max(answers.values()) / len(balanced[order]) < 0.25 + MARGIN + ERRORS * 0.0153


def test_the_table_can_fail() -> None:
    """Stories made as Hi-ToM's are full of shortcuts, and the same table says so."""
    items = list(generate(Recipe("hitom", (1, 2, 3, 4)), 0, "audit", 1200))
    failing = {key for key, value in excess(items).items() if value > MARGIN}
    assert {order for _, order in failing} == {1, 2, 3, 4}
    assert ("place at a chain member's first exit", 4) in failing
    assert ("initial container", 4) in failing
    by_key = {(r.heuristic, r.order): r.accuracy for r in shortcut_table(items)}
    assert by_key["place at a chain member's first exit", 4] > 0.9


def test_pairs_differ_in_one_event(balanced: dict[int, list[Item]]) -> None:
    for items in balanced.values():
        renamed = 0
        for a, b in zip(items[::2], items[1::2], strict=True):
            assert a.story_id == b.story_id and a.id != b.id
            assert a.question.chain == b.question.chain and a.question.gold != b.question.gold
            assert set(a.question.choices) == set(b.question.choices)
            more, less = (Counter(x.text.split()) for x in (a, b))
            if more != less:  # another person watched in secret, or did not notice
                assert [*(more - less).values()] == [*(less - more).values()] == [1]
                renamed += 1
            changed = sum(s != t for s, t in zip(a.text.splitlines(), b.text.splitlines(), strict=True))
            assert changed == (1 if more != less else 2)
        assert 0 < renamed < len(items) / 2


def test_answers_are_the_engine_s(balanced: dict[int, list[Item]], assorted: list[Item]) -> None:
    items = [i for order in balanced for i in balanced[order][:200]] + assorted
    for item in items:
        if item.profile == "hitom-clean":
            assert (
                BeliefState(item.story, PROFILES[item.profile]).answer(item.question).value
                == item.question.gold
            )
        assert item.question.gold in item.question.choices
        assert len(set(item.question.choices)) == len(item.question.choices)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(orders=(1, 2)),
        Recipe(orders=(3,), shape=OpenShape(agents=(5, 5), moves=(6, 7))),
        Recipe("hitom", (0, 1, 2, 3, 4), chapters=2, deception=True),
    ],
)
def test_a_function_of_seed_split_and_index(recipe: Recipe) -> None:
    whole = list(generate(recipe, 3, "train", 12))
    assert list(generate(recipe, 3, "train", 12)) == whole
    assert list(generate(recipe, 3, "train", 5, start=4)) == whole[4:9]
    assert [next(generate(recipe, 3, "train", 1, start=i)) for i in (11, 0, 7)] == [
        whole[i] for i in (11, 0, 7)
    ]
    for seed, split in ((4, "train"), (2, "train"), (3, "test")):
        other = list(generate(recipe, seed, split, 12))
        assert not {i.text for i in other} & {i.text for i in whole}
        assert not {i.story_id for i in other} & {i.story_id for i in whole}


def test_neighbouring_seeds_share_no_story() -> None:
    sets = [{i.text for i in generate(Recipe(orders=(1,)), seed, "train", 100)} for seed in (0, 1, 2)]
    assert not sets[0] & sets[1] and not sets[1] & sets[2]
    assert len(sets[0]) == 100


def test_held_out_names_are_held_out() -> None:
    train, held_out = VOCABULARIES["train"], VOCABULARIES["held_out"]
    assert not set(train.names) & set(held_out.names)
    for words in VOCABULARIES.values():
        for group in (words.names, words.things, words.places, words.rooms):
            assert len(set(group)) == len(group)
        assert all(name.isalpha() and name[0].isupper() for name in words.names)
    for item in generate(Recipe(orders=(2,), vocabulary="held_out"), 0, "ood", 20):
        assert set(item.story.agents) <= set(held_out.names)


def test_quick_answer_is_the_engine_s() -> None:
    rng = np.random.default_rng(5)
    for _ in range(1500):
        draft = open_story(rng, VOCABULARIES["train"], OpenShape())
        chain = tuple(pick(rng, draft.agents, int(rng.integers(1, 5))))
        full = BeliefState(replay(draft.actions)).belief(chain, Fact(draft.thing)).value
        assert quick_answer(draft.actions, chain) == full


def test_open_stories_visit_every_place() -> None:
    rng = np.random.default_rng(0)
    for places, moves in ((2, (1, 3)), (3, (2, 3)), (4, (3, 4)), (5, (4, 6))):
        for _ in range(50):
            draft = open_story(rng, VOCABULARIES["train"], OpenShape(places=places, moves=moves))
            assert set(replay(draft.actions).places(draft.thing)) == set(draft.places)
            assert len(draft.places) == places


def test_hitom_scheme() -> None:
    """The published generator: chapters, who stays where, the fifth puts the thing back, claims last."""
    rng = np.random.default_rng(0)
    fifth: list[bool] = []
    for _ in range(200):
        draft = hitom_story(rng, VOCABULARIES["train"], 2, True)
        actions = [a for a in draft.actions if a.kind is not Kind.NOISE]
        entries = [a for a in actions if a.kind is Kind.ENTER]
        assert [len(a.actors) for a in entries] == [5, 5, 3, 3]
        assert entries[1].room == entries[3].room == "waiting_room"
        assert actions[-1].kind in (Kind.CLAIM, Kind.TELL)
        start = next(a for a in actions if a.kind is Kind.PLACE)
        assert start.thing == draft.thing
        last = actions[2:12][8]
        assert last.actors == entries[0].actors[4:]
        fifth.append(last.kind is Kind.MOVE)
        assert last.kind is Kind.STAY or last.place == start.place
    assert 0.4 < np.mean(fifth) < 0.6


def test_a_shape_without_a_shipped_tilt_is_balanced_too() -> None:
    rng = np.random.default_rng(0)
    hits = np.minimum(rng.poisson(0.4 + 0.4 * rng.random(11), size=(3000, 11)), 2).astype(float)
    tilt = fit_tilt(hits, 4, 2)
    weights = tilt.acceptance(hits - 0.5)
    assert np.abs(weights @ (hits - 0.5) / weights.sum()).max() < 0.01
    assert 0 < weights.max() <= 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"orders": (0,)},
            r"orders=\(0,\): shortcut_free stories have orders 1 to 4; a question about reality",
        ),
        ({"orders": (5,)}, r"orders=\(5,\): shortcut_free stories have orders 1 to 4"),
        ({"orders": ()}, r"orders=\(\): shortcut_free"),
        ({"mode": "hitom", "orders": (5,)}, r"orders=\(5,\): hitom stories have orders 0 to 4"),
        ({"mode": "hitom", "chapters": 4}, "chapters=4: Hi-ToM's stories have 1, 2 or 3"),
        ({"vocabulary": "klingon"}, "vocabulary='klingon': choose from train, held_out"),
        ({"register": "sung"}, "register='sung': choose from hitom, inverted"),
    ],
)
def test_recipes_that_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Recipe(), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"places": 1}, {"places": 6}, {"agents": (1, 3)}, {"agents": (5, 4)}])
def test_shapes_that_cannot_be(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        OpenShape(**settings)  # type: ignore[arg-type]
