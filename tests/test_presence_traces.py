"""Traces about FANToM's, OpenToM's and BigToM's stories, read from the bare row: own small stories."""

import json
from pathlib import Path
from typing import Any

import pytest

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status, Verdict
from tomprm.config import RewardConfig
from tomprm.report.view import view_rows
from tomprm.rewards.rows import item_of, judge, judge_rows
from tomprm.trace.steps import read_trace
from tomprm.world.sources.opentom_text import read_plot
from tomprm.world.sources.rows import read_row

TALK = """Ada: Hi Ben, how was the sailing course?
Ben: Great! On Tuesday our instructor capsized the dinghy right beside the harbour wall.
Ada: Oh dear. Did the instructor get hurt?
Ben: Not at all, he climbed out laughing and blamed a seagull for stealing his sandwich.
Ada: What a story. Seagulls are fearless these days.
Ben: They are. I still enjoyed every minute on the water.
Cleo: Hello you two, sorry I'm late. What's going on?
Ben: Hi Cleo! We were chatting about my course.
Cleo: Lovely. I have just bought a cello, by the way.
Ada: A cello! Do you take lessons already?
Cleo: Every Friday, with a teacher from the conservatory.
Ben: Splendid. We want a concert by spring."""
FACT = "Question: Whom did the instructor blame after capsizing the dinghy?\n"
ASKED = FACT + "Does Cleo know the precise correct answer to the aforementioned question?"
WHO = FACT + "List all the characters who know the precise correct answer to the aforementioned question."
PLOT = """Ivo and Una share a flat. Ivo adores plums, while Una cannot stand them. One day, they met in the
hallway. Their eyes fell upon a plum that lay in a basket. Una wrinkled her nose and left the hallway.

Ivo, being a considerate person, wanted to keep the peace. He carefully moved the plum to the sideboard.
Una did not notice what Ivo had done. And so the story ends."""
SEEN = PLOT.replace("Una wrinkled her nose and left the hallway.", "Una wrinkled her nose.").replace(
    "Una did not notice what Ivo had done.", "Una quietly watched."
)
STILL = "From Una's perspective, is the plum in its initial location by the end of the story?"
SCENE = (
    "Runa is a baker in a harbour town. Runa wants to glaze her buns. The jar on the shelf holds honey. "
    "While Runa is out, her nephew replaces the honey in the jar with mustard. Runa {percept} her nephew "
    "replacing the honey."
)
JAR = "Does Runa believe the jar holds honey or mustard?"


def row(
    source: str, story: str, question: str, gold: object, *steps: str, answer: str = ""
) -> dict[str, Any]:
    body = "\n".join(steps)
    trace = f"<think>\n{body}\n</think>\n<answer>{answer or gold}</answer>"
    found = {"id": "1", "source": source, "story": story, "question": question, "trace": trace}
    return found | {"steps": [{"text": s} for s in steps]} | ({} if gold is None else {"gold_answer": gold})


def checked(r: dict[str, Any]) -> Verdict:
    return Checker(item_of(r)).check(read_trace(r["trace"], [s["text"] for s in r["steps"]]))


def statuses(r: dict[str, Any]) -> list[str]:
    return [s.status.value for s in checked(r).steps]


