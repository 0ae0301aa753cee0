"""A bounded slice of the campaign, and what a run promises: the same bytes for the same seed, and short failures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.cli import main
from entrypoints.exits import Exit
from entrypoints.simulation.campaign import campaign
from entrypoints.simulation.faults import DOING, KINDS, Fault
from entrypoints.simulation.running import Run, Scenario, run, scenario
from entrypoints.simulation.servers import MemoryServers
from entrypoints.simulation.shrinking import broken, shrink
from tests.simulation.planted import PLANTED

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_whatever_fails(seed: int) -> None:
    made = run(scenario(seed))
    assert (list(made.violations), list(made.failures)) == ([], [])
    assert made.history.effects


@pytest.mark.parametrize("seed", [3, 5])
def test_a_seed_has_the_same_history_byte_for_byte_in_fresh_processes(seed: int, tmp_path: Path) -> None:
    histories = []
    for hash_seed in ("1", "2"):
        path = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", "simulate", "--seed", str(seed), "--history", str(path)],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        histories.append(path.read_bytes())
    assert histories[0] == histories[1]
    assert len(histories[0]) > 10_000


def planted(name: str) -> Run:
    (bug,) = (each for each in PLANTED if each.name == name)
    with bug.plant():
        failed = next(made for seed in range(bug.seeds) if broken(made := run(scenario(seed))))
        return shrink(failed, runs_max=60)


def test_a_failing_schedule_is_made_shorter_and_still_fails() -> None:
    shortest = planted("claims that nobody looks at")
    assert broken(shortest)
    assert 0 < shortest.scenario.steps < 20
    assert len(shortest.scenario.told()) == shortest.scenario.steps


def test_a_run_of_which_everything_is_left_out_is_still_a_run() -> None:
    made = run(Scenario(1, (), ()))
    assert not broken(made)


def test_every_kind_of_fault_can_be_done_alone() -> None:
    for kind in DOING:
        who = {"a process killed": "brain-1", "a process stopped": "sender-1", "a process paused": "brain-2"}
        fault = Fault(3.0, kind, who.get(kind, "brain"), 2.0)
        if kind == "a crash":
            fault = Fault(3.0, kind, "brain.decided", 0.0)
        made = run(Scenario(7, scenario(7, 15).actions, [fault]))
        assert not broken(made), kind


def test_a_campaign_counts_what_it_met_and_names_what_it_never_met() -> None:
    totals = campaign(range(2), steps=20, servers=[MemoryServers])
    assert (totals.runs, totals.failed) == (2, [])
    assert set(totals.hits) == set(KINDS)
    assert totals.missed == sorted(kind for kind in KINDS if not totals.hits[kind])
    assert totals.missed


def test_workers_find_what_one_process_finds() -> None:
    # In commands of their own: what keeps count of a pool's locks lives as long as the process that made the pool.
    command = [
        sys.executable,
        "-m",
        "entrypoints.cli",
        "simulate",
        "--seeds",
        "6",
        "--steps",
        "20",
        "--workers",
    ]
    told = [
        subprocess.run(
            [*command, workers], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
        ).stdout
        for workers in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0].startswith("6 runs")


def test_the_command_tells_of_one_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seed", "5", "--steps", "30"]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("seed 5: 21 things that people do, 9 faults, ")
    assert lines[-1] == "every promise was kept"


def test_the_command_tells_of_a_failure_with_its_schedule_and_story(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (bug,) = (each for each in PLANTED if each.name == "claims that nobody looks at")
    with bug.plant():
        assert main(["simulate", "--seed", "0"]) == Exit.FAILED
    told = capsys.readouterr().out
    assert "the shortest schedule that still fails has " in told
    assert "what is wrong:" in told
    assert "what happened:" in told
    assert told.splitlines()[-1] == "see it again: openclaw simulate --seed 0 --steps 60"


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--steps", "0"], ["--seeds", "x"], ["--workers", "0"]])
def test_wrong_numbers_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *wrong]) == Exit.USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_a_history_is_of_one_seed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["simulate", "--seeds", "2", "--history", str(tmp_path / "x")]) == Exit.USAGE
    assert "--history is for one seed" in capsys.readouterr().err
