"""The command line: what each verb writes, and that bad input is one line on stderr and exit code 2."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rl_fixtures import random_policy, save_policy, small_config, tiny_tokenizer

from tomprm import cli
from tomprm.config import dump_config
from tomprm.rl.models import load_policy
from tomprm.rl.train import Trainer

VERBS = (
    ("compare",), ("train-rl",), ("warm-start",), ("generate",), ("solve",), ("audit",), ("check",),
    ("exploits",), ("prm",), ("prm", "build"), ("prm", "train"), ("prm", "eval"), ("score",), ("bench",),
    ("report",), ("serve",), ("view",),
)  # fmt: skip
QUICKSTART = Path(__file__).parent.parent / "configs" / "quickstart.yaml"


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Result]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """`tomprm ARGS` in this process; `stdin` is what is piped in."""

    def run(*args: object, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = 0
        try:
            cli.main([str(a) for a in args])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Result(code, *capsys.readouterr())

    return run


def refusal(result: Result) -> str:
    """The one line of a refusal."""
    assert result.code == 2, result.err
    assert "Traceback" not in result.err
    lines = [line for line in result.err.splitlines() if line.startswith("tomprm: ")]
    assert len(lines) == 1 and result.err.strip().splitlines()[-1] == lines[0], result.err
    return lines[0].removeprefix("tomprm: ")


def only_line(result: Result) -> str:
    found = refusal(result)
    assert result.err == f"tomprm: {found}\n", "nothing else is printed"
    return found


# -- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_an_example(call: Call, verb: tuple[str, ...]) -> None:
    shown = call(*verb, "--help")
    text = " ".join(shown.out.split())
    assert shown.code == 0
    assert f"Example: tomprm {' '.join(verb)}" in text


def test_help_lists_the_verbs(call: Call) -> None:
    shown = call("--help")
    assert shown.code == 0
    listed = re.findall(r"• ([\w-]+)", shown.out)
    assert listed == [verb[0] for verb in VERBS if len(verb) == 1]


@pytest.mark.parametrize("args", [("frobnicate",), ("generate", "--nn", "3"), ("generate", "--n", "x"), ()])
def test_unknown_words_are_exit_code_2(call: Call, args: tuple[str, ...]) -> None:
    shown = call(*args)
    assert shown.code == 2 and shown.err and not shown.out


# -- generate and check -------------------------------------------------------------------------


def test_generate_then_check(call: Call) -> None:
    made = call("generate", "--n", 8, "--traces", "sound", "--orders", 1, 2, 3)
    assert made.code == 0 and len(made.rows()) == 8
    judged = call("check", stdin=made.out)
    assert judged.code == 0 and judged.err == ""
    for row, verdict in zip(made.rows(), judged.rows(), strict=True):
        assert verdict["id"] == row["id"] and verdict["first_error"] == -1
        assert verdict["process"]["sound"] and verdict["process"]["coverage"] == 1
        assert verdict["answer"] == {"text": row["answer"], "status": "supported", "error": None}
        assert verdict["rewards"]["total"] == pytest.approx(1.1)
        for step in verdict["steps"]:
            assert row["trace"][step["start"] : step["end"]] == step["text"]


def test_corrupted_traces_are_caught_at_their_step(call: Call) -> None:
    made = call("generate", "--n", 20, "--traces", "corrupted")
    judged = call("check", stdin=made.out)
    assert [r["first_error"] for r in judged.rows()] == [r["corrupted_step"] for r in made.rows()]


@pytest.mark.parametrize("traces", ["reality", "lucky", "terse"])
def test_other_narrators(call: Call, traces: str) -> None:
    made = call("generate", "--n", 6, "--traces", traces)
    judged = call("check", "--reward", "outcome", stdin=made.out)
    assert judged.code == 0 and len(judged.rows()) == 6


def test_generation_is_seeded(call: Call) -> None:
    again = [call("generate", "--n", 4, "--seed", seed).out for seed in (3, 3, 4)]
    assert again[0] == again[1] != again[2]
    assert call("generate", "--n", 4, "--split", "other", "--seed", 3).out != again[0]


def test_generate_in_hitoms_manner(call: Call) -> None:
    made = call("generate", "--mode", "hitom", "--orders", 0, 4, "--chapters", 2, "--deception", "--n", 4)
    assert [row["order"] for row in made.rows()] == [0, 4, 0, 4]
    told = call("generate", "--register", "inverted", "--vocabulary", "held_out", "--n", 2)
    assert "Into the" in told.rows()[0]["story"]


def test_files_are_written_whole(call: Call, tmp_path: Path) -> None:
    items, verdicts = tmp_path / "new" / "items.jsonl", tmp_path / "verdicts.jsonl"
    made = call("generate", "--n", 4, "--traces", "sound", "--out", items)
    assert made.out == "" and made.err == f"wrote {items}: 4 rows\n"
    judged = call("check", "--input", items, "--output", verdicts)
    assert judged.code == 0 and judged.err == f"wrote {verdicts}: 4 rows\n"
    assert len(verdicts.read_text().splitlines()) == 4
    assert not list(tmp_path.rglob("*.partial"))


def test_given_steps_and_extra_keys(call: Call) -> None:
    row = call("generate", "--n", 1, "--traces", "sound").rows()[0] | {"model": "me"}
    first = row["trace"].splitlines()[1]
    row["steps"] = [{"text": first}]
    (verdict,) = call("check", stdin=json.dumps(row)).rows()
    assert [step["text"] for step in verdict["steps"]] == [first] and verdict["model"] == "me"


def test_bad_rows_are_named_and_the_others_written(call: Call, tmp_path: Path) -> None:
    good = call("generate", "--n", 2, "--traces", "sound").rows()
    unknown = good[0] | {"id": "u", "story": good[0]["story"].replace("entered", "tiptoed into")}
    rows = [
        good[0],
        unknown,
        good[1] | {"id": "q", "question": "Why?"},
        {"id": "s", "question": "Where is the key really?", "trace": ""},
        good[1] | {"id": "p", "profile": "opera"},
        good[1] | {"id": "x", "steps": [{"text": "not in there"}]},
        {k: v for k, v in good[1].items() if k != "trace"} | {"id": "t"},
        good[1],
    ]
    path, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    result = call("check", "--input", path, "--output", output)
    assert refusal(result) == "6 rows could not be checked; the others are written"
    written = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in written] == [good[0]["id"], *"uqspxt", good[1]["id"]]
    errors = {row["id"]: row["error"] for row in written if "error" in row}
    assert errors["u"].startswith("line 1: unknown sentence") and "; rewrite it" in errors["u"]
    for key, said in zip("qspxt", ("unknown question", "story", "opera", "step 0", "trace"), strict=True):
        assert said in errors[key] and ";" in errors[key]
    assert f"row 2: {errors['u']}\n" in result.err
    assert written[0]["rewards"]["total"] == written[-1]["rewards"]["total"] == pytest.approx(1.1)


def test_the_verifier_verifies_itself(call: Call) -> None:
    result = call("check", "--self-test", "--n", 8)
    assert result.code == 0 and json.loads(result.out)["passed"] is True


# -- solve and audit ----------------------------------------------------------------------------


def test_solve_the_corrected_release(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "solved.jsonl"
    result = call("solve", "--out", path)
    assert result.code == 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 600
    assert {"id", "order", "question", "gold", "engine", "agree", "reason"} <= rows[0].keys()
    assert all(row["agree"] for row in rows), "the corrected labels are the engine's"
    assert "600" in result.err and "agree" in result.err


def test_audit(call: Call, tmp_path: Path) -> None:
    result = call("audit", "--generated", "--n", 80, "--out", tmp_path / "audit")
    assert result.code == 0
    assert (tmp_path / "audit" / "audit.md").read_text().strip() in result.out
    rows = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert len(rows) > 5
    assert "world state" in result.out and "blind guess" in result.out


# -- policies -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_policy(tmp_path_factory.mktemp("policy"), random_policy())


@pytest.fixture
def config(policy: Path, tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(small_config(policy, data__train_items=4)))
    return path


def test_train_rl(call: Call, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    args = ("train-rl", config, "--arm", "outcome", "--seed", 3, "--out", out)
    result = call(*args)
    assert result.code == 0 and result.out.splitlines()[-1].startswith(f"wrote {out / 'policy'}")
    assert sum(line.startswith("step ") for line in result.out.splitlines()) == 2
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 2
    assert call(*args).code == 0, "a finished run is finished"
    found = refusal(call("train-rl", config, "--arm", "process", "--seed", 3, "--out", out))
    assert "is of config" in found and "arm outcome, seed 3" in found and "name a new folder" in found
    assert "holds a run of another config" in refusal(call(*args, "--set", "rl.kl_coef=0"))


def test_ctrl_c_says_how_to_go_on(
    call: Call, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "run", interrupted)
    result = call("train-rl", config, "--out", tmp_path / "run")
    assert result.code == 130
    assert result.err.splitlines()[-1] == f"tomprm: stopped; the same command goes on from {tmp_path / 'run'}"


@pytest.mark.slow
def test_warm_start(call: Call, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    phases = "[{steps: 2, batch_size: 4, mixture: {sound: 1, terse: 1}}]"
    sets = ("items=24", "hidden=32", "layers=1", "heads=2", "vocab_size=400", f"phases={phases}")
    args = ["warm-start", config, "--out", out]
    for key in (*(f"warm_start.{s}" for s in sets), "policy.max_new_tokens=4"):
        args += ["--set", key]
    result = call(*args)
    assert result.code == 0 and result.out.splitlines()[-1] == f"wrote {out}"
    model, tokenizer = load_policy(small_config(out).policy)
    assert model.config.hidden_size == 32 and tokenizer.decode(tokenizer("Ann")["input_ids"]) == "Ann"
    assert "apache-2.0" in (out / "README.md").read_text()
    assert only_line(call(*args)) == f"--out {out}: is not empty; name a new folder"


# -- bad input ----------------------------------------------------------------------------------


def verbs_that_train(config: Path) -> Iterator[tuple[object, ...]]:
    yield from (("compare", config), ("train-rl", config), ("warm-start", config))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("rl.stps=3", "unknown key rl.stps; known here: estimator"),
        ("rl.steps=0", "rl.steps: Input should be greater than 0 (given 0); correct it"),
        ("data.moves=[1,1]", "moves=(1, 1) cannot visit 3 places; give a range"),
        ("rl.steps", "--set rl.steps: expected key=value"),
        ("rl.steps=[", "is not valid YAML"),
    ],
)
def test_bad_configs_stop_before_anything(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, override: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in verbs_that_train(QUICKSTART):
        assert expected in only_line(call(*verb, "--set", override))
    assert list(tmp_path.iterdir()) == []


def test_missing_files(call: Call, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    for verb in verbs_that_train(lost):
        assert (
            only_line(call(*verb)) == f"{lost}: no such config; name a file such as configs/quickstart.yaml"
        )
    assert only_line(call("check", "--input", lost)).startswith(f"{lost}: no such file; give a JSON Lines")
    for verb in (("solve",), ("audit",)):
        assert f"{lost}: no such file; give Hi-ToM_data.json" in only_line(call(*verb, "--path", lost))
    assert "no such file" in only_line(call("report", lost))
    assert "no such file" in only_line(call("prm", "train", lost))


# What is done to a policy's folder -> what is said of it.
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (shutil.rmtree, "is no folder; give a saved model's folder or a hub name"),
    "no tokenizer": (lambda p: [f.unlink() for f in p.glob("*token*")], "lacks a tokenizer; save one there"),
    "no weights": (lambda p: (p / "model.safetensors").unlink(), "lacks weights; give a folder saved by"),
    "no config": (lambda p: (p / "config.json").unlink(), "lacks config.json; give a folder saved by"),
    "torn config": (lambda p: (p / "config.json").write_text("{"), "no usable tokenizer"),
    "unknown model": (lambda p: (p / "config.json").write_text('{"model_type": "abacus"}'), "; "),
    "torn tokenizer": (lambda p: (p / "tokenizer.json").write_text("{"), "has no usable tokenizer"),
    "torn weights": (lambda p: (p / "model.safetensors").write_bytes(b"x" * 99), "cannot be loaded as a"),
}  # fmt: skip


@pytest.mark.parametrize("damage", list(BROKEN))
def test_a_policy_that_cannot_be_used(call: Call, policy: Path, tmp_path: Path, damage: str) -> None:
    broken = tmp_path / "policy"
    shutil.copytree(policy, broken)
    act, expected = BROKEN[damage]
    act(broken)
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(small_config(broken)))
    out = tmp_path / "run"
    found = refusal(call("compare", path, "--out", out))
    assert found.startswith(f"policy.model: {broken} ") and expected in found
    assert not out.exists()


def test_a_tokenizer_without_an_end(call: Call, tmp_path: Path) -> None:
    folder = save_policy(tmp_path / "policy")
    tokenizer = tiny_tokenizer()
    tokenizer.eos_token = None  # pyright: ignore
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text()) | {"eos_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(small_config(folder)))
    assert "has no EOS token; set eos_token" in refusal(call("compare", path, "--out", tmp_path / "run"))


def test_a_tokenizer_of_another_model(call: Call, tmp_path: Path) -> None:
    folder = save_policy(tmp_path / "policy")
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([f"word{i}" for i in range(9)])
    tokenizer.save_pretrained(folder)
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(small_config(folder)))
    found = refusal(call("compare", path, "--out", tmp_path / "run"))
    assert re.search(r"tokenizer .* has \d+ tokens, its model \d+; save the tokenizer of that model", found)


def test_cuda_where_there_is_none(call: Call, config: Path, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("torch sees a GPU here; this is about machines without one")
    found = refusal(call("compare", config, "--set", "policy.device=cuda", "--out", tmp_path / "run"))
    assert found == "policy.device: cuda is asked for but torch sees no GPU; use auto or cpu"


def test_run_folders_of_others(call: Call, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "config.yaml").write_text(config.read_text().replace("seed: 0", "seed: 5"))
    for verb in ("compare", "train-rl"):
        found = refusal(call(verb, config, "--out", out))
        assert f"--out {out}: holds a run of another config" in found and "name a new folder" in found
    (out / "config.yaml").rename(out / "notes.yaml")
    assert "is not empty and holds no run; name a new folder" in refusal(
        call("compare", config, "--out", out)
    )
    assert "is a file; name a folder" in refusal(call("compare", config, "--out", config))


def test_unknown_arms_and_empty_warm_starts(call: Call) -> None:
    found = only_line(call("train-rl", QUICKSTART, "--arm", "best"))
    assert found == f"--arm best: not in {QUICKSTART}; its arms are outcome, process"
    assert "warm_start.phases is empty; list" in only_line(call("warm-start", QUICKSTART))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no rows; write one JSON object a line"),
        ('{"id": 1}\n{"id"\n', "line 2 is no JSON ("),
        ("[1, 2]\n", "line 1 is no object; write one object a line"),
    ],
)
def test_files_that_are_no_rows(call: Call, tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    found = only_line(call("check", "--input", path, "--output", tmp_path / "out.jsonl"))
    assert found.startswith(f"{path}: ") and expected in found
    assert not (tmp_path / "out.jsonl").exists()
    assert expected in refusal(call("check", stdin=text))


def test_files_that_are_no_text(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    assert only_line(call("check", "--input", path)).startswith(f"{path}: line 1 is not UTF-8 text")
    path.write_text('{"data": []}')
    assert "expected a `data` list with rows" in only_line(call("solve", "--path", path))
    path.write_text('{"data": [{"story": "1 Ann danced."}]}')
    assert "row 0 lacks " in only_line(call("audit", "--path", path))


def test_a_released_story_with_an_unknown_sentence(call: Call, tmp_path: Path) -> None:
    """The other questions are answered, and the reason names the line."""
    row = {
        "story": "1 Ann entered the hall.\n2 Ann danced on the table.",
        "question": "Where does Ann really think the key is?",
        "choices": "A. red_box, B. bag",
        "answer": "bag",
        "prompting_type": "CoTP",
        "deception": False,
        "story_length": 1,
        "question_order": 1,
    }
    fine = row | {"story": "1 Ann entered the hall.\n2 The key is in the bag."}
    path = tmp_path / "Hi-ToM_data.json"
    path.write_text(json.dumps({"data": [row, *[fine] * 20]}))  # one in 21: less than 5 %
    result = call("solve", "--path", tmp_path)
    assert result.code == 0
    assert "1 of 21 stories cannot be read:\nhitom/0 (row 0): line 2: unknown sentence" in result.err
    first, second, *_ = result.rows()
    assert first["engine"] is None and first["agree"] is None
    assert "line 2: unknown sentence 'Ann danced on the table.'; rewrite it" in first["reason"]
    assert second["engine"] == "bag" and second["agree"] is True
    path.write_text(json.dumps({"data": [row, fine]}))
    assert "1 of 2 stories cannot be read (more than 5 %): hitom/0 (row 0): line 2" in only_line(
        call("audit", "--path", path)
    )


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("generate", "--n", 0), "--n 0: give at least 1"),
        (("generate", "--seed", -1), "--seed -1: give at least 0"),
        (("generate", "--orders", 0), "--orders (0,): orders run from 1 to 4 in mode shortcut_free"),
        (("generate", "--mode", "hitom", "--orders", 5), "orders run from 0 to 4 in mode hitom"),
        (("generate", "--places", 7), "--places 7 --moves (3, 4): need 2 to 6 places"),
        (("generate", "--moves", 2, 2), "need 2 to 6 places and at least places - 1 moves"),
        (("audit", "--generated", "--n", 0), "--n 0: give at least 1"),
        (("audit", "--generated", "--moves", 1, 1), "raise moves or lower places"),
        (("check", "--self-test", "--n", 0), "--n 0: give at least 1"),
        (("prm", "build", "x.jsonl", "--seed", -2), "--seed -2: give at least 0"),
        (("train-rl", QUICKSTART, "--seed", -2), "--seed -2: give at least 0"),
    ],
)
def test_impossible_options(call: Call, args: tuple[object, ...], expected: str) -> None:
    assert expected in only_line(call(*args))


def test_places_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    for out in (tmp_path, Path("/dev/null/x.jsonl")):
        assert "; name another file or folder" in only_line(call("generate", "--n", 1, "--out", out))


# -- pipes --------------------------------------------------------------------------------------


def shell(command: str) -> subprocess.CompletedProcess[str]:
    command = command.replace("tomprm", f"'{sys.executable}' -m tomprm.cli")
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)


def test_a_pipe() -> None:
    result = shell("set -o pipefail; tomprm generate --n 5 --traces sound | tomprm check")
    assert result.returncode == 0 and result.stderr == ""
    assert all(json.loads(line)["process"]["sound"] for line in result.stdout.splitlines())


def test_a_pipe_that_is_closed_early() -> None:
    result = shell("tomprm generate --n 300 | head -n 1")
    assert len(result.stdout.splitlines()) == 1 and result.stderr == ""


def test_symbolic_verbs_do_not_load_torch() -> None:
    code = (
        "import sys; from tomprm.cli import main; main(['generate', '--n', '2', '--out', '/dev/stdout']); "
        "print([m for m in ('torch', 'transformers', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[-1] == "[]", result.stderr
