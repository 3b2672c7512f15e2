"""Belief states: what x1 thinks x2 thinks ... about any fact, at any moment; questions and obligations."""
