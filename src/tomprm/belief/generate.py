"""Seeded questions with gold answers: Hi-ToM's scheme, and a shortcut-free one.

Shortcut-free items come in counterfactual pairs: one event witnessed or not, and another answer. The
two texts hold the same sentences with two of them swapped, or differ in one name (who watched in
secret, who did not notice). Pairs are drawn at random and accepted with a probability tilted just enough that
every heuristic of tomprm.belief.heuristics is right exactly as often as a blind guess. The tilt is
exponential in the number of heuristics that hit (the least change to the natural distribution that
meets the constraints: minimum relative entropy), fitted once per order and shape.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from tomprm.belief.heuristics import hits
from tomprm.belief.state import BeliefState
from tomprm.belief.tilt import Tilt, fit_tilt
from tomprm.world.events import Action, Fact, Kind, Question
from tomprm.world.generate import Draft, OpenShape, hitom_story, open_story, pick
from tomprm.world.grammar import REGISTERS, write_story
from tomprm.world.items import Item
from tomprm.world.replay import StoryError, renumber, replay
from tomprm.world.vocabulary import VOCABULARIES, Vocabulary

_CALIBRATION_PAIRS = 6000  # for shapes without a shipped tilt


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a set of generated items looks like.

    Attributes:
        mode: "shortcut_free" or "hitom" (templated like the release, with its shortcuts).
        orders: orders of the questions, in turn.
        vocabulary: "train" or "held_out" names.
        register: way of telling, see tomprm.world.grammar.
        shape: size of shortcut-free stories.
        chapters: 1 to 3, for `hitom`.
        deception: public and private claims, for `hitom`.
    """

    mode: Literal["shortcut_free", "hitom"] = "shortcut_free"
    orders: tuple[int, ...] = (1, 2)
    vocabulary: str = "train"
    register: str = "hitom"
    shape: OpenShape = field(default_factory=OpenShape)
    chapters: int = 1
    deception: bool = False

    def __post_init__(self) -> None:
        free = self.mode == "shortcut_free"
        low, high = (1, self.shape.agents[0]) if free else (0, 4)
        if not self.orders or not all(low <= order <= high for order in self.orders):
            why = "; a question about reality has no witnesses to change" if free else ""
            raise ValueError(f"orders={self.orders}: {self.mode} stories have orders {low} to {high}{why}")
        if self.vocabulary not in VOCABULARIES:
            raise ValueError(f"vocabulary={self.vocabulary!r}: choose from {', '.join(VOCABULARIES)}")
        if self.register not in REGISTERS:
            raise ValueError(f"register={self.register!r}: choose from {', '.join(REGISTERS)}")
        if self.chapters not in (1, 2, 3):
            raise ValueError(f"chapters={self.chapters}: Hi-ToM's stories have 1, 2 or 3")


def seeded(root: int, split: str, index: int) -> np.random.Generator:
    """Independent stream for one index of one split; neighbouring seeds share nothing."""
    return np.random.default_rng([root, zlib.crc32(split.encode()), index])


def generate(recipe: Recipe, root: int, split: str, n: int, start: int = 0) -> Iterator[Item]:
    """Items `start` .. `start + n - 1` of a split; each depends on (root, split, its own index) only."""
    make = _pair if recipe.mode == "shortcut_free" else _hitom_questions
    block, made = -1, list[Item]()
    size = 2 if recipe.mode == "shortcut_free" else len(recipe.orders)
    for index in range(start, start + n):
        if index // size != block:
            block = index // size
            made = make(recipe, seeded(root, split, block), f"{split}/{root}/{block}", block)
        yield made[index % size]


def _item(draft: Draft, question: Question, recipe: Recipe, story_id: str, suffix: str, profile: str) -> Item:
    text = write_story(draft.actions, recipe.register)
    meta = {"source": "tomprm", "register": recipe.register}
    return Item(f"{story_id}{suffix}", story_id, text, question, profile, meta)


# -- Hi-ToM's scheme --------------------------------------------------------------------------


def _hitom_questions(recipe: Recipe, rng: np.random.Generator, story_id: str, block: int) -> list[Item]:
    """One story with a question of each order; all questions share one shuffle of the agents."""
    draft = hitom_story(rng, VOCABULARIES[recipe.vocabulary], recipe.chapters, recipe.deception)
    a = pick(rng, draft.agents, len(draft.agents))
    chains = {0: (), 1: (a[3],), 2: (a[2], a[3]), 3: (a[1], a[2], a[3]), 4: (a[0], a[1], a[2], a[3])}
    state = BeliefState(replay(draft.actions))
    items: list[Item] = []
    for order in recipe.orders:
        choices = tuple(pick(rng, draft.places, len(draft.places)))
        gold = state.belief(chains[order], Fact(draft.thing)).value
        question = Question(chains[order], Fact(draft.thing), choices, gold)
        items.append(_item(draft, question, recipe, story_id, f"q{order}", "hitom-clean"))
    return items


# -- shortcut-free pairs ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    drafts: tuple[Draft, Draft]
    chain: tuple[str, ...]
    answers: tuple[str, str]
    hits: np.ndarray  # (heuristics,) how often each is right over the two stories


