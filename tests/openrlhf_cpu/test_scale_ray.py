"""Ray Data gives the bytes of one process: on a cluster of this machine that only these tests see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tomprm import cli
from tomprm.belief.generate import Recipe, generate
from tomprm.scale.partial import partial_of


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [{**i.as_row(), "trace": "So the thing is there."} for i in generate(Recipe(), 0, "ray", 40)] * 10
    rows[130] = {"id": "bad"}
    path = tmp_path_factory.mktemp("ray") / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def call(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str]:
    capsys.readouterr()
    try:
        cli.main([str(a) for a in args])
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_check_gives_the_same_bytes(given: Path, tmp_path: Path, capsys: Any) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    call(capsys, "check", "--input", given, "--output", one)
    code, err = call(capsys, "check", "--input", given, "--output", two, "--ray", "local", "--workers", 2)
    assert code == 2 and "row 131: lacks a story" in err and "1 rows could not be checked" in err
    assert two.read_bytes() == one.read_bytes() and len(one.read_text().splitlines()) == 400


def test_bad_input_comes_after_what_precedes_it(given: Path, tmp_path: Path, capsys: Any) -> None:
    out, whole = tmp_path / "out.jsonl", given.read_text()
    lines = whole.splitlines()
    broken = tmp_path / "in.jsonl"
    broken.write_text("\n".join([*lines[:200], "{", *lines[201:]]) + "\n")
    code, err = call(capsys, "check", "--input", broken, "--output", out, "--ray", "local", "--workers", 2)
    assert code == 2 and "line 201 is no JSON" in err
    assert len(partial_of(out).read_text().splitlines()) == 192, "the chunks before it, in order"


def test_solve_gives_the_same_bytes(tmp_path: Path, capsys: Any) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    call(capsys, "solve", "--out", one)
    code, _ = call(capsys, "solve", "--out", two, "--ray", "local")
    assert code == 0 and two.read_bytes() == one.read_bytes()


def test_more_workers_than_the_cluster_has(given: Path, tmp_path: Path, capsys: Any) -> None:
    args = ("--input", given, "--output", tmp_path / "x", "--ray", "local", "--workers", 3)
    assert "--workers 3: the cluster has 2 CPUs; give at most as many" in call(capsys, "check", *args)[1]
