"""Step rewards for OpenRLHF: `--train.agent_func_path reward_models/openrlhf_agent.py`.

Thin on purpose: it only has to be a file that OpenRLHF can load by path. The hook that places the rewards
is Ray's `worker_process_setup_hook: tomprm.rl.openrlhf.hook.setup`; without it training fails and says so.
`tomprm train-rl` with `backend: openrlhf` sets both; by hand see docs/openrlhf.md.
"""

from tomprm.rl.openrlhf.agent import AgentExecutor

__all__ = ["AgentExecutor"]
