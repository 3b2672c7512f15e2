"""Benchmarks read from their own files: the grammar by example, a brute-force tracker, the real releases."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle_exploretom import BOXES, NAMES, ROOMS, THINGS, TOPICS, random_story

from tomprm.belief.solve import solve
from tomprm.belief.state import BeliefState
from tomprm.world.events import Fact, Kind
from tomprm.world.languages import LANGUAGES, exploretom, tomi
from tomprm.world.replay import EXPLORETOM, PROFILES, TOMI, StoryError
from tomprm.world.sources import SOURCES
from tomprm.world.sources.exploretom import item as explore_item
from tomprm.world.sources.loading import SourceError
from tomprm.world.sources.tomi import item as tomi_item


def believed(text: str, chain: tuple[str, ...], thing: str, relation: str = "place") -> str | None:
    state = BeliefState(exploretom.read_story(text, EXPLORETOM), EXPLORETOM)
    return state.belief(chain, Fact(thing, relation)).value


# -- ExploreToM -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_exploretom_against_brute_force(seed: int) -> None:
    rng = np.random.default_rng([11, seed])
    compared = 0
    things = [(x, r) for x in (*THINGS, *BOXES) for r in ("place", "room")] + [(n, "room") for n in NAMES]
    things += [(topic, "known") for topic in TOPICS]
    chains = [(), *((a,) for a in NAMES), *((a, b) for a in NAMES for b in NAMES if a != b)]
    for _ in range(300):
        text, tables = random_story(rng, int(rng.integers(3, 14)))
        state = BeliefState(exploretom.read_story(text, EXPLORETOM), EXPLORETOM)
        for chain in chains:
            for thing, relation in things:
                if not chain and relation == "known":
                    continue  # a topic is no state of the world
                expected = tables.belief(chain, thing, relation)
                found = state.belief(chain, Fact(thing, relation)).value
                assert found == expected, f"{text}\n{chain} {thing} {relation}: {found}, not {expected}"
                compared += 1
    assert compared > 30_000


def test_peeking_and_distraction() -> None:
    start = "Ann entered the hall. Bob entered the hall."
    start += " Ann moved the key to the box, which is also located in the hall."
    move = " Ann moved the key to the bag, which is also located in the hall."
    lost = " While this action was happening, Bob got distracted and did not realize what happened."
    text = start + move + lost
    assert believed(text, ("Bob",), "key") == "box"
    assert believed(text, ("Ann", "Bob"), "key") == "bag"
    assert believed(text, ("Bob", "Ann"), "key") == "bag"  # the source's quirk
    peek = " While this action was happening, Cid witnessed this action in secret (and only this action)."
    assert believed(start + move + peek, ("Cid",), "key") == "bag"
    assert believed(start + move + peek, ("Ann", "Cid"), "key") is None
    assert believed(start + move + peek, ("Cid", "Ann"), "key") == "bag"


def test_sentences_of_exploretom() -> None:
    text = (
        "Ann entered the hall. "
        "Ann moved the small, red key to the tin box, which is also located in the hall. "
        "Ann told privately to Bob about the school play. Ann bent the small, red key Bob entered the hall. "
        "Bob moved the small, red key to the attic, leaving the tin box in its original location."
    )
    actions = exploretom.read_actions(text)
    kinds = [Kind.ENTER, Kind.MOVE, Kind.TELL, Kind.UPDATE, Kind.ENTER, Kind.CARRY]
    assert [a.kind for a in actions] == kinds  # the missing full stop is seen
    assert actions[1].thing == actions[5].thing == "small, red key"
    assert actions[5].room == "attic" and actions[5].place == "tin box"
    assert believed(text, ("Ann",), "small, red key", "room") == "not(hall)"


def test_questions_that_cannot_be_computed_say_so() -> None:
    story = "Ann entered the hall. Ann painted the key with a red stripe."
    state = explore_item(story, "Does Ann believe that the key is striped? Answer yes or no.", "yes", "x", {})
    (row,) = solve([state])
    assert row["engine"] is None and "which state" in row["reason"] and not row["unreadable"]
    (odd,) = solve([explore_item(story, "Why did Ann do that?", "no", "x", {})])
    assert odd["engine"] is None and "no known form" in odd["reason"]
    (knows,) = solve([explore_item(story, "Does Ann know about the play? Answer yes or no.", "no", "x", {})])
    assert knows["engine"] == "no" and knows["agree"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ann entered the hall. The wind blew.", "line 2: unknown sentence 'The wind blew'"),
        ("While this action was happening, Ann fell asleep.", "follows no action"),
        ("Ann entered the hall. While this action was happening, Ann fell asleep.", "unknown remark"),
        ("", "the story is empty"),
    ],
)
def test_exploretom_text_that_is_not(text: str, message: str) -> None:
    with pytest.raises(StoryError, match=message):
        exploretom.read_story(text, EXPLORETOM)


def test_exploretom_release(data_dir: Path) -> None:
    rows = list(solve(SOURCES["exploretom"].load(data_dir / "exploretom")))
    asked = [r for r in rows if r["order"] >= 1 and "which state" not in r["reason"]]
    assert len(asked) > 6000 and not any(r["unreadable"] for r in rows)
    wrong = [r["id"] for r in asked if not r["agree"]]
    assert len(wrong) / len(asked) <= 0.001, wrong
    assert all("in secret" in r["label_error"] for r in asked if not r["agree"])
    assert all(r["agree"] for r in rows if r["order"] == 0)


# -- ToMi -------------------------------------------------------------------------------------

TOMI_STORY = """1 Ann entered the hall.
2 Bob is in the hall.
3 Cid loves the hat
4 The key is in the box.
5 Bob exited the hall.
6 Ann moved the key to the bag.
7 Bob entered the hall."""


def test_tomi_by_hand() -> None:
    for text in (TOMI_STORY, " ".join(line.partition(" ")[2] for line in TOMI_STORY.splitlines())):
        state = BeliefState(tomi.read_story(text, TOMI), TOMI)
        assert state.belief(("Bob",), Fact("key"), 6).value == "box"
        assert state.belief(("Ann", "Bob"), Fact("key"), 6).value == "box"
        # Coming in shows the place to the entrant, and all who are there know that it does.
        assert (
            state.belief(("Bob",), Fact("key")).value
            == state.belief(("Ann", "Bob"), Fact("key")).value
            == "bag"
        )
        assert state.belief(("Cid",), Fact("key")).value is None


def test_rooms_that_tomi_does_not_tell() -> None:
    """The placement is seen in the mover's room, whoever entered another room last."""
    text = "Ann entered the hall. Bob entered the hall. Cid entered the den. The key is in the box. "
    text += "Ann moved the key to the bag."
    state = BeliefState(tomi.read_story(text, TOMI), TOMI)
    assert state.belief(("Bob",), Fact("key"), 4).value == "box"
    assert state.belief(("Cid",), Fact("key")).value is None


