"""What the README and the docs show runs, and what they name exists."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VERBS = set(re.findall(r'subcommand\("([\w-]+)"\)', (ROOT / "src/tomprm/cli/__init__.py").read_text()))


def test_the_readme_example_gives_its_verdict() -> None:
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 4
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_scripts_and_verbs_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    scripts = re.findall(r"bash (scripts/\S+\.sh)", text)
    configs = re.findall(r"\bconfigs/\w+\.yaml", text)
    for name in links:
        assert (page.parent / name).exists(), f"{page.name} links to {name}"
    for name in scripts + configs:
        assert (ROOT / name).exists(), f"{page.name} names {name}"
    for verb in re.findall(r"`tomprm ([\w-]+)", text):
        assert verb in VERBS, f"{page.name} names tomprm {verb}"


def test_the_first_screen_holds_what_a_newcomer_needs() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").split("## Read in this order")[0]
    assert "bash scripts/quickstart.sh" in first
    assert "bash scripts/test.sh" in first
    assert re.search(r"!\[[^]]+\]\(docs/\w+\.png\)", first)
