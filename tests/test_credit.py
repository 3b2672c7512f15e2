"""Step credit: the token at a step's reward writes the step's last character, whatever the tokenizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tomprm.belief.generate import Recipe, generate
from tomprm.rewards.credit import discounted_returns, token_at, token_rewards
from tomprm.rl.tiny import train_tokenizer
from tomprm.rl.train import Trainer
from tomprm.trace.canonical import narrate_sound
from tomprm.trace.steps import read_trace

# -- texts --------------------------------------------------------------------------------------

_WORDS = (
    "Line 2: apple in red_box; Ann sees it; Bob misses it.", "So Ann thinks the key is in the bag.",
    "box", "a", "</think>", "<think>", "<answer>", "</answer>", "\n", "\n\n", " ", "   ", "\t", ".", "don't",
    "Ünïcödé",
    "🦊", "👩‍👩‍👧‍👦", "🇫🇷", "盒子里的苹果", "りんご", "e\u0301", "a\u0308\u0323", "שלום", "नमस्ते",
    "\u200b", "\u00a0", "\U0010ffff", "\x00", "\ufffd", "…", "##x", "▁", "Ġ",
)  # fmt: skip
_PIECES = st.one_of(st.sampled_from(_WORDS), st.text(max_size=6))
_EOS = ("</s>", "<eos>", "[SEP]")  # ends a completion, so is never inside one
TEXTS = st.lists(_PIECES, min_size=1, max_size=14).map("".join).filter(bool)
TRAILED = (
    st.tuples(TEXTS, st.sampled_from(["", " ", "  ", "\n", " \n ", "🦊"]))
    .map("".join)
    .filter(lambda text: not any(eos in text for eos in _EOS))
)


def random_corpus(seed: int) -> list[str]:
    """Words that the tests' texts hold as well, in random order and company."""
    rng = np.random.default_rng([seed, 99])
    syllables = [str(w) for w in rng.choice(list(_WORDS[:-4]), 12)] + ["ka", "ri", "mo", "the ", "in ", " 7"]
    return ["".join(str(s) for s in rng.choice(syllables, 30)) for _ in range(40)]


# -- tokenizers: ids, their decoding, and what each of them writes --------------------------------


@dataclass(frozen=True)
class Case:
    """A decoded completion. `spans` are the bytes of the text that each id writes, found without decoding
    prefixes (from the pieces themselves)."""

    ids: list[int]
    text: str
    decode: Callable[[Sequence[int]], str]
    spans: list[tuple[int, int]]


def trainers_decode(tokenizer: Any) -> Callable[[Sequence[int]], str]:
    """As the trainer decodes prefixes."""
    return lambda ids: Trainer.decode(SimpleNamespace(tokenizer=tokenizer), ids)  # pyright: ignore


def _spans(sizes: Sequence[int]) -> list[tuple[int, int]]:
    ends = np.cumsum(sizes).tolist()
    return [(end - size, end) for end, size in zip(ends, sizes, strict=True)]


@lru_cache(maxsize=8)
def tiny(seed: int) -> Any:
    items = generate(Recipe(orders=(1, 2)), seed, "credit", 20)
    rng = np.random.default_rng(seed)
    traces = [narrate_sound(item, rng) for item in items] if seed % 2 else []
    return train_tokenizer(random_corpus(seed) + traces, vocab_size=360 + 60 * seed)


def tiny_case(seed: int, text: str) -> Case:
    """The quickstart's own kind: SentencePiece pieces in Qwen2's byte-level layout."""
    tokenizer = tiny(seed)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    sizes = [len(piece) for piece in tokenizer.convert_ids_to_tokens(ids)]  # one sign a byte
    return Case(ids, tokenizer.decode(ids), trainers_decode(tokenizer), _spans(sizes))


