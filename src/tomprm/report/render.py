"""A `Summary` as HTML, Markdown, JSON and a rich renderable. No figure is computed here."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.console import Group as RichGroup
from rich.table import Table as RichTable
from rich.text import Text

from tomprm.report import plots
from tomprm.report.format import arm_name
from tomprm.report.summary import SHORTCUT, Summary
from tomprm.report.tables import Cell, Table, all_tables
from tomprm.report.templates import templates

SCHEMA = "tomprm.summary@1"
TONES = {
    "gain": "gain",
    "loss": "loss",
    "none": "no measurable change",
    "mixed": "decodings differ",
    "note": "measured",
}
_PAGE_ONLY = ("by-order", "between-arms")  # long tables; their main lines are among the findings
_CONSOLE_TONES = {"gain": "green", "loss": "red", "none": "yellow", "mixed": "yellow", "note": "cyan"}


def to_json(summary: Summary) -> str:
    """Every figure, unrounded, as JSON with sorted keys."""
    return (
        json.dumps({"schema": SCHEMA, **asdict(summary)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )


def figures(summary: Summary) -> dict[str, bytes]:
    """File name -> PNG. A figure without data is left out."""
    found = {"readme.png": plots.readme_png(summary)}
    if panels := plots.accuracy_panels(summary):
        found["accuracy.png"] = plots.grid_png(panels, plots.arm_handles(summary, points=True), 3)
    if panels := plots.training_panels(summary):
        found["training.png"] = plots.grid_png(panels, plots.arm_handles(summary, points=False), 3)
    if panels := plots.fold_panels(summary):
        found["two_by_two.png"] = plots.grid_png(panels, plots.fold_handles(), 2)
    return found


def to_html(summary: Summary, config: str | None) -> str:
    """One page without scripts or links to elsewhere; `config` is shown as it is."""
    environment = templates()
    environment.filters["unbroken"] = unbroken
    styles = {arm: plots.arm_style(summary, arm) for arm in summary.arms}
    keys = {arm: (colour, mark, arm_name(arm)) for arm, (colour, _, mark) in styles.items()}
    return environment.get_template("report.html.jinja").render(
        title=title(summary),
        summary=summary,
        tables={table.key: table for table in all_tables(summary)},
        panels={
            "accuracy": [Markup(plots.panel_svg(p)) for p in plots.accuracy_panels(summary)],
            "training": [Markup(plots.panel_svg(p)) for p in plots.training_panels(summary)],
            "folds": [Markup(plots.panel_svg(p)) for p in plots.fold_panels(summary)],
        },
        legends={
            "accuracy": [
                *keys.values(),
                ("currentColor", "◇", SHORTCUT),
                ("currentColor", "- -", "chance"),
            ],
            "training": [keys[arm] for arm in summary.trained or summary.arms],
            "folds": plots.fold_legend(),
        },
        swatches={name: (colour, mark) for colour, mark, name in keys.values()},
        tones=TONES,
        provenance=provenance(summary),
        config=config,
    )


def unbroken(text: str) -> str:
    """Sentences keep "43.0 %", "n = 300" and "[37.3, 48.3]" on one line."""
    text = re.sub(r"(?<=\d) %|(?<=\bn) = |(?<=\bp) [=<] ", lambda m: m[0].replace(" ", "\u00a0"), text)
    return re.sub(r"\[[^\[\]]*\]", lambda m: m[0].replace(" ", "\u00a0"), text)


def to_markdown(summary: Summary, names: list[str], config: str | None) -> str:
    """The same figures as the page; `names` are the files in figures/."""
    lines = [f"# {title(summary)}", "", "## Findings", ""]
    if summary.partial:
        lines += ["**This run is partial.** What is missing:", "", *(f"- {m}" for m in summary.partial), ""]
    for finding in summary.findings:
        detail = f" <sub>{_escape(finding.detail)}</sub>" if finding.detail else ""
        lines.append(
            f"- **{_escape(finding.title)}** ({TONES[finding.tone]}). {_escape(finding.text)}{detail}"
        )
    lines += ["", "## What this run cannot tell", "", *(f"- {_escape(text)}" for text in summary.limits), ""]
    for table in all_tables(summary):
        lines += [f"## {_escape(table.title)}", "", _escape(table.note), ""]
        lines += [f"- {_escape(term)}: {_escape(meaning)}" for term, meaning in table.terms]
        lines += [*([""] if table.terms else []), *_markdown_table(table), ""]
    if names:
        lines += ["## Figures", "", *(f"![{name.removesuffix('.png')}](figures/{name})\n" for name in names)]
    lines += ["## Where the figures come from", ""]
    lines += [f"- {key}: {_escape(value)}" for key, value in provenance(summary)]
    if config is not None:
        lines += ["", "### Configuration", "", "```yaml", config.rstrip("\n"), "```"]
    return "\n".join(lines) + "\n"


def _markdown_table(table: Table) -> list[str]:
    lines = ["| | " + " | ".join(map(_escape, table.columns)) + " |", "|---|" + "---|" * len(table.columns)]
    for group in table.groups:
        if group.title:
            lines.append(f"| **{_escape(group.title)}** |" + " |" * len(table.columns))
        for row in group.rows:
            cells = (
                _escape(c.text) + (f"<br><sub>{_escape(c.sub)}</sub>" if c.sub else "") for c in row.cells
            )
            lines.append(f"| {_escape(row.label)} | " + " | ".join(cells) + " |")
    return lines


def _escape(text: str) -> str:
    """Names of arms, suites and heuristics come from a file; they must not become markup."""
    for mark, instead in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "\\|"),
        ("*", "\\*"),
        ("_", "\\_"),
        ("`", "\\`"),
    ):
        text = text.replace(mark, instead)
    return text


def console_summary(summary: Summary) -> RenderableType:
    """Tables, then findings, for a terminal: the figures of the report, single suites where they are few.

    The findings come last because the end is what stays on the screen.
    """
    parts: list[RenderableType] = [Text(title(summary), style="bold")]
    for table in all_tables(summary):
        if table.key not in _PAGE_ONLY:
            parts += [Text(), _ConsoleTable(table)]
    for finding in summary.findings:
        line = Text()
        line.append(
            f"{finding.title} ({TONES[finding.tone]}). ", style=f"bold {_CONSOLE_TONES[finding.tone]}"
        )
        line.append(finding.text)
        if finding.detail:
            line.append(f" {finding.detail}", style="dim")
        parts += [Text(), line]
    if summary.partial:
        parts.append(Text("\nThis run is partial. What is missing:", style="yellow"))
        parts += [Text(f"  - {m}") for m in summary.partial]
    return RichGroup(*parts)


@dataclass(frozen=True)
class _ConsoleTable:
    """A table that puts intervals on a line of their own where the terminal is narrow."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [row for group in self.table.groups if not group.folded for row in group.rows]
        labels = max(18, *(len(row.label) for row in rows))
        lines = [[[cell.text, *cell.sub.split(" · ")] for cell in row.cells] for row in rows]
        widths = [max(len(line) for row in lines for line in row[i]) for i in range(len(lines[0]))]
        stacked = labels + sum(widths) + 3 * len(widths) + 4 > options.max_width
        if stacked:
            yield _rich_table(self.table, [0] * len(widths), "\n")
        else:
            yield _rich_table(self.table, widths, " ")