def test_tomi_questions() -> None:
    def ask(question: str) -> Any:
        return next(iter(solve([tomi_item(TOMI_STORY, question, "box", "x", {})])))["engine"]

    assert ask("Where was the key at the beginning?") == "box"
    assert ask("Where is the key really?") == "bag"
    assert ask("Where will Bob look for the key?") == "bag"
    assert ask("Where does Ann think that Bob searches for the key?") == "bag"


def test_tomi_release(data_dir: Path) -> None:
    balanced = list(solve(SOURCES["tomi"].load(data_dir / "tomi" / "test_balanced.jsonl")))
    assert np.mean([bool(r["agree"]) for r in balanced]) >= 0.997
    released = list(solve(SOURCES["tomi"].load(data_dir / "tomi" / "val.txt")))
    assert len(released) == 5994
    assert np.mean([bool(r["agree"]) for r in released]) == pytest.approx(0.959, abs=5e-4)
    wrong = [r for r in released if not r["agree"]]
    assert sum("third person" in r.get("label_error", "") for r in wrong) == 232 and len(wrong) == 246


# -- Hi-ToM's old bug, ToM-RL -----------------------------------------------------------------


def test_the_vp_labels_are_the_old_bug(data_dir: Path) -> None:
    rows = [
        r for r in solve(SOURCES["hitom"].load(data_dir / "hitom"), "hitom-vp") if r["prompting_type"] == "VP"
    ]
    assert len(rows) == 600 and all(r["agree"] for r in rows)
    clean = [r for r in solve(SOURCES["hitom"].load(data_dir / "hitom")) if r["agree"] is False]
    assert all("old bug" in r["label_error"] for r in clean if r["prompting_type"] == "VP")


