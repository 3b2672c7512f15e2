"""The newcomer's policy: a SentencePiece vocabulary and a Qwen2 of under a million parameters.

Everything else in tomprm takes any Hugging Face causal LM; this one is small enough to be trained on
two cores, and is saved as a plain `Qwen2ForCausalLM` folder like any other.
"""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
import torch
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode, generate_merges

from tomprm.trace.steps import TAGS

PAD, EOS = "<pad>", "</s>"


def train_tokenizer(texts: Iterable[str], vocab_size: int = 1024) -> Qwen2Tokenizer:
    """SentencePiece BPE pieces in the byte-level layout of Qwen2's tokenizer.

    The words that Qwen2's pre-tokenizer cuts are what SentencePiece is trained on, so every piece can
    be reached, and any loader of Qwen2 checkpoints (AutoTokenizer, vLLM) reads the saved folder. All
    bytes are in the vocabulary: no text is unknown, and decoding gives back the text exactly.
    """
    cutter = Qwen2Tokenizer(vocab={}, merges=[])
    words: Counter[str] = Counter()
    for text in texts:
        for part in _untagged(text):
            words.update(word for word, _ in cutter.backend_tokenizer.pre_tokenizer.pre_tokenize_str(part))
    trained = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "words.tsv"
        table.write_text("".join(f"{word}\t{n}\n" for word, n in sorted(words.items())), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(table),
            input_format="tsv",
            model_writer=trained,
            model_type="bpe",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            split_by_unicode_script=False,
            split_by_number=False,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,  # the same pieces on every machine
            minloglevel=2,
        )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    alphabet = sorted(bytes_to_unicode().values())
    scores = {processor.id_to_piece(i): processor.get_score(i) for i in range(1, processor.get_piece_size())}
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys([PAD, EOS, *alphabet, *scores]))}
    merges = generate_merges({p: i for p, i in vocab.items() if p in scores}, scores)
    tokenizer = Qwen2Tokenizer(
        vocab=vocab,
        merges=merges,  # pyright: ignore[reportArgumentType]
        pad_token=PAD,
        eos_token=EOS,
        unk_token=None,  # pyright: ignore[reportArgumentType]
    )
    tokenizer.add_tokens(
        [AddedToken(tag, normalized=False) for tag in TAGS]  # pyright: ignore[reportArgumentType]
    )
    return tokenizer


def _untagged(text: str) -> list[str]:
    for tag in TAGS:
        text = text.replace(tag, "\0")
    return text.split("\0")


def build_policy(
    tokenizer: PreTrainedTokenizerBase, hidden: int = 128, layers: int = 4, heads: int = 4, seed: int = 0
) -> Qwen2ForCausalLM:
    """An untrained Qwen2 with tied embeddings; the same weights for the same seed."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        # The default of 0.02 is made for wide models; at this width it starts attention out uniform,
        # and copying is learned several times later.
        initializer_range=hidden**-0.5,
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),  # pyright: ignore[reportArgumentType]
        eos_token_id=tokenizer.convert_tokens_to_ids(EOS),
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)
