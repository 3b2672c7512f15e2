"""REINFORCE++ with step rewards in the real OpenRLHF pipeline: Ray, vLLM and DeepSpeed.

Nothing of OpenRLHF is edited or forked. Two seams carry the step rewards (docs/openrlhf.md):

    agent.py     one generation, judged in the rollout worker; steps travel in `extra_logs`   (wire.py)
    maker.py     the experience maker that turns them into token rewards, group by group
    hook.py      swaps it in, in every Ray worker, right after OpenRLHF's module is imported
    launch.py    the driver: Ray, the hook, OpenRLHF's own command line

and around them: flags.py (config -> OpenRLHF's flags), checks.py (what cannot work is refused before
Ray starts), data.py (prompt data sets), run.py (start, resume, find the policy), scorers.py (rewards
judged here, over HTTP or in a Ray actor).
"""
