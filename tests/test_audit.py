"""The audit finds what was planted, exactly and in any order of rows, and reproduces the known figures."""

from __future__ import annotations

import json
import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tomprm import cli
from tomprm.belief.audit import LEARNED, LEARNED_EACH, MAJORITY, Audit, examine
from tomprm.belief.baseline import FOLDS, Example, assign_folds, fit, majority_out_of_fold, out_of_fold
from tomprm.belief.contamination import Clusters, plot_key, story_key
from tomprm.belief.generate import Recipe, generate
from tomprm.belief.heuristics import guesses
from tomprm.belief.solve import Agreement, solve
from tomprm.belief.state import BeliefState
from tomprm.belief.surface import candidates
from tomprm.report.audit import Figures, as_json, summarise
from tomprm.report.audit_markdown import audit_markdown
from tomprm.report.audit_plot import audit_png
from tomprm.world.events import Fact, Question
from tomprm.world.grammar import read_question
from tomprm.world.items import Item, recast
from tomprm.world.replay import PROFILES
from tomprm.world.sources import SOURCES
from tomprm.world.sources.hitom import load_release
from tomprm.world.sources.loading import SourceError, Unreadable, load
from tomprm.world.vocabulary import VOCABULARIES

TEMPLATED = Recipe("hitom", (0, 1, 2, 3, 4), chapters=1)


@pytest.fixture(scope="module")
def templated() -> list[Item]:
    return list(generate(TEMPLATED, 3, "audit", 100))


def accuracy(audit: Audit, shortcut: str, order: int | None = None) -> float:
    rows = [r for r in audit.rows if shortcut in r.right and (order is None or r.order == order)]
    assert rows
    return sum(r.right[shortcut] for r in rows) / len(rows)


# -- labels ---------------------------------------------------------------------------------------


def test_planted_label_errors_are_found_exactly(templated: list[Item]) -> None:
    rng = random.Random(0)
    planted = set(rng.sample(range(len(templated)), 9))
    items = [
        replace(
            i, question=replace(i.question, gold=next(c for c in i.question.choices if c != i.question.gold))
        )
        if n in planted
        else i
        for n, i in enumerate(templated)
    ]
    audit = examine(items)
    found = {row.id: (row.gold, row.engine) for row in audit.rows if row.agree is False}
    assert found == {items[n].id: (items[n].question.gold, templated[n].question.gold) for n in planted}
    assert not audit.conflicts
    wrong = as_json(summarise("planted", audit))["engine_conflicts"]
    assert {w["id"] for w in wrong} == set(found)
    assert all(w["reason"] and w["engine"] in w["reason"] for w in wrong)


def test_planted_conflicts_are_found_however_the_story_is_printed(templated: list[Item]) -> None:
    twins: list[Item] = []
    for n in (3, 17, 42):
        item = templated[n]
        other = next(c for c in item.question.choices if c != item.question.gold)
        text = "***\n" + "\n\n".join(line.partition(" ")[2].upper() for line in item.text.splitlines())
        twins.append(
            replace(
                item, id=f"twin {n}", text=text, story_id=f"t{n}", question=replace(item.question, gold=other)
            )
        )
    same = replace(templated[5], id="the same label again")
    audit = examine([*templated, *twins, same])
    found = {tuple(sorted(row for row, _ in c.labels)) for c in audit.conflicts}
    assert found == {tuple(sorted((templated[n].id, f"twin {n}"))) for n in (3, 17, 42)}


def test_rows_that_the_engine_cannot_answer_are_counted_and_still_used(templated: list[Item]) -> None:
    items = list(templated)
    items[0] = replace(items[0], abstain="asks for taste")
    items[1] = replace(items[1], text="1 Ann danced.\n" + items[1].text)
    rows = {r.id: r for r in examine(items).rows}
    silent, broken = rows[items[0].id], rows[items[1].id]
    assert (silent.engine, silent.unreadable, silent.reason) == (None, False, "asks for taste")
    assert broken.engine is None and broken.unreadable and "'Ann danced.'" in broken.reason
    for row in (silent, broken):
        assert row.agree is None and row.dynamics is None and row.kept is None
        assert {"candidate named first", LEARNED} <= row.right.keys() and "world state" not in row.right


