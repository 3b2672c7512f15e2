"""Process reward models: the checker's output type with a probability, learned from labelled steps."""
