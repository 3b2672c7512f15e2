"""One question about one story, from whatever source: the unit that everything else handles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tomprm.world.events import Fact, Kind, Question, Story
from tomprm.world.grammar import read_choices, read_question, write_question, write_story
from tomprm.world.languages import LANGUAGES
from tomprm.world.replay import PROFILES
from tomprm.world.vocabulary import Vocabulary


@dataclass(frozen=True)
class Item:
    """A story as text with one question. `story_id` groups questions that share a story: splits
    and intervals are by story, never by question."""

    id: str
    story_id: str
    text: str
    question: Question
    profile: str = "hitom-clean"
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asked: str = ""  # the question in the source's words, where they are not ours
    given: Story | None = None  # events from annotation, for sources whose text cannot be replayed
    abstain: str = ""  # why the engine cannot answer this question; empty: it can

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ValueError(f"{self.id}: profile {self.profile!r} is unknown; choose from {known}")

    @cached_property
    def story(self) -> Story:
        """The replayed story (raises StoryError where a sentence is unknown)."""
        if self.given is not None:
            return self.given
        profile = PROFILES[self.profile]
        return LANGUAGES[profile.language](self.text, profile)

    @property
    def chance(self) -> float:
        """What a blind guess among the offered choices earns; 0 where none are offered."""
        return 1 / len(self.question.choices) if self.question.choices else 0.0

    def as_row(self) -> dict[str, Any]:
        """The item in the trace-row schema (without a trace)."""
        return {
            "id": self.id,
            "source": self.meta.get("source", "tomprm"),
            "story_id": self.story_id,
            "story": self.text,
            "question": self.asked or write_question(self.question),
            "choices": list(self.question.choices),
            "answer": self.question.gold,
            "order": self.question.order,
            "profile": self.profile,
        }

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Item:
        """Inverse of `as_row`; reads any trace row, whatever else it holds.

        Raises:
            ValueError: a field is missing, of the wrong type, or the question has another form.
        """
        for key in ("story", "question"):
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise ValueError(f"lacks a {key}; give it as a string")
        choices = row.get("choices") or ()
        gold = row.get("answer", row.get("gold_answer"))
        question = read_question(
            row["question"],
            read_choices(choices) if isinstance(choices, str) else tuple(choices),
            None if gold is None else str(gold),
        )
        source = str(row.get("source", "tomprm"))
        name = str(row.get("id", ""))
        profile = row.get("profile", "hitom-release" if source == "hitom" else "hitom-clean")
        return Item(name, str(row.get("story_id", name)), row["story"], question, profile, {"source": source})


def text_id(source: str, text: str) -> str:
    """The same for all rows that tell the same story, whatever the white space."""
    return f"{source}/s" + hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:10]


def recast(item: Item, words: Vocabulary, rng: np.random.Generator) -> Item:
    """The same plot with other people, things, places and rooms, drawn without replacement.

    Beliefs commute with renaming, so the gold answer is renamed along.
    """
    actions = item.story.actions
    neutral = PROFILES[item.profile].neutral_rooms
    kinds = (
        (words.names, [*item.story.agents, *item.question.chain]),
        (words.things, [item.question.fact.thing, *(a.thing for a in actions)]),
        (words.places, [*item.question.choices, *(a.place for a in actions if a.kind is not Kind.NOISE)]),
        (words.rooms, [a.room for a in actions if a.room not in neutral]),
    )
    new: dict[str, str] = {}
    for pool, used in kinds:
        old = [w for w in dict.fromkeys(used) if w]
        drawn = rng.permutation(len(pool))[: len(old)]
        new.update({word: pool[int(i)] for word, i in zip(old, drawn, strict=True)})

    def names(group: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new[n] for n in group)

    told = tuple(
        replace(
            a,
            actors=names(a.actors),
            thing=new.get(a.thing, ""),
            place=new.get(a.place, a.place),
            room=new.get(a.room, a.room),
            listener=new.get(a.listener, ""),
            secret=names(a.secret),
            distracted=names(a.distracted),
        )
        for a in actions
    )
    q = item.question
    gold = None if q.gold is None else new[q.gold]
    question = Question(names(q.chain), Fact(new[q.fact.thing]), names(q.choices), gold)
    text = write_story(told, item.meta.get("register", "hitom"), rng)
    return replace(item, text=text, question=question)
