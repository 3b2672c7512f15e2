"""Rewards by a PRM, and by the checker with a PRM: what is paid, what never is, and through every door."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rl_fixtures import random_policy, save_policy, small_config, story_items

from tomprm.checker.check import Checker
from tomprm.checker.verdict import Status
from tomprm.config import ConfigError, RewardConfig, RunConfig
from tomprm.prm import reward as module
from tomprm.prm.files import check_prm
from tomprm.prm.model import Encoded, load_prm, step_probabilities
from tomprm.prm.reward import prm_reward, prm_rewards
from tomprm.prm.score import Prm
from tomprm.rewards.shaping import Reward, score
from tomprm.rl.openrlhf.settings import FILE, Settings, write_settings
from tomprm.rl.scoring import HttpScorer, LocalScorer, RewardError, check_judges, check_service, same_folder
from tomprm.rl.train import Trainer
from tomprm.trace.canonical import NARRATORS
from tomprm.world.items import Item

OPEN = "Line 4: Zed sees it."  # a claim about somebody who is not in the story, so nobody can check it
NAMES = ("outcome", "process", "hybrid", "format", "shuffled")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PRM that was never trained; its head is sharpened so that its probabilities differ."""
    base = save_policy(tmp_path_factory.mktemp("base"), random_policy(scale=2.0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, tokenizer = load_prm(base, "cpu", new_head=True)
    with torch.no_grad():
        model.score.weight.mul_(2)
    target = tmp_path_factory.mktemp("prm") / "tiny"
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return target


@pytest.fixture(scope="module")
def prm(folder: Path) -> Prm:
    return Prm.load(folder, "cpu")


class Fake:
    """Stands for the forward pass: p of each step of the next traces."""

    def __init__(self) -> None:
        self.give: Callable[[int], list[float]] = lambda count: [0.5] * count

    def __call__(self, model: Any, rows: list[Encoded], batch_size: int = 32) -> list[list[float]]:
        return [self.give(len(row.ends)) for row in rows]


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "step_probabilities", made := Fake())
        yield made


@pytest.fixture()
def real(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forward pass itself."""
    monkeypatch.setattr(module, "step_probabilities", step_probabilities)


def config_of(judge: str, name: str = "process", **more: Any) -> RewardConfig:
    return RewardConfig.model_validate({"name": name, "judge": judge, "prm": "x", **more})


def traces(item: Item) -> list[str]:
    return [NARRATORS[name](item, np.random.default_rng(1)) for name in NARRATORS]


def with_lines(text: str, at: int, *lines: str) -> str:
    parts = text.split("\n")
    return "\n".join([*parts[: at + 1], *lines, *parts[at + 1 :]])


def rewarded(item: Item, text: str, config: RewardConfig, prm: Prm) -> Reward:
    return prm_reward(item, text, config, Checker(item), prm)


# -- judge: prm -----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 31), st.integers(0, 3), st.data(), st.sampled_from(NAMES), st.floats(0, 3))
def test_a_prm_pays_its_mean_score_and_no_more(
    fake: Fake, prm: Prm, which: int, kind: int, data: st.DataObject, name: str, weight: float
) -> None:
    item = story_items()[which]
    text = traces(item)[kind]
    config = config_of("prm", name, process_weight=weight)
    count = len(Checker(item).check(text).steps)
    p = data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    fake.give = lambda n: p
    reward = rewarded(item, text, config, prm)
    mean = float(np.mean([2 * x - 1 for x in p]))
    paid = weight if name in ("process", "hybrid", "shuffled") else 0.0
    assert reward.breakdown["process"] == pytest.approx(mean)
    assert sum(r for _, r in reward.steps) == pytest.approx(paid * mean, abs=1e-9)
    assert all(abs(r) <= paid / count + 1e-12 for _, r in reward.steps)
    assert sorted(reward.scores) == sorted(2 * x - 1 for x in p)
    if name != "shuffled":
        assert list(reward.scores) == [2 * x - 1 for x in p]
    assert not any(reward.obligations) and len(reward.obligations) == count and reward.weight == paid
    right = reward.breakdown["answer"] * (name in ("outcome", "hybrid"))
    assert reward.scalar == pytest.approx(0.1 * reward.breakdown["format"] + right)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9])
def test_more_steps_as_good_pay_no_more(fake: Fake, prm: Prm, p: float) -> None:
    item = story_items()[3]
    text = traces(item)[0]
    fake.give = lambda n: [p] * n
    totals = [
        rewarded(item, with_lines(text, 1, *["Now, let me think."] * more), config_of("prm"), prm).total
        for more in range(6)
    ]
    assert totals == pytest.approx([0.1 + 2 * p - 1] * 6)


def test_steps_after_the_answer_earn_nothing(fake: Fake, prm: Prm) -> None:
    item = story_items()[3]
    text = "<think>\nLet me think.\n<answer></answer>\nIt is so.\n</think>\n<answer>x</answer>"
    assert len(Checker(item).check(text).steps) == 2
    fake.give = lambda n: [0.9] * n
    for judge, first in (("prm", 0.8), ("hybrid", 0.0)):
        reward = rewarded(item, text, config_of(judge), prm)
        assert [r for _, r in reward.steps] == pytest.approx([first, 0.0])
        assert reward.scores == pytest.approx((first, 0.0)) and reward.breakdown["unscored"] == 0


# -- judge: hybrid --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_hybrid_is_the_checker_where_it_decides(fake: Fake, prm: Prm, name: str, p: float) -> None:
    fake.give = lambda n: [p] * n
    checker_only = RewardConfig.model_validate({"name": name})
    for item in story_items()[:12]:
        for text in [*traces(item), "no tags", ""]:
            plain, found = (
                score(item, text, checker_only),
                rewarded(item, text, config_of("hybrid", name), prm),
            )
            extra = {key: found.breakdown[key] for key in ("gap", "gap_steps", "unscored")}
            assert found == replace(plain, breakdown=plain.breakdown | extra)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 31), st.integers(0, 3), st.data(), st.floats(0, 2))
def test_hybrid_never_pays_for_what_nobody_verified(
    fake: Fake, prm: Prm, which: int, kind: int, data: st.DataObject, penalty: float
) -> None:
    item = story_items()[which]
    text = with_lines(traces(item)[kind], data.draw(st.integers(0, 2)), OPEN, OPEN)
    config = config_of("hybrid", penalty=penalty)
    plain = score(item, text, config.model_copy(update={"judge": "checker"}))
    steps = plain.verdict.steps
    p = data.draw(st.lists(st.floats(0, 1), min_size=len(steps), max_size=len(steps)))
    fake.give = lambda n: p
    found = rewarded(item, text, config, prm)
    share = 1 / (plain.verdict.obligations + 1)
    opened = 0
    for step, q, (_, before), (_, after), mark in zip(
        steps, p, plain.steps, found.steps, found.scores, strict=True
    ):
        if step.status is Status.UNCHECKABLE:
            opened += 1
            assert before == 0 and mark <= 0
            assert after == pytest.approx(-share * penalty * max(0.0, 1 - 2 * q))
        else:
            assert after == before
    assert opened >= 2 and found.total <= plain.total
    assert found.obligations == plain.obligations and found.scalar == plain.scalar
    assert found.breakdown["process"] - plain.breakdown["process"] == pytest.approx(found.total - plain.total)


# -- what is logged -------------------------------------------------------------------------------


def test_the_gap_by_hand(fake: Fake, prm: Prm) -> None:
    item = story_items()[3]  # line 2: the mask is in the red_case, when Jana is there
    lines = ["Line 2: mask in red_case.", "Line 2: mask in blue_bin.", OPEN, "Let me think."]
    text = "<think>\n" + "\n".join(lines) + "\n</think>\n<answer>x</answer>"
    fake.give = lambda n: [0.75, 0.5, 0.1, 0.1][:n]
    for judge in ("prm", "hybrid"):
        parts = rewarded(item, text, config_of(judge), prm).breakdown
        assert (parts["gap"], parts["gap_steps"], parts["unscored"]) == (pytest.approx(0.375), 2, 0)
        none = rewarded(item, "<think>\nHm.\n</think>\n<answer>x</answer>", config_of(judge), prm).breakdown
        assert (none["gap"], none["gap_steps"], none["unscored"]) == (0, 0, 0)
        nothing = rewarded(item, "", config_of(judge), prm)
        assert nothing.steps == () and nothing.total == 0 and nothing.breakdown["unscored"] == 0


def test_a_trace_too_long_is_counted(folder: Path, real: None) -> None:
    prm = Prm.load(folder, "cpu")
    item = story_items()[3]
    short = traces(item)[0]
    long = with_lines(short, 1, *[OPEN] * 300)
    items, checkers = [item] * 3, [Checker(item)] * 3
    for judge in ("prm", "hybrid"):
        config = config_of(judge)
        a, b, c = prm_rewards(items, [short, long, short], config, checkers, prm)
        assert a == c == rewarded(item, short, config, prm) and a.breakdown["unscored"] == 0
        assert b.breakdown["unscored"] == 1 and b.breakdown["gap_steps"] == 0
        plain = score(item, long, RewardConfig(name="process"))
        assert len(b.steps) == len(plain.steps) > 300
        if judge == "prm":
            assert b.total == b.scalar == 0.1 and not any(b.scores)
        else:
            assert (b.steps, b.scores, b.total) == (plain.steps, plain.scores, plain.total)


def test_numbers_are_those_of_score_however_batched(prm: Prm, real: None) -> None:
    items = [item for item in story_items()[:6] for _ in NARRATORS]
    texts = [text for item in story_items()[:6] for text in traces(item)]
    checkers = [Checker(item) for item in items]
    config = config_of("prm")
    together = prm_rewards(items, texts, config, checkers, prm, batch_size=7)
    assert together == prm_rewards(items, texts, config, checkers, prm, batch_size=7)
    seen = set[float]()
    for item, text, reward in zip(items, texts, together, strict=True):
        alone = rewarded(item, text, config, prm)
        assert reward.scores == pytest.approx(alone.scores, abs=1e-5)
        assert reward.total == pytest.approx(alone.total, abs=1e-5)
        p = [step["score"] for step in prm.score(item, text)["steps"]]
        assert alone.scores == pytest.approx([2 * x - 1 for x in p], abs=1e-5)
        seen.update(round(x, 3) for x in alone.scores)
    assert len(seen) > 20 and min(seen) < 0 < max(seen)


def test_a_broken_model_is_no_reward(fake: Fake, prm: Prm) -> None:
    item = story_items()[3]
    fake.give = lambda n: [float("nan")] * n
    with pytest.raises(ValueError, match=r"tests/.*: the PRM gives \[nan.*train it again"):
        rewarded(item, traces(item)[0], config_of("hybrid"), prm)
    with pytest.raises(ValueError, match=r"judge: checker needs no PRM"):
        rewarded(item, traces(item)[0], RewardConfig(), prm)
    with pytest.raises(ValueError, match=r"judge: prm needs a PRM"):
        score(item, traces(item)[0], config_of("prm"))


# -- scorers --------------------------------------------------------------------------------------


def test_a_process_loads_its_prm_once(folder: Path, real: None, monkeypatch: pytest.MonkeyPatch) -> None:
    module.shared_prm.cache_clear()
    loads: list[str] = []
    load = Prm.load

    def counted(name: str, device: str = "auto") -> Prm:
        loads.append(name)
        return load(name, "cpu")

    monkeypatch.setattr(Prm, "load", counted)
    scorers = {judge: LocalScorer(config_of(judge, prm=str(folder))) for judge in ("prm", "hybrid")}
    assert not loads
    for item in story_items()[:3]:
        text = with_lines(traces(item)[1], 1, OPEN)
        for judge, scorer in scorers.items():
            found = scorer(item.as_row(), text)
            assert found == scorer(item.as_row(), text)
            expected = rewarded(item, text, config_of(judge), load(folder, "cpu"))
            assert (found.steps, found.scalar) == (expected.steps, expected.scalar)
            assert found.breakdown.items() >= expected.breakdown.items()
    assert loads == [str(folder)]


@pytest.fixture()
def service(folder: Path, real: None) -> Iterator[str]:
    pytest.importorskip("fastapi", reason="needs the extra serve")
    uvicorn = pytest.importorskip("uvicorn", reason="needs the extra serve")
    from tomprm.rl.service import application

    app = application(config_of("checker", prm=str(folder)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_service_gives_the_same_numbers(service: str, folder: Path) -> None:
    item = story_items()[3]
    text = with_lines(traces(item)[2], 1, OPEN)
    for judge in ("prm", "hybrid"):
        config = config_of(judge, prm=str(folder))
        assert HttpScorer(service, config)(item.as_row(), text) == LocalScorer(config)(item.as_row(), text)
    with pytest.raises(RewardError, match=r"refuses \(422\): .*this service has .*tiny, not elsewhere"):
        HttpScorer(service, config_of("prm", prm="elsewhere"))(item.as_row(), text)
    check_service(service)
    check_service(service, str(folder / ".." / "tiny"))
    with pytest.raises(ConfigError, match=r"serves .*tiny, and an arm's prm is elsewhere; start "):
        check_service(service, "elsewhere")


def test_an_openrlhf_run_names_its_prm_in_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    for url, written in (("", str(folder.resolve())), ("http://host:1", "tiny")):
        write_settings(Settings(reward=config_of("prm", prm="tiny"), reward_url=url), folder.parent)
        found = Settings.model_validate(json.loads((folder.parent / FILE).read_text()))
        assert (found.reward.prm, found.reward.judge) == (written, "prm")
    write_settings(Settings(), folder.parent)
    assert Settings.model_validate(json.loads((folder.parent / FILE).read_text())) == Settings()


# -- training -------------------------------------------------------------------------------------


def test_training_logs_the_gap(folder: Path, real: None, tmp_path: Path) -> None:
    module.shared_prm.cache_clear()
    arms = {judge: {"name": "process", "judge": judge, "prm": str(folder)} for judge in ("prm", "hybrid")}
    config = small_config(
        Path(__file__).parent.parent / "reward_models" / "tiny_policy",
        arms=arms,
        policy__max_new_tokens=60,
        rl__prompts_per_step=2,
    )

    def rows_of(arm: str, target: Path) -> list[dict[str, Any]]:
        Trainer(config, arm, 0, story_items()[:4], target).run()
        lines = [json.loads(line) for line in (target / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in row.items() if not k.endswith("_s")} for row in lines]

    found = {arm: rows_of(arm, tmp_path / arm) for arm in arms}
    assert found["prm"] == rows_of("prm", tmp_path / "again")
    assert found["prm"][1]["reward"] != found["hybrid"][1]["reward"]
    for rows in found.values():
        assert len(rows) == 2
        assert all(0 < row["gap"] < 1 and row["gap_steps"] > 0 and row["unscored"] == 0 for row in rows)
        assert all(np.isfinite(row["reward"]) and row["grad_norm"] > 0 for row in rows)


# -- bad input ------------------------------------------------------------------------------------


def test_configs_that_cannot_be() -> None:
    for judge in ("prm", "hybrid"):
        with pytest.raises(ValueError, match=f"judge: {judge} needs a process reward model; set prm"):
            RewardConfig.model_validate({"judge": judge})
    with pytest.raises(ValueError, match=r"knows no obligations.*use judge: hybrid or another"):
        config_of("prm", credit={"baseline": "event"})
    assert config_of("hybrid", credit={"baseline": "event"}).credit.baseline == "event"


def test_a_prm_that_is_not_there_is_found_before_the_start(folder: Path, tmp_path: Path) -> None:
    def arms(prm: Path | str, **more: Any) -> RunConfig:
        arm = {"name": "process", "judge": "hybrid", "prm": str(prm)}
        return RunConfig.model_validate({"arms": {"mine": arm}, **more})

    policy = save_policy(tmp_path / "policy")
    bare = tmp_path / "bare"
    bare.mkdir()
    for prm, message in [
        (tmp_path / "none", r"arms.mine.prm: .*none: no such model folder"),
        (policy, r"arms.mine.prm: .*holds Qwen2ForCausalLM, no PRM"),
        (bare, r"lacks a readable config.json"),
    ]:
        with pytest.raises(ConfigError, match=message):
            check_judges(arms(prm))
        trained = small_config(policy, arms=arms(prm).model_dump(mode="json")["arms"])
        with pytest.raises(ConfigError, match=r"^prm: "):
            Trainer(trained, "mine", 0, story_items()[:4], tmp_path / "run")
    check_judges(arms(folder))
    check_judges(arms("somebody/a-prm"))  # of the hub
    (bare / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(ValueError, match="lacks weights"):
        check_prm(str(bare))
    (bare / "model.safetensors").touch()
    with pytest.raises(ValueError, match="lacks a tokenizer"):
        check_prm(str(bare))
    there = {"backend": "openrlhf", "openrlhf": {"reward_url": "http://host:1"}}
    check_judges(arms("/the/services/own", **there))
    assert same_folder("x", "x") and not same_folder("x", "") and not same_folder("x", "y")
