"""Two runs at the same time, from one checkout and one cache directory, say the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from run_played import PlayedRun, expect_nothing_left

Play = Callable[..., PlayedRun]


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in report["requirements"]}


def test_two_runs_at_the_same_time(play: Play, cache: Path) -> None:
    runs = [play("-k", "test_lifecycle"), play("-k", "test_lifecycle")]
    for run in runs:
        run.wait_for("ready after")
    assert all(run.process.poll() is None for run in runs), "they are up at the same time"
    footprint = runs[0].footprint()
    ended = [run.end() for run in runs]
    reports = [each.report() for each in ended]

    assert [each.code for each in ended] == [0, 0], ended[0].output + ended[1].output
    assert verdicts(reports[0]) == verdicts(reports[1])
    assert list(verdicts(reports[0]).values()).count("pass") >= 9
    assert reports[0]["run"]["id"] != reports[1]["run"]["id"]
    assert not [report["run"]["id"] for report in reports if report["run"]["partial"] or report["notices"]]
    expect_nothing_left(footprint)
