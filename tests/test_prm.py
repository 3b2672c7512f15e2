"""The PRM layer: labels, alignment, training, saved folders, verdict rows, metrics, errors."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerFast

from tomprm.belief.generate import OpenShape, Recipe, generate
from tomprm.bench import metrics
from tomprm.checker.check import Checker
from tomprm.prm import data, model
from tomprm.prm.data import build_examples, check_no_leak, label_trace, prefix_of, split_by_story
from tomprm.prm.files import read_examples, write_examples
from tomprm.prm.model import TooLong, encode, end_logits, length_limit, load_prm, step_probabilities
from tomprm.prm.score import Prm, evaluate, score_rows
from tomprm.prm.train import IGNORE, step_loss, train_prm
from tomprm.rl.tiny import build_policy, train_tokenizer
from tomprm.trace.canonical import NARRATORS
from tomprm.trace.prompt import prompt_text
from tomprm.world.items import Item

MIXTURE = {"lucky": 0.7, "sound": 0.3}
SHAPE = OpenShape(places=3, moves=(2, 3))  # its tilts are shipped


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return list(generate(Recipe(shape=SHAPE), 0, "prm", 400))


@pytest.fixture(scope="module")
def split(items: list[Item]) -> tuple[list[data.Example], list[data.Example]]:
    return split_by_story(build_examples(items, MIXTURE, 0), 0.4, 0)


@pytest.fixture(scope="module")
def base(split: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained causal LM's folder."""
    folder = tmp_path_factory.mktemp("base")
    tokenizer = train_tokenizer((e["prompt"] + e["trace"] for e in split[0]), vocab_size=320)
    build_policy(tokenizer, hidden=64, layers=2).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(base: Path, split: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prm") / "model"
    train_prm(base, split[0], folder, steps=100, batch_size=16, learning_rate=3e-3, seed=0, device="cpu")
    return folder


# -- data ---------------------------------------------------------------------------------------


def test_labels_are_the_checkers_local_and_prefix(items: list[Item]) -> None:
    item = items[0]
    sound = NARRATORS["sound"](item, np.random.default_rng(0))
    lines = sound.splitlines()
    wrong = lines[1].replace("sees it", "misses it", 1)
    text = "\n".join([lines[0], "Let me think.", wrong, lines[2], "Bolero sees it.", *lines[3:]])
    example = label_trace(item, text, id="x", narrator="by hand")
    assert example["labels"][:4] == [None, False, True, None] and all(example["labels"][4:])
    assert example["prefix_labels"] == [True] + [False] * (len(lines) - 2)
    assert example["answer_correct"] and example["narrator"] == "by hand"
    assert example["prompt"] == prompt_text(item, "plain")
    assert label_trace(item, sound, id="y")["labels"] == [True] * (len(lines) - 3)
    with pytest.raises(ValueError, match="x: the trace has no steps"):
        label_trace(item, "<think></think><answer>box</answer>", id="x")
    with pytest.raises(ValueError, match="x: step 0 is not in the trace"):
        label_trace(item, sound, id="x", steps=["Nothing of the kind."])


def test_examples_depend_on_their_item_alone(items: list[Item]) -> None:
    mixture = {"sound": 1, "reality": 1, "lucky": 1, "terse": 1}
    examples = build_examples(items[:40], mixture, 3)
    assert examples[7:9] == build_examples(items[7:9], mixture, 3)
    assert examples != build_examples(items[:40], mixture, 4)
    assert {e["narrator"] for e in examples} == set(mixture)
    for item, example in zip(items, examples, strict=False):
        verdict = Checker(item).check(example["trace"])
        assert metrics.first_error([float(x) for x in example["labels"]], 0.5) == verdict.first_error
    with pytest.raises(ValueError, match="no narrator loud; known: sound"):
        build_examples(items[:1], {"loud": 1}, 0)
    with pytest.raises(ValueError, match="at least one above 0"):
        build_examples(items[:1], {"sound": 0}, 0)


def test_split_is_by_story_and_leaks_are_refused(split: Any) -> None:
    train, test = split
    assert len(train) == 240 and len(test) == 160
    assert not {e["story_id"] for e in train} & {e["story_id"] for e in test}
    with pytest.raises(ValueError, match="1 stories are on both sides.*" + train[0]["story_id"]):
        check_no_leak(train, [*test, train[0]])
    with pytest.raises(ValueError, match="on both sides"):
        check_no_leak(train, [{**train[0], "story_id": "renamed"}])
    with pytest.raises(ValueError, match="no story_id"):
        split_by_story([{"id": "a"}], 0.5, 0)


def test_files_round_trip_and_doctests(tmp_path: Path, split: Any) -> None:
    path = tmp_path / "a" / "examples.jsonl"
    write_examples(path, split[1][:9])
    assert read_examples(path) == split[1][:9]
    soft = {"prompt": "Where?", "completions": ["a", "b"], "labels": [0.25, None]}
    path.write_text("\n" + json.dumps(soft) + "\n")
    assert read_examples(path) == [{**soft, "prefix_labels": [0.25, None]}]
    assert prefix_of([0.5, False, 1.0]) == [0.5, False, False]
    for module in (data, model):
        tried = doctest.testmod(module)
        assert tried.attempted and not tried.failed


BAD_ROWS = [
    ({"labels": [True]}, "2 steps but 1 labels"),
    ({"prefix_labels": []}, "2 steps but 0 prefix_labels"),
    ({"labels": [True, 1.5]}, r"labels\[1\] is 1.5; use true, false, a number in \[0, 1\] or null"),
    ({"labels": [True, float("nan")]}, r"labels\[1\] is nan"),
    ({"labels": [True, "+"]}, r"labels\[1\] is '\+'"),
    ({"completions": ["a", " "]}, "step 1 is ' '"),
    ({"completions": []}, "completions must be a list of at least one step"),
    ({"trace": "b then a"}, "step 1 is not in the trace after the step before it"),
    ({"prompt": 3}, "prompt and trace must be strings"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ROWS)
def test_bad_examples_name_the_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {"prompt": "p", "completions": ["a", "b"], "labels": [True, None]}
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps({**good, **change}) + "\n")
    with pytest.raises(ValueError, match=f"e.jsonl line 2: {message}"):
        read_examples(path)
    with pytest.raises(ValueError, match=f"example 1: {message}"):
        write_examples(path, [{**good, **change}])


def test_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    for text, message in [
        ("{}\n", "line 1: lacks prompt, completions, labels"),
        ("[1]\n", "line 1: expected an object, found list"),
        ("{'a'", "line 1: not JSON"),
        ("\n", "no rows"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_examples(path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_examples(tmp_path / "nowhere")


# -- alignment ----------------------------------------------------------------------------------


def byte_level() -> PreTrainedTokenizerFast:
    """Pieces of bytes, so that a character may span tokens, with a BOS and an EOS."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"], show_progress=False
    )
    core.train_from_iterator(["Ann sees it.\nBob misses it.\nSo Ann thinks.\n\n"] * 9, trainer)
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>")


def check_alignment(tokenizer: Any, prompt: str, steps: list[str]) -> None:
    encoded = encode(tokenizer, prompt, steps)
    text, spans = model.join(prompt, steps)
    for end, (_, stop) in zip(encoded.ends, spans, strict=True):
        with_it = tokenizer.decode(encoded.ids[: end + 1], skip_special_tokens=True)
        without = tokenizer.decode(encoded.ids[:end], skip_special_tokens=True)
        assert with_it.startswith(text[:stop]) and not without.startswith(text[:stop])
        assert not with_it[stop:].strip()  # the token ends the step; it may hold the line break too


def test_scored_token_ends_its_step(base: Path, split: Any) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    for example in split[1][:40]:
        check_alignment(tokenizer, example["prompt"], example["completions"])
        encoded = encode(tokenizer, example["prompt"], example["completions"])
        # Qwen2's tokenizer cuts a full stop and the line break after it as one token.
        assert {tokenizer.decode(encoded.ids[e]) for e in encoded.ends} <= {".", ".\n"}


BYTES = byte_level()


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=9),
    st.lists(st.text("Ann ses it.…é語🙂\n", min_size=1, max_size=12), min_size=1, max_size=4),
)
def test_scored_token_ends_its_step_whatever_the_bytes(prompt: str, steps: list[str]) -> None:
    steps = [s for s in steps if s.strip()]
    check_alignment(BYTES, prompt.replace("\r", ""), steps)


def test_alignment_refuses(base: Path, split: Any) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    example = split[1][0]
    with pytest.raises(TooLong, match=r"row 7: \d+ tokens, the model takes 50"):
        encode(tokenizer, example["prompt"], example["completions"], limit=50, where="row 7")
    blind = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    with pytest.raises(ValueError, match=r"step 1 .* has no last token of its own"):
        encode(PreTrainedTokenizerFast(tokenizer_object=blind), "p", ["a", "b"])


# -- loss and training --------------------------------------------------------------------------


def test_loss_takes_soft_labels_and_leaves_null_out() -> None:
    logits = torch.tensor([[0.3, -1.0], [2.0, 0.5], [-0.5, 0.25]])
    hard = torch.tensor([0.0, 1.0, 1.0])
    weights = torch.tensor([2.0, 0.5])
    expected = torch.nn.functional.cross_entropy(logits, hard.long(), weights)
    torch.testing.assert_close(step_loss(logits, hard, (2.0, 0.5)), expected)
    soft = torch.tensor([0.0, 0.6, 1.0])
    torch.testing.assert_close(
        step_loss(logits, soft), torch.nn.functional.cross_entropy(logits, torch.stack([1 - soft, soft], -1))
    )
    assert step_loss(logits, soft) != step_loss(logits, hard)
    nulled = torch.tensor([0.0, 1.0, IGNORE])
    logits.requires_grad_()
    step_loss(logits, nulled).backward()
    assert logits.grad is not None and not logits.grad[2].any() and logits.grad[:2].all()
    torch.testing.assert_close(step_loss(logits, nulled), step_loss(logits[:2], hard[:2]))
    assert step_loss(logits, torch.full((3,), IGNORE)) == 0


def test_training_reads_the_labels_it_is_told_to(base: Path, split: Any, tmp_path: Path) -> None:
    def first_loss(name: str, given: list[Any], **more: Any) -> float:
        examples = [{**split[0][0], "labels": given}]
        options: dict[str, Any] = {"class_weights": (1.0, 1.0), "seed": 1, "device": "cpu", **more}
        train_prm(base, examples, tmp_path / name, steps=2, batch_size=1, learning_rate=1e-3, **options)
        return json.loads((tmp_path / name / "metrics.jsonl").read_text().splitlines()[0])["loss"]

    n = len(split[0][0]["labels"])
    hard = first_loss("hard", [True] * n)
    assert hard == first_loss("hard", [True] * n)  # the same again, in the place of the first
    assert hard == first_loss("float", [1.0] * n)
    assert hard != first_loss("soft", [0.6] * n)
    assert hard != first_loss("null", [None] * (n - 1) + [True])
    assert hard != first_loss("bf16", [True] * n, bf16=True)
    assert first_loss("p1", [True] * n, labels="prefix_labels") == first_loss(
        "p2", [None] * n, labels="prefix_labels"
    )
    same = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("hard", "float", "soft")]
    assert same[0] == same[1] != same[2]


def test_learns_on_held_out_stories(trained: Path, split: Any) -> None:
    found = evaluate(trained, split[1], device="cpu")
    assert found["traces"] == 160 and found["always_right"]["balanced_accuracy"] == 0.5
    assert found["balanced_accuracy"] > 0.6 and found["auroc"] > 0.6
    assert found["always_right"]["first_error"] == {"f1": 0.0, "error": 0.0, "correct": 1.0}
    assert found["first_error"]["f1"] > 0.1
    assert (
        not list(trained.parent.glob("*.partial"))
        and len((trained / "metrics.jsonl").read_text().split("\n")) == 101
    )
    assert "| examples | 240 |" in (trained / "README.md").read_text()


def test_training_refuses(base: Path, split: Any, tmp_path: Path) -> None:
    def train(examples: list[Any], out: Path = tmp_path / "m", **more: Any) -> Any:
        options: dict[str, Any] = {
            "steps": 1,
            "batch_size": 2,
            "learning_rate": 1e-3,
            "device": "cpu",
            **more,
        }
        return train_prm(base, examples, out, **options)

    good = split[0][:4]
    long = {
        **good[0],
        "id": "long",
        "completions": ["Ann sees it. " * 700],
        "labels": [True],
        "prefix_labels": [True],
        "trace": None,
    }
    with pytest.raises(TooLong, match=r"example 5 \(long\): \d+ tokens, the model takes 2048"):
        train([*good, long])
    assert train([*good, long], skip_long=True)["skipped_long"] == 1
    with pytest.raises(ValueError, match=r"example 1 \(.*\): 1 steps but"):
        train([{**good[0], "completions": ["x"], "trace": None}])
    with pytest.raises(ValueError, match="none has a label"):
        train([{**e, "labels": [None] * len(e["labels"])} for e in good])
    with pytest.raises(ValueError, match="nothing to tell apart"):
        train([{**e, "labels": [True] * len(e["labels"])} for e in good])
    with pytest.raises(ValueError, match="steps=0"):
        train(good, steps=0)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metrics.jsonl").write_text("of something else")
    with pytest.raises(ValueError, match="mine: holds something other"):
        train(good, tmp_path / "mine")


# -- the saved model ----------------------------------------------------------------------------


def test_saved_folder_is_plain_transformers(trained: Path, split: Any, tmp_path: Path) -> None:
    prm, tokenizer = load_prm(trained, "cpu")
    rows = [encode(tokenizer, e["prompt"], e["completions"]) for e in split[1][:8]]
    scores = step_probabilities(prm, rows)
    prm.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, _ = load_prm(tmp_path, "cpu")
    assert step_probabilities(again, rows) == scores

    plain, info = AutoModelForTokenClassification.from_pretrained(trained, output_loading_info=True)
    assert type(plain).__name__ == "Qwen2ForTokenClassification" and not info["missing_keys"]
    assert not info["unexpected_keys"] and plain.score.weight.shape == (2, 64)
    config = json.loads((trained / "config.json").read_text())
    assert config["id2label"] == {"0": "contradicted", "1": "supported"}
    with torch.inference_mode():
        for row, expected in zip(rows, scores, strict=True):
            given_ids = plain(input_ids=torch.tensor([row.ids])).logits[0].softmax(-1)[row.ends, 1]
            assert given_ids.tolist() == pytest.approx(expected, abs=1e-5)


def test_one_pass_equals_one_pass_a_prefix(trained: Path, split: Any) -> None:
    prm, tokenizer = load_prm(trained, "cpu")
    for example in split[1][:5]:
        steps = example["completions"]
        whole = step_probabilities(prm, [encode(tokenizer, example["prompt"], steps)])[0]
        prefixes = [encode(tokenizer, example["prompt"], steps[: k + 1]) for k in range(len(steps))]
        alone = [step_probabilities(prm, [p])[0][-1] for p in prefixes]
        assert whole == pytest.approx(alone, abs=1e-5) and len(set(whole)) > 1
    assert end_logits(prm, [encode(tokenizer, "p", ["a", "b"])]).shape == (2, 2)


def test_load_refuses(base: Path, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a token-classification head"):
        load_prm(base)
    with pytest.raises(FileNotFoundError, match="no such model folder"):
        load_prm(tmp_path / "none")
    prm, tokenizer = load_prm(trained, "cpu")
    prm.config.id2label = {0: "B-PER", 1: "O"}
    prm.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"its labels are .*B-PER"):
        load_prm(tmp_path)
    config = json.loads((base / "config.json").read_text())
    for name, kind, message in [
        ("headless", "Qwen2ForTokenClassification", "weights are missing"),
        ("bert", "BertModel", "start from a causal LM"),
    ]:
        folder = tmp_path / name
        build_policy(tokenizer, hidden=64, layers=2).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        labels = {"id2label": model.ID2LABEL, "label2id": {v: k for k, v in model.ID2LABEL.items()}}
        (folder / "config.json").write_text(json.dumps({**config, **labels, "architectures": [kind]}))
        with pytest.raises(ValueError, match=message):
            load_prm(folder, new_head=True)


# -- verdict rows -------------------------------------------------------------------------------


def test_rows_have_the_checkers_schema(trained: Path, items: list[Item]) -> None:
    prm = Prm.load(trained, "cpu")
    text = NARRATORS["lucky"](items[0], np.random.default_rng(1))
    row, checked = prm.score(items[0], text), Checker(items[0]).check(text).as_row()
    assert set(checked) < set(row) and row["id"] == items[0].id and row["order"] == 1
    assert [(s["start"], s["end"], s["text"]) for s in row["steps"]] == [
        (s["start"], s["end"], s["text"]) for s in checked["steps"]
    ]
    for step in row["steps"]:
        assert set(step) == set(checked["steps"][0])
        assert step["status"] == ("supported" if step["score"] > 0.5 else "contradicted")
    statuses = [s["status"] for s in row["steps"]]
    expected = statuses.index("contradicted") if "contradicted" in statuses else -1
    assert row["first_error"] == expected
    assert row["process"]["min"] == min(s["score"] for s in row["steps"])
    assert row["answer"] == {"text": checked["answer"]["text"], "status": "uncheckable"}
    empty = prm.score(items[0], "<think></think>")
    assert empty["steps"] == [] and empty["first_error"] == -1 and empty["process"]["mean"] is None


def test_score_rows_follow_given_steps(trained: Path) -> None:
    prm, tokenizer = load_prm(trained, "cpu")
    row = {
        "id": 4,
        "story": "1 Ann is in the hall.",
        "question": "Where is Ann?",
        "trace": "First a; then b.",
        "mine": 1,
    }
    cut = score_rows(prm, tokenizer, [{**row, "steps": [{"text": "a;"}, {"text": "b"}]}])[0]
    assert [(s["start"], s["end"]) for s in cut["steps"]] == [(6, 8), (14, 15)] and cut["mine"] == 1
    same = score_rows(
        prm, tokenizer, [{"prompt": "1 Ann is in the hall.\nWhere is Ann?\n", "trace": "a;\nb"}]
    )[0]
    assert [s["score"] for s in same["steps"]] == pytest.approx([s["score"] for s in cut["steps"]], abs=1e-6)
    long = {**row, "trace": "a.\n" + "b " * length_limit(prm, tokenizer)}
    with pytest.raises(TooLong, match="row 2: "):
        score_rows(prm, tokenizer, [row, long])
    first, second = score_rows(prm, tokenizer, [row, long], skip_long=True)
    assert "error" not in first and first["steps"][0]["score"] is not None
    assert "the model takes" in second["error"] and second["steps"][1]["status"] == "uncheckable"


def test_metrics_by_hand() -> None:
    labels = [[True, False, True], [True, None, 1.0], [False, 0.2], [None]]
    scores = [[0.9, 0.5, 0.8], [0.7, 0.0, 0.6], [0.6, 0.1], [0.0]]
    found = metrics.measure(labels, scores)
    assert found["traces"] == 3 and found["steps"] == 7 and found["wrong"] == pytest.approx(3 / 7)
    assert found["accuracy"] == pytest.approx(6 / 7) and found["balanced_accuracy"] == pytest.approx(5 / 6)
    assert found["auroc"] == pytest.approx(11.5 / 12)  # 0.6 against 0.6 is a tie
    assert found["first_error"] == {"f1": pytest.approx(2 / 3), "error": 0.5, "correct": 1.0}
    only = metrics.measure([[True]], [[0.9]])
    assert only["balanced_accuracy"] is None and only["auroc"] is None and only["first_error"]["f1"] is None
    assert metrics.first_error_f1([0, -1], [1, 0])["f1"] == 0.0
