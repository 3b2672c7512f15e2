"""The harness without tomprm: OpenRLHF's own CLI and a plain reward function train the tiny policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import HERE, Cluster, run

FLAGS = """
--ref.num_nodes 1 --ref.num_gpus_per_node 1 --actor.num_nodes 1 --actor.num_gpus_per_node 1
--vllm.num_engines 1 --vllm.tensor_parallel_size 1 --vllm.enforce_eager --vllm.gpu_memory_utilization 0.05
--vllm.sync_backend gloo --ds.attn_implementation eager --ds.param_dtype bf16
--data.input_key input --data.label_key label --data.apply_chat_template --data.max_samples 8
--data.max_len 256 --rollout.max_new_tokens 48 --rollout.batch_size 4 --rollout.micro_batch_size 2
--rollout.n_samples_per_prompt 2 --train.batch_size 8 --train.micro_batch_size 4
--train.max_epochs 1 --train.num_episodes 1 --algo.advantage.estimator reinforce --algo.kl.init_coef 0.01
--actor.adam.lr 1e-3
"""


def write_prompts(path: Path, count: int) -> None:
    from tomprm.belief.generate import Recipe, generate
    from tomprm.trace.prompt import prompt_text
    from tomprm.world.generate import OpenShape

    items = generate(Recipe(orders=(1, 2), shape=OpenShape(places=3, moves=(2, 3))), 0, "harness", count)
    rows = [json.dumps({"input": prompt_text(item), "label": item.question.gold}) for item in items]
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.slow  # what it runs is run in test_step_rewards.py too
@pytest.mark.timeout(1000)  # 302 to 412 s on two cores at load 5 to 17
def test_stock_cli_trains(cluster: Cluster, chat_policy: Path, tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 8)  # 4 a step: 2 steps, the first with learning rate 0
    paths = {
        "--actor.model_name_or_path": chat_policy,
        "--reward.remote_url": HERE / "stock_reward.py",
        "--data.prompt_dataset": tmp_path / "prompts.jsonl",
        "--ckpt.output_dir": tmp_path / "model",
        "--ckpt.path": tmp_path / "ckpt",
    }
    flags = FLAGS.split() + [str(word) for pair in paths.items() for word in pair]
    run([str(HERE / "stock_driver.py"), *flags], cluster.env, timeout=900)

    from safetensors.torch import load_file

    before = load_file(chat_policy / "model.safetensors")
    after = load_file(tmp_path / "model" / "model.safetensors")
    head = after.pop("lm_head.weight")  # OpenRLHF writes it although it is tied
    assert head.equal(after["model.embed_tokens.weight"])
    assert set(before) == set(after)
    changes = {
        name: (after[name].float() - old.bfloat16().float()).abs().max() for name, old in before.items()
    }
    matrices = [change for name, change in changes.items() if before[name].dim() > 1]
    assert min(matrices) > 0, changes  # not so the norms: 1 + 1e-3 is 1 in bfloat16
    assert max(changes.values()) < 0.1, changes  # one step at rate 1e-3
