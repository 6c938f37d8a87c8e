"""All of it as an ordinary user, when the tests run as root (otherwise they already are)."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path, which only its owner can enter.
    directory = Path(tempfile.mkdtemp())
    os.chown(directory, NOBODY, NOBODY)
    yield directory
    shutil.rmtree(directory)


def as_user(fuse_mode: str, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, HERE / "ordinary_user.py", fuse_mode, sys.executable, *command],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_a_closed_fuse_device_the_way_out_is_said_and_nothing_is_made(home: Path) -> None:
    done = as_user("0600", "-m", "fixtures", "up", "--state", home / "state")

    assert done.stderr == "/dev/fuse is mode 0600 and not for this user: sudo chmod 0666 /dev/fuse, or run as root\n"
    assert done.stdout == ""
    assert done.returncode == 4
    assert not list(home.iterdir())


def test_a_cluster_of_another_user_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(mode=0o600)
    tmp_path.chmod(0o700)
    for command in ("status", "up", "down"):
        done = as_user("0666", "-m", "fixtures", command, "--state", tmp_path)

        assert done.stderr == f"{tmp_path} belongs to another user: give another directory\n"
        assert done.returncode == 4


def test_with_an_open_fuse_device_a_cluster_works_and_ends_like_roots(home: Path) -> None:
    tests = [HERE / "test_local_cluster.py", HERE / "test_local_end.py"]
    chosen = "test_local_cluster or test_sigkill_of_the_owner or test_ctrl_c or sigkill_of_the_launcher"
    done = as_user(
        "0666",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--basetemp",
        home / "t",
        "-k",
        chosen,
        *tests,
    )

    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
