"""A set-up that ends in the middle leaves no process behind, and the next one goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.paths import checkout_directory


@pytest.fixture
def hanging(fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """Start a set-up whose Go has begun to compile and does not end."""
    assert fake_go.exists()
    monkeypatch.setenv("FAKE_GO_HANG", str(tmp_path / "go.pid"))
    with subprocess.Popen(
        [sys.executable, "-m", "fixtures", "setup", "ctrinit"],
        cwd=checkout_directory(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: (tmp_path / "go.pid").exists() and (tmp_path / "go.pid").read_text() != "")
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_go_too_and_says_how_to_go_on(
    hanging: subprocess.Popen[str], number: signal.Signals, tmp_path: Path
) -> None:
    go = int((tmp_path / "go.pid").read_text())
    hanging.send_signal(number)
    output, _ = hanging.communicate(timeout=20)

    assert hanging.returncode == 130, output
    assert output.splitlines()[-1] == "interrupted; run the same command again to go on"
    assert "Traceback" not in output
    assert not alive(go)


def test_after_sigkill_go_ends_by_itself_and_the_next_set_up_goes_on(
    hanging: subprocess.Popen[str], tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = int((tmp_path / "go.pid").read_text())
    hanging.kill()
    wait_until(lambda: not alive(go))
    assert not (cache / "bin" / "ctrinit").exists()

    monkeypatch.delenv("FAKE_GO_HANG")
    again = subprocess.run(
        [sys.executable, "-m", "fixtures", "setup", "ctrinit"],
        cwd=checkout_directory(), capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert (cache / "bin" / "ctrinit").exists()


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "nothing happened"
        os.sched_yield()
        time.sleep(0.01)
