"""Rewards over HTTP: `tomprm serve`. One application, for any stack that can post JSON.

    GET  /health  -> {"service": "tomprm", "version": ..., "prm": ..., "scored": n}
    POST /score   {"item": {...}, "text": "...", "reward": {...}?} -> Judged.as_row()

`item` is a trace row without the trace (docs/schemas.md), `reward` a reward section of the config. What
cannot be judged, or makes a reward fail, is answered with 422 and the reason: to ask again would not help.
So is a reward by another PRM than the one that the service was started with: no request makes it load
a model.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from pydantic import BaseModel

import tomprm
from tomprm.config import RewardConfig
from tomprm.rl.scoring import LocalScorer, same_folder

_REWARDS = 16  # configurations whose replays are kept


class Sample(BaseModel):
    """The body of `POST /score`."""

    item: dict[str, Any]
    text: str
    reward: dict[str, Any] | None = None


def application(default: RewardConfig) -> Any:
    """The FastAPI application; `default` is used where a request names no reward, and its PRM is the only
    one."""
    from fastapi import FastAPI, HTTPException

    app = FastAPI(title="tomprm", version=tomprm.__version__)
    scorers: OrderedDict[str, LocalScorer] = OrderedDict()
    count = {"scored": 0}

    def scorer(given: dict[str, Any] | None) -> LocalScorer:
        config = RewardConfig.model_validate(given) if given else default
        if config.judge != "checker":
            if not same_folder(config.prm, default.prm):
                own = default.prm or "no PRM"
                raise ValueError(f"this service has {own}, not {config.prm}; start `tomprm serve --prm`")
            config = config.model_copy(update={"prm": default.prm})
        key = config.model_dump_json()
        if key not in scorers:
            scorers[key] = LocalScorer(config)
            if len(scorers) > _REWARDS:
                scorers.popitem(last=False)
        scorers.move_to_end(key)
        return scorers[key]

    @app.get("/health")
    async def health() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"service": "tomprm", "version": tomprm.__version__, "prm": default.prm, **count}

    # Not in a thread pool: checking is pure Python, a checker belongs to one thread, a PRM has one device.
    @app.post("/score")
    async def score(request: Sample) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        try:
            result = scorer(request.reward)(request.item, request.text).as_row()
        except Exception as error:
            raise HTTPException(422, f"{type(error).__name__}: {error}") from error
        count["scored"] += 1
        return result

    return app


def serve(default: RewardConfig, host: str, port: int) -> None:
    """Serve until Ctrl-C.

    Raises:
        ValueError: the extra `serve` is not installed.
        FileNotFoundError, ValueError: the reward's PRM cannot be loaded.
    """
    try:
        import uvicorn
    except ImportError:
        raise ValueError("`tomprm serve` needs the extra; pip install 'tomprm[serve]'") from None
    if default.prm:
        from tomprm.prm.reward import shared_prm

        shared_prm(default.prm)  # errors come now, and the first request does not wait
    about = {"reward": default.name, "judge": default.judge, "prm": default.prm}
    print(json.dumps({"serving": f"http://{host}:{port}", **about}), flush=True)
    uvicorn.run(application(default), host=host, port=port, log_level="warning")
