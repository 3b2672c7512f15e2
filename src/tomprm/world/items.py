"""One question about one story, from whatever source: the unit that everything else handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tomprm.world.events import Question, Story
from tomprm.world.grammar import read_story, write_question
from tomprm.world.replay import PROFILES


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

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ValueError(f"{self.id}: profile {self.profile!r} is unknown; choose from {known}")

    @cached_property
    def story(self) -> Story:
        """The replayed story (raises StoryError where a sentence is unknown)."""
        return read_story(self.text, PROFILES[self.profile])

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
            "question": write_question(self.question),
            "choices": list(self.question.choices),
            "answer": self.question.gold,
            "order": self.question.order,
            "profile": self.profile,
        }