# -- what is the same story -------------------------------------------------------------------------


def test_story_and_plot_keys(templated: list[Item]) -> None:
    rng = np.random.default_rng(0)
    item = templated[0]
    bare = "\n".join(line.partition(" ")[2] for line in item.text.splitlines())
    assert story_key(bare) == story_key("***\n" + item.text + "\n")
    renamed = recast(item, VOCABULARIES["held_out"], rng)
    assert story_key(renamed.text) != story_key(item.text)
    assert plot_key(renamed) == plot_key(item)
    lines = item.text.splitlines()
    stays = next(n for n, line in enumerate(lines) if "made no movements" in line or "moved the" in line)
    other = replace(item, text="\n".join(lines[:stays] + lines[stays + 1 :]))
    assert plot_key(other) != plot_key(item)


def test_plots_of_texts_that_cannot_be_replayed() -> None:
    def item(text: str, **meta: str) -> Item:
        return Item(text, text, text, Question((), Fact("key")), meta=meta, asked="Why?")

    ann = item("Ann hid a pearl under her pillow, and Bob saw it.")
    eva = item("Eva hid a stamp under her mattress, and Max saw it.")
    assert plot_key(ann) == plot_key(eva)
    assert plot_key(ann) != plot_key(item("Ann hid a pearl under her pillow, and Ann saw it."))
    assert plot_key(ann) != plot_key(item("Ann hid a pearl over her pillow, and Bob saw it."))
    assert plot_key(item("A tale.", story_structure=ann.text)) == plot_key(ann)


def test_planted_contamination_is_found_exactly(templated: list[Item]) -> None:
    train = list(generate(TEMPLATED, 3, "other", 60))
    clean = examine(templated, train).overlap
    assert {(o.order, o.n, o.same_question, o.same_story) for o in clean} == {
        *((order, 20, 0, 0) for order in range(5)),
        (None, 100, 0, 0),
    }
    rng = np.random.default_rng(1)
    leaked = [replace(templated[n], id=f"leak {n}") for n in (0, 6, 12)]  # orders 0, 1, 2 of three stories
    renamed = recast(templated[90], VOCABULARIES["held_out"], rng)
    found = {o.order: o for o in examine(templated, [*train, *leaked, renamed]).overlap}
    assert [found[o].same_question for o in range(5)] == [1, 1, 1, 0, 0]
    assert [found[o].same_story for o in range(5)] == [3, 3, 3, 3, 3]
    total, before = found[None], {o.order: o for o in clean}[None]
    assert (total.same_question, total.same_story) == (3, 15)
    # The recast story has none of its words, and its whole plot.
    plots = {plot_key(i) for i in train}
    alike = {plot_key(templated[n]) for n in (0, 5, 10, 90)}
    assert total.same_plot == sum(plot_key(i) in plots | alike for i in templated) >= 20
    assert before.same_plot == sum(plot_key(i) in plots for i in templated)


def test_clusters_join_ids_that_share_a_text() -> None:
    pairs = [("a", "1"), ("b", "1"), ("b", "2"), ("c", "3"), ("d", "2")]
    for order in (pairs, pairs[::-1]):
        clusters = Clusters(order)
        assert [clusters[x] for x in "abcd"] == ["a", "a", "c", "a"]


# -- the learned shortcut -----------------------------------------------------------------------------