# -- conversations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("Cleo joins later.", "supported"),
        ("Ada was there for all of it.", "supported"),
        ("Cleo was there from the beginning.", "contradicted"),
        ("Ben leaves the conversation.", "contradicted"),
        ("Ben says that the instructor climbed out laughing and blamed a seagull for stealing his sandwich.",
         "supported"),
        ('Cleo says "Not at all, he climbed out laughing".', "contradicted"),
        ("Cleo knows the answer.", "contradicted"),
        ("Cleo does not know the answer.", "supported"),
        ("Ada can be said to know the answer.", "supported"),
        ("Cleo has heard about the dinghy and the instructor.", "contradicted"),
        ("Cleo knows that the instructor blamed a seagull for stealing his sandwich.", "contradicted"),
        ("So exactly two people know the answer.", "supported"),
        ("So exactly three people know the answer.", "contradicted"),
        ("Hmm, would Cleo know the answer?", "no_claim"),
        ("If Cleo had been there, she would know the answer.", "no_claim"),
        ("Seagulls are fearless, I suppose.", "no_claim"),
    ],
)  # fmt: skip
def test_who_was_there_and_who_knows(step: str, status: str) -> None:
    assert statuses(row("fantom", TALK, ASKED, "no", step)) == [status]
    # The presence rules need no gold answer for a yes/no question.
    if status == "contradicted":
        assert statuses(row("fantom", TALK, ASKED, None, step, answer="no")) == [status]


def test_this_part_is_the_stretch_retold_last() -> None:
    told = "Ben tells Ada that the instructor blamed a seagull for stealing his sandwich."
    assert statuses(row("fantom", TALK, ASKED, "no", told, "Cleo doesn't hear this.")) == ["supported"] * 2
    assert statuses(row("fantom", TALK, ASKED, "no", told, "Cleo listens to this."))[1] == "contradicted"
    later = "Cleo says that she has lessons every Friday with a teacher from the conservatory."
    # What "this" is stays open: the cello talk, which all hear, or what is asked about.
    assert statuses(row("fantom", TALK, ASKED, "no", later, "Cleo doesn't hear this."))[1] == "uncheckable"


def test_a_list_question_and_its_table() -> None:
    table = ["| Who | Heard it? |\n|---|---|", "| Ada | yes |", "| Cleo | yes, she has |", "| Ben | no |"]
    found = checked(row("fantom", TALK, WHO, ["Ben", "Ada"], *table, answer="Ada, Ben"))
    assert [s.status.value for s in found.steps] == ["no_claim", "supported", "contradicted", "contradicted"]
    assert found.answer_status is Status.SUPPORTED
    wrong = checked(
        row("fantom", TALK, WHO, ["Ada", "Ben"], "Ada knows the answer.", answer="Ada, Ben, Cleo")
    )
    assert wrong.answer_status is Status.CONTRADICTED


def test_a_belief_question_is_judged_by_what_the_answer_professes() -> None:
    asked = "What does Cleo believe about whom the instructor blamed after capsizing the dinghy?"
    gold = "Cleo is unaware of whom the instructor blamed, because she was not there yet."
    for answer, status in (
        ("Cleo does not know it.", Status.SUPPORTED),
        ("Cleo believes that he blamed a seagull.", Status.CONTRADICTED),
    ):
        assert (
            checked(row("fantom", TALK, asked, gold, "Cleo joins later.", answer=answer)).answer_status
            is status
        )
    # Without the answer or the options it is not certain which lines are meant.
    alone = checked(row("fantom", TALK, asked, None, "Cleo knows the answer.", answer="a seagull"))
    assert alone.answer_status is Status.UNCHECKABLE and alone.steps[0].status is Status.UNCHECKABLE


def test_a_sound_argument_meets_the_obligations() -> None:
    asked = ASKED.replace("Does Cleo", "Does Ada")
    told = "Ben tells Ada that the instructor blamed a seagull for stealing his sandwich."
    found = checked(row("fantom", TALK, asked, "yes", told, "Ada hears this.", "So Ada knows the answer."))
    assert found.sound and found.obligations == 2 and found.coherent


def test_a_gold_answer_against_the_text_makes_it_abstain() -> None:
    for disputed in (
        row("fantom", TALK, ASKED, "yes", "Cleo knows the answer.", "Cleo joins later."),
        row("opentom", PLOT, STILL, "No", "Una still believes that the plum is in its initial location."),
        row("bigtom", SCENE.format(percept="does not see"), JAR, "Runa believes the jar holds mustard.",
            "Runa believes the jar holds honey."),
    ):  # fmt: skip
        found = checked(disputed)
        assert found.answer_status is Status.UNCHECKABLE and found.obligations == 0
        assert found.steps[0].status is Status.UNCHECKABLE
        assert "misread" in found.steps[0].claims[0].reason


