"""HEART 1: which event sets whose belief about what.

The one rule (nested belief by joint witnessing):

    B(x1 .. xk)(f) = the value given to f by the last event that x1 really perceived
                     and that x2 .. xk were taken to perceive.

An empty chain is the world itself. Inertia: what the chain did not witness changes nothing.
Told values are the exception: a tell writes its claim into chains named by the profile's trust
rule, whether or not the claim is true.
"""

from __future__ import annotations

from typing import Literal

from tomprm.world.events import Event, Tell


def sets(event: Event, chain: tuple[str, ...], tells: Literal["release", "clean"]) -> bool:
    """Does `event` write its facts into the belief of `chain`?"""
    if event.tell is not None:
        return bool(chain) and _TOLD[tells](event.tell, chain)
    if event.chains is not None:
        return chain in event.chains
    if event.said and not chain:
        return False
    return witnessed(event, chain)


def witnessed(event: Event, chain: tuple[str, ...]) -> bool:
    """Joint witnessing: the outermost really perceived it, the others were taken to."""
    if not chain:
        return True
    return chain[0] in event.real and event.apparent.issuperset(chain[1:])


def witnesses(event: Event, depth: int, name: str) -> bool:
    """Does the member at this depth of a chain (0: the outermost) let the event into its belief?"""
    return name in (event.apparent if depth else event.real)


def missed_by(event: Event, chain: tuple[str, ...]) -> tuple[str, ...]:
    """The members who keep the event out of the chain's belief, outermost first."""
    return tuple(name for depth, name in enumerate(chain) if not witnesses(event, depth, name))


def _told_release(tell: Tell, chain: tuple[str, ...]) -> bool:
    """Hi-ToM as released: orders 1 and 2 only, and the speaker thinks all hearers believed him."""
    s = tell.speaker
    if len(chain) == 1:
        return chain[0] in tell.trusting
    if len(chain) == 2:
        outer, inner = chain
        return (inner == s and outer in tell.trusting) or (outer == s and inner in tell.listeners)
    return False


def _told_clean(tell: Tell, chain: tuple[str, ...]) -> bool:
    """A claim enters a chain when its last member trusts the speaker, or when the last member is
    the speaker and the one before trusts him (and so takes the claim for his honest belief).
    What is told in private reaches only chains of the two who talked."""
    s = tell.speaker
    if not tell.public and not set(chain) <= {s, *tell.listeners}:
        return False
    if chain[-1] in tell.trusting:
        return True
    return len(chain) > 1 and chain[-1] == s and chain[-2] in tell.trusting


_TOLD = {"release": _told_release, "clean": _told_clean}
