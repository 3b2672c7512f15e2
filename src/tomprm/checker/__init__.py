"""Verdicts: each step of a trace supported, contradicted, uncheckable or without a claim, with reasons."""
