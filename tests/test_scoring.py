"""Rewards judged here, over HTTP, through a service that dies, and the sample that a reward failed on."""

from __future__ import annotations

import json
import math
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rl_fixtures import story_items, tiny_tokenizer

from tomprm.config import ConfigError, RewardConfig
from tomprm.rewards.credit import scored_steps
from tomprm.rewards.shaping import score
from tomprm.rl import scoring
from tomprm.rl.rollout import completion_text
from tomprm.rl.scoring import HttpScorer, Judged, LocalScorer, RewardError, check_service, save_sample
from tomprm.trace.canonical import narrate_sound

ROOT = Path(__file__).resolve().parent.parent
ARMS = ("outcome", "process", "hybrid", "format", "shuffled")
UNKNOWN = {
    "story": "1 Ann entered the kitchen.\n2 The key is in the red_box.",
    "question": "Where does Ann think the hat is?",
}
needs_serve = pytest.mark.skipif(
    not all(map(__import__("importlib").util.find_spec, ("fastapi", "uvicorn"))),
    reason="FastAPI is not installed; pip install 'tomprm[serve]'",
)


def traces() -> list[tuple[dict[str, Any], str]]:
    """Items as rows with a sound trace, a damaged one, and none."""
    rng = np.random.default_rng(0)
    found = []
    for item in story_items()[:6]:
        sound = narrate_sound(item, rng)
        found += [
            (item.as_row(), t) for t in (sound, sound.replace("sees", "misses"), sound[: len(sound) // 2], "")
        ]
    return found


def test_local_scores_are_the_rewards_of_shaping() -> None:
    from tomprm.rewards.rows import item_of

    for name in ARMS:
        config = RewardConfig(name=name, process_weight=0.7)
        scorer = LocalScorer(config)
        for row, text in traces():
            found, wanted = scorer(row, text), score(item_of(row), text, config)
            assert (found.steps, found.scalar, found.scores) == (wanted.steps, wanted.scalar, wanted.scores)
            assert (found.obligations, found.weight) == (wanted.obligations, wanted.weight)
            assert found.total == wanted.total
            assert found.breakdown.items() >= wanted.breakdown.items()
            assert found.breakdown["sound"] == float(wanted.verdict.sound)


def test_stories_are_replayed_once_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = scoring.Checker
    monkeypatch.setattr(scoring, "Checker", lambda item: made.append(item.id) or real(item))
    monkeypatch.setattr(scoring, "_STORIES", 2)
    scorer, (a, b, c) = LocalScorer(RewardConfig()), [item.as_row() for item in story_items()[:3]]
    for row in (a, b, a, c, a, b):
        scorer(row, "")
    assert made == [a["id"], b["id"], c["id"], b["id"]]


def test_unknown_events_are_no_silent_zero() -> None:
    for name in ("process", "hybrid", "shuffled"):
        with pytest.raises(RewardError, match="events behind this question are not known"):
            LocalScorer(RewardConfig(name=name))(UNKNOWN, "<think>x</think><answer>y</answer>")
    assert LocalScorer(RewardConfig(name="outcome"))(UNKNOWN, "").total == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_reward_that_is_no_number_raises(monkeypatch: pytest.MonkeyPatch, bad: float) -> None:
    from dataclasses import replace

    real = scoring.score
    monkeypatch.setattr(scoring, "score", lambda *given: replace(real(*given), scalar=bad))
    with pytest.raises(RewardError, match="the reward is"):
        LocalScorer(RewardConfig())(*traces()[0])


numbers = st.floats(-5, 5)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 999), numbers), max_size=5),
    numbers,
    st.dictionaries(st.text(max_size=5), numbers, max_size=3),
    st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=5),
)
def test_a_judgement_survives_json(steps: Any, scalar: float, parts: Any, met: Any) -> None:
    judged = Judged(tuple(steps), scalar, parts, (0.5,), tuple(map(tuple, met)), 0.3)
    assert Judged.from_row(json.loads(json.dumps(judged.as_row()))) == judged


@pytest.mark.parametrize("answer", [[], {}, {"steps": 3}, {"rewards": [0.1]}, None, "x"], ids=str)
def test_another_services_answer_is_an_error(answer: Any) -> None:
    with pytest.raises(RewardError, match="use `tomprm serve`"):
        Judged.from_row(answer)


