"""Judged steps on their way to the experience maker, and what the maker makes of them, against slow loops."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from openrlhf_fakes import importable

from tomprm.config import CreditConfig
from tomprm.rewards.credit import ScoredSteps, kept, token_credit
from tomprm.rl.openrlhf import hook
from tomprm.rl.openrlhf.maker import UpstreamChanged, _token_rewards, step_reward_maker
from tomprm.rl.openrlhf.settings import REWARD, RUN, settings
from tomprm.rl.openrlhf.wire import KEY, pack, unpack
from tomprm.rl.reinforce import group_baseline, normalise, returns

# -- the wire --------------------------------------------------------------------------------------

FLOATS = st.floats(-4, 4, width=32)


@st.composite
def rollouts(draw: st.DrawFn, most: int = 40) -> ScoredSteps:
    tokens = draw(st.integers(0, most))
    count = draw(st.integers(0, 6)) if tokens else 0
    ends = sorted(draw(st.lists(st.integers(0, max(0, tokens - 1)), min_size=count, max_size=count)))
    numbers = st.lists(FLOATS, min_size=count, max_size=count)
    owners = draw(st.lists(st.integers(0, 6), max_size=8))  # step of obligation o; beyond the last: nobody's
    met = tuple(tuple(o for o, step in enumerate(owners) if step == k) for k in range(count))
    outcome, weight = draw(st.sampled_from([0.0, 1.0])), draw(st.sampled_from([0.0, 0.5, 1.0]))
    return ScoredSteps(tokens, tuple(ends), tuple(draw(numbers)), tuple(draw(numbers)), met, outcome, weight)


@given(rollouts(), st.integers(0, 30))
def test_what_is_packed_is_unpacked_also_from_padded_float32(steps: ScoredSteps, padding: int) -> None:
    row = torch.tensor([pack(steps) + [0.0] * padding])
    assert row.dtype == torch.float32
    assert unpack(row.tolist()[0]) == steps
    assert unpack(pack(steps)) == steps


@given(rollouts(), st.data())
def test_a_row_that_is_cut_short_or_has_something_after_it_is_an_error(
    steps: ScoredSteps, data: st.DataObject
) -> None:
    row = pack(steps)
    # What is cut off must not be zeros, which look like padding.
    solid = max(k for k, x in enumerate(row) if x) + 1
    short = row[: data.draw(st.integers(0, max(0, min(solid, len(row)) - 1)))]
    with pytest.raises(ValueError, match=r"damaged.*same version"):
        unpack(short)
    with pytest.raises(ValueError, match=r"damaged.*same version"):
        unpack([*row, 0.0, 1.0])


NEVER = (-1.0, 0.5, float("nan"), float("inf"), 1e30)


@pytest.mark.parametrize(
    ("place", "bad"),
    # format, tokens, number of steps, the first step's end, its number of obligations
    [(p, bad) for p in (0, 1, 4, 5, 8) for bad in NEVER]
    + [(0, 2.0), (1, 8.0), (4, 1.0), (4, 3.0), (5, 9.0), (8, 2.0)],
)
def test_a_number_that_cannot_be_is_an_error(place: int, bad: float) -> None:
    row = pack(ScoredSteps(9, (3, 8), (0.5, 0.25), (1.0, 1.0), ((0,), (1,)), 1.0))
    row[place] = bad
    with pytest.raises(ValueError, match="damaged"):
        unpack(row)


# -- placement -------------------------------------------------------------------------------------


@pytest.fixture
def credit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets the credit section that the maker reads."""
    monkeypatch.delenv(RUN, raising=False)

    def choose(**section: Any) -> None:
        body = reward_json(credit=section)
        monkeypatch.setenv(REWARD, body)
        settings.cache_clear()

    choose()
    yield choose
    settings.cache_clear()


def reward_json(credit: dict[str, Any]) -> str:
    import json

    return json.dumps({"name": "process", "credit": credit})


def made_up(rng: np.random.Generator, tokens: int) -> ScoredSteps:
    count = int(rng.integers(1, 5)) if tokens else 0
    ends = tuple(sorted(int(e) for e in rng.integers(0, max(1, tokens), count)))
    met = tuple((k,) if rng.random() < 0.6 else () for k in range(count))
    progress, scores = rng.normal(size=count).tolist(), rng.integers(-1, 2, count).tolist()
    return ScoredSteps(tokens, ends, tuple(progress), tuple(scores), met, float(rng.integers(0, 2)))


