"""Sampling and log-probabilities of rollouts against Hugging Face's own generation and forward pass."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from rl_fixtures import random_policy, story_items, tiny_tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tomprm.rl.forward import action_logprobs
from tomprm.rl.rollout import Rollout, encode_prompts, pad, sample
from tomprm.trace.prompt import prompt_text

PROMPTS = ["Ann", *(prompt_text(item) for item in story_items()[:5]), "Where is it?", "x\n" * 30]


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return random_policy(seed=1, scale=5.0)


@pytest.fixture(scope="module")
def tokenizer(model: PreTrainedModel) -> PreTrainedTokenizerBase:
    """Its EOS is a token that this policy writes: often enough that rows end at many lengths."""
    tokenizer = tiny_tokenizer()
    drawn = sample(model, tokenizer, PROMPTS, n=16, max_new_tokens=30, generator=generator(0))
    counts = Counter(token for r in drawn for token in r.completion_ids)
    greedy = sample(model, tokenizer, PROMPTS, max_new_tokens=30, temperature=0)
    middle = Counter(token for r in greedy for token in set(r.completion_ids))
    usual = [t for t, n in middle.most_common() if 2 <= n < len(PROMPTS)]
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(max(usual, key=lambda t: counts[t]))
    return tokenizer


def alone(model: PreTrainedModel, ids: list[int], eos: int, pad_id: int, limit: int) -> list[int]:
    """What Hugging Face generates for one prompt, up to and with EOS."""
    out = model.generate(  # pyright: ignore[reportCallIssue]
        torch.tensor([ids]), do_sample=False, max_new_tokens=limit, eos_token_id=eos, pad_token_id=pad_id
    )[0, len(ids) :].tolist()
    return out[: out.index(eos) + 1] if eos in out else out


def test_greedy_is_what_hugging_face_generates(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Mixed lengths, so padded on the left; batched by their generate as well as one by one."""
    eos, pad_id, limit = int(tokenizer.eos_token_id), int(tokenizer.pad_token_id), 40  # pyright: ignore
    found = sample(model, tokenizer, PROMPTS, max_new_tokens=limit, temperature=0)
    ids = encode_prompts(tokenizer, PROMPTS)
    width = max(map(len, ids))
    assert len({len(i) for i in ids}) > 4
    batch = model.generate(  # pyright: ignore[reportCallIssue]
        input_ids=pad(ids, pad_id, left=True, device=model.device),
        attention_mask=pad([[1] * len(i) for i in ids], 0, left=True, device=model.device),
        do_sample=False,
        max_new_tokens=limit,
        eos_token_id=eos,
        pad_token_id=pad_id,
    )[:, width:].tolist()
    ends: set[bool] = set()
    for index, rollout in enumerate(found):
        expected = alone(model, ids[index], eos, pad_id, limit)
        assert list(rollout.completion_ids) == expected
        assert batch[index][: len(expected)] == expected
        assert rollout.prompt == index and list(rollout.prompt_ids) == ids[index]
        ends.add(rollout.truncated)
    assert ends == {False, True}, "rows that end and rows that do not are both met"