def departures(n: int, chooses: str) -> Iterator[Item]:
    """Four people leave one after the other, and the thing moves after each departure: whoever is asked
    about thinks it where it was when they left. `chooses` is "anybody" or "the second to leave"."""
    words = VOCABULARIES["train"]
    for index in range(n):
        rng = np.random.default_rng([11, index])
        names = [words.names[int(i)] for i in rng.permutation(len(words.names))[:5]]
        places = [words.places[int(i)] for i in rng.permutation(len(words.places))[:4]]
        who = int(rng.integers(4)) if chooses == "anybody" else 1
        lines = [
            f"{', '.join(names[:4])} and {names[4]} entered the hall.",
            f"The key is in the {places[0]}.",
        ]
        for step in range(4):
            lines.append(f"{names[step]} exited the hall.")
            if step < 3:
                lines.append(f"{names[4]} moved the key to the {places[step + 1]}.")
        text = "\n".join(f"{i} {line}" for i, line in enumerate(lines, 1))
        choices = tuple(places[int(i)] for i in rng.permutation(4))
        question = Question((names[who],), Fact("key"), choices, places[who])
        yield Item(f"d{index}", f"d{index}", text, question)


def test_learned_shortcut_is_at_chance_where_only_the_name_tells() -> None:
    audit = examine(departures(400, "anybody"))
    assert all(row.agree for row in audit.rows)
    for name in (LEARNED, LEARNED_EACH):
        assert abs(accuracy(audit, name) - 0.25) < 3 * (0.25 * 0.75 / 400) ** 0.5


def test_learned_shortcut_finds_a_planted_one() -> None:
    audit = examine(departures(60, "the second to leave"))
    assert accuracy(audit, LEARNED) > 0.95
    assert accuracy(audit, "place at second exit") == 1.0
    assert accuracy(audit, "place at first exit") == 0.0


def test_learned_shortcut_is_at_chance_on_random_labels() -> None:
    rng = np.random.default_rng(5)
    items = [
        replace(i, question=replace(i.question, gold=i.question.choices[int(rng.integers(4))]))
        for i in generate(Recipe(orders=(1, 2)), 1, "random", 300)
    ]
    assert abs(accuracy(examine(items), LEARNED) - 0.25) < 3 * (0.25 * 0.75 / 300) ** 0.5


def test_learned_shortcut_never_sees_the_chain() -> None:
    """Other names in the question, the same guesses."""
    items = list(departures(40, "anybody"))
    others = [
        replace(i, question=replace(i.question, chain=("Nobody", "Noone")[: 1 + n % 2]))
        for n, i in enumerate(items)
    ]

    def guesses(given: Sequence[Item]) -> list[bool]:
        return [r.right[LEARNED] for r in examine(given).rows]

    assert guesses(items) == guesses([replace(i, abstain="no such person") for i in others])


def test_folds_never_split_a_story() -> None:
    folds = assign_folds([f"s{i % 37}" for i in range(200)])
    assert len(folds) == 37 and set(folds.values()) == set(range(FOLDS))
    sizes = Counter(folds.values())
    assert max(sizes.values()) - min(sizes.values()) <= 1
    # A feature that only names the story is worthless across folds, and perfect within.
    rng = np.random.default_rng(0)
    answer = {c: int(rng.integers(2)) for c in range(40)}
    examples = [
        Example(
            f"{n}",
            f"s{n % 40}",
            np.array([_story_bit(n % 40, a == answer[n % 40]) for a in (0, 1)]),
            answer[n % 40],
        )
        for n in range(400)
    ]
    held_out = [g == e.gold for g, e in zip(out_of_fold(examples), examples, strict=True)]
    assert np.mean([fit(examples).choose(e.x) == e.gold for e in examples]) == 1.0
    assert np.mean(held_out) < 0.8


def _story_bit(story: int, right: bool) -> list[float]:
    return [float(right and i == story) for i in range(40)]


def test_majority_counts_other_folds_only() -> None:
    labels = [(f"s{i}", "kind", "yes" if i % 4 else "no") for i in range(40)]
    assert set(majority_out_of_fold(labels)) == {"yes"}
    folds = assign_folds([c for c, _, _ in labels])
    only = [(c, "kind", f"label {folds[c]}") for c, _, _ in labels]
    assert not any(
        guess == label for guess, (_, _, label) in zip(majority_out_of_fold(only), only, strict=True)
    )
    assert majority_out_of_fold([("s", "kind", "yes")]) == [None]


