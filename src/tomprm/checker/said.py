"""Which line of a conversation a piece of text repeats, and whose words stand in quotation marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

from tomprm.checker.talk_words import ASK, QUOTE
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.claims import Claim, ClaimKind
from tomprm.world.events import join_names
from tomprm.world.languages.fantom import Utterance
from tomprm.world.languages.informing import stems


class Said:
    """The lines of a conversation by their words: a word weighs the more, the fewer lines have it."""

    def __init__(self, said: Sequence[Utterance], people: Sequence[str]) -> None:
        self.said, self.people = said, people
        self.words = [stems(u.words) - ASK for u in said]
        used = Counter(w for group in self.words for w in group)
        self.weight = {w: log(1 + len(self.words) / n) for w, n in used.items()}

    def line_of(self, text: str) -> int | None:
        """The line that a piece of text repeats; None where no line is plainly meant."""
        shared = stems(text) - ASK - stems(" ".join(self.people))
        scores = [sum(self.weight[w] for w in shared & words) for words in self.words]
        best = max(range(len(scores)), key=lambda i: scores[i])
        total = sum(self.weight.get(w, log(1 + len(self.words))) for w in shared)
        plain = len(shared & self.words[best]) > 1 and scores[best] >= 0.3 * total
        return self.said[best].line if plain else None

    def quoted(self, sentence: str) -> Iterator[ClaimVerdict]:
        """Words in quotation marks stand in somebody's line, or in nobody's."""
        for found in QUOTE.finditer(sentence):
            if found["who"] not in self.people:
                continue
            words = plain(found["words"])
            lines = [u for u in self.said if words and words in plain(u.words)]
            if not lines:
                continue
            claim = Claim(ClaimKind.SAID, found[0], (found["who"],), line=lines[0].line)
            truth = f"line {lines[0].line}: {join_names(lines[0].speakers)} says it"
            if any(found["who"] in u.speakers for u in lines):
                yield ClaimVerdict(claim, Status.SUPPORTED, truth, truth, truth, lines[0].line)
            elif sum(n in found[0] for n in self.people) == 1:
                yield ClaimVerdict(
                    claim, Status.CONTRADICTED, found[0], truth, truth, lines[0].line, ErrorKind.NAMES_SWAPPED
                )


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", "")))
