"""BeliefProcessBench: labels against a second engine, minimal pairs, balance, leaks, files, verbs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle

from tomprm.bench import stories as bench_stories
from tomprm.bench.faults import KINDS, PROPAGATED, alone, faults, propagated
from tomprm.bench.files import (
    count,
    processbench,
    prompt_of,
    read_benchmark,
    stepwise,
    write_benchmark,
)  # fmt: skip
from tomprm.bench.narrators import HELD_OUT_NARRATORS, NARRATORS, narrate
from tomprm.bench.plan import plan
from tomprm.bench.points import Point, Truth
from tomprm.bench.rows import VERSION, Row, check_no_leak, item_of, make_split
from tomprm.bench.scorers import checker
from tomprm.bench.stories import GENERATORS, HELD_OUT_GENERATORS, draw_item, in_words, usable
from tomprm.bench.words import SPLITS, WORDS, renamed, words_of
from tomprm.cli import main
from tomprm.prm.files import check_example
from tomprm.trace.steps import Format, matches, read_format, read_trace
from tomprm.world.events import Action, Fact, Kind, Question
from tomprm.world.items import Item
from tomprm.world.vocabulary import VOCABULARIES

PAIRS = {"train": 120, "dev": 40, "test": 40, "ood": 104}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Row]]:
    return {split: list(make_split(split, n, 0)) for split, n in PAIRS.items()}


@pytest.fixture(scope="module")
def rows(splits: dict[str, list[Row]]) -> list[Row]:
    return [row for found in splits.values() for row in found]


def pairs_of(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    yield from zip(rows[::2], rows[1::2], strict=True)


# -- labels -----------------------------------------------------------------------------------

STORY = """1 Ann, Bob and Cid entered the hall.
2 The key is in the box.
3 Bob exited the hall.
4 Ann moved the key to the bag. Bob watched in secret.
5 Cid moved the key to the tin. Ann did not notice.
6 Ann exited the hall.
7 Cid exited the hall.
8 Ann, Bob and Cid entered the waiting_room.
9 Cid publicly claimed that key is in the jar."""
MOVE = Action(4, Kind.MOVE, ("Ann",), thing="key", place="bag")
CLAIM = Action(9, Kind.CLAIM, ("Cid",), thing="key", place="jar")
TRUSTING = (("Bob", True),)


@pytest.mark.parametrize(
    ("point", "label"),
    [
        (Point("plan"), None),
        (Point("event", 4, action=MOVE), 1),
        (Point("event", 5, action=MOVE), 0),
        (Point("event", 99, action=MOVE), 0),
        (Point("event", 4, action=replace(MOVE, place="tin")), 0),
        (Point("event", 4, action=replace(MOVE, actors=("Cid",))), 0),
        (Point("event", 4, seen_by=("Ann", "Bob", "Cid")), 1),
        (Point("event", 4, seen_by=("Ann", "Cid")), 0),
        (Point("event", 4, sees=(("Bob", True),)), 1),
        (Point("event", 4, sees=(("Bob", False),)), 0),
        (Point("event", 4, sees=(("Ann", True), ("Bob", False))), 0),
        (Point("event", 4, seems=(("Bob", False),)), 1),
        (Point("event", 4, seems=(("Bob", True),)), 0),
        (Point("event", 5, sees=(("Ann", False),), seems=(("Ann", True),)), 1),
        (Point("event", 5, sees=(("Ann", True),)), 0),
        (Point("event", 4, gone=("Bob",), room="hall"), 1),
        (Point("event", 4, gone=("Cid",), room="hall"), 0),
        (Point("event", 9, action=CLAIM, trusts=TRUSTING, later=True), 1),
        (Point("event", 9, action=CLAIM, trusts=TRUSTING, later=False), 0),
        (Point("event", 9, action=CLAIM, trusts=(("Bob", False),)), 0),
        (Point("event", 4, chain=("Ann", "Bob"), place="box"), 1),
        (Point("event", 4, chain=("Ann", "Bob"), place="bag"), 0),
        (Point("event", 4, chain=("Bob",), place="bag"), 1),
        (Point("event", 5, chain=("Bob", "Ann"), place="bag"), 1),
        (Point("event", 5, chain=("Cid", "Ann"), place="tin"), 1),
        (Point("event", 1, chain=("Cid",), place=None), 1),
        (Point("event", 2, chain=("Cid",), place=None), 0),
        (Point("conclusion", chain=("Ann", "Bob"), place="jar"), 1),
        (Point("conclusion", chain=("Ann", "Bob"), place="box"), 0),
        (Point("rest", 6, until=8), 1),
        (Point("rest", 5, until=8), 0),
    ],
)
def test_labels_by_hand(point: Point, label: int | None) -> None:
    truth = Truth(Item("x", "x", STORY, Question(("Ann", "Bob"), Fact("key"), ("bag", "box", "jar", "tin"))))
    assert truth.label(point) == label


def test_gold_beliefs_against_a_second_engine(rows: list[Row]) -> None:
    compared = 0
    for row in rows:
        if row["profile"] != "hitom-clean":
            continue
        item = item_of(row)
        if any(a.secret or a.distracted for a in item.story.actions):
            continue  # beyond the second engine
        oracle = Oracle(item.story.agents, item.question.order, repeats=False, tells="clean")
        after: dict[int, str | None] = {}
        for action in item.story.actions:
            oracle.do(action)
            after[action.line] = oracle.table[item.question.chain].get(item.question.fact.thing)
        for lines, gold in zip(row["step_events"], row["gold_beliefs"], strict=True):
            if lines:
                assert gold == after[lines[-1]]
                compared += 1
        assert row["gold_answer"] == after[max(after)]
    assert compared > 500


def test_rows_agree_with_themselves(rows: list[Row]) -> None:
    for row in rows:
        labels, n = row["step_labels"], len(row["steps"])
        for key in (
            "step_events", "gold_beliefs", "stated_beliefs", "change_steps", "prefix_labels", "error_types",
        ):  # fmt: skip
            assert len(row[key]) == len(labels) == n
        assert row["label"] == (labels.index(0) if 0 in labels else -1)
        first = n if row["label"] < 0 else row["label"]
        assert row["prefix_labels"] == [int(i < first) for i in range(n)]
        assert [e is not None for e in row["error_types"]] == [x == 0 for x in labels]
        # A stated belief that is not the gold one is a wrong step. (The reverse need not hold.)
        for stated, gold, label in zip(row["stated_beliefs"], row["gold_beliefs"], labels, strict=True):
            if stated is not None and stated != (gold or "unknown"):
                assert label == 0
        assert row["final_answer_correct"] == matches(row["answer"], row["gold_answer"])
        trace = read_trace(row["trace"], [s["text"] for s in row["steps"]])
        assert trace.answer == row["answer"] and read_format(row["trace"]) is Format.OK
        assert item_of(row).question.gold == row["gold_answer"]


def test_single_faults_are_minimal_pairs(rows: list[Row]) -> None:
    variants = Counter[str]()
    for clean, faulty in pairs_of(rows):
        assert clean["pair_id"] == faulty["pair_id"] == clean["id"] != faulty["id"]
        assert clean["label"] == -1 and clean["fault"] is None
        at = faulty["label"]
        assert faulty["error_types"][at] == faulty["fault"]
        differ = [i for i, (a, b) in enumerate(zip(clean["steps"], faulty["steps"], strict=True)) if a != b]
        assert differ[0] == at
        if faulty["variant"] == "single":
            assert differ == [at] and faulty["step_labels"].count(0) == 1
        else:
            assert faulty["variant"] == PROPAGATED and len(differ) > 1
            assert {faulty["error_types"][i] for i in differ[1:]} <= {PROPAGATED, None}
        for key in ("story", "question", "choices", "gold_beliefs", "step_events", "change_steps"):
            assert clean[key] == faulty[key]
        # Everybody believes everything in ExploreToM's stories: a doubt there would give itself away.
        assert faulty["fault"] != "wrong_trust" or faulty["generator"] == "hitom"
        variants[faulty["variant"]] += 1
    assert min(variants.values()) > 30


def test_what_follows_from_a_fault_is_false_of_the_story(rows: list[Row]) -> None:
    """A propagated mistake that reaches the conclusion makes it, and the answer, wrong; it goes no further
    than the next line that writes into the belief."""
    reached = 0
    for _, faulty in pairs_of(rows):
        truth = Truth(item_of(faulty))
        lines = [lines[-1] if lines else truth.last for lines in faulty["step_events"]]
        for line, error in zip(lines, faulty["error_types"], strict=True):
            assert error != PROPAGATED or not truth.updates(lines[faulty["label"]], line)
        if faulty["variant"] == PROPAGATED and faulty["error_types"][-1] == PROPAGATED:
            assert faulty["step_labels"][-1] == 0 and not faulty["final_answer_correct"]
            assert faulty["answer_follows"]
            reached += 1
    assert reached > 10


def test_balance(splits: dict[str, list[Row]]) -> None:
    for rows in splits.values():
        for key in ("order", "length", "generator", "narrator"):
            for value in {row[key] for row in rows}:
                clean = [row["label"] == -1 for row in rows if row[key] == value]
                assert sum(clean) * 2 == len(clean)
        orders = Counter(row["order"] for row in rows)
        assert set(orders) == {1, 2, 3, 4} and len(set(orders.values())) == 1
    kinds = count([row for rows in splits.values() for row in rows])
    assert all(kinds["process_x_answer"].values())
    assert set(kinds["fault"]) == set(KINDS)
    assert set(kinds["narrator"]) == set(NARRATORS) and len(NARRATORS) - len(HELD_OUT_NARRATORS) >= 8


@pytest.mark.parametrize("narrator", NARRATORS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.integers(1, 4), generator=st.sampled_from(sorted(GENERATORS)))
def test_every_fault_of_every_narrator_shows_in_its_step_alone(
    narrator: str, seed: int, order: int, generator: str
) -> None:
    style = NARRATORS[narrator]
    truth = Truth(draw_item(generator, np.random.default_rng(seed), WORDS["train"], order, "x"))
    points = plan(truth, style.outline, np.random.default_rng(seed))
    labels = [truth.label(p) for p in points]
    steps, text = narrate(truth, style, points, seed)
    assert 0 not in labels and labels[-1] == 1
    assert "{" not in text and "|see" not in text.replace("| see", "")
    for kind in KINDS:
        for fault in faults(truth, points, kind)[:4]:
            single = alone(points, fault)
            told, _ = narrate(truth, style, single, seed)
            assert [i for i in range(len(steps)) if steps[i] != told[i]] == [fault.index], (kind, fault)
            assert [i for i, p in enumerate(single) if truth.label(p) == 0] == [fault.index]
            after = [truth.label(p) for p in propagated(truth, points, fault)]
            assert after[: fault.index] == labels[: fault.index] and after[fault.index] == 0


def test_retracted_errors_stay_errors(rows: list[Row]) -> None:
    """Self-correction: the step before "Wait" is wrong, the one that takes it back is right."""
    retracted = [
        (row, at)
        for row in rows
        if row["narrator"] == "correction" and (at := row["label"]) >= 0 and at + 1 < len(row["steps"])
        if row["steps"][at + 1]["text"].startswith(("Wait", "Hold on"))
    ]
    assert retracted
    assert all(row["step_labels"][at + 1] == 1 for row, at in retracted)


def test_the_checker_agrees_on_the_canonical_form(rows: list[Row]) -> None:
    canonical = [r for r in rows if r["narrator"] == "canonical" and r["generator"] != "exploretom"]
    assert len(canonical) >= 16
    for row, scores in zip(canonical, checker(canonical), strict=True):
        assert scores == row["step_labels"], row["trace"]


# -- stories and splits -----------------------------------------------------------------------


def test_splits_do_not_leak(splits: dict[str, list[Row]]) -> None:
    check_no_leak(splits)
    for split in ("train", "dev", "test"):
        assert not HELD_OUT_GENERATORS & {row["generator"] for row in splits[split]}
    held_out = [
        (r["generator"] in HELD_OUT_GENERATORS, r["narrator"] in HELD_OUT_NARRATORS) for r in splits["ood"]
    ]
    assert set(held_out) == {(True, False), (False, True), (True, True)}


def _moved(row: Row, **changes: Any) -> Row:
    return {**row, **changes}


def test_leaks_are_found_and_named(splits: dict[str, list[Row]]) -> None:
    train, test = splits["train"], splits["test"]
    with pytest.raises(ValueError, match="train and test share 1 story ids, such as"):
        check_no_leak({"train": train, "test": [*test, _moved(train[0], split="test")]})
    with pytest.raises(ValueError, match="share 1 stories"):
        check_no_leak({"train": train, "test": [_moved(train[0], story_id="other")]})
    other = next(r for r in make_split("train", 9, 1) if r["story_id"] != train[0]["story_id"])
    with pytest.raises(ValueError, match=r"share \d+ words"):
        check_no_leak({"train": train, "test": [_moved(other, story_id="other")]})
    for key, value in (("generator", "tomi"), ("narrator", "table")):
        with pytest.raises(ValueError, match=f"dev has rows of the held-out {key} {value}; move them to ood"):
            check_no_leak({"dev": [_moved(splits["dev"][0], **{key: value})]})


def test_deterministic_in_seed_and_index() -> None:
    first = list(make_split("dev", 6, 3))
    assert first == list(make_split("dev", 6, 3)) == list(make_split("dev", 12, 3))[:12]
    assert first[0]["story"] != next(make_split("dev", 1, 4))["story"]


@pytest.mark.parametrize("generator", GENERATORS)
def test_generators(generator: str) -> None:
    allowed = set(WORDS["ood"].names) | {
        w.replace("_", " ") for w in (*WORDS["ood"].things, *WORDS["ood"].places, *WORDS["ood"].rooms)
    }
    for seed in range(12):
        item = draw_item(generator, np.random.default_rng(seed), WORDS["ood"], 1 + seed % 4, "x")
        assert usable(item) and item.question.order == 1 + seed % 4
        assert words_of(item) <= allowed
        assert Truth(item).belief(item.question.chain, Truth(item).last) == item.question.gold


def test_a_generator_with_its_own_words_can_be_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def foreign(seed: int, n: int) -> Iterator[Item]:
        rng = np.random.default_rng(seed)
        for i in range(n):
            yield bench_stories.exploretom(rng, VOCABULARIES["train"], 1 + i % 4, f"foreign/{i}")

    monkeypatch.setitem(GENERATORS, "foreign", in_words(foreign))
    item = draw_item("foreign", np.random.default_rng(0), WORDS["test"], 3, "mine")
    assert item.story_id == "mine" and item.question.order == 3
    assert set(item.story.agents) <= set(WORDS["test"].names)
    with pytest.raises(ValueError, match="no story with 6 people and a thing among 100"):
        GENERATORS["foreign"](np.random.default_rng(0), WORDS["test"], 6, "x")


def test_renaming_keeps_the_plot() -> None:
    for generator in GENERATORS:
        item = draw_item(generator, np.random.default_rng(1), WORDS["train"], 2, "x")
        other = renamed(item, WORDS["ood"], np.random.default_rng(2))
        assert [a.kind for a in other.story.actions] == [a.kind for a in item.story.actions]
        truth = Truth(other)
        assert truth.belief(other.question.chain, truth.last) == other.question.gold
        assert not words_of(item) & words_of(other)


# -- files and verbs --------------------------------------------------------------------------


def test_written_whole_with_hashes(tmp_path: Path) -> None:
    card = write_benchmark(tmp_path / "a", {"train": 8, "ood": 4}, 0)
    assert card == json.loads((tmp_path / "a" / "card.json").read_text())
    for split, found in card["splits"].items():
        text = (tmp_path / "a" / f"{split}.jsonl").read_bytes()
        assert hashlib.sha256(text).hexdigest() == found["sha256"]
    assert card["version"] == VERSION and card["splits"]["train"]["rows"] == 16
    again = write_benchmark(tmp_path / "b", {"train": 8, "ood": 4}, 0)
    assert again == card
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["card.json", "ood.jsonl", "train.jsonl"]
    assert len(read_benchmark(tmp_path / "a")) == 24 and len(read_benchmark(tmp_path / "a/ood.jsonl")) == 8


def test_other_formats(rows: list[Row], tmp_path: Path) -> None:
    for row in rows[:20]:
        line = processbench(row)
        assert set(line) == {"id", "generator", "problem", "steps", "final_answer_correct", "label"}
        assert -1 <= line["label"] < len(line["steps"]) and line["problem"].endswith(row["question"])
        example = stepwise(row)
        check_example(example, "row")
        assert example["prompt"] == prompt_of(row["story"], row["question"])
    write_benchmark(tmp_path, {"dev": 2}, 0, format="stepwise")
    assert "completions" in json.loads((tmp_path / "dev.jsonl").read_text().splitlines()[0])
    with pytest.raises(ValueError, match="choose from bpb, processbench, stepwise"):
        write_benchmark(tmp_path, {"dev": 2}, 0, format="csv")


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no benchmark there; write one with"):
        read_benchmark(tmp_path)
    path = tmp_path / "test.jsonl"
    path.write_text("{}\n")
    with pytest.raises(ValueError, match="line 1 is no row of bpb-1"):
        read_benchmark(path)
    path.write_text("{\n")
    with pytest.raises(ValueError, match="line 1 is no JSON"):
        read_benchmark(path)
    with pytest.raises(ValueError, match="choose from train, dev, test, ood"):
        list(make_split("validation", 1, 0))


def test_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bpb"
    main(["generate", "--benchmark", str(folder), "--n", "16", "--seed", "1"])
    assert {p.stem for p in folder.glob("*.jsonl")} == set(SPLITS)
    main(["bench", str(folder), "--resamples", "20", "--json", str(tmp_path / "figures.json")])
    table = capsys.readouterr().out
    assert "| copy_previous | 56 |" in table and "| checker by narrator |" in table
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["always_right"]["all"]["first_error"] == {"f1": 0.0, "error": 0.0, "correct": 1.0}
    # A model's verdict rows, by way of the checker's own.
    main(["check", "--input", str(folder / "dev.jsonl"), "--output", str(tmp_path / "verdicts.jsonl")])
    main(
        [
            "bench",
            str(folder / "dev.jsonl"),
            "--verdicts",
            str(tmp_path / "verdicts.jsonl"),
            "--resamples",
            "20",
        ]
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("| checker |", "| /"))]
    assert lines[0].split("|")[2:] == lines[1].split("|")[2:]
    with pytest.raises(SystemExit):
        main(["bench", str(folder), "--verdicts", str(tmp_path / "verdicts.jsonl")])
    assert "has no verdict; score the whole file" in capsys.readouterr().err