def test_closed_answers_get_a_majority() -> None:
    items = [
        Item(
            f"q{n}", f"s{n // 2}", f"Ann met Bob {n // 2} times.", asked="Is Ann glad?", abstain="a mood",
            question=Question((), Fact("", "mood"), gold="yes" if n % 5 else "no"),
        )
        for n in range(50)
    ]  # fmt: skip
    audit = examine(items)
    assert accuracy(audit, MAJORITY) == accuracy(audit, LEARNED) == 0.8
    assert {r.chance for r in audit.rows} == {0.5}


def test_candidates_of_every_kind_of_question(templated: list[Item]) -> None:
    item = next(i for i in templated if i.question.order == 1)
    question, story = item.question, item.story
    places = candidates(replace(item, question=replace(question, choices=())), story, {})
    assert set(places) == set(story.places(question.fact.thing)) and len(places) > 1
    renamed = replace(question, choices=(), answers=((places[0], "here"),))
    assert candidates(replace(item, question=renamed), story, {}) == ("here", *places[1:])
    yes_no = replace(question, choices=(), answers=(("known", "yes"), (None, "no")))
    assert candidates(replace(item, question=yes_no), story, {}) == ("no", "yes")
    free = replace(item, question=replace(question, choices=()), asked="Why?")
    assert candidates(free, None, {}) == ()
    assert candidates(free, None, {("place", "why?"): ("a", "b")}) == ("a", "b")
    assert candidates(replace(item, question=replace(question, choices=(), who=True)), story, {}) == ()


def test_heuristics_answer_in_the_words_of_the_question(templated: list[Item]) -> None:
    item = next(i for i in templated if i.question.order == 2)
    thing = item.question.fact.thing
    state = BeliefState(item.story, PROFILES[item.profile])
    asked = replace(item.question, answers=((state.story.places(thing)[0], "the old place"),))
    assert guesses(state, asked)["initial container"] == "the old place"
    unknown = Question(("Nobody", "Noone"), Fact("gossip", "known"), answers=(("yes", "yes"), (None, "no")))
    assert guesses(state, unknown) == dict.fromkeys(
        [
            "drop outermost name",
            "drop innermost name",
            "innermost name's own belief",
            "outermost name's own belief",
        ],
        "no",
    )
    assert guesses(state, replace(unknown, who=True, chain=())) == {}