@lru_cache(maxsize=8)
def byte_level(seed: int) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=257 + 40 * seed,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<eos>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(random_corpus(seed), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")


def byte_level_case(seed: int, text: str) -> Case:
    """GPT-2's kind; with few merges a character takes up to four tokens."""
    tokenizer = byte_level(seed)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    sizes = [len(piece) for piece in tokenizer.convert_ids_to_tokens(ids)]
    return Case(ids, tokenizer.decode(ids), trainers_decode(tokenizer), _spans(sizes))


@lru_cache(maxsize=8)
def metaspace(seed: int) -> Any:
    """Llama's kind: `▁` for a space, one put in front, unknown characters as bytes."""
    rng = np.random.default_rng(seed)
    known = sorted(set("".join(random_corpus(seed))) - {" "})
    letters = [c for c in known if rng.random() < 0.7]
    vocab = {"<unk>": 0, "</s>": 1, **{f"<0x{b:02X}>": b + 2 for b in range(256)}, "▁": 258}
    for letter in letters:
        vocab.setdefault(letter, len(vocab))
    merges: list[tuple[str, str]] = []
    for _ in range(40):
        left, right = (str(x) for x in rng.choice(["▁", *letters], 2))
        if left + right not in vocab:
            vocab[left + right] = len(vocab)
            merges.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>")


def metaspace_case(seed: int, text: str) -> Case:
    tokenizer = metaspace(seed)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces = tokenizer.convert_ids_to_tokens(ids)
    sizes = [1 if p.startswith("<0x") else len(p.replace("▁", " ").encode()) for p in pieces]
    sizes[0] -= 1  # the space that was put in front is taken off again
    return Case(ids, tokenizer.decode(ids), trainers_decode(tokenizer), _spans(sizes))


@lru_cache(maxsize=8)
def word_piece(seed: int) -> Any:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=200))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    trainer = trainers.WordPieceTrainer(
        vocab_size=60 + 20 * seed, special_tokens=["[UNK]", "[SEP]"], show_progress=False
    )
    tokenizer.train_from_iterator(random_corpus(seed), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="[SEP]", clean_up_tokenization_spaces=False
    )


def word_piece_case(seed: int, text: str) -> Case:
    """BERT's kind: the text that comes out is not the one that went in, and is what counts."""
    tokenizer = word_piece(seed)
    ids = tokenizer(f"x {text}", add_special_tokens=False)["input_ids"]
    sizes: list[int] = []
    for index, piece in enumerate(tokenizer.convert_ids_to_tokens(ids)):
        bare = piece.removeprefix("##") if index else piece
        sizes.append(len(bare.encode()) + (index > 0 and not piece.startswith("##")))
    return Case(ids, tokenizer.decode(ids), trainers_decode(tokenizer), _spans(sizes))


def char_case(seed: int, text: str) -> Case:
    return Case(
        [ord(c) for c in text],
        text,
        lambda ids: "".join(map(chr, ids)),
        _spans([len(c.encode()) for c in text]),
    )


def chunk_case(seed: int, text: str) -> Case:
    """Random cuts between characters; empty chunks as well."""
    rng = np.random.default_rng(seed)
    cuts = sorted(rng.integers(0, len(text) + 1, int(rng.integers(0, 2 * len(text) + 1))).tolist())
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return Case(
        list(range(len(chunks))),
        text,
        lambda ids: "".join(chunks[i] for i in ids),
        _spans([len(c.encode()) for c in chunks]),
    )


def byte_chunk_case(seed: int, text: str) -> Case:
    """Random cuts between bytes, through characters too."""
    rng = np.random.default_rng(seed)
    raw = text.encode()
    cuts = sorted(rng.integers(0, len(raw) + 1, int(rng.integers(0, 2 * len(raw) + 1))).tolist())
    chunks = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    return Case(
        list(range(len(chunks))),
        text,
        lambda ids: b"".join(chunks[i] for i in ids).decode("utf-8", "replace"),
        _spans([len(c) for c in chunks]),
    )


KINDS: dict[str, Callable[[int, str], Case]] = {
    "sentencepiece in qwen2's layout": tiny_case,
    "byte-level BPE": byte_level_case,
    "metaspace with byte fallback": metaspace_case,
    "word pieces": word_piece_case,
    "characters": char_case,
    "random chunks": chunk_case,
    "random chunks of bytes": byte_chunk_case,
}