# -- OpenToM --------------------------------------------------------------------------------------


def test_the_plot_is_read_where_it_is_said_plainly() -> None:
    plot = read_plot(PLOT, "plum")
    assert (plot.mover, plot.observer, plot.observed) == ("Ivo", "Una", False)
    assert (plot.original, plot.place) == ("basket", "sideboard") and plot.left is not None
    assert read_plot(SEEN, "plum").observed is True
    vague = PLOT.replace("Una did not notice what Ivo had done. ", "").replace(" and left the hallway", "")
    assert read_plot(vague, "plum").observed is None
    both = PLOT.replace("And so", "Una secretly watched. And so")
    assert read_plot(both, "plum").observed is None


@pytest.mark.parametrize("seen", [False, True])
def test_who_saw_the_move_and_what_follows(seen: bool) -> None:
    story, gold = (SEEN, "No") if seen else (PLOT, "Yes")
    told = "Ivo moves the plum to the sideboard."
    saw = ["Una witnesses this.", "Una knows that it is no longer in its initial location.",
           "Una thinks the plum is on the sideboard."]  # fmt: skip
    missed = ["Una does not see this.", "Una still believes that the plum is in its initial location.",
              "So in Una's mind it is still in the basket."]  # fmt: skip
    right, wrong = (saw, missed) if seen else (missed, saw)
    assert statuses(row("opentom", story, STILL, gold, told, *right)) == ["supported"] * 4
    assert statuses(row("opentom", story, STILL, gold, told, *wrong)) == ["supported", *["contradicted"] * 3]
    assert statuses(row("opentom", story, STILL, gold, "Una moves the plum to the sideboard.")) == [
        "contradicted"
    ]
    # Tastes, rooms and furniture are beyond the events: nothing is decided.
    beyond = ["Una adores plums.", "Ivo is in the kitchen.", "Ivo goes to the kitchen."]
    assert not {"contradicted", "supported"} & set(statuses(row("opentom", story, STILL, gold, *beyond)))


def test_metadata_that_the_row_carries_decides() -> None:
    info = {
        "mover": "Ivo",
        "observer": "Una",
        "eoi": "plum",
        "original_place": "basket",
        "move_to_place": "sideboard",
    }
    vague = PLOT.replace("Una did not notice what Ivo had done. ", "").replace(" and left the hallway", "")
    bare = row("opentom", vague, STILL, "Yes", "Ivo moves the plum.", "Una does not see the move.")
    assert statuses(bare)[1] == "uncheckable" and read_row(bare).abstain
    given = bare | {"plot_info": info, "observed": False}
    assert statuses(given)[1] == "supported" and not read_row(given).abstain


def test_the_last_bare_answer_is_a_conclusion() -> None:
    assert statuses(row("opentom", PLOT, STILL, "Yes", "Hence: yes.")) == ["supported"]
    assert statuses(row("opentom", PLOT, STILL, "Yes", "So the answer is no.")) == ["contradicted"]


# -- BigToM ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percept", "held", "other"), [("does not see", "honey", "mustard"), ("sees", "mustard", "honey")]
)
def test_one_percept_decides_a_belief(percept: str, held: str, other: str) -> None:
    story = SCENE.format(percept=percept)
    steps = [f"Runa {percept} her nephew replacing the honey.", f"Runa believes the jar holds {held}.",
             f"Runa believes the jar holds {other}."]  # fmt: skip
    for gold in (f"Runa believes the jar holds {held}.", None):
        r = row("bigtom", story, JAR, gold, *steps, answer=f"She thinks it holds {held}.")
        found = checked(r)
        assert [s.status.value for s in found.steps] == ["supported", "supported", "contradicted"]
        assert found.answer_status is Status.SUPPORTED
    denied = (
        "Runa sees her nephew replacing the honey."
        if "not" in percept
        else "Runa does not see her nephew replacing the honey."
    )
    assert statuses(row("bigtom", story, JAR, None, denied, answer=held)) == ["contradicted"]


