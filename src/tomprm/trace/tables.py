"""Rows of tables -> statements: what a cell says follows from its column, and from the cells beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tomprm.trace.claims import ClaimKind
from tomprm.trace.groups import Group, Token
from tomprm.trace.statements import Statement, When
from tomprm.trace.tagging import sentences

if TYPE_CHECKING:
    from tomprm.trace.reading import Reader

_MOVER = re.compile(r"\b(?:mover|moves|moved|new|puts|destination)\b")  # head of a table of moves
_MOVED = re.compile(r"\b(?:new|moved?|moves|puts?|to|dest\w*)\b")
_LONGEST_ROW = 1000  # characters that are read: cells are read several times (people write up to 300)


def read_table(reader: Reader, text: str) -> Iterator[Statement]:
    """The statements of the rows in a step; a head with its ruler is remembered for the rows to come."""
    rows = [row[:_LONGEST_ROW] for row in text.splitlines() if row.strip()]
    if len(rows) > 1 and set(rows[1]) <= set("|-: "):
        reader.columns = [cell.strip().lower() for cell in rows[0].strip().strip("|").split("|")]
        return
    for row in rows:
        yield from _row(reader, row, text.index(row))


def _row(reader: Reader, row: str, offset: int) -> Iterator[Statement]:
    cells: list[tuple[int, str]] = []
    at = 0
    for piece in row.split("|"):
        if piece.strip():
            cells.append((offset + at + len(piece) - len(piece.lstrip()), piece.strip()))
        at += len(piece) + 1
    lines = None
    columns = reader.columns if len(reader.columns) == len(cells) else ["" for _ in cells]
    subject: Group | None = None
    cells, columns = _joined(reader, cells, columns, row, offset)
    for (start, cell), column in zip(cells, columns, strict=True):
        if re.fullmatch(r"(?:[Ll](?:ines?|\.) *)?\d{1,6}(?:\s*[-–,]\s*\d{1,6})?", cell) and (
            "line" in column or cell[0] in "Ll"
        ):
            numbers = [int(n) for n in re.findall(r"\d+", cell)]
            lines = (numbers[0], numbers[-1])
            continue
        for s in _cell(reader, cell, column, subject, lines):
            yield replace(s, start=s.start + start)
        tokens = reader.tokens(cell)
        if len(tokens) == 1 and tokens[0].tag == "P":
            subject = tokens[0].group


def _joined(
    reader: Reader, cells: list[tuple[int, str]], columns: list[str], row: str, offset: int
) -> tuple[list[tuple[int, str]], list[str]]:
    """ "Ann's move | box" is one statement, told over two cells."""
    for i in range(len(cells) - 1):
        tags = [t.tag for t in reader.tokens(cells[i][1])]
        after = [t.tag for t in reader.tokens(cells[i + 1][1])]
        if "M" in tags and not {"C", "R"} & set(tags) and after in (["C"], ["R"]):
            start, end = cells[i][0], cells[i + 1][0] + len(cells[i + 1][1])
            cells = [*cells[:i], (start, row[start - offset : end - offset]), *cells[i + 2 :]]
            return cells, [*columns[:i], columns[i], *columns[i + 2 :]]
    return cells, columns


def _cell(
    reader: Reader, cell: str, column: str, subject: Group | None, lines: tuple[int, int] | None
) -> Iterator[Statement]:
    """A cell under its heading: who saw it, where it is, what somebody believes."""
    tokens = reader.tokens(cell)
    heading = reader.tokens(column)
    people = [t for t in tokens if t.tag == "P" and t.group]
    place = next((t for t in tokens if t.tag in "CRu"), None)
    leads = reader.columns[0] if reader.columns[:1] == ["who"] else None  # "who | last place they saw"
    if (
        re.search(r"\b(?:see[ns]?|saw|witness\w*|observ\w*|watch\w*|present|who)\b", column)
        and people
        and column != leads
    ):
        group = people[-1].group
        alone = len(tokens) == len(people) == 1
        if not alone:
            yield from reader.prose(cell, lines)
        elif group is not None and not group.pronoun:
            only = replace(group, only=alone and group.kind == "some")
            yield Statement(ClaimKind.PERCEPTION, cell, 0, group=only, lines=lines, when=When.NOW)
    elif len(tokens) == 1 and place is not None:
        owner = next((t.group for t in heading if t.tag in "SP" and t.group), None) or subject
        relation = "room" if place.tag == "R" else "place"
        believes = any(t.tag in "BAF" for t in heading) or re.search("belie|think|know|mind", column)
        moved = subject is not None and not believes
        if moved and (_MOVED.search(column) or _MOVER.search("".join(reader.columns[:1]))):
            yield Statement(
                ClaimKind.MOVE, cell, 0, group=subject, thing="it", place=place.value, relation=relation,
                lines=lines,
            )  # fmt: skip
        elif owner is not None and not (owner.pronoun and subject is None):
            owner = subject if owner.pronoun and subject is not None else owner
            yield Statement(
                ClaimKind.BELIEF, cell, 0, chain=(owner,), thing="it", place=place.value,
                relation=relation, lines=lines, when=When.NOW,
            )  # fmt: skip
        elif not believes and place.value:
            yield Statement(
                ClaimKind.LOCATION, cell, 0, thing="it", place=place.value, relation=relation, lines=lines
            )  # fmt: skip
    else:
        if subject is not None and subject.names:
            reader.recent = [*subject.names, *[n for n in reader.recent if n not in subject.names]]
            yield from (s for s in _with(reader, subject, cell, lines))
        else:
            yield from reader.prose(cell, lines)


def _with(reader: Reader, subject: Group, cell: str, lines: tuple[int, int] | None) -> Iterator[Statement]:
    """A cell that goes on about the row's person: "put it in the box, later moved it to the bag"."""
    opened = 0
    for number, sentence in enumerate(sentences(cell, reader.lexicon)):
        spoken, opened = cell[opened : sentence[-1].end], sentence[-1].end
        lead = Token("P", sentence[0].start, sentence[0].start, "", group=subject)
        headless = sentence[0].tag not in "PTVKS"
        yield from reader.sentence(
            [lead, *sentence] if headless else sentence, cell, spoken, number, lines, []
        )
