"""Free reasoning -> steps: exact spans of list items, sentences, table rows, headings, DEL blocks.

Everything before the answer that is not a tag is reasoning, in the think part or beside it; nothing after
the answer is. A newline always ends a step, except inside a list item (deeper indented lines go on with
it), between a table's header and its ruler, and in a `## Step n ##` block. Within a line:

    - one item, all its sentences           bullets, 1. 1) (1) a) Step 1: and lists of `Line 5: ...`
    | one | table row |                     the header with the ruler below it
    ### one heading                         also **bold** alone; a **lead-in:** stays with its sentence
    One sentence. Another one!              anything else

Lines without a letter or digit (rulers, `---`) and code fences are no steps; each line of fenced code is.
Every expression here starts at a fixed place or at the head of a run and has at most one way to match it,
so that time is linear in the length of any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

Span = tuple[int, int]

# Any case, a few blanks: what a reader would take for a tag, though only the exact ones are well formed.
# `<answer></answer>` or `<answer>...</answer>` only names the tags and answers nothing.
_TAG = re.compile(
    r"(?ai)<answer>[\s._-]{0,20}</answer>|<[ \t]{0,4}(?P<close>/?)[ \t]{0,4}(?P<name>think|answer)[ \t]{0,4}>"
)
_NEWLINE = re.compile(r"\r\n|\r|\n")
_CONTENT = re.compile(r"[^\W_]")

_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*[\w+#.-]*$")
_DEL_HEADER = re.compile(r"(?i)#{1,6}\s*step\s*\d+\s*#{1,6}$")
_HEADING = re.compile(r"#{1,6}\s|(?P<bold>\*\*|__)(?:(?!(?P=bold)).)+(?P=bold):?$")
_RULER = frozenset("|:-+ \t")
_ITEM = re.compile(
    r"(?i)[-*+•–—‣◦▪●]\s"
    r"|(?:\*\*|__)?(?:\(\d{1,3}\)|\d{1,3}(?:\.\d{1,3}){0,3}[.)]|\([a-z]\)|[a-z][.)]|[ivx]{1,4}[.)])(?:\*\*|__)?\s"
    r"|(?:\*\*|__)?step\s{0,3}\d{1,3}\s{0,3}[:.)–—-]"
)
_CITATION = re.compile(
    r"(?i)(?:\*\*|__)?(?:(?:in|at|on|from)\s{1,3})?lines?\s{1,3}\d[\d\sand,–-]{0,20}(?P<label>:)?"
)
_LEAD_IN = re.compile(r"(?P<bold>\*\*|__)(?:(?!(?P=bold)).)+(?<![.!])(?P=bold):?(?=\s)")

# The lookbehind lets a run of stops be tried from its head only.
_STOP = re.compile(r"(?<![.!?…])(?P<stop>[.!?…]+)(?P<closers>[\"'”’»)\]*_`]*)(?=\s|$)|[。！？।]+[”」』）]*")
_QUOTED = re.compile(r'"[^"\n]{0,300}"|“[^“”\n]{0,300}”|\([^()\n]{0,300}\)|\[[^][\n]{0,300}\]')
_LAST_WORD = re.compile(r"(?:(?P<before>\S+)\s+)?(?<![\w'-])(?P<word>[A-Za-z](?:\.?[A-Za-z])*)$")
_NEVER_LAST = frozenset(("e.g", "i.e", "eg", "ie", "cf", "vs", "mr", "mrs", "ms", "dr", "prof", "st"))
_SELDOM_LAST = frozenset(("etc", "a.m", "p.m", "jr", "sr", "approx", "resp", "incl"))
_NUMBERED = frozenset(("no", "fig", "p", "pp", "l"))  # "no. 5", but "So no. Then ..."
_LABEL = re.compile(
    r"(?i)\W{0,3}(?:(?:lines?|steps?)\s{1,3})?(?:\d{1,4}(?:\s?[-–]\s?\d{1,4})?|[a-z])[.):]\W{0,3}$"
)
_INTERJECTION = re.compile(
    r"(?i)(?:\W{0,3}\b(?:ah|actually|alright|and|but|hm{1,4}|hold on|no|now|oh|okay|ok|right|so|wait|well"
    r"|yeah|yes)\b){1,4}\W{0,3}$"
)


def segment(text: str) -> tuple[list[Span], str | None]:
    """Spans (start, end) of the reasoning steps, in order, and an answer that is not properly tagged.

    The answer is None where a well-formed `<answer>` or several tags of any kind are there; otherwise it
    is what stands in tags like `< Answer >`, or an explicit last statement ("Answer: X", "**Final
    answer:** X", "The answer is X", `\\boxed{X}`, X under the heading Answer), which then is no step.
    """
    tags = list(_TAG.finditer(text))
    spans = [span for region in _reasoning(text, tags) for span in _steps(text, *region)]
    answers = [tag for tag in tags if _is_answer(tag)]
    if not answers:
        return _pop_statement(text, spans)
    if "<answer>" in text or [bool(tag["close"]) for tag in answers] != [False, True]:
        return spans, None
    return spans, text[answers[0].end() : answers[1].start()].strip() or None


def _is_answer(tag: re.Match[str]) -> bool:
    return tag["name"] is not None and tag["name"].lower() == "answer"


def _reasoning(text: str, tags: list[re.Match[str]]) -> Iterator[Span]:
    """What stands between the tags, up to the first answer."""
    begin = 0
    for tag in tags:
        if not text[begin : tag.start()].isspace():  # as between the two parts
            yield begin, tag.start()
        begin = tag.end()
        if _is_answer(tag):
            return
    yield begin, len(text)


# -- lines --------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """A line without the blanks around it; `content` is False where it has no letter or digit."""

    start: int
    end: int
    text: str
    indent: int
    content: bool
    mark: str  # what it begins with: "fence", "del header", "item", "heading" or ""
    cited: re.Match[str] | None  # the story's lines that it begins with


def _mark(text: str) -> str:
    first = text[:1]
    if first in "`~" and _FENCE.match(text):
        return "fence"
    if first == "#" and _DEL_HEADER.match(text):
        return "del header"
    if _ITEM.match(text):
        return "item"
    return "heading" if first in "#*_" and _HEADING.match(text) else ""


def _lines(text: str, start: int, end: int) -> list[_Line]:
    breaks = list(_NEWLINE.finditer(text, start, end))
    heads, ends = [start, *(b.end() for b in breaks)], [*(b.start() for b in breaks), end]
    lines: list[_Line] = []
    for head, tail in zip(heads, ends, strict=True):
        body = text[head:tail]
        indent = len(body) - len(body.lstrip())
        body = body.strip()
        begin = head + indent
        if not body and lines and not lines[-1].text:
            continue  # one blank line stands for many
        content = _CONTENT.search(body) is not None
        cited = _CITATION.match(body) if content else None
        lines.append(_Line(begin, begin + len(body), body, indent, content, _mark(body), cited))
    return lines


def _steps(text: str, start: int, end: int) -> Iterator[Span]:
    """The steps of one stretch without tags."""
    lines = _lines(text, start, end)
    fences = [k for k, line in enumerate(lines) if line.mark == "fence"]
    code = {k for a, b in zip(fences[::2], fences[1::2], strict=False) for k in range(a, b)}
    k = 0
    while k < len(lines):
        line, last = lines[k], k
        if not line.content or line.mark == "fence":
            pass
        elif line.mark == "del header":
            last = _block_end(lines, k)
            yield line.start, lines[last].end
        elif k in code:
            yield line.start, line.end
        elif "|" in line.text and _is_ruler(lines, k + 1):
            yield line.start, lines[k + 1].end
            last = k + 1
            while last + 1 < len(lines) and lines[last + 1].content and "|" in lines[last + 1].text:
                last += 1
                yield lines[last].start, lines[last].end
        elif line.mark == "item" or _is_listed(lines, k):
            last = _item_end(lines, k)
            yield line.start, lines[last].end
        elif line.text[0] == "|" or line.mark == "heading":
            yield line.start, line.end
        else:
            yield from _sentences(text, line.start, line.end)
        k = last + 1


def _block_end(lines: list[_Line], k: int) -> int:
    """The last line with content before the next DEL header or fence."""
    last = k
    for j in range(k + 1, len(lines)):
        if lines[j].mark in ("del header", "fence"):
            break
        last = j if lines[j].content else last
    return last


def _is_ruler(lines: list[_Line], k: int) -> bool:
    """`|---|:---:|`"""
    return k < len(lines) and {"|", "-"} <= set(lines[k].text) <= _RULER


def _is_listed(lines: list[_Line], k: int) -> bool:
    """A line that cites the story's lines, next to another one that does: items of a list. Blank lines
    may part `Line 5: ...` from `Line 6: ...`, but paragraphs that begin with "In line 5, ..." are prose."""
    cited = lines[k].cited
    for way in (-1, 1):
        j = k + way
        while cited and cited["label"] and 0 <= j < len(lines) and not lines[j].text:
            j += way
        if cited and 0 <= j < len(lines) and lines[j].cited:
            return True
    return False


def _item_end(lines: list[_Line], k: int) -> int:
    """The last of the deeper indented lines that go on with the item."""
    last = k
    for j in range(k + 1, len(lines)):
        line = lines[j]
        own = line.mark or line.cited or line.text[:1] == "|"
        if not line.content or line.indent <= lines[k].indent or own:
            break
        last = j
    return last


# -- sentences ----------------------------------------------------------------------------------


def _sentences(text: str, start: int, end: int) -> list[Span]:
    """The sentences of one line. A label ("Line 5.", "N.") or an interjection ("Hmm, wait.") belongs to
    the sentence after it, a piece without letters (an emoji, ". .") to the one before it."""
    found: list[Span] = []
    begin, head = start, None  # head: where the pieces that wait for their sentence begin
    cuts = list(_cuts(text, start, end))
    if not cuts:
        return [(start, end)]
    for cut in [*cuts, end]:
        piece, first = text[begin:cut].strip(), begin
        while first < cut and text[first].isspace():
            first += 1
        last, begin = first + len(piece), cut
        if head is None and found and not _CONTENT.search(piece):
            found[-1] = (found[-1][0], last)
            continue
        head = first if head is None else head
        if _CONTENT.search(piece) and not _leans(piece):
            found.append((head, last))
            head = None
    if head is not None:  # nothing came after them
        begin = found.pop()[0] if found else head
        found.append((begin, end))
    return found


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Where a sentence ends within the line."""
    lead = _LEAD_IN.match(text, start, end)
    earliest = lead.end() + 1 if lead else start
    quoted = _QUOTED.finditer(text, start, end)
    inner = next(quoted, None)
    for stop in _STOP.finditer(text, start, end):
        cut = stop.end()
        while inner is not None and inner.end() <= cut:
            inner = next(quoted, None)
        inside = inner is not None and inner.start() < cut
        if cut < end and cut >= earliest and not inside and _ends(text, start, stop, end):
            yield cut


def _ends(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """Is it a sentence that ends at these stops?"""
    if stop["stop"] is None:  # 。 and the like
        return True
    cut = stop.end()
    while cut < end and text[cut].isspace():
        cut += 1
    following = text[cut : min(cut + 1, end)]
    if following.islower() and (stop["closers"].strip("*_") or stop["stop"] not in (".", "?", "!")):
        return False  # "Absolutely!" and adds ...; later on... hmm
    if stop["stop"] != ".":
        return True
    last = _LAST_WORD.search(text[max(start, stop.start() - 24) : stop.start()])
    word = last["word"].lower() if last else ""
    if word in _NEVER_LAST or (word in _NUMBERED and following.isdigit()):
        return False
    if word in _SELDOM_LAST or "." in word:
        return following.isupper()
    if last and len(word) == 1:  # "container B. Then", but not "N. green_box" or "Mary J. Smith"
        before = last["before"] or "X"
        return not following.islower() and before[0].islower() and before[-1].isalnum()
    return True


def _leans(piece: str) -> bool:
    """Does it say nothing without the sentence after it?"""
    return _LABEL.match(piece) is not None or _INTERJECTION.match(piece) is not None


# -- answers without their tags -----------------------------------------------------------------

_STATED = re.compile(
    r"(?i)(?:[-+•>#]{1,6}\s+)?(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|my)\s+)?(?:(?:final|correct)\s+)?"
    r"answer(?:\s+is\b|\s*[:=])\s*[:=]?\s*(?P<answer>\S[^\n]*)$"
)
_ANSWER_HEADING = re.compile(r"(?i)\W{0,6}(?:the\s+|my\s+)?(?:final\s+|correct\s+)?answer\W{0,4}$")


def _pop_statement(text: str, spans: list[Span]) -> tuple[list[Span], str | None]:
    """The steps without a last one that states the answer, and that answer."""
    said = [text[start:end] for start, end in spans[-2:]]
    if not said or len(said[-1]) > 500:
        return spans, None
    if len(said) == 2 and len(said[0]) < 40 and _ANSWER_HEADING.match(said[0]):
        return spans[:-2], _boxed(said[1]) or _bare(said[1])
    stated = _STATED.match(said[-1].replace("**", ""))
    answer = _boxed(said[-1]) or (_bare(stated["answer"]) if stated else "")
    return (spans[:-1], answer) if answer else (spans, None)


def _boxed(said: str) -> str:
    r"""X of the last `\boxed{X}`; braces within it are kept in balance."""
    _, boxed, rest = said.rpartition("\\boxed{")
    depth = 1 if boxed else 0
    for k, char in enumerate(rest if boxed else ""):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            inner = rest[:k].replace("\\_", "_").strip()
            return _bare(re.sub(r"^\\(?:text|mathrm|textbf)\{([^{}]*)\}$", r"\1", inner))
    return ""


def _bare(answer: str) -> str:
    return answer.strip(" \t*`$\"'").removesuffix(".").strip(" \t*`$\"'")
