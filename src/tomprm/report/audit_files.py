"""The whole of `tomprm audit`: items in, `audit.md`, `audit.json` and `audit.png` out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tomprm.belief.audit import examine
from tomprm.report.audit import Figures, as_json, summarise
from tomprm.report.audit_markdown import audit_markdown, unreadable_line
from tomprm.report.audit_plot import audit_png
from tomprm.world.items import Item
from tomprm.world.sources.loading import Unreadable


def audit_set(name: str, where: str, items: Iterable[Item], train: Iterable[Item] | None = None) -> Figures:
    """The audit of the set called `name`, which lies at `where`.

    Raises:
        SourceError: more than 5 % of the stories cannot be read.
    """
    audit = examine(items, train)
    unreadable = Unreadable()
    for row in audit.rows:
        unreadable.count(unreadable_line(row) if row.unreadable else None)
    unreadable.check(where)
    return summarise(name, audit)


def write_audit(figures: Figures, out: Path | None) -> str:
    """The Markdown, and with a folder `out` a last line on the files written there."""
    text = audit_markdown(figures)
    if out is None:
        return text
    out.mkdir(parents=True, exist_ok=True)
    (out / "audit.md").write_text(text, encoding="utf-8")
    (out / "audit.json").write_text(json.dumps(as_json(figures), indent=1) + "\n", encoding="utf-8")
    names = ["audit.md", "audit.json"]
    picture = audit_png(figures)
    if picture is not None:
        (out / "audit.png").write_bytes(picture)
        names.append("audit.png")
    return f"{text}\nwrote {', '.join(str(out / name) for name in names)}"
