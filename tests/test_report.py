"""The report on a synthetic run whose true effects are known."""

from __future__ import annotations

import io
import json
import re
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tomprm.report import console_summary, load_results, read_run, readme_figure, summarise, write_report
from tomprm.report.format import estimate, gap, number
from tomprm.report.records import RESULTS
from tomprm.report.stats import Difference, Interval
from tomprm.report.summary import Summary
from tomprm.report.tables import all_tables

SUITES = {
    "id@1": ("id", (1, 2)),
    "higher@1": ("ood", (3, 4)),
    "hitom@1": ("ood", (0, 2, 4)),
}
CHANCE = 0.25
# True rates of (right answer, sound trace) at the end of training, in distribution; out of it 15 points less.
TRUTH = {"warm_start": (0.40, 0.40), "outcome": (0.60, 0.10), "process": (0.70, 0.70)}
RULES = {"initial container": 0.40, "world state": 0.30}
CONFIG = "name: synthetic\narms: [outcome, process]\nseeds: [0, 1]\n# <script>alert(1)</script>\n"


def synthetic_rows(stories: int = 40, seed: int = 7, sampled: int = 1) -> list[dict[str, Any]]:
    """Rows of a whole run: 3 arms x 2 seeds x 3 suites, greedy and sampled, and validation in training."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    ease = {}  # of a story: its questions are easy or hard together, for all arms

    def items(suite: str, orders: tuple[int, ...], n: int):
        for story in range(n):
            for q, order in enumerate(orders):
                yield f"{suite}/{story}/q{q}", f"{suite}/{story}", order

    def answer(arm: str, suite: str, split: str, progress: float, where: dict[str, Any]) -> dict[str, Any]:
        start, end = np.array(TRUTH["warm_start"]), np.array(TRUTH[arm])
        right, sound = start + progress * (end - start) - (0.15 if split == "ood" else 0.0)
        bump = ease.setdefault(where["story"], rng.normal(0, 0.08))
        supported = int(rng.integers(2, 6))
        is_sound = bool(rng.random() < max(sound, 0.02))
        contradicted = 0 if is_sound else int(rng.integers(0, 3))
        tokens = 80 - (40 * progress if arm == "outcome" else 0) + rng.normal(0, 6)
        correct = bool(rng.random() < right + bump)
        return where | {
            "kind": "policy",
            "arm": arm,
            "suite": suite,
            "split": split,
            "answer": "red_bag" if correct else None,
            "gold": "red_bag",
            "chance": CHANCE,
            "correct": correct,
            "format": bool(rng.random() < 0.97),
            "verdict": {
                "supported": supported,
                "contradicted": contradicted,
                "uncheckable": int(rng.random() < 0.1),
                "no_claim": 0,
                "soundness": supported / (supported + contradicted),
                "coverage": 1.0 if is_sound else 0.5,
                "coherent": bool(rng.random() < 0.8),
                "sound": is_sound,
                "first_error": -1 if is_sound else 1,
            },
            "tokens": int(tokens),
            "truncated": False,
            "config": "c0ffee",
            "version": "0.1.0+abc1234",
        }

    policies = [("warm_start", None), *((arm, s) for arm in ("outcome", "process") for s in (0, 1))]
    for suite, (split, orders) in SUITES.items():
        for item, story, order in items(suite, orders, stories):
            where = {"item": item, "story": story, "order": order}
            for arm, s in policies:
                checkpoint = "warm_start" if s is None else "final"
                for sample in range(sampled + 1):
                    decoding = "sampled" if sample else "greedy"
                    place = where | {"seed": s, "step": 0 if s is None else 80, "checkpoint": checkpoint}
                    place |= {"decoding": decoding, "sample": max(0, sample - 1)}
                    rows.append(answer(arm, suite, split, 1.0, place))
            for rule, rate in RULES.items():
                rows.append(
                    where
                    | {"kind": "heuristic", "arm": rule, "seed": None, "step": None, "checkpoint": None}
                    | {"suite": suite, "split": split, "decoding": None, "answer": "box", "gold": "red_bag"}
                    | {"chance": CHANCE, "correct": bool(rng.random() < rate)}
                )
    for suite, split, orders in (("id-val@1", "id", (1, 2)), ("ood-val@1", "ood", (3,))):
        for step in (0, 20, 40, 60, 80):
            for arm, s in policies[:1] if step == 0 else policies[1:]:
                for item, story, order in items(suite, orders, 12):
                    place = {"item": item, "story": story, "order": order, "seed": s, "step": step}
                    place |= {"checkpoint": f"step-{step}", "decoding": "greedy", "sample": 0}
                    rows.append(answer(arm, suite, split, step / 80, place))
    return rows


def write_run(folder: Path, rows: list[dict[str, Any]], config: str | None = CONFIG) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if config is not None:
        (folder / "config.yaml").write_text(config, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return synthetic_rows()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> Path:
    folder = write_run(tmp_path_factory.mktemp("run"), rows)
    (folder / "run.json").write_text(json.dumps({"cpu": "two cores", "seconds": {"outcome": 61.5}}))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def summary(run: Path) -> Summary:
    return read_run(run)


def shown(interval: dict[str, Any], unit: str = "percent") -> str:
    """A JSON interval as the report writes it."""
    return estimate(Interval(interval["mean"], interval["low"], interval["high"], 1, 2), unit)


def words(text: str) -> str:
    """Visible text without tags, line breaks and the non-breaking spaces of the page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def test_planted_effects_are_recovered(summary: Summary):
    base, _ = TRUTH["warm_start"]
    for arm in ("outcome", "process"):
        gain = summary.gap("id@1", arm, "warm_start", "correct", "sampled")
        assert gain is not None and gain.value.low is not None and gain.value.high is not None
        assert gain.value.low < TRUTH[arm][0] - base < gain.value.high
        assert (gain.items, gain.value.clusters, gain.seeds) == (80, 40, (0, 1))
    sound = summary.gap("id@1", "process", "outcome", "sound", "greedy")
    assert sound is not None and sound.value.low is not None and sound.value.high is not None
    assert sound.value.low < 0.6 < sound.value.high and sound.value.p is not None and sound.value.p < 0.001
    assert sound.value.n == 160  # paired on item, seed and sample
    best = summary.shortcut("id@1")
    assert best is not None and best.name == "initial container" and best.chance == CHANCE
    assert set(best.others) == set(RULES)