# -- the service -------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`tomprm serve` in a process of its own, from the first request that it answers."""
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "tomprm.cli", "serve", "--port", str(port), "--reward", "outcome"]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.PIPE)
    try:
        for _ in range(300):
            try:
                check_service(f"http://127.0.0.1:{port}")
                break
            except ConfigError:
                assert process.poll() is None, "the service ended"
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    port = free_port()
    with serving(port):
        yield f"http://127.0.0.1:{port}"


@needs_serve
@pytest.mark.parametrize("name", ARMS)
def test_the_service_gives_the_same_numbers(service: str, name: str) -> None:
    config = RewardConfig(name=name, penalty=0.5)  # not the service's own: it comes with the request
    there, here = HttpScorer(service + "/", config), LocalScorer(config)
    for row, text in traces()[:8]:
        assert there(row, text) == here(row, text)
    assert there.retries == 0


@needs_serve
def test_without_a_reward_of_its_own_a_request_gets_the_services(service: str) -> None:
    row, text = traces()[0]
    body = json.dumps({"item": row, "text": text}).encode()
    request = urllib.request.Request(f"{service}/score", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert Judged.from_row(json.load(reply)) == LocalScorer(RewardConfig(name="outcome"))(row, text)
    with urllib.request.urlopen(f"{service}/health", timeout=30) as reply:
        assert json.load(reply)["scored"] > 0


@needs_serve
@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"question": "Where?"}, "lacks a story"),
        (UNKNOWN, "events behind"),
        ({"story": "1 X frobs.", "question": "?"}, ""),
    ],
    ids=["no story", "no events", "no sentence"],
)
def test_what_cannot_be_judged_is_refused_at_once(service: str, row: dict[str, Any], why: str) -> None:
    scorer = HttpScorer(service, RewardConfig(name="process"), patience=60)
    started = time.monotonic()
    with pytest.raises(RewardError, match=rf"refuses \(422\): .*{why}"):
        scorer(row, "text")
    assert scorer.retries == 0 and time.monotonic() - started < 10


@needs_serve
def test_a_call_outlives_a_service_that_is_killed_and_started_again() -> None:
    port, (row, text) = free_port(), traces()[0]
    config = RewardConfig(name="process")
    scorer, found = HttpScorer(f"http://127.0.0.1:{port}", config, patience=60), []
    with serving(port) as process:
        found.append(scorer(row, text))
        process.kill()
        process.wait()
        caller = threading.Thread(target=lambda: found.append(scorer(row, text)))
        caller.start()
        while not scorer.retries:
            time.sleep(0.02)
    assert len(found) == 1
    with serving(port):
        caller.join(60)
    assert found == [LocalScorer(config)(row, text)] * 2


# -- services that misbehave -------------------------------------------------------------------------


