"""Rewards: verdicts to step rewards (scalar and breakdown), step rewards to credit per token."""
