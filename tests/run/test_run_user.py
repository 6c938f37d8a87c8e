"""A whole run as an ordinary user, when the tests run as root (otherwise all runs of these tests are one)."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from run_played import PlayedRun, copy_of_the_checkout, expect_nothing_left
from run_traces import processes_of

from fixtures.paths import checkout_directory

Play = Callable[..., PlayedRun]

NOBODY = 65534
BECOME = checkout_directory() / "tests" / "local" / "ordinary_user.py"
WHOLE = ("--fluid-object-size=64MiB", "--fluid-readers=2")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a directory of that user with a checkout in it."""
    directory = Path(tempfile.mkdtemp(prefix="fluid-home-"))
    copy_of_the_checkout(directory / "checkout")
    directory.chmod(0o755)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def cache(home: Path) -> Path:
    return home / "cache"


def as_user(fuse_mode: str) -> list[str]:
    """Return what stands before a command that this user shall run."""
    return [sys.executable, str(BECOME), fuse_mode]


def test_a_closed_fuse_device(play: Play, home: Path, cache: Path) -> None:
    ended = play(checkout=home / "checkout", before=as_user("0600")).end()

    assert ended.output == (
        "fluid: /dev/fuse is mode 0600 and not for this user: sudo chmod 0666 /dev/fuse, or run as root\n"
    )
    assert ended.code == 10
    assert processes_of(cache) == []
    assert not list((home / "checkout" / "reports").glob("runs/*"))


def test_everything_passes(play: Play, home: Path) -> None:
    run = play(checkout=home / "checkout", before=as_user("0666"), options=WHOLE)
    run.wait_for("ready after")
    footprint = run.footprint()
    ended = run.end(seconds=300)
    report = ended.report()

    assert ended.code == 0, ended.output
    assert report["environment"]["root"] is False
    # Ratios on a processor that others use may be missed, and passthrough takes root: both change no exit code.
    measured = "suite/performance/test_benchmarks.py"
    outcomes = {test["outcome"] for test in report["tests"] if not test["id"].startswith(measured)}
    assert outcomes == {"pass"}, ended.output
    assert report["run"]["partial"] is False
    assert report["notices"] == []
    expect_nothing_left(footprint)