@contextmanager
def raw_server(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Sends these bytes, one a connection (the last again and again), and hangs up."""
    left, seen = list(answers), []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            seen.append(self.request.recv(65536))
            self.request.sendall(left.pop(0) if len(left) > 1 else left[0])

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode() + body


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, float], HttpScorer]:
    """Scorers that do not pause between attempts."""
    monkeypatch.setattr(scoring.time, "sleep", lambda seconds: None)
    return lambda url, patience: HttpScorer(url, RewardConfig(), patience)


def test_interrupted_and_failed_answers_are_asked_for_again(impatient: Callable[..., HttpScorer]) -> None:
    row, text = traces()[0]
    right = LocalScorer(RewardConfig())(row, text)
    whole = json.dumps(right.as_row()).encode()
    broken = [b"", b"garbage\r\n", http(whole[:20], length=len(whole)), http(b"<html>", "502 Bad Gateway")]
    broken += [http(b"{}", "503 Busy"), http(b"{}", "429 Slow down"), http(b"<html>"), http(b"\xff\xfe")]
    with raw_server(*broken, http(whole)) as (url, seen):
        scorer = impatient(url, 300)
        assert scorer(row, text) == right
        assert scorer.retries == len(broken) == len(seen) - 1


def test_a_service_that_stays_away_stops_the_run() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    started = time.monotonic()
    with pytest.raises(RewardError, match=r"has been away for 1 s .*run the same command again"):
        HttpScorer(url, RewardConfig(), patience=1)(*traces()[0])
    assert time.monotonic() - started < 5


def test_pauses_grow_up_to_half_a_minute_and_stay_within_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(scoring.time, "sleep", sleep)
    monkeypatch.setattr(scoring.time, "monotonic", lambda: now[0])
    with pytest.raises(RewardError):
        HttpScorer(f"http://127.0.0.1:{free_port()}", RewardConfig(), patience=200)(*traces()[0])
    assert pauses[:7] == [0.5, 1, 2, 4, 8, 16, 30] and set(pauses[7:]) == {30.0}
    assert 170 <= sum(pauses) <= 200


@pytest.mark.parametrize("code", ["400 Bad", "404 Not Found", "422 No"])
def test_a_refusal_is_final(impatient: Callable[..., HttpScorer], code: str) -> None:
    with (
        raw_server(http(b"because", code)) as (url, seen),
        pytest.raises(RewardError, match=r"refuses .*because"),
    ):
        impatient(url, 300)(*traces()[0])
    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [http(b'{"status": "ok"}'), http(b"<html>"), http(b"[]"), http(b"", "404 No"), b"SSH-2.0-x\r\n", b""],
)
def test_something_else_is_not_taken_for_the_service(answer: bytes) -> None:
    with (
        raw_server(answer) as (url, _),
        pytest.raises(ConfigError, match=r"start `tomprm serve` there") as caught,
    ):
        check_service(url)
    assert "\n" not in str(caught.value)


def test_an_address_that_is_none() -> None:
    for url in ("localhost:8080", "nonsense", "http://127.0.0.1:9"):
        with pytest.raises(ConfigError, match=r"openrlhf\.reward_url"):
            check_service(url)


# -- the sample that was bad -------------------------------------------------------------------------


def test_the_first_bad_sample_is_saved_once_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "run"

    def fail(number: int) -> None:
        try:
            raise ZeroDivisionError(f"sample {number}")
        except ZeroDivisionError as error:
            assert save_sample(folder, {"id": number}, "t" * 100_000, error) == folder / "bad_reward.json"

    fail(0)
    first = (folder / "bad_reward.json").read_text()
    workers = [threading.Thread(target=fail, args=(k,)) for k in range(1, 9)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (folder / "bad_reward.json").read_text() == first
    saved = json.loads(first)
    assert saved["error"] == "ZeroDivisionError: sample 0" and saved["item"] == {"id": 0}
    assert "Traceback" in saved["traceback"] and len(saved["text"]) == 100_000
    assert [p.name for p in folder.iterdir()] == ["bad_reward.json"], "nothing half-written stays"


def test_workers_that_fail_together_do_not_hide_the_error(tmp_path: Path) -> None:
    barrier, errors = threading.Barrier(8), []

    def fail(number: int) -> None:
        barrier.wait()
        try:
            save_sample(tmp_path, {"id": number}, "text", ValueError(f"{number}"))
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=fail, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    saved = json.loads((tmp_path / "bad_reward.json").read_text())
    assert saved["error"] == f"ValueError: {saved['item']['id']}"


# -- text of a completion ----------------------------------------------------------------------------


def chat_like() -> Any:
    """A tokenizer that, as Qwen's, ends a document with one token and a turn with another."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return tokenizer


def test_a_turn_that_ends_with_another_special_token_is_judged_as_it_reads() -> None:
    tokenizer, (row, text) = chat_like(), traces()[0]
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    text = tokenizer.decode(ids)
    assert stop != tokenizer.eos_token_id
    for ending in ([stop], [tokenizer.eos_token_id], [stop, tokenizer.eos_token_id], []):
        assert completion_text(tokenizer, ids + ending) == text
    within = completion_text(tokenizer, [*ids, stop, *ids])
    assert "<|im_end|>" in within, "in the middle it is what the policy wrote"
    judged: Any = LocalScorer(RewardConfig(name="process"))(row, text)
    steps = scored_steps(judged, [*ids, stop], text, lambda part: completion_text(tokenizer, part))
    plain = scored_steps(judged, ids, text, lambda part: completion_text(tokenizer, part))
    assert steps.ends == plain.ends and steps.tokens == plain.tokens + 1