def test_gain_is_the_difference_of_the_scores(summary: Summary):
    for gap_ in summary.gaps:
        if gap_.over == "warm_start" and gap_.metric == "correct":
            own = summary.score(gap_.scope, gap_.arm, "correct", gap_.decoding)
            base = summary.score(gap_.scope, "warm_start", "correct", gap_.decoding)
            assert own is not None and base is not None
            assert gap_.value.mean == pytest.approx((own.value.mean or 0) - (base.value.mean or 0))


def test_findings_say_what_happened(summary: Summary):
    found = {finding.title: finding for finding in summary.findings}
    gain = found["In-distribution accuracy: process"]
    assert gain.tone == "gain" and "process gained +" in gain.text and "Sampled: +" in gain.text
    assert "n = 80 items, 40 stories, 2 seeds (" in gain.detail
    collapse = found["What training did to the traces: outcome"]
    assert "sound traces became rarer" in collapse.text and "traces became shorter" in collapse.text
    assert "of the warm start's" in found["Sound traces, in distribution"].text


def test_no_effect_is_called_no_measurable_change(rows: list[dict[str, Any]]):
    """The warm start's own rows under another name: every gap is zero."""
    same = [row for row in rows if row["arm"] == "warm_start" and row["kind"] == "policy"]
    twin = [row | {"arm": "process", "seed": 0, "checkpoint": "final"} for row in same]
    found = {
        f.title: f for f in summarise(frame([r for r in same + twin if "val" not in r["suite"]])).findings
    }
    none = found["In-distribution accuracy: process"]
    assert none.tone == "none"
    assert "No measurable change" in none.text and "the interval includes zero" in none.text
    assert "+0.0 points [0.0, 0.0]" in none.text


def frame(rows: list[dict[str, Any]]):
    with tempfile.TemporaryDirectory() as folder:
        return load_results(write_run(Path(folder), rows))


def test_console_page_markdown_and_json_hold_the_same_numbers(run: Path, summary: Summary):
    data = json.loads((run / "summary.json").read_text())
    page = words((run / "report.html").read_text())
    markdown = words((run / "report.md").read_text())
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(console_summary(summary))
    terminal = console.export_text()
    scores = [s for s in data["scores"] if s["metric"] in ("correct", "sound") and s["order"] is None]
    assert len(scores) == 3 * 4 * 2 * 2
    for score in scores:
        if score["metric"] == "correct" or score["decoding"] == "greedy":
            text = shown(score["value"])
            assert text in page and text in markdown, score
            # The terminal shows soundness by split, not by suite.
            if score["metric"] == "correct" or score["scope"] in data["headline"].values():
                assert text in terminal, score
    for own in data["gaps"]:
        if own["metric"] == "correct" and own["over"] in ("warm_start", "best shortcut"):
            text = gap(Difference(**own["value"]))
            assert text in page and text in markdown, own
            assert own["scope"] not in data["headline"].values() or text in terminal, own
    for fold in data["folds"]:
        if fold["decoding"] == "greedy":
            assert shown(fold["sound_if_right"]) in page
    for finding in data["findings"]:
        assert finding["text"] in page and finding["text"] in re.sub(r"\\([*_|`])", r"\1", markdown)


