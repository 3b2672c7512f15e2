"""Many workers and cut-off runs: the same bytes as one process that was left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tomprm import cli
from tomprm.belief.generate import Recipe, generate
from tomprm.checker.corrupt import corrupt
from tomprm.scale.lines import Lines
from tomprm.scale.partial import digest, partial_of
from tomprm.scale.processes import WorkerDied, chunks, in_order
from tomprm.scale.run import run
from tomprm.scale.tasks import Place

BAD = {"id": "bad", "story": "1 The moon tiptoed.", "question": "Where is the key really?", "trace": "So."}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """300 traces and, as rows 5 and 131, what cannot be checked."""
    made: list[dict[str, Any]] = []
    items = list(generate(Recipe(orders=(1, 2)), 0, "scale", 30))
    for index in range(300):
        item = items[index % 30]
        text, _ = corrupt(item, np.random.default_rng(index))
        made.append({**item.as_row(), "id": f"t{index}", "trace": text, "who": "Zoë"})
    made[4] = made[130] = BAD
    return made


@pytest.fixture
def given(rows: list[dict[str, Any]], tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", rows)


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    return path


def call(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str]:
    """(exit code, standard error) of `tomprm ARGS`."""
    capsys.readouterr()
    try:
        cli.main([str(a) for a in args])
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


def no_leftovers(folder: Path) -> bool:
    return not [p for p in folder.iterdir() if ".partial" in p.name]


# -- the same bytes -----------------------------------------------------------------------------


def test_check_gives_the_same_bytes(given: Path, tmp_path: Path, capsys: Any) -> None:
    said: list[str] = []
    for workers in (1, 2, 3):
        out = tmp_path / f"{workers}.jsonl"
        code, err = call(capsys, "check", "--input", given, "--output", out, "--workers", workers)
        assert code == 2 and "row 5: line 1" in err and "row 131: line 1" in err
        said.append(err.replace(str(out), ""))
    assert said[0] == said[1] == said[2] and "2 rows could not be checked" in said[0]
    one, two, three = ((tmp_path / f"{n}.jsonl").read_bytes() for n in (1, 2, 3))
    assert one == two == three and no_leftovers(tmp_path)
    written = [json.loads(line) for line in one.splitlines()]
    assert [w["id"] for w in written] == [json.loads(x)["id"] for x in given.read_text().split("\n\n")[:-1]]
    assert [w["row"] for w in written if "error" in w] == [5, 131]


def test_solve_gives_the_same_bytes_and_table(tmp_path: Path, capsys: Any) -> None:
    said: list[str] = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.jsonl"
        code, err = call(capsys, "solve", "--out", out, "--workers", workers)
        assert code == 0
        said.append(err.replace(str(out), ""))
    assert said[0] == said[1] and said[0].count("300/300") == 2
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


@pytest.fixture(scope="module")
def prm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from rl_fixtures import random_policy, tiny_tokenizer  # here: workers import this module, without torch
    from transformers import AutoModelForTokenClassification

    from tomprm.prm.model import ID2LABEL

    base, folder = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("prm")
    random_policy().save_pretrained(base)
    torch.manual_seed(0)
    labels: Any = {"id2label": ID2LABEL, "label2id": {v: k for k, v in ID2LABEL.items()}}
    AutoModelForTokenClassification.from_pretrained(base, num_labels=2, **labels).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_score_gives_the_same_bytes(
    prm: Path, rows: list[dict[str, Any]], tmp_path: Path, capsys: Any
) -> None:
    good = [{k: v for k, v in row.items() if k != "id"} for row in rows if row is not BAD]
    given = write(tmp_path / "in.jsonl", good)
    for workers in (1, 2):
        args = ("--input", given, "--output", tmp_path / f"{workers}.jsonl", "--workers", workers)
        code, err = call(capsys, "score", "--model", prm, *args)
        assert code == 0 and f"scored {len(good)} traces" in err
    one = (tmp_path / "1.jsonl").read_bytes()
    assert one == (tmp_path / "2.jsonl").read_bytes()
    written = [json.loads(line) for line in one.splitlines()]
    assert [w["id"] for w in written] == list(range(len(good))), "counted over chunks"
    assert all(0 < s["score"] < 1 for w in written for s in w["steps"])


def test_score_names_the_line_of_a_bad_row(
    prm: Path, rows: list[dict[str, Any]], tmp_path: Path, capsys: Any
) -> None:
    for change, said in [
        ({"trace": None}, "line 3: no text under trace"),
        ({"steps": [{"text": "not there"}]}, "line 3: step 0 is not in the trace"),
        ({"steps": "all"}, "line 3: steps must be a list"),
    ]:
        given, out = write(tmp_path / "in.jsonl", [rows[0], {**rows[1], **change}]), tmp_path / "out.jsonl"
        for workers in (1, 2):
            args = ("--input", given, "--output", out, "--workers", workers)
            code, err = call(capsys, "score", "--model", prm, *args)
            assert code == 2 and f"{given} {said}" in err
            assert not out.exists() and no_leftovers(tmp_path)


# -- cut off and resumed ------------------------------------------------------------------------


@dataclass
class Started:
    process: subprocess.Popen[str]
    out: Path

    def wait_for_rows(self) -> None:
        limit = time.monotonic() + 30
        while not (partial_of(self.out).exists() and partial_of(self.out).stat().st_size):
            assert self.process.poll() is None and time.monotonic() < limit
            time.sleep(0.005)

    def workers(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(p) for p in listed if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def alone(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a run on the long file gives that is left alone."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.raises(SystemExit):
        cli.main(["check", "--input", str(write(folder / "in", rows * 6)), "--output", str(folder / "out")])
    return (folder / "out").read_bytes()


@pytest.fixture
def started(rows: list[dict[str, Any]], tmp_path: Path) -> Iterator[Callable[[int], Started]]:
    """`tomprm check` on 1,800 traces with that many workers, in a process group of its own."""
    given, out = write(tmp_path / "long.jsonl", rows * 6), tmp_path / "long.out"
    args = [sys.executable, "-m", "tomprm.cli", "check", "--input", str(given), "--output", str(out)]
    running: list[subprocess.Popen[str]] = []

    def start(workers: int) -> Started:
        command = [*args, "--workers", str(workers)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        running.append(process)
        return Started(process, out)

    yield start
    for process in running:
        process.kill()
        process.communicate()


def resumes(alone: bytes, tmp_path: Path, capsys: Any) -> None:
    """The same command completes what was cut off, with the bytes of a run that was left alone."""
    given, out = tmp_path / "long.jsonl", tmp_path / "long.out"
    code, err = call(capsys, "check", "--input", given, "--output", out)
    assert code == 2 and f"going on from {partial_of(out)}: " in err
    assert "12 rows could not be checked" in err, "those of the first run are counted"
    assert no_leftovers(tmp_path)
    assert out.read_bytes() == alone


def gone(pids: Sequence[int]) -> bool:
    limit = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < limit:
        time.sleep(0.01)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_and_resumed(started: Any, alone: bytes, tmp_path: Path, capsys: Any, workers: int) -> None:
    job: Started = started(workers)
    job.wait_for_rows()
    children = job.workers()
    job.process.kill()
    job.process.wait()
    assert not job.out.exists() and len(children) == (workers if workers > 1 else 0)
    assert gone(children), "workers end with their parent"
    with partial_of(job.out).open("ab") as file:
        file.write(b'{"id": "torn')
    resumes(alone, tmp_path, capsys)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_worker_is_killed(started: Any, alone: bytes, tmp_path: Path, capsys: Any) -> None:
    job: Started = started(2)
    job.wait_for_rows()
    victim, other = job.workers()
    os.kill(victim, signal.SIGKILL)
    err = job.process.communicate(timeout=30)[1]
    assert job.process.returncode == 2 and "Traceback" not in err
    assert f"(process {victim}) was killed by signal 9" in err and "fewer --workers" in err
    assert "the same command goes on" in err and gone([other])
    resumes(alone, tmp_path, capsys)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_ctrl_c(started: Any, alone: bytes, tmp_path: Path, capsys: Any) -> None:
    job: Started = started(2)
    job.wait_for_rows()
    children = job.workers()
    os.killpg(job.process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    err = job.process.communicate(timeout=30)[1]
    assert job.process.returncode == 130 and gone(children), err
    assert err == f"tomprm: stopped; the same command goes on from {partial_of(job.out)}\n"
    resumes(alone, tmp_path, capsys)


def cut_off(capsys: Any, given: Path, out: Path, *args: object) -> None:
    """A run that ends after two chunks, at a line that is no JSON; then the line is mended."""
    whole = given.read_text()
    lines = whole.split("\n\n")
    given.write_text("\n\n".join([*lines[:150], "{", *lines[151:]]))
    code, err = call(capsys, "check", "--input", given, "--output", out, *args)
    assert code == 2 and f"{given}: line 301 is no JSON (" in err
    assert len(partial_of(out).read_bytes().splitlines()) == 128
    given.write_text(whole)


def test_another_run_is_not_resumed(given: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.jsonl"
    cut_off(capsys, given, out)
    before = partial_of(out).read_bytes()
    code, err = call(capsys, "check", "--input", given, "--output", out, "--reward", "outcome")
    assert code == 2 and "reward was process, now outcome; input has changed" in err
    assert "delete it to begin anew" in err and partial_of(out).read_bytes() == before
    partial_of(out).unlink()
    assert call(capsys, "check", "--input", given, "--output", out)[1].startswith(f"wrote {out}: 300 rows")


def test_two_runs_do_not_share_an_output(given: Path, tmp_path: Path, capsys: Any) -> None:
    fcntl = pytest.importorskip("fcntl")
    out = tmp_path / "out.jsonl"
    with partial_of(out).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, err = call(capsys, "check", "--input", given, "--output", out)
    assert code == 2 and "another process is writing it; wait" in err


def test_standard_input_and_output(given: Path, tmp_path: Path) -> None:
    """They cannot be resumed and say nothing of it; what lies beside a target does not matter."""
    out = tmp_path / "out.jsonl"
    partial_of(out).write_text("old\n")
    piped = [sys.executable, "-m", "tomprm.cli", "check", "--workers", "2"]
    text = given.read_bytes()
    shown = subprocess.run(piped, input=text, capture_output=True, timeout=60)
    subprocess.run([*piped, "--output", str(out)], input=text, capture_output=True, timeout=60)
    assert shown.stdout == out.read_bytes() and len(shown.stdout.splitlines()) == 300
    assert b"going on" not in shown.stderr and no_leftovers(tmp_path)


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_empty_input(tmp_path: Path, capsys: Any, workers: int) -> None:
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_text("\n\n")
    code, err = call(capsys, "check", "--input", given, "--output", out, "--workers", workers)
    assert code == 2 and err == f"tomprm: {given}: no rows; write one JSON object a line\n"
    assert list(tmp_path.iterdir()) == [given]


def test_options_that_cannot_be(given: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    assert "--workers 0: give at least 1" in call(capsys, "check", "--input", given, "--workers", 0)[1]
    assert "give a file as --input" in call(capsys, "check", "--ray", "auto")[1]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    out = tmp_path / "out.jsonl"
    code, err = call(capsys, "check", "--input", given, "--output", out, "--ray", "auto")
    assert code == 2 and "Ray is not installed; pip install 'tomprm[openrlhf]'" in err
    assert no_leftovers(tmp_path)


# -- the pool -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Toy:
    """Doubles numbers; does what it is told at 13."""

    at_13: str = ""
    chunk: int = 2

    def open(self, place: Place) -> Callable[[Sequence[int]], list[dict[str, Any]]]:
        def work(numbers: Sequence[int]) -> list[dict[str, Any]]:
            if 13 in numbers and self.at_13 == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if 13 in numbers and self.at_13 == "bug":
                raise KeyError("a bug")
            if 13 in numbers and self.at_13 == "bad":
                raise ValueError("13 is bad; give 14")
            return [{"n": 2 * n} for n in numbers]

        return work

    def note(self, row: Mapping[str, Any]) -> Any:
        return row["n"]


def test_reading_stays_close_to_writing() -> None:
    read = 0

    def numbers() -> Iterator[int]:
        nonlocal read
        while read < 400:
            yield read
            read += 1

    written = 0
    for done in in_order(Toy(), chunks(numbers(), 2), 2):
        assert done.notes == [2 * written, 2 * written + 2]
        written += 2
        assert read - written < 2 * 4 * 2 + 2
    assert written == 400


@pytest.mark.parametrize("workers", [1, 2])
def test_what_comes_before_a_bad_chunk_is_written(tmp_path: Path, workers: int) -> None:
    out, seen = tmp_path / "out", list[int]()
    key = {"input": digest(__file__)}
    with pytest.raises(ValueError, match="13 is bad; give 14"):
        run(Toy("bad"), lambda: iter(range(40)), str(out), key, seen.append, workers=workers)
    assert seen == list(range(0, 24, 2))
    assert partial_of(out).read_bytes() == b"".join(b'{"n": %d}\n' % n for n in seen)


def test_deaths_and_bugs(tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match=r"was killed by signal 9 \(SIGKILL\), by the system if memory ran"):
        list(in_order(Toy("die"), chunks(range(40), 2), 2))
    with pytest.raises(RuntimeError, match=r"in worker \d:\nTraceback(.|\n)*KeyError: 'a bug'"):
        list(in_order(Toy("bug"), chunks(range(40), 2), 2))


def test_digest_tells_contents_from_names(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, name in ((a, "x"), (b, "x")):
        folder.mkdir()
        (folder / name).write_text("same")
    assert digest(a) == digest(b) and digest(a).startswith("sha256:")
    (b / "x").rename(b / "y")
    assert digest(a) != digest(b)
    assert digest("facebook/ExploreToM") == "facebook/ExploreToM"


def test_lines_skip_blanks_and_count_both(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b'\n{"a": 1}\n \n{"a": "\xff"}')
    found = list(Lines(str(path))())
    assert [(line.row, line.number) for line in found] == [(1, 2), (2, 4)]
    with pytest.raises(ValueError, match="line 4 is not UTF-8 text"):
        Lines(str(path)).parse(found)
