"""Planted errors: each kind by hand with its precedence, in every benchmark's language, and the self-test."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.belief.wild import wild_items
from tomprm.checker import selftest
from tomprm.checker.check import Checker
from tomprm.checker.corrupt import applicable, corrupt, corruptions, plant
from tomprm.checker.kinds import belief_error
from tomprm.checker.oracle import oracle_answer
from tomprm.checker.selftest import self_test
from tomprm.checker.verdict import ClaimVerdict, ErrorKind, Status
from tomprm.trace.canonical import NARRATORS, running_steps, sound_steps, write_trace
from tomprm.trace.claims import Claim
from tomprm.world.events import Fact, Question
from tomprm.world.grammar import read_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.sources.exploretom import item as explore_item
from tomprm.world.sources.tomi import item as tomi_item

SUPPORTED, CONTRADICTED = Status.SUPPORTED, Status.CONTRADICTED


# -- what is written stays as it is -----------------------------------------------------------


def pinned_items() -> Iterator[Item]:
    yield from generate(Recipe(orders=(1, 2, 3, 4)), 7, "pinned", 32)
    yield from generate(Recipe(orders=(1, 2), register="inverted"), 7, "pinned", 8)
    for chapters, deception in ((1, False), (1, True), (2, True), (3, True)):
        recipe = Recipe("hitom", (0, 1, 2, 3, 4), chapters=chapters, deception=deception)
        for item in generate(recipe, 7, f"pinned {chapters} {deception}", 15):
            yield item
            if deception:
                yield replace(item, profile="hitom-release")


@pytest.mark.parametrize(
    ("write", "digest"),
    [
        (NARRATORS["sound"], "0db28fe06f31a09a"),
        (NARRATORS["reality"], "bff08e768807c55b"),
        (NARRATORS["lucky"], "77666db28ec0d502"),
        (NARRATORS["terse"], "d82eb06530873504"),
        (corrupt, "f96194bb774fd822"),
    ],
)
def test_generated_traces_are_the_same_as_ever(
    write: Callable[[Item, np.random.Generator], object], digest: str
) -> None:
    """Text and use of the generator: trained models and published figures rest on both."""
    rng = np.random.default_rng(3)
    found = hashlib.sha256()
    for item in pinned_items():
        found.update(str(write(item, rng)).encode())
    found.update(str(rng.random()).encode())
    assert found.hexdigest()[:16] == digest


# -- kinds by hand ------------------------------------------------------------------------------

STORY = """1 Ann, Bob and Cid entered the hall.
2 The key is in the box.
3 Cid exited the hall.
4 Ann moved the key to the bag. Cid watched in secret.
5 Ann moved the key to the jar. Bob did not notice.
6 Bob exited the hall.
7 Ann moved the key to the tin."""


def about(question: str, story: str = STORY, profile: str = "hitom-clean") -> Item:
    return Item("golden", "golden", story, read_question(question, ("box", "bag", "jar", "tin")), profile)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        # Bob thinks Cid thinks: box (the secret watcher is no apparent witness).
        ("So Bob thinks Cid thinks the key is in the bag.", "order collapsed"),  # Bob's and Cid's own
        ("So Bob thinks Cid thinks the key is in the tin.", "order collapsed"),  # reality
        ("So Bob thinks Cid thinks the key is in the jar.", "updated without perception"),
        ("So Bob thinks Cid thinks the key is in the cup.", "wrong place"),
        ("So Bob does not know where the key is.", "belief not updated"),
        # Cid thinks Bob thinks: bag. Nobody knows the box any more but Bob of Cid.
        ("So Cid thinks Bob thinks the key is in the box.", "belief not updated"),  # before the swap
        ("Line 4: Cid thinks Bob thinks the key is in the box.", "stale copy"),
        ("Line 5: Cid thinks Bob thinks the key is in the box.", "belief not updated"),
        # Ann thinks Cid thinks: box; Cid himself: bag. Cid thinks Ann thinks: bag.
        ("Line 5: Ann thinks Cid thinks the key is in the jar.", "order collapsed"),
        ("So Ann thinks Bob thinks the key is in the box.", "belief not updated"),
        # One person: reality is an update that was not perceived, not a collapse.
        ("So Bob thinks the key is in the tin.", "updated without perception"),
        ("So Bob thinks the key is in the box.", "belief not updated"),
        ("Line 4: Bob thinks the key is in the box.", "stale copy"),
        # Where things are.
        ("Line 5: key in bag.", "stale copy"),
        ("Line 5: key in tin.", "wrong time"),
        ("Line 5: key in cup.", "wrong place"),
        ("Line 5: Bob sees it.", "updated without perception"),
        ("Line 5: Ann misses it.", "wrong observers"),
        ("Line 9: Ann sees it.", "unknown event"),
        # Where people are.
        ("Line 3: Cid is in the hall.", "stale copy"),
        ("Line 5: Cid is in the hall.", "wrong time"),
        ("Line 5: Cid is in the attic.", "wrong place"),
        ("Line 1: Ann is not in the hall.", "stale copy"),
        ("Line 5: Ann is not in the hall.", "wrong time"),
    ],
)
def test_kinds(step: str, kind: str) -> None:
    verdict = Checker(about("Where does Bob think Cid thinks the key is?")).check(write_trace([step], "box"))
    (claim,) = verdict.steps[0].claims
    assert (claim.status, claim.error) == (CONTRADICTED, ErrorKind(kind))


def test_names_swapped_and_wrong_trust() -> None:
    story = """1 Ann and Bob entered the hall.