def test_balance_counts_a_story_once() -> None:
    """Ten stories with ten questions each, all labels of a story on one letter: no more than ten draws."""
    items: list[Item] = []
    for n in range(100):
        options = tuple(f"w{n // 10}{k}" for k in range(2))
        question = Question((), Fact(f"x{n % 10}"), options, options[n // 10 < 7])
        items.append(Item(str(n), f"s{n // 10}", f"Story {n // 10}.", question, abstain="no events"))
    (balance,) = summarise("x", examine(items)).balance
    assert balance.counts == (30, 70)
    assert balance.p is not None and balance.p == pytest.approx(0.2059, abs=1e-3)  # of 7 in 10


# -- figures ------------------------------------------------------------------------------------------


def test_the_order_of_rows_changes_nothing(templated: list[Item]) -> None:
    items = [*templated, *departures(20, "anybody")]
    mixed = items.copy()
    random.Random(4).shuffle(mixed)
    first, second = summarise("x", examine(items)), summarise("x", examine(mixed))
    assert as_json(first) == as_json(second)
    assert audit_markdown(first) == audit_markdown(second)
    assert audit_png(first) == audit_png(second)


def test_belief_dynamics() -> None:
    text = (
        "1 Ann and Bob entered the hall.\n2 The key is in the box.\n3 Ann moved the key to the bag.\n"
        "4 Bob exited the hall.\n5 Ann moved the key to the jar."
    )
    questions = {
        ("Ann",): (2, False, True),
        ("Bob",): (1, True, True),
        ("Ann", "Bob"): (1, True, True),
    }
    items = [
        Item(str(chain), "s", text, Question(chain, Fact("key"), ("bag", "box", "jar"), "bag"))
        for chain in questions
    ]
    for row in examine(items).rows:
        assert row.dynamics is not None
        chain = next(c for c in questions if str(c) == row.id)
        assert (row.dynamics.changes, row.dynamics.false, row.dynamics.moved) == questions[chain]
        assert row.kept == ((1, 1) if len(chain) == 2 else None)
        assert row.visit == (1, 3) and row.option == (0, 3)


def test_markdown_json_and_figure(templated: list[Item]) -> None:
    figures = summarise("a set", examine(templated, templated[:20]))
    text = audit_markdown(figures)
    assert "| place at first exit |" in text and "*blind guess among the answers*" in text
    assert "(n = 20, 20 stories)" in text
    assert "| tomprm | all | 100 | 20 | 20 (20.0 %) | 20 (20.0 %) |" in text
    rows = json.loads(json.dumps(as_json(figures)))
    assert rows["questions"] == 100 and rows["contamination"]["train_rows"] == 20
    picture = audit_png(figures)
    assert picture is not None and picture.startswith(b"\x89PNG")
    assert audit_png(summarise("nothing to measure", examine([]))) is None


def test_texts_cannot_break_a_table() -> None:
    rows = [
        Item(
            str(n),
            "s",
            "Ann | Bob.",
            Question((), Fact("x"), gold=gold),
            asked="A | B?\nSay.",
            abstain="no events",
        )
        for n, gold in enumerate(("one\nline", "x" * 999))
    ]
    text = audit_markdown(summarise("odd", examine(rows)))
    lines = [line for line in text.splitlines() if "A \\| B? Say." in line]
    assert len(lines) == 1 and "one line" in lines[0] and len(lines[0]) < 400


# -- real Hi-ToM --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def release(data_dir: Path) -> Figures:
    return summarise("Hi-ToM", examine(load_release(data_dir / "hitom")))


def test_hitom_label_sets_disagree_on_138_questions(release: Figures) -> None:
    conflicts = release.audit.conflicts
    assert Counter(c.order for c in conflicts) == {2: 35, 3: 48, 4: 55}
    for conflict in conflicts:  # a VP row is its CoTP row 300 before
        low, high = sorted(int(row.removeprefix("hitom/")) for row, _ in conflict.labels)
        assert high == low + 300
    wrong = Counter(row.labels for row in release.audit.rows if row.agree is False)
    assert wrong == {"CoTP": 17, "VP": 130}


# notes of the data sets, section 9: no tells / tells, orders 0 to 4
SECTION_9 = [
    ("CoTP", "initial container", [50, 38.3, 40, 48.3, 46.7], [46.7, 25, 36.7, 55, 61.7]),
    ("VP", "initial container", [50, 38.3, 61.7, 88.3, 100], [46.7, 25, 53.3, 90, 100]),
    ("CoTP", "place at first exit", [26.7, 35, 66.7, 86.7, 88.3], [33.3, 28.3, 50, 85, 91.7]),
]


@pytest.mark.parametrize(("labels", "shortcut", "no_tells", "tells"), SECTION_9)
def test_hitom_shortcuts(
    release: Figures, labels: str, shortcut: str, no_tells: list[float], tells: list[float]
) -> None:
    for value, expected in (("no", no_tells), ("yes", tells)):
        for order, percent in enumerate(expected):
            cell = release.cell(labels, order, shortcut, "deception", value)
            assert cell is not None and cell.accuracy.n == 60
            assert round(100 * (cell.accuracy.mean or 0), 1) == percent


def test_hitom_is_learned_without_the_question(release: Figures) -> None:
    for labels, least in (("CoTP", 0.85), ("VP", 0.95)):
        cell = release.cell(labels, 4, LEARNED_EACH)
        assert cell is not None and cell.chance == pytest.approx(1 / 15)
        assert (
            cell.accuracy.low is not None and cell.accuracy.low > 0.8 and (cell.accuracy.mean or 0) >= least
        )
    order_blind = release.cell("CoTP", 4, LEARNED)
    assert order_blind is not None and (order_blind.accuracy.low or 0) > 0.6


def test_hitom_chains_may_be_permuted(release: Figures) -> None:
    rows = [r for r in release.audit.rows if r.kept is not None and r.facets["deception"] == "no"]
    assert len(rows) == 360
    assert all(row.kept and row.kept[0] == row.kept[1] for row in rows), (
        "without tells no order of names matters"
    )


# -- every other source ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"hitom", "tomrl"}))
def test_every_source_can_be_audited(data_dir: Path, name: str) -> None:
    if not (data_dir / name).is_dir():
        pytest.skip(f"no folder {data_dir / name}")
    figures = summarise(name, examine(islice(load(name, data_dir / name), 800)))
    rows = figures.audit.rows
    assert len(rows) >= 600 and not figures.audit.unreadable
    assert all(0 < row.chance <= 0.5 for row in rows if row.chance is not None)
    for row in rows:
        if row.abstain:
            assert row.dynamics is None and row.kept is None and row.visit is None and row.engine is None
    assert any(LEARNED in row.right for row in rows) and any("world state" in row.right for row in rows)
    assert f"# Audit of {name}" in audit_markdown(figures) and audit_png(figures) is not None


# -- ToM-RL -------------------------------------------------------------------------------------------


def test_tomrl_tests_on_training_stories(data_dir: Path) -> None:
    """All Hi-ToM rows and 1,027 of 1,066 ExploreToM rows, by text and by plot; no ToMi row."""
    folder = data_dir / "tomrl"
    found = {}
    splits = [list(_tomrl(folder / f"ToM_{name}_hint.parquet")) for name in ("test_HiExTi", "train_HiEx")]
    for overlap in examine(*splits).overlap:
        if overlap.order is None:
            found[overlap.source] = (overlap.n, overlap.same_question, overlap.same_story, overlap.same_plot)
    assert found == {
        "hi_tom": (1000, 0, 1000, 1000),
        "explore_tom": (1066, 2, 1027, 1027),
        "tomi": (5994, 0, 0, 0),
    }


def _tomrl(path: Path) -> Iterator[Item]:
    """The rows as bare texts: contamination needs no engine."""
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = ["story", "question", "answer", "data_source"]
    for number, row in enumerate(parquet.read_table(path, columns=columns).to_pylist()):
        yield Item(
            f"{number:05d}", row["story"], row["story"], Question((), Fact("")), asked=row["question"],
            meta={"data_source": row["data_source"]}, abstain="read as text only",
        )  # fmt: skip


# -- files and the command line -----------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    capsys.readouterr()
    try:
        cli.main([str(a) for a in args])
    except SystemExit as stop:
        return int(stop.code or 0), *capsys.readouterr()
    return 0, *capsys.readouterr()


def hitom_file(path: Path, broken: Sequence[int], rows: int = 40) -> Path:
    item = next(generate(Recipe("hitom", (1,)), 0, "file", 1))
    row = {
        "prompting_type": "CoTP", "deception": False, "story_length": 1, "question_order": 1,
        "question": item.as_row()["question"], "answer": item.question.gold,
        "choices": ", ".join(f"{chr(65 + n)}. {c}" for n, c in enumerate(item.question.choices)),
    }  # fmt: skip
    assert read_question(row["question"]).chain == item.question.chain
    data = [row | {"story": "1 Ann danced." if n in broken else item.text} for n in range(rows)]
    path.write_text(json.dumps({"data": data}))
    return path


def test_audit_writes_its_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "audit"
    path = hitom_file(tmp_path / "Hi-ToM_data.json", [7])
    code, printed, _ = run(capsys, "audit", "--path", path, "--train", path, "--out", out)
    assert code == 0
    assert sorted(p.name for p in out.iterdir()) == ["audit.json", "audit.md", "audit.png"]
    assert (out / "audit.md").read_text().strip() in printed
    assert "- hitom/7 (row 7): line 1: unknown sentence 'Ann danced.'" in printed
    found = json.loads((out / "audit.json").read_text())
    assert [row["line"] for row in found["unreadable"]] == [7]
    assert found["contamination"]["overlap"][0]["same_story"] == 40


@pytest.mark.parametrize("verb", ["audit", "solve"])
def test_too_many_unreadable_stories(verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = hitom_file(tmp_path / "Hi-ToM_data.json", [1, 5, 9, 20])
    code, _, err = run(capsys, verb, "--path", path)
    assert code == 2 and err.count("\n") == 1
    assert f"{path}: 4 of 40 stories cannot be read (more than 5 %): hitom/1 (row 1): line 1" in err
    assert "hitom/5 (row 5)" in err and "hitom/9 (row 9)" in err and "hitom/20" not in err
    code, _, _ = run(capsys, verb, "--path", hitom_file(tmp_path / "Hi-ToM_data.json", [1, 5]))
    assert code == 0  # 2 of 40 are not more than 5 %


@pytest.mark.parametrize("verb", ["audit", "solve"])
def test_wrong_names_and_paths(verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    refused = {
        ("--dataset", "hitomm"): "hitomm: no such data set; choose from hitom",
        ("--path", tmp_path / "lost"): f"{tmp_path / 'lost'}: no such file; give Hi-ToM_data.json",
        ("--path", tmp_path): "found a folder with notes.txt",
        ("--path", tmp_path / "notes.txt"): "expected JSON with a `data` list of Hi-ToM rows",
    }
    for args, expected in refused.items():
        code, _, err = run(capsys, verb, *args)
        assert code == 2 and err.startswith("tomprm: ") and err.count("\n") == 1
        assert expected in err


def test_options_that_do_not_go_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "audit", "--generated", "--path", tmp_path)
    assert code == 2 and "--generated audits stories of our own" in err
    code, _, err = run(capsys, "solve", "--profile", "hitom-best")
    assert code == 2 and "--profile hitom-best: choose from hitom-release" in err


def test_a_loader_that_fails_says_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tomprm.world.sources import SOURCES, Source

    def loader(path: Path) -> Iterator[Item]:
        yield from ({}["story"] for _ in path.read_text())

    monkeypatch.setitem(SOURCES, "odd", Source(loader, "hitom-clean", "odd.csv with a column story"))
    path = tmp_path / "odd.csv"
    path.write_text("abc")
    with pytest.raises(SourceError) as caught:
        list(load("odd", path))
    assert str(caught.value) == (
        f"{path}: not odd's layout (KeyError 'story'); expected odd.csv with a column story, "
        "found a file of 3 bytes"
    )
    path.write_text("")
    with pytest.raises(SourceError, match=r"holds no rows of odd; expected odd\.csv"):
        list(load("odd", path))


def test_solve_holds_one_story_at_a_time() -> None:
    """Peak memory does not grow with the number of rows."""

    def peak(n: int) -> int:
        items = (replace(item, id=str(k)) for k in range(n) for item in templated_once)
        agreement = Agreement()
        tracemalloc.start()
        for row in solve(items):
            agreement.count(row)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    templated_once = list(generate(TEMPLATED, 3, "audit", 5))
    peak(5)  # caches of modules fill
    # 380 more of each would hold 17 MB of stories; Python's free lists alone grow to half a megabyte.
    assert peak(400) < peak(20) + 2_000_000
    kept = [replace(item, id=str(k)) for k in range(20) for item in templated_once]
    tracemalloc.start()
    assert all(item.story for item in kept)
    assert tracemalloc.get_traced_memory()[1] > 20 * 5 * 5_000  # what a kept story takes: the bound can fail
    tracemalloc.stop()


def test_unreadable_rows_are_counted_in_constant_memory() -> None:
    counter = Unreadable()
    for n in range(10_000):
        counter.count(f"row {n}" if n % 30 == 0 else None)
    assert (counter.rows, counter.bad, counter.first) == (10_000, 334, ["row 0", "row 30", "row 60"])
    counter.check("here")  # 3.3 %
    size = sys.getsizeof(counter.first)
    counter.count("one more")
    assert sys.getsizeof(counter.first) == size
