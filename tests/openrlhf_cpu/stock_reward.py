"""--reward.remote_url of the stock run: the share of lower-case letters in the answer."""

import torch


def reward_func(queries, prompts, labels):
    answers = [query[len(prompt) :] for query, prompt in zip(queries, prompts, strict=True)]
    scores = torch.tensor([sum(c.islower() for c in a) / max(1, len(a)) for a in answers])
    return {"rewards": scores, "scores": scores, "extra_logs": {}}