# -- the key property ---------------------------------------------------------------------------


def steps_of(text: str, data: st.DataObject) -> list[int]:
    """Ends of steps: those that tomprm finds, and any others."""
    ends = {step.end for step in read_trace(text).steps}
    ends |= data.draw(st.sets(st.integers(1, len(text)), max_size=8))
    return sorted(ends)


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=120)
@given(data=st.data())
def test_a_reward_sits_on_the_token_that_ends_its_step(kind: str, data: st.DataObject) -> None:
    case = KINDS[kind](data.draw(st.integers(0, 5)), data.draw(TRAILED))
    text = case.text
    assert case.spans[-1][1] == len(text.encode()), "the pieces are the text"
    for end in steps_of(text, data):
        rewards = token_rewards([(end, 1.0)], case.ids, text, case.decode)
        (index,) = np.flatnonzero(rewards)
        start, stop = case.spans[index]
        character = text[end - 1]
        last_byte = len(text[:end].encode())
        if character == "\ufffd":  # one that is meant looks like half of another: any token of a run of them
            first_byte = len(text[:end].rstrip("\ufffd").encode())
            assert start < last_byte and first_byte < stop
            continue
        assert start < last_byte <= stop, (end, index)
        # The same by decoding: with this token the step is whole, and before it, it was not.
        assert case.decode(case.ids[: index + 1])[:end] == text[:end]
        assert case.decode(case.ids[:index])[:end] != text[:end]


@pytest.mark.parametrize("kind", ["sentencepiece", "byte-level BPE", "metaspace"])
@settings(max_examples=120)
@given(data=st.data())
def test_ids_that_no_text_encodes_to(kind: str, data: st.DataObject) -> None:
    """A policy writes any ids, halves of characters included: decoding prefixes one by one finds the
    same token."""
    make = {"sentencepiece": tiny, "byte-level BPE": byte_level, "metaspace": metaspace}[kind]
    tokenizer = make(data.draw(st.integers(0, 5)))
    eos = tokenizer.eos_token_id
    token = st.integers(0, len(tokenizer) - 1).filter(lambda i: i != eos)
    ids = data.draw(st.lists(token, min_size=1, max_size=30))
    decode = trainers_decode(tokenizer)
    text = decode(ids)
    for end in steps_of(text, data) if text else []:
        whole = [decode(ids[: i + 1])[:end] == text[:end] for i in range(len(ids))]
        assert token_at(end, ids, text, decode) == whole.index(True)


def test_a_run_of_byte_tokens() -> None:
    """Half of the second character spoils the first one for a while, in Llama's decoder."""
    tokenizer = metaspace(0)
    ids = tokenizer.convert_tokens_to_ids([f"<0x{b:02X}>" for b in "你好".encode()])
    decode = trainers_decode(tokenizer)
    assert [decode(ids[: n + 1]) for n in (2, 3, 5)] == ["你", "\ufffd" * 4, "你好"]
    assert [token_at(end, ids, "你好", decode) for end in (1, 2)] == [2, 5]


@settings(max_examples=60)
@given(data=st.data())
def test_never_by_tokenising_again(data: st.DataObject) -> None:
    """Other pieces than the tokenizer would choose: credit follows the ids that were generated."""
    tokenizer = tiny(data.draw(st.integers(0, 5)))
    text = data.draw(TRAILED)
    letters = [i for c in text for i in tokenizer(c, add_special_tokens=False)["input_ids"]]
    decode, text = trainers_decode(tokenizer), tokenizer.decode(letters)
    sizes = [len(piece) for piece in tokenizer.convert_ids_to_tokens(letters)]
    for end in steps_of(text, data):
        start, stop = _spans(sizes)[token_at(end, letters, text, decode)]
        assert text[end - 1] == "\ufffd" or start < len(text[:end].encode()) <= stop


