"""Words that say when a statement is meant, or that it is none: "line 5", "at the end", "let me see"."""

from __future__ import annotations

import re

from tomprm.trace.words import word_set


def _phrases(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE)


_NUMBER = r"(\d{1,6})"
_MORE = rf"(?: *(?:-|–|to|and|,|&) *)(?:[Ll]ine )?{_NUMBER}"
LINES = re.compile(
    rf"[(\[]?(?:\b(?:[Ii]n|[Aa]t|[Oo]n|[Ff]rom) )?\b[Ll](?:ines?|\.) *{_NUMBER}(?:{_MORE})*\b[)\]]?[:,]?"
)
_BULLET = r"[-*+•–]|\d{1,3}[.)]|\(\d{1,3}\)|[Ss]tep \d+[:.)]|[a-z]\)"
HEAD = re.compile(
    rf"\s*(?:\*\*[Ss]tep \d+[.:]?\*\*[.:]?|#+ *(?:[Ss]tep|STEP) *\d+ *#*:?|(?:{_BULLET})(?=\s))"
)
NOW = _phrases(
    "now", "then", "at (?:this|that) (?:point|moment|time|stage)", "by (?:now|then)", "after (?:this|that)",
    "so far", "up to (?:now|then|here)",
)  # fmt: skip
END = _phrases(
    "at the (?:very )?end", "in the end", "by the end", "ultimately", "final(?: answer)?", "conclusion",
    "when the story ends", "after everything",
)  # fmt: skip
FINALLY = re.compile(r"^\W*finally\b", re.IGNORECASE)  # of what is, not of what happens
FIRST = _phrases(
    "originally", "initially", "at first", "to begin with", "in the beginning",
    "starts? (?:out|off)", "started (?:out|off)",
    "at the (?:very )?(?:start|begin+ing|outset)",
)  # fmt: skip
DENIED = _phrases(
    "wrong to say", "not true", "untrue", "false that", "incorrect", "scratch that", "not the case"
)
PAST = _phrases(
    "earlier", "initially", "originally", "at first", "first", "previously", "to begin with", "before that",
    "at the (?:very )?(?:start|begin+ing|outset)", "in the beginning", "had",
)  # fmt: skip
_SO = (
    "so", "therefore", "hence", "thus", "consequently", "as a result", "it follows", "that means",
    "this means", "in conclusion", "conclusion", "final", "overall", "in short", "for this reason", "answer",
)  # fmt: skip
CONCLUDES = re.compile(rf"^\W*(?:(?:{'|'.join(_SO)})\b|=>|→|⇒)", re.IGNORECASE)
THEN = _phrases("then", "next", "afterwards", "after that", "subsequently", "thereafter")
LATER = _phrases(
    "later", "after (?:that|this|it|then)", "from (?:then|here|there|now|that point) on", "further",
    "the rest", "afterwards", "whatever", "anything", "everything", "any more",
    "(?:comes?|came|happens?|follows?) (?:next|after|later)",
)  # fmt: skip
SECRET = re.compile(
    r"\bin secret\b|\bsecretly\W*$"
    r"|\bsecretly(?: \w+)? (?:witness|watch|se[en]|saw|observ|hear|overhear|listen|peek)",
    re.IGNORECASE,
)  # of the witness: "sees him secretly move it" is something else
STOP = re.compile(r"[.!?](?=\s|$)|\n")
JOINT = re.compile(r"[,;]|\b(?:and|but)\b")
ASKS = _phrases(
    "question (?:asks|is|wants)", "asks? (?:what|where)", "need to (?:figure|find|work|determine)",
    "let (?:me|us|'s)", "i (?:need|have|will|want|'ll|must|should)", "goal",
    "we (?:need|have|want|must|should)",
)  # fmt: skip
# After these one talks no longer of what is to be done: "I have to look again: Ann moved it."
AMENDED = re.compile(
    r":|\b(?:correct|change|revise|update|fix|adjust)\b[^.:]*?,"
    r"|\b(?:correct (?:myself|that|this|it)|(?:change|revise|fix|correct) my|take (?:it|that) back)\b"
)
BELIEFS = word_set("bel belief chain answer result conclusion final state")  # "chain: box"


def lines_named(found: re.Match[str], text: str) -> tuple[int, int] | None:
    """The first and last line that a match of LINES names; None where they only bound ("since line 5")."""
    numbers = [int(n) for n in re.findall(r"\d+", found[0])]
    before = re.search(
        r"\b(up to|until|till|before|by|since|from|after) *$",
        text[max(0, found.start() - 40) : found.start()],
        re.I,
    )
    if before and before[1].lower() in ("up to", "until", "till", "before"):
        return numbers[0] - 1, numbers[0] - 1
    return None if before else (min(numbers), max(numbers))
