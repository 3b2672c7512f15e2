"""A run folder -> report.html, report.md, summary.json and figures/.

    >>> path = write_report("runs/quickstart")                                      # doctest: +SKIP
    >>> rich.print(console_summary(summarise(load_results("runs/quickstart"))))     # doctest: +SKIP

Works on a half-finished run as well and then says what is missing. The report may be rebuilt at any time; the
same records give the same bytes.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tomprm.report import plots, render
from tomprm.report.measure import summarise
from tomprm.report.records import RESULTS, load_results
from tomprm.report.render import console_summary
from tomprm.report.summary import Plan, Summary

__all__ = ["console_summary", "load_results", "read_run", "readme_figure", "summarise", "write_report"]

CONFIG, MACHINE, REPORT = "config.yaml", "run.json", "report.html"
_FIGURES = ("accuracy.png", "training.png", "two_by_two.png", "readme.png")


def read_run(run_dir: str | Path) -> Summary:
    """`summarise` with what config.yaml planned and run.json says of the machine, where they exist."""
    folder = Path(run_dir)
    config, machine = _config(folder), _machine(folder)
    return summarise(load_results(folder), plan=planned(config), machine=machine)


def write_report(run_dir: str | Path) -> Path:
    """Writes the report into the run folder and returns the path of report.html, which is written last."""
    folder = Path(run_dir)
    summary = read_run(folder)
    config = _config(folder)
    images = render.figures(summary)
    (folder / "figures").mkdir(exist_ok=True)
    for name in _FIGURES:
        if name in images:
            _write(folder / "figures" / name, images[name])
        else:  # an older report's figure would pass for one of this report
            (folder / "figures" / name).unlink(missing_ok=True)
    names = [name for name in _FIGURES if name in images]
    _write(folder / "summary.json", render.to_json(summary).encode())
    _write(folder / "report.md", render.to_markdown(summary, names, config).encode())
    return _write(folder / REPORT, render.to_html(summary, config).encode())


def readme_figure(results: pd.DataFrame | Summary) -> bytes:
    """PNG for the README: ID accuracy against the share of sound traces, per arm, with intervals."""
    summary = results if isinstance(results, Summary) else summarise(results)
    return plots.readme_png(summary)


def planned(config: str | None) -> Plan:
    """Arms and seeds that the config names, wherever it keeps them; nothing where it cannot be read.

    Used only to say what is missing: a config of another shape costs a line in the report and no more.
    """
    try:
        tree = yaml.safe_load(config or "")
    except yaml.YAMLError:
        return Plan()
    arms = _first(tree, "arms")
    seeds = _first(tree, "seeds")
    if isinstance(arms, list):
        arms = [arm.get("name") if isinstance(arm, dict) else arm for arm in arms]
    names = tuple(arm for arm in arms or () if isinstance(arm, str))
    if isinstance(seeds, int):
        return Plan(names, tuple(range(seeds)))
    numbers = seeds if isinstance(seeds, list) else []
    return Plan(names, tuple(s for s in numbers if isinstance(s, int)))


def _first(tree: Any, key: str) -> Any:
    """The value of `key` nearest to the root of a tree of dicts."""
    level = [tree]
    while level:
        dicts = [node for node in level if isinstance(node, dict)]
        for node in dicts:
            if key in node:
                return node[key]
        level = [inner for node in dicts for inner in node.values()]
    return None


def _config(folder: Path) -> str | None:
    path = folder / CONFIG
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _machine(folder: Path) -> dict[str, Any]:
    path = folder / MACHINE
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON ({error.msg}). Remove it; only {RESULTS} is needed.") from None
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: bytes) -> Path:
    """All or nothing: a reader never sees half a report, and a failed one leaves the old in place."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
