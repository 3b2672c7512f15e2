"""What happens at a line of a story, as far as a trace can speak of it.

A sentence may give several events with different perceivers (a thing that is carried off is seen to go
by some and to arrive by others). A trace that says "line 5; Ann sees it" speaks of one of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from tomprm.world.events import CHANGES, Event, Fact, Kind, Story

KNOWN = "known"  # relation of topics, and how a trace's claim of knowing one is written


def event_at(story: Story, line: int | None, fact: Fact | None = None) -> Event | None:
    """What can be seen at a line: of several events the last about `fact`, if somebody perceived it.

    An entry is seen by all in the room, the entrants included, who also see what is in the room: that
    is the line's second event, so an entry stands for itself, whatever `fact` is.
    """
    found = [e for e in story.at(line) if e.tell is None]
    about = [e for e in found if e.kind is not Kind.ENTER and e.real and fact and e.value(fact) is not None]
    return about[-1] if about else found[0] if found else None


def changes(event: Event, fact: Fact) -> bool:
    """Does the event change what is the case about `fact`, so that a chain that missed it may be wrong?

    Of a topic, whoever hears it changes from not knowing; what is said changes nothing else. A container's
    room is true before anybody knows it (ExploreToM): what nobody could perceive is no change.
    """
    if fact.relation == KNOWN:
        return True
    moved = event.kind in CHANGES or event.kind is Kind.CARRY or event.kind is Kind.UPDATE
    return moved and not event.said and (fact.relation == "place" or bool(event.real))


def speaker(story: Story, event: Event) -> str:
    """Who says it, "" where nobody does."""
    if event.tell is not None:
        return event.tell.speaker
    if not event.said:
        return ""
    return next(a.actors[0] for a in story.actions if a.line == event.line)


def until(events: Iterable[Event], line: int | None) -> list[Event]:
    """Those up to a line; all of them for None."""
    return [e for e in events if line is None or e.line <= line]
