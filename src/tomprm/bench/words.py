"""Words of each split, without a name, thing, container or room in common; renaming a story into them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from tomprm.trace.steps import normalise
from tomprm.world.events import Fact, Kind
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.vocabulary import COLOURS, HELD_OUT_NAMES, NOUNS, ROOMS, THINGS, TRAIN_NAMES, Vocabulary

SPLITS = ("train", "dev", "test", "ood")


def _parts(words: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Every second word is for training, the others are dealt to the three held-out splits."""
    held_out = words[1::2]
    return {"train": words[::2], **{split: held_out[i::3] for i, split in enumerate(SPLITS[1:])}}


def _vocabularies() -> dict[str, Vocabulary]:
    names = {"train": TRAIN_NAMES, **{split: HELD_OUT_NAMES[i::3] for i, split in enumerate(SPLITS[1:])}}
    things, nouns, rooms = _parts(THINGS), _parts(NOUNS), _parts(ROOMS)
    return {
        split: Vocabulary(
            names[split],
            things[split],
            tuple(f"{c}_{n}" for c in COLOURS for n in nouns[split]),
            rooms[split],
        )
        for split in SPLITS
    }


WORDS = _vocabularies()


def words_of(item: Item) -> frozenset[str]:
    """The names, things and places that a story is about, in comparable form; fixed rooms such as Hi-ToM's
    waiting room, sights and topics are everybody's."""
    neutral = PROFILES[item.profile].neutral_rooms
    found: set[str] = set(item.story.agents)
    for action in item.story.actions:
        if action.kind not in (Kind.NOISE, Kind.UPDATE):
            told_topic = action.kind in (Kind.CLAIM, Kind.TELL) and not action.place
            found.update(w for w in ("" if told_topic else action.thing, action.place) if w)
            found.update({action.room} - neutral - {""})
    return frozenset(w if w in item.story.agents else normalise(w) for w in found)


def renamed(item: Item, words: Vocabulary, rng: np.random.Generator) -> Item:
    """The same story and question in other words, whatever language the story is told in.

    Beliefs commute with renaming. `_` in the new words becomes a space where the old words have none.

    Raises:
        ValueError: more people, things, places or rooms than the vocabulary has.
    """
    neutral = PROFILES[item.profile].neutral_rooms
    told = [a for a in item.story.actions if a.kind not in (Kind.NOISE, Kind.UPDATE)]
    objects = [a for a in told if a.place]
    rooms = [a.room for a in told if a.room and a.room not in neutral]
    kinds = (
        (words.names, list(item.story.agents)),
        (words.rooms, rooms),
        (words.things, [item.question.fact.thing, *(a.thing for a in objects)]),
        (words.places, [*item.question.choices, *(a.place for a in objects)]),
    )
    underscores = any("_" in place for place in kinds[3][1])
    new: dict[str, str] = {}
    for pool, used in kinds:
        old = [w for w in dict.fromkeys(used) if w and w not in new]
        if len(old) > len(pool):
            raise ValueError(
                f"{item.id}: {len(old)} words to rename but {len(pool)} to choose from; add some"
            )
        drawn = rng.permutation(len(pool))[: len(old)]
        for word, i in zip(old, drawn, strict=True):
            new[word] = pool[int(i)] if underscores else pool[int(i)].replace("_", " ")
    longest_first = sorted(new, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")
    q = item.question
    question = replace(
        q,
        chain=tuple(new[n] for n in q.chain),
        fact=Fact(new[q.fact.thing], q.fact.relation),
        choices=tuple(new[c] for c in q.choices),
        gold=None if q.gold is None else new.get(q.gold, q.gold),
    )
    return replace(item, text=pattern.sub(lambda m: new[m[0]], item.text), question=question)