def _draw_pair(rng: np.random.Generator, words: Vocabulary, shape: OpenShape, order: int) -> _Pair | None:
    """A random story with a twin in which one event was witnessed differently and the answer is
    another; None where the draw has no such twin."""
    draft = open_story(rng, words, shape)
    chain = tuple(pick(rng, draft.agents, order))
    answer = quick_answer(draft.actions, chain)
    if answer is None:
        return None
    flips = _flips(draft, chain)
    for i in rng.permutation(len(flips)):
        flipped = flips[int(i)]
        other = quick_answer(flipped, chain)
        if other is None or other == answer:
            continue
        twin = replace(draft, actions=renumber(flipped))
        try:
            states = [BeliefState(replay(d.actions)) for d in (draft, twin)]
        except StoryError:  # somebody is distracted who is not there
            continue
        question = Question(chain, Fact(draft.thing))
        count = np.add(hits(states[0], question, answer), hits(states[1], question, other), dtype=float)
        return _Pair((draft, twin), chain, (answer, other), count)
    return None


def quick_answer(actions: Sequence[Action], chain: tuple[str, ...]) -> str | None:
    """What BeliefState answers about an open story (one room, one thing), without the events: the
    search for a pair looks at hundreds of stories."""
    outer, others = chain[0], chain[1:]
    inside: set[str] = set()
    place = value = None
    for action in actions:
        if action.kind is Kind.ENTER:
            inside.update(action.actors)
            sees, seen_by = outer in action.actors, action.actors
        elif action.kind is Kind.EXIT:
            inside.difference_update(action.actors)
            continue
        else:
            place = action.place
            sees = (outer in inside or outer in action.secret) and outer not in action.distracted
            seen_by = inside
        if sees and place is not None and all(name in seen_by for name in others):
            value = place
    return value


def _flips(draft: Draft, chain: tuple[str, ...]) -> list[list[Action]]:
    """Twins with the same words: a departure before instead of after a move (or the reverse), or a
    remark about one person instead of another."""
    actions = list(draft.actions)
    twins: list[list[Action]] = []
    for i, action in enumerate(actions):
        if action.kind is not Kind.MOVE:
            continue
        for name in (*action.secret, *action.distracted):
            for other in draft.agents:
                if other != name and (name in chain or other in chain) and other != action.actors[0]:
                    key = "secret" if action.secret else "distracted"
                    twins.append([*actions[:i], replace(action, **{key: (other,)}), *actions[i + 1 :]])
        for j in (i - 1, i + 1):
            if not 0 < j < len(actions) or actions[j].kind is not Kind.EXIT:
                continue
            leaver = actions[j].actors[0]
            if leaver in chain and leaver not in (*action.actors, *action.secret, *action.distracted):
                twin = actions.copy()
                twin[i], twin[j] = twin[j], twin[i]
                twins.append(twin)
    return [t for t in twins if _secret_are_outside(t)]


def _secret_are_outside(actions: list[Action]) -> bool:
    """Somebody in the room watches openly: a secret watcher must be out of it, and whoever is
    distracted must be in it (that one is checked by the replay)."""
    inside: set[str] = set()
    for action in actions:
        if action.kind is Kind.ENTER:
            inside.update(action.actors)
        elif action.kind is Kind.EXIT:
            inside.difference_update(action.actors)
        elif inside.intersection(action.secret):
            return False
    return True


def _tilt(shape: OpenShape, order: int) -> Tilt:
    """The tilt shipped for this shape, or one fitted now (seconds, and a little less exact)."""
    shipped = _shipped().get(f"{shape_key(shape)}/order {order}")
    return Tilt(**shipped) if shipped else _fitted(shape, order)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    return json.loads(files("tomprm.belief").joinpath("tilts.json").read_text())


@lru_cache(maxsize=64)
def _fitted(shape: OpenShape, order: int) -> Tilt:
    return fit_tilt(draw_hits(shape, order, _CALIBRATION_PAIRS), shape.places, order)


def shape_key(shape: OpenShape) -> str:
    """The name under which a shape's tilts are shipped."""
    return json.dumps(asdict(shape), sort_keys=True)


def draw_hits(shape: OpenShape, order: int, n: int) -> np.ndarray:
    """How often each heuristic is right in `n` random pairs: (n, heuristics), values 0, 1, 2."""
    rng = np.random.default_rng([20261120, order])
    drawn: list[np.ndarray] = []
    while len(drawn) < n:
        pair = _draw_pair(rng, VOCABULARIES["train"], shape, order)
        if pair is not None:
            drawn.append(pair.hits)
    return np.array(drawn)


def _pair(recipe: Recipe, rng: np.random.Generator, story_id: str, block: int) -> list[Item]:
    order = recipe.orders[block % len(recipe.orders)]
    words = VOCABULARIES[recipe.vocabulary]
    tilt = _tilt(recipe.shape, order)
    while True:
        pair = _draw_pair(rng, words, recipe.shape, order)
        if pair is None:
            continue
        if rng.random() < tilt.acceptance(pair.hits - 2 / recipe.shape.places):
            break
    items: list[Item] = []
    for member, (draft, answer) in enumerate(zip(pair.drafts, pair.answers, strict=True)):
        choices = tuple(pick(rng, draft.places, len(draft.places)))
        question = Question(pair.chain, Fact(draft.thing), choices, answer)
        items.append(_item(draft, question, recipe, story_id, "ab"[member], "hitom-clean"))
    return items
