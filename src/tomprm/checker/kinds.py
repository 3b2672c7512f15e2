"""What kind of error a contradicted claim is: pure functions of the story and the claim.

Several kinds may fit one claim; the first that does, in the order in which each function lists them, is
its name. The order goes from what needs most to be true by chance to what needs least: a value that this
very chain held before is an update that was missed, whoever else holds it now; only then is it looked for
with others. Called for claims that are wrong; told nothing of a trace's other steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from tomprm.belief.lines import KNOWN
from tomprm.belief.state import BeliefState, collapse
from tomprm.checker.facts import value_words
from tomprm.checker.verdict import ErrorKind
from tomprm.trace.steps import normalise
from tomprm.world.events import Fact

_ALL_ORDERS = 4  # names; of a longer chain only the exchanges of two members are looked at
_ALL_SHORTER = 6  # names; a chain of n has 2**n shorter ones, of a longer one those of one name less count


def belief_error(
    state: BeliefState, chain: tuple[str, ...], fact: Fact, line: int | None, claimed: str
) -> ErrorKind:
    """Of "A thinks B thinks the thing is in `claimed`" ("": has no idea, KNOWN: knows) right after `line`.

    1. stale copy: it was the belief right before `line`, and `line` changed it.
    2. belief not updated: the chain believed it earlier, or knew nothing then.
    3. order collapsed: not this chain of two names or more but a shorter one out of it believes it, or it
       is simply the case.
    4. names swapped: the same people in another order believe it.
    5. updated without perception: the thing was there, or was said to be in ExploreToM's way, and that
       did not reach the chain. (Of one person this covers reality: no order is there to collapse.)
    6. wrong trust: somebody claimed it and the chain does not believe that.
    7. wrong place: nothing in the story puts it there.
    """
    chain, wanted = collapse(chain), normalise(claimed)

    def holds(whose: tuple[str, ...], at: int | None) -> bool:
        return normalise(value_words(fact, state.belief(whose, fact, at).value)) == wanted

    about = state.story.about(fact)
    if line is not None and holds(chain, line - 1):
        return ErrorKind.STALE_COPY
    if not claimed or any(holds(chain, e.line) for e in about if line is None or e.line < line):
        return ErrorKind.BELIEF_NOT_UPDATED
    if any(holds(shorter, line) for shorter in shorter_chains(chain, fact)):
        return ErrorKind.ORDER_COLLAPSED
    if any(holds(other, line) for other in other_orders(chain)):
        return ErrorKind.NAMES_SWAPPED
    given = {e.tell is None for e in about if normalise(value_words(fact, e.value(fact))) == wanted}
    if True in given:
        return ErrorKind.UPDATED_WITHOUT_PERCEPTION
    return ErrorKind.WRONG_TRUST if given else ErrorKind.WRONG_PLACE


def shorter_chains(chain: tuple[str, ...], fact: Fact) -> Iterator[tuple[str, ...]]:
    """What a nested belief may be taken for: reality and every chain left when names are dropped. A topic
    is no state of the world, and a single belief is not nested."""
    if len(chain) > 1:
        least = 1 if fact.relation == KNOWN else 0
        for n in range(least, len(chain)) if len(chain) <= _ALL_SHORTER else {least, 1, len(chain) - 1}:
            yield from dict.fromkeys(c for c in map(collapse, combinations(chain, n)) if c != chain)


def other_orders(chain: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The chain's names in every other order."""
    if len(chain) <= _ALL_ORDERS:
        yield from dict.fromkeys(c for c in permutations(chain) if c != chain)
        return
    for i, j in combinations(range(len(chain)), 2):
        other = list(chain)
        other[i], other[j] = other[j], other[i]
        yield tuple(other)


def location_error(state: BeliefState, fact: Fact, line: int | None, claimed: str) -> ErrorKind:
    """Of "the thing is in `claimed`", or of somebody's being in a room, right after `line`.

    1. stale copy: it was there right before `line`, and `line` changed that.
    2. wrong time: it is there at another time.
    3. wrong place: it never is.
    """
    wanted = normalise(claimed)
    if line is not None and normalise(state.belief((), fact, line - 1).value or "") == wanted:
        return ErrorKind.STALE_COPY
    values = (e.value(fact) for e in state.story.about(fact) if e.tell is None and not e.said)
    known = any(value is not None and normalise(value) == wanted for value in values)
    return ErrorKind.WRONG_TIME if known else ErrorKind.WRONG_PLACE


def absence_error(state: BeliefState, name: str, line: int | None, room: str) -> ErrorKind:
    """Of "somebody is not in the room" where they are: stale copy if they came with `line`, else wrong
    time, for everybody was elsewhere before they came."""
    before = state.belief((), Fact(name, "room"), line - 1).value if line is not None else room
    came = normalise(before or "") != normalise(room)
    return ErrorKind.STALE_COPY if came else ErrorKind.WRONG_TIME


def perception_error(positive: bool) -> ErrorKind:
    """Of "A sees it" (a perception that was not) and "A misses it" (a witness left out)."""
    return ErrorKind.UPDATED_WITHOUT_PERCEPTION if positive else ErrorKind.WRONG_OBSERVERS


def said_error(right_words: bool) -> ErrorKind:
    """Of "A says the thing is in X": unknown event where A says nothing of the thing at that line, else
    wrong place."""
    return ErrorKind.WRONG_PLACE if right_words else ErrorKind.UNKNOWN_EVENT
