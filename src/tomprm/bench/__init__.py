"""BeliefProcessBench: step-labelled reasoning about beliefs, its metrics and its baselines."""
