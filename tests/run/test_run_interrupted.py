"""Ctrl-C and SIGTERM at every moment: one line, exit code 2, a partial report once there is something to report."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from run_played import Ended, PlayedRun, expect_nothing_left
from run_traces import files_of, processes_of

Play = Callable[..., PlayedRun]

ONE_TEST = ("-k", "missing_claim")  # the shortest with a namespace of its own, which the final sweep waits for
MODULE = ("-k", "test_lifecycle")
END_SECONDS = 30.0  # 5 on a quiet machine


def expect_partial(ended: Ended, by: str, consequence: str) -> None:
    reason = f"interrupted ({by}): {consequence}"
    report = ended.report()

    assert ended.code == 2, ended.output
    assert ended.ours("interrupted") == [f"fluid: {reason}; taking everything down, which takes a few seconds"]
    assert report["run"]["partial"] is True
    assert report["run"]["exitCode"] == 2
    assert reason in report["notices"]
    assert ended.seconds < END_SECONDS


@pytest.mark.parametrize(
    ("moment", "by"),
    [("starting etcd and the API server", signal.SIGINT), ("objects applied", signal.SIGTERM)],
)
def test_while_it_starts(play: Play, checkout: Path, cache: Path, moment: str, by: signal.Signals) -> None:
    before = set((checkout / "reports").glob("runs/*"))
    run = play(*ONE_TEST)
    run.wait_for(moment)
    footprint = run.footprint() if by is signal.SIGTERM else None
    run.press_ctrl_c() if by is signal.SIGINT else run.send(by)
    ended = run.end()

    assert ended.output.splitlines()[-1] == f"fluid: interrupted ({by.name}) while starting; everything is down again"
    assert ended.code == 2
    assert ended.seconds < END_SECONDS
    assert processes_of(cache) == files_of(cache) == []
    assert not footprint or footprint.left() == []
    assert {path.name for new in set((checkout / "reports").glob("runs/*")) - before for path in new.iterdir()} <= {
        "logs"
    }


def test_ctrl_c_again_and_again_while_tests_run(play: Play) -> None:
    run = play(*MODULE)
    run.wait_for("PASSED")
    footprint = run.footprint()
    run.press_ctrl_c()
    run.wait_for("taking everything down")
    run.press_ctrl_c()
    run.wait_for("KeyboardInterrupt")
    run.press_ctrl_c()

    expect_partial(run.end(), "SIGINT", "tests that had not ended have no verdict")
    expect_nothing_left(footprint)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_under_xdist_while_tests_run(play: Play, by: signal.Signals) -> None:
    run = play("-n2", *MODULE)
    run.wait_for("PASSED")
    footprint = run.footprint()
    run.press_ctrl_c() if by is signal.SIGINT else run.send(by)

    expect_partial(run.end(), by.name, "tests that had not ended have no verdict")
    expect_nothing_left(footprint)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_in_the_final_sweep(play: Play, by: signal.Signals) -> None:
    run = play(*ONE_TEST)
    run.wait_for("final sweep")
    footprint = run.footprint()
    run.press_ctrl_c() if by is signal.SIGINT else run.send(by)
    run.wait_for("taking everything down")
    run.press_ctrl_c()
    ended = run.end()

    expect_partial(ended, by.name, "the final sweep has no verdict")
    expect_nothing_left(footprint)