def test_page_is_self_contained_and_escapes_what_it_shows(run: Path, summary: Summary):
    page = (run / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page  # the config's comment, as text
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", page)
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<svg") == 3 + 6 + 2
    for text in ("c0ffee", "0.1.0+abc1234", "two cores", "61.5", "tomprm compare config.yaml"):
        assert text in page
    for table in all_tables(summary):
        assert {len(row.cells) for g in table.groups for row in g.rows} == {len(table.columns)}, table.key


def test_same_records_give_the_same_bytes(run: Path, rows: list[dict[str, Any]], tmp_path: Path):
    """Also in another folder and in another order of rows."""
    mixed = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    again = write_run(tmp_path / "again", mixed)
    (again / "run.json").write_bytes((run / "run.json").read_bytes())
    assert write_report(again) == again / "report.html"
    names = sorted(str(p.relative_to(run)) for p in run.rglob("*") if p.is_file() and p.name != RESULTS)
    assert "figures/training.png" in names and len(names) == 9
    assert names == sorted(
        str(p.relative_to(again)) for p in again.rglob("*") if p.is_file() and p.name != RESULTS
    )
    for name in names:
        assert (run / name).read_bytes() == (again / name).read_bytes(), name


def test_readme_figure_is_a_png(run: Path, summary: Summary, rows: list[dict[str, Any]]):
    assert readme_figure(frame(rows[:300])).startswith(b"\x89PNG")
    assert readme_figure(summary) == (run / "figures" / "readme.png").read_bytes()


def test_half_finished_run_says_so(rows: list[dict[str, Any]], tmp_path: Path):
    """Seed 1 of process still trains, outcome lacks a suite, an arm has not begun."""
    part = [r for r in rows if int(r["story"].split("/")[1]) < 8]
    part = [r for r in part if not (r["arm"] == "process" and r["seed"] == 1 and r["checkpoint"] == "final")]
    part = [r for r in part if not (r["arm"] == "process" and r["seed"] == 1 and (r["step"] or 0) > 40)]
    part = [
        r for r in part if (r["arm"], r["suite"]) != ("outcome", "hitom@1") and r["decoding"] != "sampled"
    ]
    folder = write_run(tmp_path, part, CONFIG.replace("process]", "process, hybrid]"))
    page = words(write_report(folder).read_text())
    summary = read_run(folder)
    assert "This run is partial" in page
    for text in (
        "process, seed 1: not finished, last measured at step 40",
        "outcome, seed 0: no greedy answers on hitom@1",
        "hybrid, seed 0: no rows",
    ):
        assert text in page and text in summary.partial
    assert "not measured" in page
    assert summary.score("hitom@1", "outcome", "correct", "greedy") is None
    # A mean over other suites than the others' would not be comparable.
    assert summary.score("all ood", "outcome", "correct", "greedy") is None
    assert summary.score("all ood", "process", "correct", "greedy") is not None
    assert {p.step for p in summary.curve("id", "process", "correct", 1)} == {0, 20, 40}
    assert {p.step for p in summary.curve("id", "process", "correct", None)} == {0, 20, 40}


@pytest.mark.parametrize("keep", ["warm_start", "process", "heuristics", "curves"])
def test_any_part_of_a_run_gives_a_report(rows: list[dict[str, Any]], tmp_path: Path, keep: str):
    rows = [r for r in rows if int(r["story"].split("/")[1]) < 8]
    part = {
        "warm_start": [r for r in rows if r["arm"] == "warm_start"],
        "process": [r for r in rows if r["arm"] == "process" and r["checkpoint"] == "final"],
        "heuristics": [r for r in rows if r["kind"] == "heuristic"],
        "curves": [r for r in rows if (r["checkpoint"] or "").startswith("step-")],
    }[keep]
    folder = write_run(tmp_path, part, config=None)
    page = words(write_report(folder).read_text())
    assert "This run is partial" in page and "No comparison yet" in page
    Console(file=io.StringIO()).print(console_summary(read_run(folder)))


def test_a_shortcut_that_is_silent_is_wrong_there_and_undefined_where_it_never_answers():
    """ "initial container" answers only where it is right; "world state" has nothing at order 2."""
    rows = [r for r in synthetic_rows(stories=8, sampled=0) if r["suite"] == "id@1"]
    other = [r for r in rows if r["kind"] == "policy"]
    first = [r | {"correct": True} for r in rows if r["arm"] == "initial container"]
    first = [r for i, r in enumerate(first) if i % 4 < 2]  # both questions of every second story
    state = [r | {"correct": True} for r in rows if r["arm"] == "world state" and r["order"] == 1]
    summary = summarise(frame(other + first + state))
    whole, one, two = (summary.shortcut("id@1", order) for order in (None, 1, 2))
    assert whole is not None and one is not None and two is not None
    assert (whole.name, one.name, two.name) == ("initial container", "world state", "initial container")
    assert whole.value is not None and one.value is not None
    assert one.others == {"initial container": 0.5, "world state": 1.0} and one.value.n == 8
    # At order 2 only "initial container" exists, so its silence there cannot be told from unmeasured items.
    assert two.value is not None and two.value.n == 4 and whole.value.n == 12 and whole.items == 16


def test_null_soundness_is_missing_and_counted(rows: list[dict[str, Any]], tmp_path: Path):
    """Outcome stops writing claims: no trace has a soundness, none is sound, coverage is 0."""
    silent = {"supported": 0, "contradicted": 0, "uncheckable": 0, "no_claim": 3, "soundness": None}
    silent |= {"coverage": 0.0, "coherent": None, "sound": False, "first_error": -1}
    part = [r for r in rows if r["suite"] == "id@1" and r["decoding"] != "sampled"]
    part = [r | {"verdict": silent} if r["arm"] == "outcome" else r for r in part]
    part = [r | {"verdict": None} if r["arm"] == "warm_start" and r["order"] == 1 else r for r in part]
    folder = write_run(tmp_path, part)
    page = words(write_report(folder).read_text())
    summary = read_run(folder)
    score = summary.score("id@1", "outcome", "soundness", "greedy")
    assert score is not None and score.value == Interval(None, None, None, 0, 0, missing=160)
    assert "– no value in 160 traces" in page
    sound = summary.score("id@1", "outcome", "sound", "greedy")
    assert sound is not None and sound.value.mean == 0.0 and sound.value.missing == 0
    fold = summary.fold("id@1", "warm_start", "greedy")
    assert fold is not None and fold.counts.unjudged == 40 and fold.counts.n == 40
    assert "n = 40, 40 without" in page


GOOD = synthetic_rows(stories=1, sampled=0)[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "holds no rows"),
        ('{"kind": "policy", "arm"', "line 2: not JSON"),
        ("[1]", "line 2: a JSON object was expected"),
        (json.dumps(GOOD | {"kind": "guess"}), "line 2: 'kind' is 'guess'"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "story"}), "line 2: 'story' is missing"),
        (json.dumps(GOOD | {"correct": "yes"}), "line 2: 'correct' is 'yes'; bool was expected"),
        (json.dumps(GOOD | {"order": True}), "line 2: 'order' is True; int was expected"),
        (json.dumps(GOOD | {"split": "test"}), "line 2: 'split' is 'test'"),
        (json.dumps(GOOD | {"verdict": {"sound": 0.5}}), "line 2: 'verdict.sound' is 0.5"),
        (json.dumps(GOOD | {"format": "ok"}), "line 2: 'format' is 'ok'"),
        (json.dumps(GOOD), "line 2: warm_start, seed 0, warm_start, id@1, item id@1/0/q0"),
    ],
)
def test_bad_records_name_the_line_and_the_remedy(tmp_path: Path, line: str, message: str):
    first = json.dumps(GOOD) + "\n" if line else ""
    (tmp_path / RESULTS).write_text(first + line + "\n")
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_results(tmp_path)
    assert re.search(r"(tomprm compare|[Cc]orrect the line|Remove|write \")", str(error.value))


def test_missing_run_and_failed_write_leave_no_half_report(tmp_path: Path, rows: list[dict[str, Any]]):
    with pytest.raises(ValueError, match=r"no such file.*tomprm compare"):
        write_report(tmp_path / "nowhere")
    folder = write_run(tmp_path, rows[:200])
    write_report(folder)
    before = (folder / "report.html").read_bytes()
    (folder / RESULTS).write_text("broken\n")
    with pytest.raises(ValueError, match="line 1"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("value", "text"), [(0.7125, "71.2"), (-0.0004, "0.0"), (-0.02, "−2.0"), (None, "–"), (1.0, "100.0")]
)
def test_numbers(value: float | None, text: str):
    assert number(value) == text
