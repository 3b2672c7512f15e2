"""OpenToM, FANToM and BigToM: the readers of their layouts, and how far the engine gets on them."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tomprm.belief.solve import solve
from tomprm.belief.state import BeliefState
from tomprm.world.events import Fact
from tomprm.world.items import Item
from tomprm.world.languages import LANGUAGES
from tomprm.world.languages.fantom import presence, read_utterances
from tomprm.world.languages.informing import informing
from tomprm.world.replay import PROFILES, StoryError
from tomprm.world.sources import SOURCES, bigtom, fantom, opentom

ROOT = Path(__file__).parents[1]


def agreement(items: Iterator[Item], *keys: str) -> Counter[tuple[Any, ...]]:
    """(values of `keys`, agree) -> questions."""
    return Counter((*(row.get(k) for k in keys), row["agree"]) for row in solve(items))


def write(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["opentom", "fantom", "bigtom"])
def test_a_wrong_path_says_what_was_expected(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    assert source.profile in PROFILES and PROFILES[source.profile].language in LANGUAGES and source.expects
    with pytest.raises(FileNotFoundError, match="give "):
        list(source.load(tmp_path / "absent.json"))
    with pytest.raises(FileNotFoundError, match="give "):
        list(source.load(tmp_path))  # an empty folder
    other = write(tmp_path / "other.json", {"data": "something else"})
    with pytest.raises(ValueError, match=r"other\.json.*expected.*give "):
        list(source.load(other))
    if name != "bigtom":
        with pytest.raises(ValueError, match=r"other\.json: expected JSON.*give "):
            list(source.load(write(other, "no JSON")))


# -- OpenToM --------------------------------------------------------------------------------------

OBSERVED = {
    "mover": "Ann",
    "observer": "Bob",
    "eoi": "mug",
    "original_place": "tray",
    "move_to_place": "a box",
}


def opentom_meta(observed: bool) -> dict[str, Any]:
    plot = "Ann entered the den.\nBob entered the den.\nAnn moved the mug to the a box."
    story = {"plot": plot, "plot_info": OBSERVED, "observed": observed, "narrative": "Once, in a den ..."}
    return {**story, "long_narrative": "Long ago ..."}


def asked(kind: str, *questions: tuple[str, str]) -> list[dict[str, str]]:
    return [{"question": q, "answer": a, "type": kind} for q, a in questions]


def opentom_folder(folder: Path) -> Path:
    write(folder / "meta_data.json", {"1": opentom_meta(True), "2": opentom_meta(False)})
    by = "by the end of the story?"
    fine, coarse, second = "where is the mug located precisely", "is the mug in its initial location", {}
    for key, bob in (("1", "box"), ("2", "tray")):  # "box": labels drop articles at times
        second[key] = asked(
            "location-so",
            (f"From Bob's perspective, does Ann think that the mug is in its initial location {by}", "No"),
            (f"From Ann's perspective, where precisely does Bob think that the mug is located {by}", bob),
        )
    places = {
        key: asked(
            "location-fo",
            (f"From narrator's perspective, where is mug located {by}", "a box"),
            ("From narrator's perspective, where is mug located in the beginning of the story?", "tray"),
            (f"From Bob's perspective, {fine} {by}", bob),
            (f"From Bob's perspective, {coarse} {by}", still),
            (f"From Ann's perspective, {coarse} {by}", "No"),
        )
        for key, bob, still in (("1", "box", "No"), ("2", "tray", "Yes"))
    }
    attitude = asked("attitude", ("As Bob, what is your attitude towards Ann's action?", "negative"))
    write(folder / "location_fg_fo_new.json", places)
    write(folder / "location_fg_fo.json", {"1": asked("location-fo", ("replaced by the new file", "?"))})
    write(folder / "location_cg_so.json", second)
    write(folder / "attitude.json", {"1": attitude})
    return folder


def test_opentom_places_follow_from_who_observed(tmp_path: Path) -> None:
    items = list(opentom.load(opentom_folder(tmp_path)))
    rows = {row["id"]: row for row in solve(items)}
    assert sum(i.meta["type"] == "location-fo" for i in items) == 10  # the old file is not read as well
    assert all(r["agree"] for r in rows.values() if r["type"] == "location-fo")
    assert [i.question.order for i in items if i.id.startswith("opentom/1/location_fg")] == [0, 0, 1, 1, 1]
    # Whoever did not see the move thinks that nobody has: that is not what the label says.
    assert rows["opentom/1/location_cg_so/0"]["engine"] == "No"
    assert rows["opentom/2/location_cg_so/0"]["engine"] == "Yes"
    for i in items:
        if i.question.chain == ("Ann", "Bob"):
            assert "noticed being watched" in i.abstain
        if i.meta["type"] == "attitude":
            assert "knowledge of the world" in i.abstain and i.question.chain == ("Bob",)
    assert {i.story_id for i in items} == {"opentom/1", "opentom/2"}


def test_opentom_reads_single_files_long_stories_and_the_hub_layout(tmp_path: Path) -> None:
    folder = opentom_folder(tmp_path)
    one = list(opentom.load(folder / "location_cg_so.json"))
    assert len(one) == 4 and one[0].text == "Long ago ..."  # metadata with long narratives beside it
    part = write(folder / "meta_data_long.json", {"2": opentom_meta(False)})
    assert {i.story_id for i in opentom.load(part)} == {"opentom/2"}
    question = asked(
        "location-fo", ("From narrator's perspective, where is mug located by the end of the story?", "a box")
    )
    rows = [{**opentom_meta(True), "question": question[0]}]
    (hub,) = opentom.load(write(tmp_path / "opentom.json", rows))
    assert next(solve([hub]))["agree"]


@pytest.mark.parametrize(
    ("file", "value", "message"),
    [
        (
            "attitude.json",
            {"1": [{"question": "?"}]},
            r"attitude\.json: story 1: question 0 lacks answer, type",
        ),
        ("attitude.json", {"1": "?"}, r"attitude\.json: story 1: expected a list of questions"),
        ("meta_data.json", {"1": {"plot": ""}}, r"meta_data\.json: story 1 lacks narrative, observed"),
        ("meta_data.json", {"1": {**opentom_meta(True), "observed": "yes"}}, "observed should be bool"),
        ("opentom.json", [opentom_meta(True)], r"opentom\.json: row 0 lacks question"),
    ],
)
def test_opentom_names_the_bad_row(file: str, value: object, message: str, tmp_path: Path) -> None:
    path = write(opentom_folder(tmp_path) / file, value)
    with pytest.raises(ValueError, match=message):
        list(opentom.load(path if file == "opentom.json" else tmp_path))


def test_opentom_agreement(data_dir: Path) -> None:
    rows = agreement(opentom.load(data_dir / "opentom"), "type")
    assert rows["location-fo", True] == 1650 and not rows["location-fo", False]
    assert rows["location-so", True] >= 548 and rows["location-so", None] == 550
    long = agreement(opentom.load(data_dir / "opentom" / "meta_data_long.json"), "type")
    assert long["location-fo", True] == 48 * 6 and not long["location-fo", False]
    assert not any(rows[kind, True] for kind in ("attitude", "multihop-fo", "multihop-so"))


# -- FANToM: presence -----------------------------------------------------------------------------

TALK = """Ann: Hi Bob, do you keep plants?
Bob: I do, Ann. A cactus named Spike that bloomed last winter.
Ann: Spike! Mine is a fern from my aunt.
Bob: Ferns need humid bathrooms, I am told.
Cid: Hey you two, mind if I join? What are you discussing?
Ann: Welcome, Cid. Tell us of your travels.
Cid: Last month I crossed Iceland by bicycle, volcano to volcano.
Bob: I have to go now, a parcel is waiting. See you later!
Ann: Bye, Bob!
Cid: Take care.
Ann: So Cid, any dishes worth cooking from there?
Cid: A lamb stew with turnips, simmered overnight.
Ann: My grandmother simmered hers with barley.
Bob: Hi again, I'm back. Did I miss much?
Ann: Not at all, Bob.
Ann & Cid: Welcome back!
Everyone: (laughs)"""


def test_presence_follows_entrances_leave_taking_and_returns() -> None:
    here = presence(read_utterances(TALK))
    both, three, without_bob = {"Ann", "Bob"}, {"Ann", "Bob", "Cid"}, {"Ann", "Cid"}
    assert here == [both] * 4 + [three] * 6 + [without_bob] * 3 + [three] * 4


@pytest.mark.parametrize(
    "line",
    [
        "Bob: I should read that book. See you later is its title.",  # goes on talking
        "Bob: Somebody said bye to the plants.",
    ],
)
def test_words_of_leaving_alone_remove_nobody(line: str) -> None:
    said = read_utterances(f"Ann: Hello Bob.\n{line}\nAnn: Funny.\nBob: It is.\nAnn: Indeed.\nBob: Yes.")
    assert set(presence(said)) == {frozenset({"Ann", "Bob"})}


def test_those_named_before_they_speak_are_there_from_the_start() -> None:
    lines = (
        ["Ann: Hi Bob and Cid, nice to meet you."] + ["Bob: Yes.", "Ann: Yes."] * 4 + ["Cid: Hello to you."]
    )
    assert set(presence(read_utterances("\n".join(lines)))) == {frozenset({"Ann", "Bob", "Cid"})}


def test_a_conversation_is_a_story_that_the_engine_reads() -> None:
    story = LANGUAGES["fantom"](TALK, PROFILES["fantom"])
    state = BeliefState(story, PROFILES["fantom"])
    assert story.agents == ("Ann", "Bob", "Cid")
    assert state.belief(("Cid", "Bob"), Fact("line 2", "known")).value is None
    assert state.belief(("Ann", "Bob"), Fact("line 2", "known")).value == "known"
    assert state.belief(("Bob",), Fact("line 12", "known")).value is None
    for text, message in (("", "the conversation is empty"), ("once upon a time", "names no speaker")):
        with pytest.raises(StoryError, match=message):
            LANGUAGES["fantom"](text, PROFILES["fantom"])
    with pytest.raises(StoryError, match=r"load the item with tomprm\.world\.sources"):
        LANGUAGES["annotation"]("A story.", PROFILES["opentom"])


def test_information_is_found_by_its_words() -> None:
    said = read_utterances(TALK)
    here = presence(said)
    assert 12 in informing(said, here, "The lamb stew was simmered overnight with turnips.")[0]
    assert 7 in informing(said, here, "Cid crossed Iceland by bicycle.")[0]
    assert informing(said, here, "quantum chromodynamics") == []


# -- FANToM: questions ----------------------------------------------------------------------------

STEW = "The lamb stew was made with turnips and simmered overnight."
BELIEF = {
    "question": "What does Bob believe about how the lamb stew was made?",
    "question_type": "tom:belief:inaccessible",
    "tom_type": "first-order",
    "correct_answer": "Bob is unaware of how it was made as he was not involved in the conversation.",
    "wrong_answer": "Bob believes that the lamb stew was made with turnips and simmered overnight.",
}
SECOND = {
    **BELIEF,
    "question": "What does Ann believe that Cid thinks about how the lamb stew was made?",
    "tom_type": "second-order:accessible",
    "correct_answer": "Ann believes that Cid thinks it was made with turnips and simmered overnight.",
    "wrong_answer": "There is no information on what Ann believes that Cid thinks.",
}
KNOW = "Information: " + STEW
HOW = "How was the lamb stew made?"


def fantom_official() -> dict[str, Any]:
    lists = {"correct_answer": ["Cid", "Ann"], "wrong_answer": ["Bob"]}
    binary = [("Bob", "no"), ("Cid", "yes"), ("Dan", "no:long")]
    return {
        "set_id": "7-0",
        "full_context": TALK,
        "short_context": "\n".join(TALK.splitlines()[7:]),
        "missed_info": "\n".join(TALK.splitlines()[10:13]),
        "factQA": {"question": HOW, "correct_answer": STEW, "wrong_answer": "Somehow."},
        "beliefQAs": [BELIEF, SECOND],
        "infoAccessibilityQA_list": {
            "question": "List all the characters who know this information.",
            **lists,
        },
        "answerabilityQA_list": {
            "question": "List all the characters who know the precise correct answer to this question.",
            **lists,
        },
        "infoAccessibilityQAs_binary": [
            {"question": f"Does {n} know the aforementioned information?", "correct_answer": a}
            for n, a in binary
        ],
        "answerabilityQAs_binary": [
            {"question": f"Does {n} know the precise correct answer to this question?", "correct_answer": a}
            for n, a in binary
        ],
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_fantom_official_rows(wrapped: bool, tmp_path: Path) -> None:
    rows = [fantom_official()]
    write(tmp_path / "fantom_v1.json", {"data": rows} if wrapped else rows)
    items = list(fantom.load(tmp_path))
    solved = list(solve(items))
    assert [r["reason"] for r in solved if not r["agree"]] == []
    by_context = Counter(i.meta["context"] for i in items)
    assert by_context == {"full": 10, "short": 8}  # no:long is asked of the full context only
    assert {i.question.gold for i in items if i.question.who} == {"Ann, Cid"}
    for item in items:  # the lines named were heard by the same people, Bob not among them
        assert len(item.meta["informing"]) > 0 and all(
            "Bob" not in e.real for e in item.story.about(item.question.fact)
        )


def copy(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"31": {"narrative": TALK, "questions": list(questions)}}


def listing(about: str, *names: str) -> dict[str, Any]:
    text = f"{about}\nList all the characters who know the aforementioned information."
    return {"question": text, "question_type": "tom:info_accessibility:list", "correct_answer": list(names)}


def test_fantom_copies_with_one_context(tmp_path: Path) -> None:
    question = listing(f"Question: {HOW}", "Ann", "Cid")
    question["question"] = question["question"].replace(
        "aforementioned information", "precise correct answer to it"
    )
    yes_no = {
        "question": f"{KNOW}\nDoes Bob know the aforementioned information?",
        "question_type": "tom:info_accessibility:binary",
        "correct_answer": "no",
    }
    path = write(tmp_path / "copy.json", copy(BELIEF, listing(KNOW, "Cid", "Ann"), question, yes_no, SECOND))
    assert [r["agree"] for r in solve(fantom.load(path))] == [True] * 5


def test_fantom_abstains_where_the_text_does_not_decide(tmp_path: Path) -> None:
    about_plants = {**BELIEF, "question": "What does Cid believe about the cactus of Bob?"}
    alike = {
        **BELIEF,
        "correct_answer": "Bob believes it was boiled.",
        "wrong_answer": "Bob believes it was fried.",
    }
    nobody = {**BELIEF, "question": "What does Zoe believe about how the lamb stew was made?"}
    strange = {"question": "Why?", "question_type": "fact", "correct_answer": "Because."}
    unsaid = listing("Information: Quantum chromodynamics.", "Ann")
    question = listing(f"Question: {HOW}", "Ann", "Cid")
    items = list(
        fantom.load(
            write(
                tmp_path / "copy.json",
                copy(alike, nobody, strange, unsaid, about_plants, listing(KNOW, "Ann"), question),
            )
        )
    )
    reasons = [i.abstain.split()[:4] for i in items]
    assert reasons[0] == ["which", "of", "the", "two"] and reasons[1] == ["the", "people", "whose", "belief"]
    assert reasons[2] == ["the", "question", "is", "none"] and reasons[3] == ["the", "lines", "that", "give"]
    assert items[5].abstain.startswith("this copy prints the question of another part")
    assert all(r["engine"] is None for r, i in zip(solve(items), items, strict=True) if i.abstain)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{**fantom_official(), "factQA": {}}], r"row 0: factQA lacks correct_answer, question"),
        ([{"set_id": "1"}], r"row 0 lacks factQA, full_context, short_context"),
        (
            [{**fantom_official(), "full_context": "no speaker"}],
            r"row 0: line 1: 'no speaker' names no speaker",
        ),
        ({"31": {"narrative": TALK}}, r"conversation 31 lacks questions"),
        ({"31": {"narrative": TALK, "questions": [{}]}}, r"conversation 31: question 0 lacks correct_answer"),
    ],
)
def test_fantom_names_the_bad_row(value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message + ".*give fantom_v1.json"):
        list(fantom.load(write(tmp_path / "fantom_v1.json", value)))


def test_fantom_perceivers(data_dir: Path) -> None:
    """At least 97 % of the utterances exactly right on either half, the held-out one too."""
    path = data_dir / "fantom" / "Percept-FANToM-conv_with_perceivers.csv"
    script = [sys.executable, ROOT / "scripts" / "fantom_perceivers.py", path]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    shares = [float(line.split(" = ")[1].split(" %")[0]) for line in lines]
    assert [line.split(":")[0] for line in lines] == ["development", "held out", "all"]
    assert all(share >= 97 for share in shares)


@pytest.mark.parametrize("context", ["full", "short"])
def test_fantom_agreement(data_dir: Path, context: str) -> None:
    path = data_dir / "fantom" / f"fantom_{context}_context_subset.json"
    rows = agreement(fantom.load(path), "type")

    def share(kind: str) -> float:
        right, wrong = (
            sum(n for (k, a), n in rows.items() if kind in k and a is say) for say in (True, False)
        )
        assert right + wrong > 40
        return right / (right + wrong)

    assert share("belief") > 0.9 and share("binary") > 0.85
    assert share("list") > 0.65  # the copy's labels are partly those of other questions


# -- BigToM ---------------------------------------------------------------------------------------

KETTLE = (
    "Ann is a cook. She wants to make tea. Ann sees that the kettle is full. A child empties the kettle. "
    "Ann {} this.",
    "Does Ann believe the kettle is full or empty?",
    "Ann believes the kettle is full.",
    "Ann believes the kettle is empty.",
)


def bigtom_file(folder: Path, condition: str, last: str, *, right: int = 2) -> Path:
    cells = [KETTLE[0].format(last), KETTLE[1], KETTLE[right], KETTLE[5 - right]]
    return write(folder / f"{condition}_stories.csv", ";".join(cells) + "\n")


@pytest.mark.parametrize(
    ("condition", "last", "right"),
    [
        ("0_forward_belief_false_belief", "does not see", 2),
        ("1_forward_belief_true_belief", "notices", 3),
        ("0_forward_belief_true_control", "notices", 2),  # the event does not concern what is asked
        ("0_forward_belief_false_belief", "is unaware of", 2),
    ],
)
def test_bigtom_percepts(condition: str, last: str, right: int, tmp_path: Path) -> None:
    (item,) = bigtom.load(bigtom_file(tmp_path, condition, last, right=right))
    assert next(solve([item]))["agree"] and item.question.choices[0] == KETTLE[3]  # not the right one first


def test_bigtom_abstains_and_reads_the_official_folders(tmp_path: Path) -> None:
    for condition in ("0_backward_belief_true_belief", "0_forward_action_false_belief"):
        folder = tmp_path / condition
        folder.mkdir()
        bigtom_file(folder, condition, "sees").rename(folder / "stories.csv")
    items = list(bigtom.load(tmp_path))
    assert [i.abstain.split()[:2] for i in items] == [["the", "belief"], ["which", "action"]]
    assert len({i.story_id for i in items}) == 1  # one scenario in two conditions
    unclear = KETTLE[0].replace("the kettle is full", "a stove")
    path = write(
        tmp_path / "0_forward_belief_false_belief.csv", ";".join([unclear.format("sees"), *KETTLE[1:]])
    )
    (item,) = bigtom.load(path)
    assert "cannot be told" in item.abstain and next(solve([item]))["engine"] is None


def test_bigtom_names_the_bad_row(tmp_path: Path) -> None:
    path = bigtom_file(tmp_path, "0_forward_belief_false_belief", "does not see")
    path.write_text(path.read_text() + "a story alone\n")
    with pytest.raises(
        ValueError, match=r"stories\.csv: row 2: expected story;question.*found 1 cells; give"
    ):
        list(bigtom.load(path))


def test_bigtom_agreement(data_dir: Path) -> None:
    rows = agreement(bigtom.load(data_dir / "bigtom"), "condition")
    for condition in ("0_forward_belief_false_belief", "0_forward_belief_true_belief"):
        assert rows[condition, True] >= 96 and rows[condition, False] <= 1
    assert sum(n for (_, agree), n in rows.items() if agree is None) <= 406
