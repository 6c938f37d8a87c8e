"""However a cluster's owner ends, nothing of the cluster is left on this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from traces import kill_processes_of, launcher_of, left_of, pid_of, processes_of, seconds_until

from fixtures.targets.images import common_images
from fixtures.targets.local import LocalTarget, end
from fixtures.targets.rundirectory import RunDirectory

OWNER = Path(__file__).with_name("owner.py")
LIMIT_SECONDS = 2.0  # 1 on a quiet machine


@pytest.fixture
def start_owner(run_directory: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start owner.py in a process group of its own; whatever is left of it in the end is killed."""
    owners: list[subprocess.Popen[str]] = []

    def start(*kind: str) -> subprocess.Popen[str]:
        owners.append(
            subprocess.Popen(
                [sys.executable, OWNER, run_directory, *kind],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return owners[-1]

    yield start
    for owner in owners:
        owner.kill()
        owner.wait()
        assert owner.stdout
        owner.stdout.close()
    try:
        seconds_until(lambda: not processes_of(run_directory), limit=10)
    finally:
        kill_processes_of(run_directory)


@pytest.fixture
def owner(start_owner: Callable[..., subprocess.Popen[str]]) -> subprocess.Popen[str]:
    process = start_owner()
    wait_until_up(process)
    return process


def wait_until_up(process: subprocess.Popen[str]) -> list[str]:
    """Return what the owner said until its cluster was up."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        if line == "up\n":
            return lines
        lines.append(line)
    pytest.fail("".join(lines))


def test_sigkill_of_the_owner(owner: subprocess.Popen[str], run_directory: Path, cluster: LocalTarget) -> None:
    assert (run_directory / "store").is_dir()
    assert pid_of(run_directory, "sleep 86400")
    owner.kill()

    seconds_until(lambda: not left_of(run_directory), limit=LIMIT_SECONDS)
    assert (run_directory / "logs" / "etcd.log").stat().st_size
    assert cluster.alive() is None, "another cluster at the same time is not touched"
    assert len(cluster.observe()) == 2


def test_the_end_of_the_pipe_is_enough(start_owner: Callable[..., subprocess.Popen[str]], run_directory: Path) -> None:
    owner = start_owner("thread")
    wait_until_up(owner)
    owner.kill()

    seconds_until(lambda: not left_of(run_directory), limit=LIMIT_SECONDS)


def test_the_kernels_word_of_the_owners_death_is_enough(
    start_owner: Callable[..., subprocess.Popen[str]],
    run_directory: Path,
) -> None:
    owner = start_owner("fork")
    child = int(wait_until_up(owner)[-1].removeprefix("child "))
    try:
        owner.kill()
        seconds_until(lambda: not left_of(run_directory), limit=LIMIT_SECONDS)
    finally:
        os.kill(child, signal.SIGKILL)


def test_ctrl_c_reaches_the_owner_first(owner: subprocess.Popen[str], run_directory: Path) -> None:
    launcher = launcher_of(run_directory)
    assert os.getpgid(launcher) not in {owner.pid, os.getpgid(0)}
    os.killpg(owner.pid, signal.SIGINT)

    assert owner.wait(10) == 130
    assert not left_of(run_directory)


def test_sigterm_of_the_launcher(owner: subprocess.Popen[str], run_directory: Path) -> None:
    os.kill(launcher_of(run_directory), signal.SIGTERM)

    seconds_until(lambda: not left_of(run_directory), limit=LIMIT_SECONDS)


def test_sigkill_of_the_launcher_leaves_no_process_and_the_next_run_removes_the_rest(
    owner: subprocess.Popen[str],
    run_directory: Path,
) -> None:
    os.kill(launcher_of(run_directory), signal.SIGKILL)
    seconds_until(lambda: not processes_of(run_directory), limit=LIMIT_SECONDS)
    owner.kill()
    owner.wait()
    lines: list[str] = []
    directory = RunDirectory(run_directory)
    seconds_until(lambda: not directory.in_use(), limit=LIMIT_SECONDS)
    directory.take(lines.append)
    directory.release()

    assert lines == [f"removing what a killed run left in {run_directory}: kubeconfig, control.sock, store"]
    assert not left_of(run_directory)


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.5, 1.2])
def test_sigkill_of_the_owner_while_the_cluster_starts(
    start_owner: Callable[..., subprocess.Popen[str]],
    run_directory: Path,
    seconds: float,
) -> None:
    owner = start_owner()
    seconds_until(run_directory.exists, limit=10)
    time.sleep(seconds)
    owner.kill()
    owner.wait()

    seconds_until(lambda: not processes_of(run_directory), limit=LIMIT_SECONDS)
    seconds_until(lambda: not RunDirectory(run_directory).in_use(), limit=LIMIT_SECONDS)


def test_ctrl_c_while_the_cluster_starts(
    start_owner: Callable[..., subprocess.Popen[str]],
    run_directory: Path,
) -> None:
    owner = start_owner()
    assert owner.stdout
    assert owner.stdout.readline() == "starting etcd and the API server\n"
    os.killpg(owner.pid, signal.SIGINT)

    assert owner.wait(10) == 130
    assert not left_of(run_directory)


def test_a_component_that_dies_is_named_and_the_rest_stays_to_be_looked_at(
    owner: subprocess.Popen[str],
    run_directory: Path,
) -> None:
    target = LocalTarget.attach(run_directory)
    assert target.alive() is None
    os.kill(pid_of(run_directory, "scheduler"), signal.SIGKILL)

    seconds_until(target.alive, limit=2)
    log = run_directory / "logs" / "scheduler.log"
    alive = target.alive()
    assert alive
    assert alive.startswith("scheduler was ended by SIGKILL")
    assert alive.endswith(f"; see {log}")
    assert len(target.observe()) == 2


def test_a_cluster_whose_sandbox_is_gone_is_not_alive(owner: subprocess.Popen[str], run_directory: Path) -> None:
    target = LocalTarget.attach(run_directory)
    os.kill(launcher_of(run_directory), signal.SIGTERM)
    seconds_until(lambda: not left_of(run_directory), limit=LIMIT_SECONDS)

    assert target.alive() == f"no cluster runs in {run_directory}: nobody answers at its control socket"


def test_a_cluster_that_is_told_to_stay_outlives_its_owner_until_it_is_ended(run_directory: Path) -> None:
    command = (
        "import sys, pathlib; from fixtures.targets.local import LocalTarget\n"
        "target = LocalTarget(pathlib.Path(sys.argv[1]), nodes=1); target.up(print); target.stay()"
    )
    subprocess.run([sys.executable, "-c", command, run_directory], check=True, stdout=subprocess.PIPE)
    try:
        assert LocalTarget.attach(run_directory).alive() is None
    finally:
        assert end(run_directory)

    assert not left_of(run_directory)
    assert not end(run_directory)


def test_down_can_be_said_any_number_of_times(run_directory: Path) -> None:
    target = LocalTarget(run_directory, nodes=1, images=common_images())
    target.down()
    target.up(lambda _: None)
    target.down()
    target.down()

    assert not left_of(run_directory)
    assert target.alive() == f"no cluster runs in {run_directory}: nobody answers at its control socket"
