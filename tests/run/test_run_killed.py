"""What dies under a run, or the run itself: one line that names it and its log, exit code 10, nothing left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from run_played import Ended, PlayedRun, copy_of_the_checkout, expect_nothing_left, wait_until_gone
from run_traces import files_of, pid_of, processes_of

Play = Callable[..., PlayedRun]

MODULE = ("-k", "test_lifecycle")
LEFT_SECONDS = 2.0
END_SECONDS = 30.0


def test_sigkill_of_pytest_and_what_the_next_run_says(play: Play, cache: Path) -> None:
    run = play("-n2", *MODULE)
    run.wait_for("PASSED")
    footprint = run.footprint()
    run.kill(run.process.pid)
    run.process.wait()
    wait_until_gone(footprint.left, seconds=LEFT_SECONDS)
    (one, other) = files_of(cache)
    assert (Path(one).name, Path(other).name) == ("lock", "logs"), "these stay until newer runs have ended"

    # The launcher, which tidies up after pytest, is killed with it: now there is more to remove.
    second = play(*MODULE)
    second.wait_for("origin gateway ready")
    footprint = second.footprint()
    launcher = min(int(line.split()[0]) for line in processes_of(cache) if "fixtures.local.launcher" in line)
    second.kill(second.process.pid)
    second.kill(launcher)
    second.process.wait()
    wait_until_gone(footprint.left, seconds=LEFT_SECONDS)
    left = next(path for path in (cache / "runs").iterdir() if (path / "store").exists())

    third = play(*MODULE)
    said = third.wait_for("removing what a killed run left")
    third.wait_for("starting etcd and the API server")
    third.press_ctrl_c()
    third.end()

    assert said == f"fluid: removing what a killed run left in {left}: kubeconfig, control.sock, store\n"
    assert all(Path(name).name in {"lock", "logs"} for name in files_of(cache))


@pytest.mark.parametrize(
    ("victim", "words", "workers"),
    # Without its etcd an API server lives on, and lets everybody wait.
    [("minio", ("server", "--certs-dir"), ()), ("apiserver", ("apiserver",), ("-n2",)), ("etcd", ("etcd",), ())],
)
def test_a_program_that_is_killed_in_the_middle(
    play: Play, cache: Path, victim: str, words: tuple[str, ...], workers: tuple[str, ...]
) -> None:
    run = play(*workers, *MODULE)
    run.wait_for("PASSED")
    footprint = run.footprint()
    run.kill(pid_of(cache, *words))
    ended = run.end()
    report = ended.report()
    broken = [test for test in report["tests"] if test["outcome"] == "error"]

    assert ended.code == 10, ended.output
    assert ended.seconds < END_SECONDS
    assert len(broken) > 1, ended.output
    assert not [test for test in report["tests"] if test["outcome"] not in {"pass", "error"}], ended.output
    for text in (*(test["message"] for test in broken), report["notices"][0]):
        assert text.startswith(f"{victim} was ended by SIGKILL"), text
        assert str(cache) not in text, "the run's directory is gone, the report's is not"
    (said,) = ended.ours(f"{victim} was ended by SIGKILL")
    log = Path(said.rpartition("; see ")[2])
    assert log.is_relative_to(cache) is False
    assert said == f"fluid: {victim} was ended by SIGKILL; see {log}"
    assert log.is_file()
    assert report["run"]["exitCode"] == 10
    expect_nothing_left(footprint)


def test_a_controller_that_crash_loops(play: Play, tmp_path: Path) -> None:
    checkout = copy_of_the_checkout(tmp_path)
    main = checkout / "reference_impl" / "__main__.py"
    broken = "import sys\nif 'dataset-controller' in sys.argv:\n    raise SystemExit('no luck today')\n"
    main.write_text(broken + main.read_text().replace("from __future__", "#", 1))
    run = play(*MODULE, checkout=checkout)
    run.wait_for("objects applied")
    footprint = run.footprint()
    ended: Ended = run.end()

    assert ended.code == 10, ended.output
    assert ended.output.splitlines()[-1] == (
        "fluid: reference: dataset-controller is crash-looping (3 restarts), last line: no luck today"
    )
    assert len(ended.ours("crash-looping")) == 1
    expect_nothing_left(footprint)
    (logs,) = (checkout / "reports" / "runs").glob("*/logs")
    assert (logs / "vnode.log").exists()
