"""Real Hi-ToM: the shipped corrected questions, and the engine against every released label."""

import gzip
import json
import runpy
from collections import Counter
from pathlib import Path

import pytest

from tomprm.belief.heuristics import shortcut_table
from tomprm.belief.solve import agreement_markdown, solve
from tomprm.belief.state import BeliefState
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.sources.hitom import load, load_corrected, load_release, story_body, story_id

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "src/tomprm/world/sources/hitom_corrected.json.gz"


@pytest.fixture(scope="module")
def release(data_dir: Path) -> list[Item]:
    return load_release(data_dir / "hitom")


# -- shipped ------------------------------------------------------------------------------------


def test_corrected_questions() -> None:
    items = load_corrected()
    assert len(items) == len({i.id for i in items}) == 600
    assert set(Counter(i.story_id for i in items).values()) == {5}  # 120 stories, orders 0 to 4 each
    assert Counter(i.question.order for i in items) == dict.fromkeys(range(5), 120)
    assert sum(i.question.gold != i.meta["release_label"] for i in items) == 17
    for item in items:
        assert item.question.gold in item.question.choices and len(item.question.choices) == 15
        assert (
            BeliefState(item.story, PROFILES[item.profile]).answer(item.question).value == item.question.gold
        )
        assert item.meta["question_order"] == item.question.order
        assert "***" not in item.text and "Read the following" not in item.text


def test_shipped_file_says_whose_it_is() -> None:
    content = json.loads(gzip.decompress(SHIPPED.read_bytes()))
    assert content["licence"] == "Apache-2.0"
    assert "https://github.com/ying-hui-he/Hi-ToM_dataset" in content["attribution"]
    assert content["data"][0].keys() == {
        "id", "story_id", "story", "question", "choices", "answer", "release_label", "vp_label", "reason",
        "deception", "story_length", "order",
    }  # fmt: skip
    assert "ying-hui-he/Hi-ToM_dataset" in (SHIPPED.parent / "HITOM_NOTICE.md").read_text()
    assert SHIPPED.read_bytes()[4:8] == b"\0\0\0\0"  # no time stamp: the same bytes on every build


def test_stories_are_told_apart_by_their_sentences() -> None:
    plain = "1 Ann entered the hall.\n2 Ann exited the hall."
    printed = f"Read the following story and answer the question.\n***\n{plain}\n\n"
    assert story_body(printed) == plain
    assert story_id(printed) == story_id(plain) != story_id(plain.replace("Ann", "Bob"))