@pytest.mark.parametrize(
    ("story", "question"),
    [
        (SCENE.format(percept="sees"), "What will Runa do?"),
        (
            SCENE.replace(
                "Runa {percept} her nephew replacing the honey.", "Runa glazes her buns from the jar."
            ),
            JAR,
        ),
    ],
)
def test_what_no_percept_decides_is_uncheckable(story: str, question: str) -> None:
    r = row("bigtom", story, question, None, "Runa believes the jar holds honey.", answer="honey")
    assert read_row(r).abstain
    assert not {"supported", "contradicted"} & set(statuses(r))
    assert judge(r, RewardConfig())["answer"]["status"] == "uncheckable"


# -- rows, all sources ----------------------------------------------------------------------------


def test_rows_that_cannot_be_read_are_reported_and_the_rest_goes_on() -> None:
    good = row("opentom", PLOT, STILL, "Yes", "Una leaves the hallway.")
    rows = [good, good | {"source": "fantom", "story": "no conversation at all"}, good | {"story": ""}, good]
    found = list(judge_rows(rows, RewardConfig()))
    assert [r.get("row") for r in found] == [None, 2, 3, None]
    assert "Name: words" in found[1]["error"] and "story" in found[2]["error"]
    assert "abstain" not in found[0]


def test_a_source_without_an_adapter_is_reported() -> None:
    story, question = "1 Una entered the hall.\n2 The key is in the box.", "Where is the key really?"
    rows = [row(source, story, question, "Una is there.") for source in ("tomprm", "elsewhere", "tomprm")]
    rows[2] |= {"source": "elsewhere", "profile": "hitom-clean"}
    found = list(judge_rows(rows, RewardConfig()))
    assert [r.get("row") for r in found] == [None, 2, None]
    assert "source 'elsewhere' is unknown; give one of bigtom" in found[1]["error"]


def test_an_abstaining_row_says_why() -> None:
    r = row("opentom", PLOT, "From Una's perspective, how full is the basket?", "no change", "Una leaves.")
    (found,) = judge_rows([r], RewardConfig())
    assert (
        found["abstain"]
        and found["answer"]["status"] == "uncheckable"
        and found["process"]["obligations"] == 0
    )
    (shown,) = view_rows([(1, r)], RewardConfig())
    assert "error" not in shown


def test_a_question_of_no_known_form_is_abstained_from_in_the_symbolic_sources() -> None:
    story = "Ann entered the hall.\nThe key is in the box.\nAnn exited the hall."
    r = row("tomi", story, "Is the key made of gold?", "yes", "So at the end the key is in the box.")
    (found,) = judge_rows([r], RewardConfig())
    assert (
        found["abstain"] == "a question of no known form of ToMi"
        and found["answer"]["status"] == "uncheckable"
    )
    assert [s["status"] for s in found["steps"]] == ["supported"]


def test_all_hand_labelled_rows_are_read(data_dir: Path) -> None:
    path = data_dir / "natural_traces/dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [r for r in rows if r["source"] in ("fantom", "opentom", "bigtom")]
    assert len(rows) == 14
    accused: list[object] = []
    for r, found in zip(rows, judge_rows(rows, RewardConfig()), strict=True):
        assert "error" not in found, found
        assert found["answer"]["status"] in (
            "uncheckable",
            "supported" if r["final_answer_correct"] else "contradicted",
        )
        accused += [label["label"] for label, step in zip(r["steps"], found["steps"], strict=True)
                    if step["status"] == "contradicted"]  # fmt: skip
    assert accused and set(accused) == {0}
