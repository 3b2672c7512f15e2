"""What a sound argument for an answer must establish.

For "what does x1 think x2 thinks ... about f": the event that set the belief was witnessed (by x1
really, by the others as far as x1 can tell); each later change was missed by somebody of the chain;
hence the belief. A question about reality needs the line that put the thing where it is, and the end.

Obligations are met by what a trace says anywhere, not by how it cuts it into steps: repeating,
splitting, merging or padding steps establishes nothing more and nothing less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tomprm.belief.lines import KNOWN, changes, event_at, until
from tomprm.belief.state import Belief, BeliefState, collapse
from tomprm.belief.update import missed_by, sets, witnessed, witnesses
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.steps import normalise
from tomprm.world.events import Event, Question


@dataclass(frozen=True, slots=True)
class Obligation:
    """One fact to establish; any of `alternatives` will do (claims in comparable form)."""

    text: str
    alternatives: frozenset[tuple[object, ...]]


def signature(claim: Claim) -> tuple[object, ...]:
    """A claim in the form in which obligations name their alternatives."""
    if claim.kind in (ClaimKind.PERCEPTION, ClaimKind.TRUST):
        return (claim.kind, claim.names, claim.line, claim.positive, claim.apparent)
    if claim.kind is ClaimKind.BELIEF:
        return (claim.kind, collapse(claim.names), normalise(claim.thing), normalise(claim.place), claim.line)
    if claim.kind is ClaimKind.LOCATION:
        return (claim.kind, normalise(claim.thing), normalise(claim.place), claim.line)
    return (claim.kind, *claim.key)


def obligations(state: BeliefState, question: Question) -> tuple[Obligation, ...]:
    """The obligations of a question, in story order; empty where the belief has no value, unless it asks
    who knows of a topic: then not knowing is a belief that has to be argued for as well."""
    belief = state.answer(question)
    fact, chain, value = belief.fact, belief.chain, belief.value
    topic = fact.relation == KNOWN
    if (topic and not chain) or (value is None and not topic):
        return ()
    thing = normalise(fact.thing)
    place = "" if value is None else KNOWN if topic else normalise(value)
    settings = _settings(state, belief, question.line)
    if not chain:
        options = frozenset((ClaimKind.LOCATION, thing, place, e.line) for e in settings)
        last = Obligation(f"line {settings[0].line}: {thing} in {place}", options)
        end = frozenset({(ClaimKind.LOCATION, thing, place, question.line)})
        when = "in the end" if question.line is None else f"at line {question.line}"
        return (last, Obligation(f"{when}: {thing} in {place}", end))
    due = [*_carried(settings, belief), *_missed(state, belief, question.line)]
    # The belief as it is in the end, or at any line from which it has been that.
    first = settings[-1].line if settings else 0
    until_line = question.line or state.story.actions[-1].line
    since: list[int | None] = [a.line for a in state.story.actions if first <= a.line <= until_line]
    if question.line is None:
        since.append(None)
    held = frozenset((ClaimKind.BELIEF, chain, thing, place, line) for line in since)
    due.append(Obligation(f"{' thinks '.join(chain)} thinks {thing} in {place or 'unknown'}", held))
    return tuple(due)


def _settings(state: BeliefState, belief: Belief, line: int | None) -> list[Event]:
    """The events that a sound argument may rest the belief on, latest first: the one that set it,
    and earlier ones of the same value that the chain took in with no change in between."""
    settings: list[Event] = []
    for event in reversed(until(state.story.about(belief.fact), line)):
        if sets(event, belief.chain, state.profile.tells):
            if event.value(belief.fact) != belief.value or (settings and settings[-1].tell):
                break
            settings.append(event)
        if settings and belief.fact.relation != KNOWN and changes(event, belief.fact):
            break
    return settings


def _missed(state: BeliefState, belief: Belief, line: int | None) -> Iterator[Obligation]:
    """Why later changes did not reach the belief: a member of the chain missed each of them. Where nobody
    did (Hi-ToM's VP labels, a quirk), there is nothing to show."""
    set_by = belief.event.line if belief.event else 0
    later = [e for e, _ in state.missed(belief) if changes(e, belief.fact)]
    # An entry that showed an unchanged thing to others leaves nothing to argue away.
    for number in dict.fromkeys(e.line for e in until(later, line)):
        event = event_at(state.story, number, belief.fact)
        if event is None or number == set_by:
            continue
        options = frozenset(
            option
            for depth, name in enumerate(belief.chain)
            if not witnesses(event, depth, name)
            for option in _witness(event, depth, name, False)
        )
        if options:
            members = dict.fromkeys(missed_by(event, belief.chain))
            yield Obligation(f"line {number} missed by {' or '.join(members)}", options)


def _carried(settings: list[Event], belief: Belief) -> list[Obligation]:
    """Why the event that set the belief did set it."""
    if not settings:
        return []
    event, chain = settings[0], belief.chain
    if event.tell is None and not witnessed(event, chain):
        # Written into this chain by a rule of the source that asks for no witness.
        thing, place = normalise(belief.fact.thing), normalise(belief.value or "")
        return [
            Obligation(
                f"line {event.line}: {thing} in {place}",
                frozenset((ClaimKind.LOCATION, thing, place, e.line) for e in settings),
            )
        ]
    if event.tell is None:
        seen = [e for e in settings if e.tell is None]
        return [
            Obligation(
                f"line {event.line} witnessed by {name}",
                frozenset(option for e in seen for option in _witness(e, depth, name, True)),
            )
            for depth, name in enumerate(chain)
        ]
    speaker = event.tell.speaker
    *_, before, last = ("", *chain)
    carrier = before if last == speaker else last
    options = {(ClaimKind.TRUST, (carrier,), event.line, True, True)}
    if carrier in event.tell.trusting:
        options.add((ClaimKind.TRUST, (carrier,), event.line, True, False))
    return [Obligation(f"line {event.line}: {speaker} trusted by {carrier}", frozenset(options))]


def _witness(event: Event, depth: int, name: str, saw: bool) -> list[tuple[object, ...]]:
    """Claims that establish a member's perception: a plain one for the outermost, an apparent one
    for the others, or a plain one where the two agree."""
    options: list[tuple[object, ...]] = []
    if depth == 0 or (name in event.real) == (name in event.apparent):
        options.append((ClaimKind.PERCEPTION, (name,), event.line, saw, False))
    if depth > 0:
        options.append((ClaimKind.PERCEPTION, (name,), event.line, saw, True))
    return options
