"""A program beside the nodes: heard line by line, in a room of its own, and gone with all that it started."""

import re
import sys
import time
from pathlib import Path

import pytest

from fixtures.errors import InfrastructureError
from fixtures.targets.local import LocalTarget

PYTHON = [sys.executable, "-u", "-c"]
LEAVE_BEHIND = """
import os, subprocess, sys
from pathlib import Path
memory = Path(sys.argv[1])
mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
print("memory", next(mount[2] for mount in mounts if mount[1] == str(memory)))
print("pid", os.getpid(), "session", os.getsid(0))
(memory / "file").write_bytes(bytes(1 << 20))
subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
subprocess.Popen(["sleep", "86398"], start_new_session=True)
sys.exit(7)
"""


def run(cluster: LocalTarget, tmp_path: Path, program: str, *, seconds: float = 20.0) -> tuple[int, list[str]]:
    assert cluster.workbench
    heard: list[str] = []
    memory = tmp_path / "memory"
    code = cluster.workbench.run(
        "bench",
        [*PYTHON, program, str(memory)],
        env={"TOLD": "a value"},
        memory=memory,
        log=tmp_path / "bench.log",
        seconds=seconds,
        hear=heard.append,
    )
    return code, heard


def test_its_lines_are_heard_and_its_code_is_returned(cluster: LocalTarget, tmp_path: Path) -> None:
    assert run(cluster, tmp_path, "import os; print(os.environ['TOLD']); print(); print('end')") == (
        0,
        ["a value", "end"],
    )
    assert cluster.alive() is None, "its end was expected"


def test_what_it_starts_and_mounts_ends_with_it(cluster: LocalTarget, tmp_path: Path) -> None:
    code, heard = run(cluster, tmp_path, LEAVE_BEHIND)

    assert (code, heard[1]) == (7, "pid 1 session 1"), heard
    assert heard[0] == "memory tmpfs"
    inside = cluster.run_inside(["sh", "-c", "cat /proc/mounts; cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
    assert "86398" not in inside
    assert not re.search(rf" (/mnt|{tmp_path}/memory) tmpfs ", inside)
    assert not (tmp_path / "memory").exists()


def test_one_that_takes_too_long_is_ended_and_its_last_line_told(cluster: LocalTarget, tmp_path: Path) -> None:
    program = "import time\nprint('measuring the worker', flush=True)\ntime.sleep(86397)"
    began = time.monotonic()
    with pytest.raises(InfrastructureError, match=r"not so after 2 s; its last line: measuring the worker \(log: .*\)"):
        run(cluster, tmp_path, program, seconds=2.0)

    assert time.monotonic() - began < 10
    assert "86397" not in cluster.run_inside(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).replace(
        "sh -c", ""
    )
    assert cluster.alive() is None


def test_it_is_asked_to_end_as_a_terminal_asks(cluster: LocalTarget, tmp_path: Path) -> None:
    program = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('cleaning up')"
    with pytest.raises(InfrastructureError):
        run(cluster, tmp_path, program, seconds=2.0)

    assert (tmp_path / "bench.log").read_text() == "cleaning up\n"


def test_a_program_that_cannot_start_says_so(cluster: LocalTarget, tmp_path: Path) -> None:
    assert cluster.workbench
    heard: list[str] = []
    code = cluster.workbench.run(
        "bench",
        ["/no/such/program"],
        env={},
        memory=tmp_path / "memory",
        log=tmp_path / "log",
        seconds=10,
        hear=heard.append,
    )

    assert code == 1
    assert "/no/such/program cannot be started: [Errno 2]" in heard[-1]