def test_others_tokens_do_not_depend_on_who_ends_first(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Rows that end leave the batch; greedy answers are those of batches of one."""
    together = sample(model, tokenizer, PROMPTS, max_new_tokens=40, temperature=0)
    for size in (1, 3):
        assert (
            sample(model, tokenizer, PROMPTS, max_new_tokens=40, temperature=0, batch_size=size) == together
        )


def test_text_ids_and_truncation(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    eos = tokenizer.eos_token_id
    drawn = sample(model, tokenizer, PROMPTS, n=8, max_new_tokens=25, generator=generator(3))
    assert {r.truncated for r in drawn} == {False, True}
    for rollout in drawn:
        ids = list(rollout.completion_ids)
        assert 0 < len(ids) <= 25 and eos not in ids[:-1]
        assert rollout.truncated == (ids[-1] != eos)
        assert rollout.truncated <= (len(ids) == 25)
        body = ids if rollout.truncated else ids[:-1]
        assert rollout.text == tokenizer.decode(body)


def test_eos_as_the_very_last_token_is_no_truncation(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    ended = [
        r for r in sample(model, tokenizer, PROMPTS, max_new_tokens=40, temperature=0) if not r.truncated
    ]
    length = len(ended[0].completion_ids)
    prompt = [PROMPTS[ended[0].prompt]]
    assert not sample(model, tokenizer, prompt, max_new_tokens=length, temperature=0)[0].truncated
    if length > 1:
        assert sample(model, tokenizer, prompt, max_new_tokens=length - 1, temperature=0)[0].truncated


def test_draws_are_reproducible(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    def draw(seed: int) -> list[Rollout]:
        torch.manual_seed(len(PROMPTS) + seed)  # the global stream must not matter
        return sample(model, tokenizer, PROMPTS, n=4, max_new_tokens=20, generator=generator(seed))

    assert draw(5) == draw(5)
    assert draw(5) != draw(6)


def test_completions_of_a_prompt_stand_together(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    done: list[int] = []
    drawn = sample(
        model,
        tokenizer,
        PROMPTS,
        n=3,
        max_new_tokens=8,
        generator=generator(1),
        batch_size=7,
        progress=done.append,
    )
    assert [r.prompt for r in drawn] == [i for i in range(len(PROMPTS)) for _ in range(3)]
    ids = encode_prompts(tokenizer, PROMPTS)
    assert all(list(r.prompt_ids) == ids[r.prompt] for r in drawn)
    assert len({r.completion_ids for r in drawn if r.prompt == 1}) > 1
    assert sum(done) == len(drawn) and len(done) == 4  # two prompts of three fit in a batch of seven
    assert len(sample(model, tokenizer, PROMPTS[:2], n=3, batch_size=1, max_new_tokens=2)) == 6
    assert sample(model, tokenizer, []) == []


def test_rows_that_end_leave_the_batch(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """At no time are more than an eighth of the rows that are still computed finished ones."""
    sizes: list[int] = []

    def count(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        sizes.append(kwargs["input_ids"].shape[0])

    hook = model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        drawn = sample(model, tokenizer, PROMPTS[:4], n=24, max_new_tokens=60, generator=generator(2))
    finally:
        hook.remove()
    lengths = [len(r.completion_ids) for r in drawn]
    assert len(set(lengths)) > 8, "rows end one by one"
    assert len(sizes) == max(lengths)  # one pass for the prompts, one for each token but the last
    for step, size in enumerate(sizes[1:], 1):
        alive = sum(length > step for length in lengths)
        assert alive <= size <= alive * 8 / 7 + 1


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_draws_follow_the_policys_distribution(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, temperature: float
) -> None:
    n = 3000
    drawn = sample(
        model,
        tokenizer,
        PROMPTS[:1],
        n=n,
        max_new_tokens=1,
        temperature=temperature,
        generator=generator(0),
        batch_size=n,
    )
    counts = torch.zeros(model.config.vocab_size)
    for rollout in drawn:
        counts[rollout.completion_ids[0]] += 1
    with torch.no_grad():
        logits = model(torch.tensor(encode_prompts(tokenizer, PROMPTS[:1]))).logits[0, -1]
    p = torch.softmax(logits / temperature, -1)
    spread = (p * (1 - p) / n).sqrt()
    assert ((counts / n - p).abs() <= 5 * spread + 2 / n).all()


def test_sampling_leaves_the_training_mode_as_it_was(tokenizer: PreTrainedTokenizerBase) -> None:
    model = random_policy()
    for mode in (True, False):
        model.train(mode)
        sample(model, tokenizer, PROMPTS[:1], max_new_tokens=2, temperature=0)
        assert model.training is mode


def test_prompts_go_through_a_chat_template() -> None:
    tokenizer = tiny_tokenizer()
    plain = encode_prompts(tokenizer, ["Ann sees it."])
    assert tokenizer.decode(plain[0]) == "Ann sees it."
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant:{% endif %}"
    )
    ids = encode_prompts(tokenizer, ["Ann sees it.", "Bob"])
    assert [tokenizer.decode(i) for i in ids] == ["user: Ann sees it.\nassistant:", "user: Bob\nassistant:"]


def test_padding() -> None:
    cpu = torch.device("cpu")
    assert pad([[1, 2], [3]], 0, left=True, device=cpu).tolist() == [[1, 2], [0, 3]]
    assert pad([[1, 2], [3], []], 9, left=False, device=cpu).tolist() == [[1, 2], [3, 9], [9, 9]]


# -- log-probabilities ----------------------------------------------------------------------------


def plain_logprobs(model: PreTrainedModel, rollout: Rollout, temperature: float) -> torch.Tensor:
    """(length,) by one unpadded forward pass without a cache."""
    ids = torch.tensor([[*rollout.prompt_ids, *rollout.completion_ids]])
    logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float() / temperature
    chosen = torch.log_softmax(logits, -1).gather(-1, ids[0, 1:, None]).squeeze(-1)
    return chosen[len(rollout.prompt_ids) - 1 :]


def gradients(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


@pytest.mark.parametrize(("n", "limit", "temperature"), [(1, 20, 1.0), (3, 20, 0.7), (4, 1, 1.0)])
def test_logprobs_and_gradients_are_those_of_a_plain_pass(
    tokenizer: PreTrainedTokenizerBase, n: int, limit: int, temperature: float
) -> None:
    model = random_policy(seed=1, scale=5.0)
    drawn = sample(model, tokenizer, PROMPTS, n=n, max_new_tokens=limit, generator=generator(4))
    assert limit == 1 or len({len(r.completion_ids) for r in drawn}) > 1
    found = action_logprobs(model, drawn, n, int(tokenizer.pad_token_id), temperature)  # pyright: ignore
    assert found.shape == (len(drawn), max(len(r.completion_ids) for r in drawn))
    weights = torch.randn(found.shape, generator=generator(0))
    mask = torch.zeros_like(weights)
    for row, rollout in enumerate(drawn):
        mask[row, : len(rollout.completion_ids)] = 1
    (found * weights * mask).sum().backward()
    mine = gradients(model)
    scalar = torch.zeros(())
    for row, rollout in enumerate(drawn):
        expected = plain_logprobs(model, rollout, temperature)
        length = len(rollout.completion_ids)
        torch.testing.assert_close(found[row, :length].detach(), expected.detach(), rtol=1e-4, atol=1e-4)
        scalar = scalar + (expected * weights[row, :length]).sum()
    scalar.backward()
    theirs = gradients(model)
    assert mine.keys() == theirs.keys() and mine
    for name, gradient in mine.items():
        largest = theirs[name].abs().max()
        assert largest > 0, name
        assert (gradient - theirs[name]).abs().max() <= 1e-3 * largest, name


def test_logprobs_do_not_depend_on_the_company(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Padding by longer prompts and completions changes nothing."""
    drawn = sample(model, tokenizer, PROMPTS, n=2, max_new_tokens=20, generator=generator(7))
    pad_id = int(tokenizer.pad_token_id)  # pyright: ignore
    with torch.no_grad():
        together = action_logprobs(model, drawn, 2, pad_id)
        for first in range(0, len(drawn), 2):
            pair = drawn[first : first + 2]
            apart = action_logprobs(model, pair, 2, pad_id)
            for row, rollout in enumerate(pair):
                length = len(rollout.completion_ids)
                torch.testing.assert_close(
                    apart[row, :length], together[first + row, :length], rtol=1e-4, atol=1e-4
                )
