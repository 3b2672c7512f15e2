"""What a sound argument for an answer must establish.

For "what does x1 think x2 thinks ... about f": the event that set the belief was witnessed (by x1
really, by the others as far as x1 can tell); each later change was missed by somebody of the chain;
hence the belief. A question about reality needs the line that put the thing where it is, and the end.

Obligations are met by what a trace says anywhere, not by how it cuts it into steps: repeating,
splitting, merging or padding steps establishes nothing more and nothing less.
"""

from __future__ import annotations

from dataclasses import dataclass

from tomprm.belief.state import Belief, BeliefState, collapse
from tomprm.belief.update import sets, witnesses
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.trace.steps import normalise
from tomprm.world.events import CHANGES, Event, Question


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
    """The obligations of a question, in story order; empty where the belief has no value."""
    belief = state.answer(question)
    event = belief.event
    if event is None or belief.value is None:
        return ()
    thing, place = normalise(question.fact.thing), normalise(belief.value)
    settings, chain = _settings(state, belief), belief.chain
    if not chain:
        options = frozenset((ClaimKind.LOCATION, thing, place, e.line) for e in settings)
        last = Obligation(f"line {settings[0].line}: {thing} in {place}", options)
        if question.line is not None:  # asked of an earlier moment
            return (last,)
        end = frozenset({(ClaimKind.LOCATION, thing, place, None)})
        return (last, Obligation(f"in the end: {thing} in {place}", end))
    due = [*_carried(settings, chain)]
    for later, members in state.missed(belief):
        # An entry that showed an unchanged thing to others leaves nothing to argue away.
        if later.kind in CHANGES and (question.line is None or later.line <= question.line):
            options = (
                option
                for depth, name in enumerate(chain)
                if not witnesses(later, depth, name)
                for option in _witness(later, depth, name, False)
            )
            text = f"line {later.line} missed by {' or '.join(dict.fromkeys(members))}"
            due.append(Obligation(text, frozenset(options)))
    # The belief as it is in the end, or at any line from which it has been that.
    since = [None, *(a.line for a in state.story.actions if a.line >= settings[-1].line)]
    held = frozenset((ClaimKind.BELIEF, chain, thing, place, line) for line in since)
    due.append(Obligation(f"{' thinks '.join(chain)} thinks {thing} in {place}", held))
    return tuple(due)


def _settings(state: BeliefState, belief: Belief) -> list[Event]:
    """The events that a sound argument may rest the belief on, latest first: the one that set it,
    and earlier ones of the same value that the chain took in with no change in between."""
    settings: list[Event] = []
    about = state.story.about(belief.fact)
    last = about.index(belief.event) + 1 if belief.event is not None else 0
    for event in reversed(about[:last]):
        if sets(event, belief.chain, state.profile.tells):
            if event.value(belief.fact) != belief.value or (settings and settings[-1].tell):
                break
            settings.append(event)
        if settings and event.kind in CHANGES:
            break
    return settings


def _carried(settings: list[Event], chain: tuple[str, ...]) -> list[Obligation]:
    """Why the event that set the belief did set it."""
    event = settings[0]
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