def batch(
    group_count: int = 3, samples: int = 4, size: int = 2, seed: int = 0, cut: int = 0, mixed: bool = False
) -> tuple[list[ScoredSteps], list[Any]]:
    """Rollouts, and the experiences (micro-batches of `size`) that OpenRLHF would make of them.

    Args:
        cut: action tokens that are missing at the end of every third sequence.
        mixed: samples in another order, as with dynamic batches.
    """
    rng = np.random.default_rng(seed)
    steps = [made_up(rng, int(rng.integers(4, 12))) for _ in range(group_count * samples)]
    order = rng.permutation(len(steps)).tolist() if mixed else list(range(len(steps)))
    experiences: list[Any] = []
    for start in range(0, len(order), size):
        index = order[start : start + size]
        heads = [int(rng.integers(1, 5)) for _ in index]  # prompt tokens before the first action
        lengths = [max(0, steps[i].tokens - (cut if i % 3 == 0 else 0)) for i in index]
        width = max(h + n for h, n in zip(heads, lengths, strict=True)) + 1
        mask = torch.zeros(len(index), width, dtype=torch.long)
        packed = [pack(steps[i]) for i in index]
        longest = max(map(len, packed))
        for row, (head, n) in enumerate(zip(heads, lengths, strict=True)):
            mask[row, head : head + n] = 1
        info = {KEY: torch.tensor([p + [0.0] * (longest - len(p)) for p in packed])}
        labels = [f"story {i // samples}" for i in index]
        experiences.append(SimpleNamespace(action_mask=mask, index=index, labels=labels, info=info))
    return steps, experiences


def slow(
    steps: list[ScoredSteps], experiences: list[Any], samples: int, config: CreditConfig
) -> list[np.ndarray]:
    """Token rewards by plain loops: group, credit, and column after column of the mask."""
    paid: list[np.ndarray] = []
    rounded = [unpack(torch.tensor(pack(s)).tolist()) for s in steps]
    for start in range(0, len(steps), samples):
        paid += token_credit(rounded[start : start + samples], config)
    out = []
    for e in experiences:
        table = np.zeros(tuple(e.action_mask.shape))
        for row, i in enumerate(e.index):
            token = 0
            for column in range(table.shape[1]):
                if e.action_mask[row, column]:
                    table[row, column] = paid[i][token]
                    token += 1
        out.append(table)
    return out


