"""A package with OpenRLHF's name and some of its flags, for tests where OpenRLHF is not installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Every flag that tomprm sets, and a few that it does not.
_FLAGS = """
actor.model_name_or_path actor.num_nodes actor.num_gpus_per_node actor.eps_clip_low_high
ref.num_nodes ref.num_gpus_per_node ref.offload critic.num_nodes critic.num_gpus_per_node
vllm.num_engines vllm.tensor_parallel_size vllm.enable_sleep vllm.gpu_memory_utilization
vllm.enforce_eager vllm.enable_prefix_caching train.colocate_all train.colocate_actor_ref train.async_enable
train.async_queue_size train.partial_rollout_enable train.agent_func_path train.batch_size
train.micro_batch_size train.num_episodes train.seed ds.enable_sleep ds.zero_stage ds.adam_offload
ds.param_dtype ds.lora.rank ds.ring_attn_size ds.tensor_parallel_size ds.packing_samples
actor.gradient_checkpointing_enable data.prompt_dataset data.input_key data.label_key
data.apply_chat_template data.input_template data.max_len rollout.batch_size
rollout.n_samples_per_prompt rollout.micro_batch_size rollout.max_new_tokens rollout.temperature
rollout.top_p algo.advantage.estimator algo.advantage.gamma algo.advantage.is_correction_level
algo.advantage.is_correction_mode algo.advantage.is_correction_threshold algo.kl.use_loss
actor.policy_loss_type actor.loss_agg_mode actor.dual_clip
algo.kl.init_coef algo.kl.estimator ckpt.path ckpt.output_dir ckpt.save_steps ckpt.max_num
ckpt.load_enable
"""
FLAGS = _FLAGS.split()
PER_MODEL = ("max_norm", "adam.lr", "adam.betas", "lr_scheduler", "lr_warmup_ratio")


def fake_package(folder: Path) -> Path:
    """`folder/openrlhf`, whose command line declares FLAGS; it must be read, not run."""
    lines = ["raise RuntimeError('the command line was imported')", "parser = None"]
    lines += [f'parser.add_argument("--{flag}")' for flag in FLAGS[::2]]
    lines += [f'parser.add_argument(\n    "--{flag}", default=None\n)' for flag in FLAGS[1::2]]
    lines += ['for prefix in ("actor", "critic"):']
    lines += [f'    parser.add_argument(f"--{{prefix}}.{flag}")' for flag in PER_MODEL]
    package = folder / "openrlhf"
    (package / "cli").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli" / "train_ppo_ray.py").write_text("\n".join(lines))
    return package


@contextmanager
def importable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`folder` first on sys.path; afterwards no module of `openrlhf` and no import hook stays behind."""
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "openrlhf"}
    finders = list(sys.meta_path)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.meta_path[:] = finders
            for name in [n for n in sys.modules if n.split(".")[0] == "openrlhf"]:
                del sys.modules[name]
            sys.modules.update(hidden)
