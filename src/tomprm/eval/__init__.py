"""Evaluation: in- and out-of-distribution suites, fidelity and faithfulness of a policy."""