@pytest.mark.parametrize(
    ("split", "hitom", "exploretom"), [("train_HiEx", 2000, 1200), ("test_HiExTi", 1000, 1066)]
)
def test_tomrl_splits(data_dir: Path, split: str, hitom: int, exploretom: int) -> None:
    right, asked = Counter[str](), Counter[str]()
    for row in solve(SOURCES["tomrl"].load(data_dir / "tomrl" / f"ToM_{split}_hint.parquet")):
        asked[row["data_source"]] += 1
        right[row["data_source"]] += bool(row["agree"])
    assert (asked["hi_tom"], right["hi_tom"]) == (hitom, hitom)
    assert asked["explore_tom"] == exploretom
    assert right["explore_tom"] / exploretom >= 0.999


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exploretom", "tomi", "tomrl"])
def test_wrong_paths(name: str, tmp_path: Path) -> None:
    load = SOURCES[name].load
    with pytest.raises(FileNotFoundError, match=r"no such file; expected .*; name"):
        list(load(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="found nothing; name"):
        list(load(tmp_path))


def test_wrong_files(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["x", "y"], ["1", "2"]])
    with pytest.raises(
        ValueError, match=r"row 0 lacks story_structure.*\(it has x, y\); expected ExploreToM's CSV"
    ):
        list(SOURCES["exploretom"].load(table))
    broken = tmp_path / "a.parquet"
    broken.write_bytes(b"no parquet")
    with pytest.raises(ValueError, match=r"row 0 cannot be read .*; expected a ToM-RL parquet"):
        list(SOURCES["tomrl"].load(broken))
    prose = tmp_path / "a.txt"
    prose.write_text("Once upon a time.\n")
    with pytest.raises(ValueError, match="no question with TAB and answer; expected ToMi's"):
        list(SOURCES["tomi"].load(prose))


def test_every_source_has_its_profile_and_language() -> None:
    assert all(s.profile in PROFILES for s in SOURCES.values() if s.profile)
    assert {p.language for p in PROFILES.values()} <= LANGUAGES.keys()


def test_rooms_of_exploretom_have_commas() -> None:
    assert any("," in room for room in ROOMS)  # or the oracle's stories would be too easy to read


# -- the hub ----------------------------------------------------------------------------------


def test_the_hub_through_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` takes a folder for a repository: what comes from it is what the file gives."""
    from tomprm.eval.hub import load_from_hub

    story = "Ann entered the hall. Ann moved the key to the box, which is also located in the hall."
    rows = [
        ["story_structure", "infilled_story", "question", "expected_answer"],
        [story, "", "In which container will Ann search for the key?", "box"],
    ]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    local = list(SOURCES["exploretom"].load(tmp_path / "a.csv"))
    fetched = list(load_from_hub("exploretom", str(tmp_path)))
    assert [(i.text, i.question, i.asked) for i in fetched] == [(i.text, i.question, i.asked) for i in local]
    assert [r["agree"] for r in solve(fetched)] == [True]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SourceError, match="neither a file here nor to be had from the hub"):
        list(load_from_hub("exploretom", "nobody/nothing"))
