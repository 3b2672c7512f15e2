"""Traces: a model's text as steps with character spans, and the claims that each step makes."""
