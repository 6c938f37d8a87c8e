"""What a cluster leaves on this machine, seen from outside of it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def processes_of(run_directory: Path) -> list[str]:
    """Return 'pid command' of every process that has the directory in its arguments or environment."""
    found = []
    needle = str(run_directory).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                if needle in command + (entry / "environ").read_bytes() and b"owner.py" not in command:
                    found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode()}")
            except OSError:
                continue
    return found


def kill_processes_of(run_directory: Path) -> None:
    """End what a failed test leaves."""
    for line in processes_of(run_directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)


def pid_of(run_directory: Path, *words: str) -> int:
    """Return the pid here of the one process of a cluster whose command has these words."""
    (line,) = [line for line in processes_of(run_directory) if all(word in line for word in words)]
    return int(line.split()[0])


def launcher_of(run_directory: Path) -> int:
    """Return the launcher's pid: of the three processes of that name, the oldest."""
    return min(int(line.split()[0]) for line in processes_of(run_directory) if "fixtures.local.launcher" in line)


def left_of(run_directory: Path) -> list[str]:
    """Return all that is left of a cluster, its logs and its lock apart."""
    files = [path.name for path in run_directory.iterdir() if path.name not in {"logs", "lock"}]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(run_directory) in line]
    return processes_of(run_directory) + files + mounts


def seconds_until(condition: Callable[[], object], *, limit: float) -> float:
    """Return how long a condition took to hold; fail with what it last was after `limit` seconds."""
    began = time.monotonic()
    while not (seen := condition()):
        passed = time.monotonic() - began
        assert passed < limit, f"still {seen!r} after {passed:.1f} s"
        time.sleep(0.01)
    return time.monotonic() - began