def test_labels_are_corrected_unless_asked_otherwise(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = data_dir / "hitom"
    printed, corrected = load(folder, labels="release"), load(folder)
    changed = [(a, b) for a, b in zip(printed, corrected, strict=True) if a.question.gold != b.question.gold]
    assert len(changed) == 147 and "147 of 1200 labels corrected" in caplog.text
    for before, after in changed:
        assert after.meta["release_label"] == before.question.gold
        assert f"is in the {after.question.gold}: set by" in after.meta["reason"]
    assert Counter(i.meta["prompting_type"] for _, i in changed) == {"CoTP": 17, "VP": 130}
    assert [i.question.gold for i in load()] == [i.question.gold for i in load_corrected()]
    assert (
        sum(i.question.gold != j.question.gold for i, j in zip(load(), load(labels="release"), strict=True))
        == 17
    )


# -- released -----------------------------------------------------------------------------------


def test_corrected_agrees_with_the_list_of_label_errors(data_dir: Path) -> None:
    lines = (data_dir / "hitom" / "label_errors.jsonl").read_text().splitlines()
    errors = {row["cotp_index"]: row for row in map(json.loads, lines)}
    assert len(errors) == 142
    corrected = {i.meta["row"]: i for i in load_corrected()}
    for row, item in corrected.items():
        if row in errors:
            assert item.question.gold == errors[row]["engine"]
            assert item.meta["release_label"] == errors[row]["cotp_gold"]
        else:
            assert item.question.gold == item.meta["release_label"]
    wrong = sorted(row for row, i in corrected.items() if i.question.gold != i.meta["release_label"])
    assert wrong == [241, 242, 261, 262, 281, 285, 292, 296, 742, 758, 762, 774, 778, 782, 794, 857, 881]


def test_shipped_file_is_what_the_script_builds(data_dir: Path) -> None:
    build = runpy.run_path(str(ROOT / "scripts/build_hitom.py"))["build"]
    built = build(str(data_dir / "hitom" / "Hi-ToM_data.json"))
    assert gzip.decompress(built) == gzip.decompress(SHIPPED.read_bytes())


def cells(items: list[Item], profile: str, labels: str) -> list[list[int]]:
    """Right answers by deception (no, yes) and order, of 60 each."""
    right = Counter(
        (row["deception"], row["order"])
        for row in solve(items, profile)
        if row["agree"] and row["prompting_type"] == labels
    )
    return [[right[deception, order] for order in range(5)] for deception in (False, True)]


@pytest.mark.parametrize(
    ("labels", "profile", "expected", "total"),
    [
        ("CoTP", "hitom-release", [[60, 60, 58, 58, 56], [60, 60, 57, 57, 57]], 583),
        ("CoTP", "hitom-clean", [[60, 60, 58, 58, 56], [60, 60, 45, 46, 46]], 549),
        ("VP", "hitom-release", [[60, 60, 43, 36, 29], [60, 60, 47, 39, 36]], 470),
    ],
)
def test_agreement_with_the_release(
    release: list[Item], labels: str, profile: str, expected: list[list[int]], total: int
) -> None:
    found = cells(release, profile, labels)
    assert found == expected
    assert sum(map(sum, found)) == total
    documented = (ROOT / "docs/semantics.md").read_text()
    for deception, row in zip(("no tells", "tells"), found, strict=True):
        printed = " | ".join(f"{n}/60" for n in row)
        assert (
            profile != "hitom-release" or f"| `{profile}`, {labels}, {deception} | {printed} |" in documented
        )


def test_what_is_printed(release: list[Item]) -> None:
    printed = agreement_markdown(list(solve(release, "hitom-clean")))
    assert "| CoTP, tells | 60/60 | 60/60 | 45/60 | 46/60 | 46/60 | 257/300 |" in printed
    assert "| labels, no tells | 60/60 |" in agreement_markdown(list(solve(load_corrected())))


def test_order_4_needs_no_theory_of_mind() -> None:
    rows = shortcut_table(i for i in load_corrected() if i.question.order == 4)
    assert {r.heuristic: r.accuracy for r in rows}["place at a chain member's first exit"] == 1.0


def test_agreement_without_tells(release: list[Item]) -> None:
    """What the claims are worth: the same engine on the stories without them."""
    without = [
        Item(i.id, i.story_id, _without_claims(i.text), i.question, i.profile, i.meta) for i in release
    ]
    found = cells(without, "hitom-release", "CoTP")
    assert found == [[60, 60, 58, 58, 56], [60, 48, 47, 57, 57]]


def _without_claims(text: str) -> str:
    return "\n".join(
        x for x in text.splitlines() if "publicly claimed" not in x and "privately told" not in x
    )


def test_rows_of_one_story_share_an_id(release: list[Item]) -> None:
    assert len(release) == 1200
    assert set(Counter(i.story_id for i in release).values()) == {10}
    for cotp in (0, 250, 600, 899):  # a VP row is its CoTP row 300 before, with other labels
        assert release[cotp].story_id == release[cotp + 300].story_id
        assert release[cotp].question.chain == release[cotp + 300].question.chain
    corrected = {i.id: i.story_id for i in load_corrected()}
    assert all(release[int(k.removeprefix("hitom/"))].story_id == v for k, v in corrected.items())


# -- refusals -----------------------------------------------------------------------------------

ROW = {
    "prompting_type": "CoTP", "deception": False, "story_length": 1, "question_order": 0,
    "story": "1 Ann entered the hall.", "question": "Where is the key really?",
    "choices": "A. box", "answer": "box",
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "expected JSON with a `data` list"),
        ("[1, 2]", "expected JSON with a `data` list"),
        ('{"rows": []}', "expected JSON with a `data` list"),
        ('{"data": []}', "expected a `data` list with rows"),
        ('{"data": {"a": 1}}', "expected a `data` list with rows"),
        ('{"data": [1]}', "row 0 lacks answer, choices"),
        (json.dumps({"data": [{"story": "x", "question": "y"}]}), "row 0 lacks answer, choices"),
        (json.dumps({"data": [ROW, ROW | {"question": "Why?"}]}), "row 1: unknown question 'Why?'"),
        (json.dumps({"data": [ROW | {"choices": None}]}), "row 0: "),
    ],
)
def test_files_that_are_not_hitom(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "Hi-ToM_data.json"
    path.write_text(content)
    with pytest.raises(ValueError) as caught:
        load_release(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: {message}") and "\n" not in text
    assert "give Hi-ToM_data.json of ying-hui-he/Hi-ToM_dataset" in text


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such file; give Hi-ToM_data\.json"):
        load_release(tmp_path)
