"""Configs: every shipped one loads, what is dumped loads again, and each error names its key and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tomprm.config import ConfigError, RewardConfig, RunConfig, dump_config, load_config

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.yaml"
    path.write_text("name: plain\nrl:\n  steps: 7\n", encoding="utf-8")
    return path


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, list(overrides))
    text = str(caught.value)
    assert "\n" not in text, "one line"
    return text


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    found = message(path)
    assert found.startswith(f"{path}: ")
    return found.removeprefix(f"{path}: ")


# -- what loads ---------------------------------------------------------------------------------


def test_there_are_configs() -> None:
    assert {"quickstart.yaml", "warm_start.yaml"} <= {path.name for path in CONFIGS}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_load_and_survive_a_round_trip(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    copy = tmp_path / "copy.yaml"
    copy.write_text(dump_config(config), encoding="utf-8")
    again = load_config(copy)
    assert again == config
    assert again.digest() == config.digest()
    assert dump_config(again) == dump_config(config)
    assert list(again.arms) == list(config.arms)


def test_the_quickstart_compares_outcome_and_process_over_two_seeds() -> None:
    config = load_config(next(path for path in CONFIGS if path.name == "quickstart.yaml"))
    assert list(config.arms) == ["outcome", "process"] and len(config.seeds) == 2
    assert "hitom" in config.data.suites


def test_an_empty_mapping_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("{}\n")
    assert load_config(path) == RunConfig()


def test_the_digest_is_of_what_changes_numbers(plain: Path) -> None:
    digest = load_config(plain).digest()
    assert len(digest) == 12 and int(digest, 16) >= 0
    for same in ("name=other", "workers=3", "wandb=offline", "rl.steps=7"):
        assert load_config(plain, [same]).digest() == digest
    others = [
        load_config(plain, [key]).digest()
        for key in (
            "rl.steps=8",
            "seeds=[0]",
            "data.seed=1",
            "policy.model=x",
            "eval.samples=2",
            "rl.gamma=0.9",
        )
    ]
    assert len({digest, *others}) == 7


def test_sections_are_frozen(plain: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_config(plain).rl.steps = 3  # pyright: ignore


# -- overrides ----------------------------------------------------------------------------------


def test_overrides(plain: Path) -> None:
    config = load_config(
        plain,
        [
            "rl.steps=9",
            "rl.learning_rate=1e-5",
            "seeds=[4, 5]",
            "data.suites=[id]",
            "arms={only: {name: hybrid, penalty: 2}}",
            "eval.samples=0",
            "rl.steps=10",
            "policy.model=a=b",
        ],
    )
    assert config.rl.steps == 10 and config.rl.learning_rate == 1e-5
    assert config.seeds == (4, 5) and config.data.suites == ("id",)
    assert config.arms == {"only": RewardConfig(name="hybrid", penalty=2)}
    assert config.eval.samples == 0 and config.policy.model == "a=b" and config.name == "plain"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("rl.steps", "--set rl.steps: expected key=value, such as rl.steps=20"),
        ("=3", "--set =3: expected key=value"),
        ("rl.steps=[1", "--set rl.steps=[1: [1 is not valid YAML"),
        ("name.x=3", "--set name.x=3: name is not a section; check the key"),
        ("rl.stps=3", "unknown key rl.stps; known here: estimator, steps"),
        ("rll.steps=3", "unknown key rll; known here: name"),
        ("rl.steps=soon", "rl.steps: "),
    ],
)
def test_bad_overrides(plain: Path, override: str, expected: str) -> None:
    assert expected in message(plain, override)


# -- files that cannot be read ------------------------------------------------------------------


def test_no_such_file(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.yaml"
    expected = f"{missing}: no such config; name a file such as configs/quickstart.yaml"
    assert message(missing) == expected
    assert "no such config" in message(tmp_path)  # a folder


def test_no_yaml(tmp_path: Path) -> None:
    assert written(tmp_path, "rl:\n  steps: [1, 2\nname: x\n").startswith("line 3: not valid YAML; correct")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    assert "not valid YAML" in message(path)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "3\n"])
def test_no_mapping(tmp_path: Path, text: str) -> None:
    assert "expected a mapping of sections, found" in written(tmp_path, text)


# -- keys and values ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rl: {stps: 3}", "unknown key rl.stps; known here: estimator, steps, prompts_per_step"),
        ("model: x", "unknown key model; known here: name, backend, arms"),
        ("arms: {a: {nme: outcome}}", "unknown key arms.a.nme"),
        (
            "warm_start: {phases: [{steps: 1, mixture: {sound: 1}, lr: 2}]}",
            "unknown key warm_start.phases.0.lr",
        ),
    ],
)
def test_unknown_keys(tmp_path: Path, text: str, expected: str) -> None:
    assert written(tmp_path, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rl: {steps: 0}", "rl.steps"),
        ("rl: {steps: 1.5}", "rl.steps"),
        ("rl: {steps: many}", "rl.steps"),
        ("rl: {learning_rate: -1}", "rl.learning_rate"),
        ("rl: {learning_rate: .nan}", "rl.learning_rate"),
        ("rl: {learning_rate: .inf}", "rl.learning_rate"),
        ("rl: {kl_coef: .nan}", "rl.kl_coef"),
        ("rl: {temperature: 0}", "rl.temperature"),
        ("rl: {gamma: 1.1}", "rl.gamma"),
        ("rl: {clip_low: 1}", "rl.clip_low"),
        ("rl: {kl_estimator: k4}", "rl.kl_estimator"),
        ("rl: {estimator: grpo}", "rl.estimator"),
        ("rl: {dual_clip: 1}", "rl.dual_clip"),
        ("rl: {loss_mean: row}", "rl.loss_mean"),
        ("rl: {is_correction: seq}", "rl.is_correction"),
        ("rl: {warmup_steps: -1}", "rl.warmup_steps"),
        ("rl: 7", "rl"),
        ("rl:", "rl"),
        ("eval: {samples: -1}", "eval.samples"),
        ("data: {places: 7}", "data.places"),
        ("data: {places: 1}", "data.places"),
        ("data: {train_orders: [5]}", "data.train_orders.0"),
        ("data: {train_orders: []}", "data.train_orders"),
        ("data: {suites: [id, easy]}", "data.suites.1"),
        ("data: {seed: -1}", "data.seed"),
        ("data: {moves: [3]}", "data.moves.1"),
        ("seeds: [0, -1]", "seeds.1"),
        ("seeds: 5", "seeds"),
        ("policy: {dtype: float16}", "policy.dtype"),
        ("policy: {prompt: chatty}", "policy.prompt"),
        ("arms: {a: {name: outcom}}", "arms.a.name"),
        ("arms: {a: {penalty: -1}}", "arms.a.penalty"),
        ("backend: ray", "backend"),
        ("wandb: sometimes", "wandb"),
        (
            "warm_start: {phases: [{steps: 1, mixture: {brilliant: 1}}]}",
            "warm_start.phases.0.mixture.brilliant",
        ),
        ("warm_start: {phases: [{steps: 1}]}", "warm_start.phases.0.mixture"),
    ],
)
def test_impossible_values_name_their_key(tmp_path: Path, text: str, key: str) -> None:
    found = written(tmp_path, text)
    assert found.startswith(f"{key}: ") or found.startswith(f"{key}."), found
    assert "(given " in found and found.endswith("; correct it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "data: {moves: [1, 2]}",
            "moves=(1, 2) cannot visit 3 places; give a range that starts at 2 or above",
        ),
        ("data: {moves: [3, 2]}", "moves=(3, 2) cannot visit 3 places"),
        ("data: {longer_moves: [1, 5]}", "longer_moves=(1, 5) cannot visit 3 places"),
        (
            "rl: {minibatches: 3}",
            "minibatches=3 does not divide the 128 rollouts of a step; choose a divisor",
        ),
        ("rl: {minibatches: 32}", "minibatches=32 is more than prompts_per_step=16"),
        ("rl: {estimator: reinforce_baseline, samples_per_prompt: 1}", "needs samples_per_prompt >= 2"),
        ("rl: {estimator: reinforce_baseline, gamma: 0.9}", "has gamma 1 (given 0.9)"),
        ("rl: {estimator: rloo, samples_per_prompt: 1}", "rloo needs samples_per_prompt >= 2; raise it"),
        ("rl: {estimator: group_norm, gamma: 0.9}", "group_norm has gamma 1 (given 0.9); drop gamma"),
        ("rl: {policy_loss_type: gspo}", "gspo is a mean over sequences; set loss_mean: sequence"),
        ("rl: {is_low: 2, is_high: 1.5}", "is_low=2.0 is not below is_high=1.5; exchange them"),
        ("arms: {}", "arms and seeds need at least one entry each; list them"),
        ("seeds: []", "arms and seeds need at least one entry each; list them"),
        ("seeds: [1, 1]", "seeds repeat; list each once"),
        ("arms: {warm_start: {}}", "an arm cannot be called warm_start, the baseline's name; rename it"),
        ("arms: {../x: {}}", "arms.../x: names a folder of the run; use letters"),
        ("arms: {a/b: {}}", "arms.a/b: names a folder of the run; use letters"),
        ("warm_start: {hidden: 100, heads: 4}", "hidden=100 is not an even number for each of 4 heads"),
        ("warm_start: {phases: [{steps: 1, mixture: {}}]}", "mixture is empty; give at least one narrator"),
        ("warm_start: {phases: [{steps: 1, mixture: {sound: 0}}]}", "mixture is empty; give at least one"),
    ],
)
def test_values_that_do_not_go_together(tmp_path: Path, text: str, expected: str) -> None:
    found = written(tmp_path, text)
    assert expected in found and ";" in found


def test_the_message_quotes_what_was_given(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({"rl": {"steps": -4}}))
    assert message(path) == f"{path}: rl.steps: Input should be greater than 0 (given -4); correct it"
