"""tomprm tells right reasoning from right answers in theory-of-mind tasks, and trains on the difference."""

__version__ = "0.1.0"
