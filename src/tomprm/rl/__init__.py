"""Reinforcement learning: rollout, score, credit, update; embedded, on OpenRLHF, or in other stacks."""