@pytest.mark.parametrize("section", [
    {}, {"baseline": "leave_one_out"}, {"baseline": "event"}, {"baseline": "token"}, {"form": "prof"},
    {"form": "process_supervision"}, {"form": "min_soft", "baseline": "group_mean"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("layout", [{}, {"cut": 3}, {"mixed": True, "size": 5}], ids=str)
def test_rewards_stand_where_a_slow_loop_puts_them(
    credit: Callable[..., None], section: dict[str, Any], layout: dict[str, Any]
) -> None:
    credit(**section)
    steps, experiences = batch(**layout)
    placed, keeps = _token_rewards(experiences, 4)
    expected = slow(steps, experiences, 4, CreditConfig(**section))
    assert any(np.abs(e).sum() > 0 for e in expected)
    for experience, found, wanted in zip(experiences, placed, expected, strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-6)
        assert not found[experience.action_mask == 0].any()
        assert KEY not in experience.info, "OpenRLHF's training step would fail on it"
        lost = [steps[i].tokens for i in experience.index] - experience.action_mask.sum(-1).numpy()
        assert experience.info["tomprm_cut_tokens"].tolist() == lost.tolist()
    stays = [kept(steps[k : k + 4], CreditConfig(**section)) for k in range(0, 12, 4)]
    flat = [s for group in stays for s in group]
    for experience, keep in zip(experiences, keeps, strict=True):
        assert keep.tolist() == [float(flat[i]) for i in experience.index]
    assert (section.get("form") == "prof") == (not all(flat))


def test_a_sequence_without_action_tokens_gets_nothing(credit: Callable[..., None]) -> None:
    _, experiences = batch(cut=99)
    placed, _ = _token_rewards(experiences, 4)
    for experience, found in zip(experiences, placed, strict=True):
        empty = experience.action_mask.sum(-1) == 0
        assert not found[empty].any() and found[~empty].any()


def test_a_missing_key_is_an_error(credit: Callable[..., None]) -> None:
    _, experiences = batch()
    del experiences[2].info[KEY]
    with pytest.raises(KeyError, match="agent_func_path"):
        _token_rewards(experiences, 4)


def test_a_sample_without_its_steps_is_an_error_and_not_a_shift(credit: Callable[..., None]) -> None:
    _, experiences = batch()
    experiences[1].info[KEY] = experiences[1].info[KEY][1:]
    with pytest.raises(ValueError, match="every sample needs its steps"):
        _token_rewards(experiences, 4)


def test_groups_that_are_none_are_an_error(credit: Callable[..., None]) -> None:
    _, experiences = batch()
    experiences[1].labels[1] = "another story"
    with pytest.raises(UpstreamChanged, match="next to each other"):
        _token_rewards(experiences, 4)
    _, experiences = batch()
    with pytest.raises(UpstreamChanged, match="groups of 5"):
        _token_rewards(experiences, 5)
    _, experiences = batch()
    experiences[0].index = [0, 0]
    with pytest.raises(UpstreamChanged, match="samples do not make groups"):
        _token_rewards(experiences, 4)


def test_more_action_tokens_than_were_judged_are_an_error(credit: Callable[..., None]) -> None:
    _, experiences = batch()
    experiences[0].action_mask[:] = 1
    experiences[0].action_mask = torch.nn.functional.pad(experiences[0].action_mask, (0, 20), value=1)
    with pytest.raises(UpstreamChanged, match="that were judged"):
        _token_rewards(experiences, 4)


# -- the maker around a base class --------------------------------------------------------------------


class Base:
    """The part of an experience maker that the subclass relies on: REINFORCE++ with the same seams."""

    estimator = "reinforce_baseline"
    asks = True

    def __init__(self, samples: int) -> None:
        self.args = SimpleNamespace(rollout=SimpleNamespace(n_samples_per_prompt=samples))

    def compute_advantages_and_returns(self, experiences: list[Any]) -> list[Any]:
        if not self.asks:
            return experiences
        samples = self.args.rollout.n_samples_per_prompt
        scalars = torch.zeros(sum(len(e.index) for e in experiences))
        for e in experiences:
            scalars[e.index] = e.rewards
        scalars = group_baseline(scalars, samples, self.estimator)
        for e in experiences:
            rewards = -0.1 * e.kl
            last = e.action_mask.shape[1] - 1 - e.action_mask.flip(-1).argmax(-1)
            rewards[torch.arange(len(rewards)), last] += scalars[e.index]
            e.returns = self.get_cumulative_returns(rewards, e.action_mask, 1.0)
            e.advantages, e.kl, e.info["return"] = e.returns.clone(), None, rewards.sum(-1)
        every = torch.cat([e.advantages.flatten() for e in experiences])
        mask = torch.cat([e.action_mask.flatten() for e in experiences])
        mean = (every * mask).sum() / mask.sum()
        deviation = (((every - mean) ** 2 * mask).sum() / mask.sum()).sqrt()
        for e in experiences:
            e.advantages = (e.advantages - mean) / deviation
        return experiences

    def get_cumulative_returns(self, rewards: Any, action_mask: Any, gamma: float) -> Any:
        return (rewards * action_mask).flip(-1).cumsum(-1).flip(-1)


@pytest.mark.parametrize("section", [{}, {"baseline": "event"}, {"form": "prof"}], ids=str)
def test_advantages_equal_the_embedded_trainers(credit: Callable[..., None], section: dict[str, Any]) -> None:
    credit(**section)
    steps, experiences = batch(mixed=True, size=3)
    rng = np.random.default_rng(1)
    for e in experiences:
        e.rewards = torch.tensor(rng.random(len(e.index)), dtype=torch.float32)
        e.kl = torch.tensor(rng.normal(size=tuple(e.action_mask.shape)), dtype=torch.float32) * e.action_mask
    # The embedded trainer's tensors: one row a rollout, action tokens from column 0.
    width = max(s.tokens for s in steps)
    mask, paid, kl = (torch.zeros(len(steps), width) for _ in range(3))
    scalar, stays = torch.zeros(len(steps)), torch.zeros(len(steps))
    config = CreditConfig(**section)
    for start in range(0, len(steps), 4):
        group = steps[start : start + 4]
        for i, rewards, keep in zip(
            range(start, start + 4), token_credit(group, config), kept(group, config), strict=True
        ):
            paid[i, : len(rewards)] = torch.tensor(rewards)
            mask[i, : len(rewards)], stays[i] = 1, float(keep)
    for e in experiences:
        for row, i in enumerate(e.index):
            kl[i, : steps[i].tokens] = e.kl[row][e.action_mask[row] > 0]
            scalar[i] = e.rewards[row]
    scalar = group_baseline(scalar, 4, "reinforce_baseline")
    expected = normalise(returns(scalar, paid, kl, mask, kl_coef=0.1), mask * stays.unsqueeze(-1))

    masks = [e.action_mask for e in experiences]
    made = step_reward_maker(Base)(4).compute_advantages_and_returns(experiences)
    for e, before in zip(made, masks, strict=True):
        assert e.action_mask is before, "the loss counts every rollout's tokens"
        for row, i in enumerate(e.index):
            found = e.advantages[row][before[row] > 0]
            torch.testing.assert_close(found, expected[i, : steps[i].tokens], atol=1e-5, rtol=1e-4)
        assert e.info["tomprm_step_reward"].shape == (len(e.index),)
        assert (e.info["tomprm_dropped"] == 1 - stays[e.index]).all()


def test_an_upstream_that_asks_for_no_returns_is_an_error(credit: Callable[..., None]) -> None:
    class Silent(Base):
        asks = False

    _, experiences = batch()
    for e in experiences:
        e.kl = None
    with pytest.raises(UpstreamChanged, match="not asked for"):
        step_reward_maker(Silent)(4).compute_advantages_and_returns(experiences)


def test_returns_of_an_unknown_batch_are_an_error() -> None:
    maker = step_reward_maker(Base)(4)
    maker._placed = {}
    with pytest.raises(UpstreamChanged, match="unknown batch"):
        maker.get_cumulative_returns(torch.zeros(1, 2), torch.ones(1, 2), 1.0)


# -- the hook ------------------------------------------------------------------------------------------

MAKER = "class RemoteExperienceMaker:\n    def greet(self):\n        return 'upstream'\n"
TRAINER = """
from openrlhf.trainer.ppo_utils.experience_maker import RemoteExperienceMaker
class BasePPOTrainer:
    saved = []
    def __init__(self):
        self.experience_maker = RemoteExperienceMaker()
    def save_logs_and_checkpoints(self, global_step, logs_dict=None, client_states=None):
        self.saved.append((global_step, client_states))
"""


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with modules of OpenRLHF's names, importable during the test."""
    folder = tmp_path / "site" / "openrlhf" / "trainer"
    (folder / "ppo_utils").mkdir(parents=True)
    for path in (folder.parent, folder, folder / "ppo_utils"):
        (path / "__init__.py").touch()
    (folder / "ppo_utils" / "experience_maker.py").write_text(MAKER)
    (folder / "ppo_trainer.py").write_text(TRAINER)
    with importable(tmp_path / "site", monkeypatch):
        yield folder


def test_the_hook_swaps_the_maker_before_anyone_sees_it(
    upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REWARD, reward_json({}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(RUN, raising=False)
    settings.cache_clear()
    hook.setup()
    hook.setup()  # twice does no harm
    from openrlhf.trainer.ppo_trainer import BasePPOTrainer  # pyright: ignore

    trainer = BasePPOTrainer()
    assert type(trainer.experience_maker).__name__ == "StepRewardExperienceMaker"
    assert trainer.experience_maker.greet() == "upstream"
    trainer.save_logs_and_checkpoints(3, {"policy_loss": 0.5, "tomprm_accuracy": 0.25}, {"a": 1})
    assert trainer.saved == [(3, {"a": 1})]
    row = (tmp_path / "metrics.jsonl").read_text()
    assert '"step": 3' in row and '"loss": 0.5' in row and '"accuracy": 0.25' in row
    assert sum(isinstance(f, hook._Finder) for f in sys.meta_path) == 1
    settings.cache_clear()


def test_the_hook_raises_where_the_class_is_gone(upstream: Path) -> None:
    (upstream / "ppo_utils" / "experience_maker.py").write_text("class Renamed:\n    pass\n")
    hook.setup()
    with pytest.raises(RuntimeError, match="no RemoteExperienceMaker; install a version"):
        __import__(hook.MAKER)


def test_the_hook_raises_where_the_trainers_method_is_gone(upstream: Path) -> None:
    (upstream / "ppo_trainer.py").write_text("class BasePPOTrainer:\n    pass\n")
    hook.setup()
    with pytest.raises(RuntimeError, match="BasePPOTrainer has no save_logs_and_checkpoints"):
        __import__(hook.TRAINER)


def test_the_hook_comes_first_or_not_at_all(upstream: Path) -> None:
    __import__(hook.MAKER)
    with pytest.raises(RuntimeError, match=r"imported already; call tomprm's setup\(\) before"):
        hook.setup()