def _rich_table(table: Table, widths: list[int], between: str) -> RichTable:
    rich = RichTable(title=Text(table.title, style="bold"), caption=Text(table.note, style="dim"))
    rich.title_justify = rich.caption_justify = "left"
    rich.add_column("", overflow="fold")
    for column, width in zip(table.columns, widths, strict=True):
        rich.add_column(Text(column), overflow="fold", min_width=width)
    for group in table.groups:
        if group.folded:
            continue
        if group.title:
            rich.add_section()
            name, *_, sizes = group.title.split(" · ")
            rich.add_row(Text(f"{name}\n", style="bold").append(sizes, style="dim"))
        for row in group.rows:
            rich.add_row(Text(row.label), *(_rich_cell(cell, between) for cell in row.cells))
    return rich


def _rich_cell(cell: Cell, between: str) -> Text:
    tone = {"gain": "green", "loss": "red"}.get(cell.tone, "")
    text = Text(f"{cell.value}{between}{cell.span}" if cell.span else cell.value, style=tone)
    if cell.sub:
        text.append("\n" + cell.sub.replace(" · ", "\n"), style="dim")
    return text


def title(summary: Summary) -> str:
    if not summary.trained:
        return "tomprm comparison: no trained arm yet"
    return f"tomprm comparison: {', '.join(summary.trained)} against the warm start"


def provenance(summary: Summary) -> list[tuple[str, str]]:
    """Label and text: where the figures come from and how they were computed."""
    p = summary.provenance
    final = "; ".join(f"{who}: {step}" for who, step in p["final_steps"].items())
    return [
        ("config hash", ", ".join(p["configs"]) or "not given"),
        ("code version", ", ".join(p["versions"]) or "not given"),
        ("seeds", ", ".join(map(str, summary.seeds)) or "none yet"),
        ("step of the final checkpoint", final or "none yet"),
        ("rows in results.jsonl", f"{p['rows']:,}, of which {p['policy_rows']:,} answers of policies"),
        (
            "intervals",
            f"{100 * p['level']:.0f} %, percentile bootstrap over stories, {p['resamples']:,} resamples, "
            f"seed {p['bootstrap_seed']}",
        ),
        (
            "p-values",
            f"two-sided sign-flip test over stories, {p['flips']:,} flips, seed {p['sign_flip_seed']}",
        ),
        *((f"machine: {key}", value) for key, value in _flat(summary.machine)),
    ]


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            lines += _flat(inner, f"{prefix}{key}.")
        else:
            lines.append(
                (f"{prefix}{key}", ", ".join(map(str, inner)) if isinstance(inner, list) else str(inner))
            )
    return lines