2 The key is in the box.
3 Bob exited the hall.
4 Ann moved the key to the bag. Bob watched in secret.
5 Ann exited the hall.
6 Bob entered the hall.
7 Bob moved the key to the tin. Ann watched in secret."""
    state = BeliefState(about("Where is the key really?", story).story)
    key = Fact("key")
    assert state.belief(("Ann", "Bob"), key).value == "tin"
    assert belief_error(state, ("Ann", "Bob"), key, None, "bag") is ErrorKind.NAMES_SWAPPED
    assert belief_error(state, ("Ann", "Bob"), key, None, "box") is ErrorKind.BELIEF_NOT_UPDATED
    assert belief_error(state, ("Bob", "Ann"), key, None, "tin") is ErrorKind.ORDER_COLLAPSED

    claimed = """1 Ann and Bob entered the hall.
2 The key is in the box.
3 Ann exited the hall.
4 Bob exited the hall.
5 Ann and Bob entered the waiting_room.
6 Ann publicly claimed that key is in the bag."""
    state = BeliefState(about("Where is the key really?", claimed).story)
    assert state.belief(("Bob",), key).value == "box"  # he stayed longer than Ann
    assert belief_error(state, ("Bob",), key, None, "bag") is ErrorKind.WRONG_TRUST


def test_swapped_names_where_no_shorter_chain_agrees() -> None:
    items = islice(generate(Recipe(orders=(2, 3, 4)), 5, "swapped", 400), 400)
    item = next(i for i in items if ErrorKind.NAMES_SWAPPED in applicable(i))
    planted = plant(item, np.random.default_rng(0), ErrorKind.NAMES_SWAPPED)
    (claim,) = Checker(item).check(planted.text).steps[-1].claims
    assert claim.error is ErrorKind.NAMES_SWAPPED
    state, names = BeliefState(item.story), claim.claim.names
    others = [c for c in _orders(names) if c != names]
    assert claim.claim.place in {state.belief(c, item.question.fact).value for c in others}
    assert claim.claim.place not in {state.belief((n,), item.question.fact).value for n in names}


def _orders(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    if len(names) < 2:
        return [names]
    return [(n, *rest) for n in names for rest in _orders(tuple(m for m in names if m != n))]


def test_a_long_chain_is_named_in_time() -> None:
    item = about("Where does Bob think Cid thinks the key is?")
    chain = " thinks ".join(["Ann", "Bob", "Cid", "Ann", "Bob", "Cid", "Ann", "Bob", "Cid", "Ann"])
    verdict = Checker(item).check(write_trace([f"So {chain} thinks the key is in the cup."], "box"))
    assert verdict.steps[0].claims[0].error is ErrorKind.WRONG_PLACE


def test_an_answer_that_does_not_follow() -> None:
    item = about("Where does Bob think Cid thinks the key is?")
    steps, answer = sound_steps(item)
    verdict = Checker(item).check(write_trace(steps, "tin"))
    assert verdict.sound and verdict.coherent is False
    assert verdict.answer_error is ErrorKind.UNSUPPORTED_ANSWER
    assert verdict.as_row()["answer"] == {
        "text": "tin", "status": "contradicted", "error": "unsupported answer"
    }  # fmt: skip
    assert "[unsupported answer]" in verdict.explain()
    right = Checker(item).check(write_trace(["So Bob thinks Cid thinks the key is in the bag."], answer))
    assert right.answer_status is SUPPORTED and right.answer_error is ErrorKind.UNSUPPORTED_ANSWER
    assert Checker(item).check(write_trace(steps, answer)).answer_error is None
    assert (
        Checker(item).check(write_trace(steps[:-1], answer)).answer_error is None
    )  # no claim, no entailment


# -- other languages ----------------------------------------------------------------------------

EXPLORE = (
    "Ann entered the back office. Bob entered the back office. "
    "Ann moved the small, red notebook to the tin box, which is also located in the back office. "
    "Ann moved the small, red notebook to the crate, which is also located in the back office. "
    "While this action was happening, Cid witnessed this action in secret (and only this action); "
    "also, Bob got distracted and did not realize what happened. "
    "Bob told privately to Cid that the small, red notebook is in the tin box. "
    "Ann told out loud about the school play. "
    "Bob moved the small, red notebook to the hall, leaving the crate in its original location."
)


def explore(question: str) -> Item:
    return explore_item(EXPLORE, question, "", "x", {})


@pytest.mark.parametrize(
    ("question", "steps", "answer"),
    [
        (
            "In which container does Bob think that Ann will search for the small, red notebook?",
            [
                "Line 3: it in tin box; Bob sees it; Ann sees it.",
                "Line 4: it in crate; Bob misses it; Ann sees it.",  # and yet, by the source's quirk
                "Line 7: Bob sees it; Ann sees it.",
            ],
            None,  # all that they agree on is that it is not in the crate
        ),
        (
            "In which container will Cid search for the small, red notebook?",
            [
                "Line 3: it in tin box; Cid misses it.",
                "Line 4: it in crate; Cid sees it.",
                "Line 5: Bob says it in tin box; Cid sees it.",
                "Line 7: Cid misses it.",
                "So Cid thinks it is in the tin box.",
            ],
            "tin box",
        ),
        (
            "Does Cid know about the school play? Answer yes or no.",
            ["Line 6: Cid misses it.", "So Cid does not know about the school play."],
            "no",
        ),
        (
            "What does Ann think about Bob's belief on the school play? "
            "(knows about it / does not know about it)",
            ["Line 6: Ann sees it; Bob sees it.", "So Ann thinks Bob knows about the school play."],
            "knows about it",
        ),
        (
            "In which room does Cid think that Ann will search for the small, red notebook?",
            [
                "Line 3: it in back office; Cid misses it; Ann sees it.",
                "Line 4: it in back office; Cid sees it; Ann sees it.",
                "Line 7: it in hall; Cid misses it; Ann misses it.",
                "So Cid thinks Ann thinks it is in the back office.",
            ],
            "back office",
        ),
        (
            "In which container was the small, red notebook at the beginning?",
            ["Line 3: it in tin box.", "So at line 3 it is in the tin box."],
            "tin box",
        ),
    ],
)
def test_sound_traces_of_exploretom(question: str, steps: list[str], answer: str | None) -> None:
    item = explore(question)
    if answer is None:
        with pytest.raises(ValueError, match="ask about a thing whose place is believed"):
            sound_steps(item)
        return
    assert sound_steps(item) == (steps, answer)
    verdict = Checker(item).check(write_trace(steps, answer))
    assert verdict.sound and verdict.coherent and verdict.answer_status is SUPPORTED
    for index in range(len(steps)):  # nothing is too much but a telling, or a seeing told twice
        fewer = Checker(item).check(write_trace(steps[:index] + steps[index + 1 :], answer))
        assert fewer.coverage <= verdict.coverage


def test_a_quirk_of_exploretom_needs_no_witness() -> None:
    text = " ".join(EXPLORE.partition("Bob told privately")[:1])
    item = explore_item(
        text,
        "In which container does Bob think that Ann will search for the small, red notebook?",
        "",
        "x",
        {},
    )
    steps, answer = sound_steps(item)
    assert answer == "crate" and steps[1] == "Line 4: it in crate; Bob misses it; Ann sees it."
    verdict = Checker(item).check(write_trace(steps, answer))
    assert verdict.sound and [s.established for s in verdict.steps] == [0, 1, 1]


def test_running_steps_state_the_belief_after_each_line() -> None:
    item = about("Where does Cid think Bob thinks the key is?")
    steps, answer = running_steps(item)
    thinks = "Cid thinks Bob thinks the key is in the"
    assert steps == [
        f"Line 2: key in box; Cid sees it; Bob sees it; {thinks} box.",
        f"Line 4: key in bag; Cid sees it; Bob sees it; {thinks} bag.",
        f"Line 5: key in jar; Cid misses it; Bob seems to see it; {thinks} bag.",
        f"Line 7: key in tin; Cid misses it; Bob misses it; {thinks} bag.",
        f"So {thinks} bag.",
    ]
    assert Checker(item).check(write_trace(steps, answer)).sound
    copied = [c for c in corruptions(item, running=True)[ErrorKind.STALE_COPY] if c.step == 1]
    assert any("Bob sees it; Cid thinks Bob thinks the key is in the box." in c.text for c in copied)
    topic = explore("Does Ann know about the school play? Answer yes or no.")
    assert running_steps(topic)[0][0] == "Line 6: Ann sees it; Ann knows about the school play."
    world = about("Where is the key really?")
    assert running_steps(world) == sound_steps(world)


def test_sound_traces_of_tomi() -> None:
    text = (
        "1 Ann entered the hall.\n2 Bob entered the hall.\n3 The key is in the box.\n4 Bob exited the hall."
    )
    text += "\n5 Ann moved the key to the bag."
    item = tomi_item(text, "Where does Ann think that Bob searches for the key?", "box", "x", {})
    assert sound_steps(item)[0] == [
        "Line 3: key in box; Ann sees it; Bob sees it.",
        "Line 5: key in bag; Ann sees it; Bob misses it.",
        "So Ann thinks Bob thinks the key is in the box.",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": Question((), Fact("play", "known"), who=True)}, "a list of people is no belief"),
        ({"question": Question(("Ann",), Fact("key", "state"))}, "a state has no place"),
        ({"question": Question((), Fact("play", "known"))}, "no state of the world"),
        ({"question": Question(("Zed",), Fact("key"))}, "Zed is not in the story"),
        (
            {"abstain": "the words fit nothing"},
            "the engine cannot answer .*: the words fit nothing",
        ),
    ],
)
def test_questions_without_a_canonical_form_say_so(change: dict[str, object], message: str) -> None:
    item = replace(about("Where is the key really?"), **change)  # pyright: ignore[reportArgumentType]
    for write in (sound_steps, lambda i: NARRATORS["lucky"](i, np.random.default_rng(0))):
        with pytest.raises(ValueError, match=message):
            write(item)


def test_places_that_the_form_cannot_name() -> None:
    text = "Ann entered the back room of the pub. Ann bent the key."
    item = explore_item(text, "In which room will Ann search for the key?", "", "x", {})
    with pytest.raises(ValueError, match="'back room of the pub' is no name of at most four plain words"):
        sound_steps(item)


# -- random items -------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["exploretom", "tomi", "opentom", "fantom"])
def test_wild_items(profile: str) -> None:
    """Each depends on its index alone; all orders, and the second engine agrees with the gold answer."""
    items = list(islice(wild_items(profile, 4), 60))
    assert items == list(islice(wild_items(profile, 4), 60))
    assert len({i.text for i in items}) > 50
    assert {i.question.order for i in items} >= {1, 2}
    assert all(oracle_answer(i) == i.question.gold for i in items)


def test_wild_exploretom_has_everything() -> None:
    items = list(islice(wild_items("exploretom", 4), 150))
    text = "".join(i.text for i in items)
    for part in ("in secret", "distracted", "privately", "out loud", "leaving the", " about the ", " bent "):
        assert part in text
    assert {i.question.fact.relation for i in items} == {"place", "room", "known"}
    assert any(i.question.line for i in items) and any(i.question.gold == "no" for i in items)


def test_wild_items_of_another_profile() -> None:
    with pytest.raises(ValueError, match="'bigtom': choose from exploretom, tomi, opentom, fantom"):
        next(wild_items("bigtom", 0))
    with pytest.raises(ValueError, match="no oracle for bigtom"):
        oracle_answer(Item("b", "b", "", Question((), Fact("")), "bigtom"))


def test_each_error_is_caught_at_its_step_and_nothing_else_is(assorted: list[Item]) -> None:
    rng = np.random.default_rng(0)
    seen: set[ErrorKind] = set()
    for item in assorted:
        checker = Checker(item)
        for kind in applicable(item):
            if kind is ErrorKind.UNSUPPORTED_ANSWER:
                continue
            text, at = corrupt(item, rng, kind)
            verdict = checker.check(text)
            assert verdict.first_error == at
            assert [s.status for i, s in enumerate(verdict.steps) if i != at] == [SUPPORTED] * (
                len(verdict.steps) - 1
            )
            wrong = [c for c in verdict.steps[at].claims if c.status is CONTRADICTED]
            assert {c.error for c in wrong} == {kind}
            assert len(wrong) == 1 or kind is ErrorKind.UNKNOWN_EVENT
            assert verdict.steps[at].new_errors == len(wrong) and verdict.answer_status is SUPPORTED
            seen.add(kind)
    assert seen >= set(ErrorKind) - {ErrorKind.UNSUPPORTED_ANSWER, ErrorKind.NAMES_SWAPPED}


def test_corruptions_that_cannot_be() -> None:
    item = about("Where does Bob think the key is?")
    with pytest.raises(
        ValueError, match="golden: nothing to make a 'wrong trust' error of; choose from: updated"
    ):
        corrupt(item, np.random.default_rng(0), ErrorKind.WRONG_TRUST)
    with pytest.raises(ValueError, match="'unsupported answer' is no error of a step"):
        corrupt(item, np.random.default_rng(0), ErrorKind.UNSUPPORTED_ANSWER)


# -- the self-test ------------------------------------------------------------------------------


def test_self_test() -> None:
    done: list[int] = []
    result = self_test(2500, 1, done.append)
    assert result["passed"] and result["failures"] == []
    assert result["traces"] == 2500 == done[-1]
    assert result["traces"] == result["items"] + sum(k["n"] for k in result["kinds"].values())
    assert result["gold_sound"] == result["items"] > 250
    assert result["oracle"] == {"asked": result["items"], "agree": result["items"]}
    assert set(result["kinds"]) == {kind.value for kind in ErrorKind}
    assert set(result["profiles"]) == set(PROFILES) - {"bigtom"}
    assert set(result["orders"]) == {"0", "1", "2", "3", "4"}
    for found in (*result["kinds"].values(), *result["profiles"].values(), *result["orders"].values()):
        assert found["caught"] == found["named"] == found["n"] > 0 and found["false_alarms"] == 0


def test_self_test_finds_a_checker_that_takes_everybody_to_see_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = Checker.judge

    def lenient(self: Checker, claim: Claim) -> ClaimVerdict:
        found = judge(self, claim)
        seen = found.error is ErrorKind.UPDATED_WITHOUT_PERCEPTION
        return ClaimVerdict(claim, SUPPORTED, "", "", "") if seen else found

    monkeypatch.setattr(Checker, "judge", lenient)
    result = self_test(200, 1)
    assert not result["passed"] and result["failures"]
    assert result["kinds"]["updated without perception"]["caught"] == 0
    assert result["gold_sound"] == result["items"]


def test_self_test_finds_a_false_name_a_false_alarm_and_another_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = Checker.judge

    def misnames(self: Checker, claim: Claim) -> ClaimVerdict:
        found = judge(self, claim)
        stale = found.error is ErrorKind.STALE_COPY
        return replace(found, error=ErrorKind.WRONG_TIME) if stale else found

    with monkeypatch.context() as patch:
        patch.setattr(Checker, "judge", misnames)
        stale = self_test(200, 1)["kinds"]["stale copy"]
        assert stale["caught"] == stale["n"] > 0 == stale["named"]

    def accuses(self: Checker, claim: Claim) -> ClaimVerdict:
        found = judge(self, claim)
        return replace(found, status=CONTRADICTED) if claim.line == 2 else found

    with monkeypatch.context() as patch:
        patch.setattr(Checker, "judge", accuses)
        result = self_test(200, 1)
        assert result["gold_sound"] < result["items"] and not result["passed"]
        assert any(kind["false_alarms"] for kind in result["kinds"].values())

    monkeypatch.setattr(selftest, "oracle_answer", lambda item: "nowhere")  # pyright: ignore
    result = self_test(50, 1)
    assert result["oracle"]["agree"] == 0 and not result["passed"]
