"""Which lines of a conversation give a piece of information, by the words they share with it.

Between two comings or goings everybody hears the same, so a conversation falls into stretches of constant
presence. A word speaks for a stretch the more, the fewer utterances use it; names and function words are
everywhere and hardly count. Where two stretches are about as likely, both are returned: it is for the
caller to see whether the difference matters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import fsum, log  # fsum: the same whatever the order, and that of a set is not fixed

from tomprm.world.languages.fantom import Utterance

_WORD = re.compile(r"[a-z0-9]+")
_STEM = 6  # letters of a word that count: volunteer(ing), discuss(ed)
RIVAL = 0.75  # a stretch with this part of the best one's weight may be meant as well
_LITTLE = 0.2  # below this part of the information's own weight nothing is found at all
_BEST = 5  # utterances of a stretch that are weighed, so that long ones do not win by length


def stems(text: str) -> frozenset[str]:
    """The words of a text, cut to their first letters.

    >>> sorted(stems("Volunteering, volunteers!"))
    ['volunt']
    """
    return frozenset(w[:_STEM] for w in _WORD.findall(text.lower().replace("'", "").replace("’", "")))


def stretches(here: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    """(first utterance, one past the last) of the stretches with constant presence."""
    cuts = [i for i in range(1, len(here)) if here[i] != here[i - 1]]
    return list(zip([0, *cuts], [*cuts, len(here)], strict=True))


def informing(
    said: Sequence[Utterance],
    here: Sequence[frozenset[str]],
    information: str,
    taking_part: frozenset[str] = frozenset(),
    rival: float = RIVAL,
) -> list[frozenset[int]]:
    """The lines that may give the information: one set a stretch, the likeliest first; none found: empty.

    All lines of a set are heard by the same people. `taking_part`: people whom the information names, so
    that they were probably there. `rival`: a stretch with this part of the best one's weight may be
    meant too.
    """
    spoken = [stems(u.words) for u in said]
    used = Counter(w for words in spoken for w in words)
    wanted = {w: log(len(said) / used[w]) for w in stems(information) if w in used}
    weight = [fsum(wanted[w] for w in words if w in wanted) for words in spoken]
    found: list[tuple[float, frozenset[int]]] = []
    for start, end in stretches(here):
        order = sorted(range(start, end), key=lambda i: -weight[i])[:_BEST]
        covered = {w for i in order for w in spoken[i] if w in wanted}
        present = len(taking_part & here[start]) / len(taking_part) if taking_part else 1.0
        total = fsum(wanted[w] for w in covered) * present
        lines = frozenset(said[i].line for i in order if weight[i] >= weight[order[0]] / 2)
        found.append((total, lines))
    best = max(total for total, _ in found)
    if best <= _LITTLE * fsum(wanted.values()) or best == 0:
        return []
    return [lines for total, lines in sorted(found, key=lambda f: -f[0]) if total >= rival * best]