def test_eos_is_no_text() -> None:
    tokenizer = tiny(1)
    text = "<think>\nLine 2: a in b.\n</think>\n<answer>b</answer>"
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    decode = trainers_decode(tokenizer)
    assert decode(ids) == text
    assert token_at(len(text), ids, text, decode) == len(ids) - 2


def test_steps_that_end_in_one_token_add_up() -> None:
    chunks = ["Line 1.\nLine", " 2.\nLine 3.\n", "end"]

    def decode(ids: Sequence[int]) -> str:
        return "".join(chunks[i] for i in ids)

    text = decode([0, 1, 2])
    steps = [(step.end, reward) for step, reward in zip(read_trace(text).steps, (1, 0.5, -2, 4), strict=True)]
    assert token_rewards(steps, [0, 1, 2], text, decode).tolist() == [1, -1.5, 4]


@settings(max_examples=60)
@given(data=st.data())
def test_no_reward_is_lost(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(KINDS)))
    case = KINDS[kind](data.draw(st.integers(0, 5)), data.draw(TRAILED))
    ends = steps_of(case.text, data)
    paid = data.draw(st.lists(st.floats(-5, 5), min_size=len(ends), max_size=len(ends)))
    rewards = token_rewards(list(zip(ends, paid, strict=True)), case.ids, case.text, case.decode)
    assert rewards.shape == (len(case.ids),) and rewards.dtype == np.float64
    assert rewards.sum() == pytest.approx(math.fsum(paid))
    before = [case.spans[i][0] for i in np.flatnonzero(rewards)]
    assert before == sorted(before)


def test_few_decodings_a_step() -> None:
    text = "Line 2: apple in red_box; Ann sees it.\n" * 40
    calls = 0

    def decode(ids: Sequence[int]) -> str:
        nonlocal calls
        calls += 1
        return "".join(map(chr, ids))

    steps = [(step.end, 1.0) for step in read_trace(text).steps]
    token_rewards(steps, [ord(c) for c in text], text, decode)
    assert calls <= len(steps) * (math.log2(len(text)) + 2)


@pytest.mark.parametrize("end", [0, -1, 4])
def test_an_offset_outside_the_text_is_refused(end: int) -> None:
    with pytest.raises(ValueError, match="outside a text of 3 characters"):
        token_at(end, [97, 98, 99], "abc", lambda ids: "".join(map(chr, ids)))


def test_ids_of_another_text_are_refused() -> None:
    with pytest.raises(ValueError, match="do not decode to the text"):
        token_at(3, [97, 98, 120], "abc", lambda ids: "".join(map(chr, ids)))


# -- returns ------------------------------------------------------------------------------------


def naive_returns(rewards: np.ndarray, mask: np.ndarray, gamma: float) -> np.ndarray:
    rows, width = rewards.shape
    out = np.zeros((rows, width))
    for b in range(rows):
        for t in range(width):
            for later in range(t, width):
                out[b, t] += gamma ** (later - t) * rewards[b, later] * mask[b, later]
    return out


def shapes() -> Iterator[tuple[int, int]]:
    yield from ((1, 1), (3, 1), (1, 7), (4, 12))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.97, 1.0])
def test_discounted_returns(gamma: float) -> None:
    rng = np.random.default_rng(0)
    for shape in shapes():
        for mask in (np.ones(shape), (rng.random(shape) < 0.6).astype(float), np.zeros(shape)):
            rewards = rng.normal(size=shape)
            found = discounted_returns(rewards, mask, gamma)
            np.testing.assert_allclose(found, naive_returns(rewards, mask, gamma), rtol=1e-12, atol=1e-12)


def test_sum_form_by_hand() -> None:
    rewards = np.array([[0, 1.0, 0, 2.0, 0]])
    mask = np.array([[1, 1, 1, 1, 0.0]])
    assert discounted_returns(rewards, mask).tolist() == [[3, 3, 2, 2, 0]]
    assert discounted_returns(rewards, mask, 0.5).tolist() == [[0.75, 1.5, 1, 2, 0]]
