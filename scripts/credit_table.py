"""Write the tables of docs/credit.md from what tests/test_credit_forms.py declares and holds true.

python scripts/credit_table.py [--check]     # --check: exit code 1 where the file is not current
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "credit.md"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

import test_credit_forms as declared  # noqa: E402

_WORDS = {"=": "nothing", "<=": "never more", ">": "**can gain**"}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def changes(cells: dict[str, str]) -> list[str]:
    return [_WORDS[cells[change]] for change in declared.PROPERTIES]


def yes(value: bool) -> str:
    return "yes" if value else "no"


def forms() -> str:
    head = ["form", "reads", *declared.PROPERTIES.values(), "sound beats empty", "every return lies in"]
    rows = [
        [
            f"`{form}`",
            ", ".join(f for f in ("progress", "scores", "outcome") if f in declared.READS[form]) or "-",
            *changes(cells),
            yes(declared.SOUND_BEATS_EMPTY[form]),
            declared.BOUNDS[form].words,
        ]
        for form, cells in declared.DECLARED.items()
    ]
    return table(head, rows)


def baselines() -> str:
    head = ["baseline", *declared.PROPERTIES.values(), "expected gradient kept", "identical rollouts earn 0"]
    rows = [
        [f"`{name}`", *changes(cells), yes(declared.UNBIASED[name]), yes(declared.LEVELS[name])]
        for name, cells in declared.BASELINES_DECLARED.items()
    ]
    return table(head, rows)


def main() -> int:
    old = DOCS.read_text(encoding="utf-8")
    new = old
    for name, text in (("forms", forms()), ("baselines", baselines())):
        block = rf"(<!-- {name}: scripts/credit_table.py -->\n).*?(<!-- end -->)"
        new = re.sub(block, lambda m, text=text: f"{m[1]}{text}\n{m[2]}", new, flags=re.DOTALL)
    if "--check" in sys.argv[1:]:
        if new != old:
            print(f"{DOCS}: not current; run python scripts/credit_table.py")
        return int(new != old)
    DOCS.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
