"""The newcomer's policy: a SentencePiece vocabulary and a Qwen2 of under a million parameters.

Everything else in tomprm takes any Hugging Face causal LM; this one is small enough to be trained on
two cores, and is saved as a plain `Qwen2ForCausalLM` folder like any other.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import sentencepiece
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers.convert_slow_tokenizer import generate_merges
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from tomprm.trace.steps import TAGS

PAD, UNK, EOS = "<pad>", "<unk>", "</s>"


def train_tokenizer(texts: Iterable[str], vocab_size: int = 576) -> PreTrainedTokenizerFast:
    """A SentencePiece BPE model over the texts' lines, as a fast tokenizer.

    Line breaks and the four tags are tokens of their own, no space is added or dropped anywhere, so
    that decoding gives back the text exactly.
    """
    lines = [line for text in texts for line in _plain(text).splitlines() if line]
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=trained,
        model_type="bpe",
        vocab_size=vocab_size,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=2,
        pad_piece=PAD,
        unk_piece=UNK,
        eos_piece=EOS,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        required_chars="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:;?'-()*",
        num_threads=1,  # the same pieces on every machine
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    pieces = {processor.id_to_piece(i): i for i in range(processor.get_piece_size())}
    scores = {piece: processor.get_score(i) for piece, i in pieces.items()}
    core = Tokenizer(models.BPE(pieces, generate_merges(pieces, scores), unk_token=UNK, fuse_unk=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=True)
    core.decoder = decoders.Metaspace(prepend_scheme="never", split=True)
    core.add_tokens([AddedToken(t, normalized=False) for t in ("\n", *TAGS)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, unk_token=UNK, eos_token=EOS, clean_up_tokenization_spaces=False
    )


def _plain(text: str) -> str:
    for tag in TAGS:
        text = text.replace(tag, "\n")
    return text


def build_policy(
    tokenizer: PreTrainedTokenizerFast, hidden: int = 128, layers: int = 4, heads: int = 4, seed: int = 0
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
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Qwen2ForCausalLM(config)
