"""How worker and client begin and end: quickly, and without leaving anything behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, COMMAND, ROOT, Lab, ordinary_node, until

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(bool(os.getuid()), reason="only root can make an ordinary user; here all tests are one's")
AS_HERE = {**os.environ, "PYTHONPATH": str(ROOT)}
ERROR_LINES = {
    "not there": ("{missing}", "No such file or directory. Mount the runtime's ConfigMap there"),
    "not json": ("{", "not JSON"),
    "without mounts": ('{"dataset": {"namespace": "a", "name": "b"}}', "'mounts' is missing"),
}


def test_a_worker_told_to_stop_is_gone_within_a_second_and_leaves_no_byte(lab: Lab) -> None:
    lab.origin.put("file", content(1, 20 * BLOCK))
    lab.origin.put("other", content(2, BLOCK))
    lab.start()
    lab.node.do("digest", path=lab.path("file"))
    assert list(lab.tier.rglob("*"))
    lab.origin.open_gate.clear()
    held = lab.node.begin("ranges", path=lab.path("other"), spans=[[0, 1]])
    assert lab.origin.arrived.acquire(timeout=10)
    pid, began = lab.workers["127.0.0.1"], time.monotonic()

    lab.signal(pid, signal.SIGTERM)

    assert lab.node.do("wait", pid=pid, seconds=5) == 0
    assert time.monotonic() - began < 1.0
    assert list(lab.tier.iterdir()) == []
    lab.origin.open_gate.set()
    lab.start_worker()
    assert held.result(20)


def test_a_client_told_to_stop_unmounts_and_ends_well(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.start()
    second = lab.start_client()  # stacked on the first, as two pods on one node do
    until(lambda: len(lab.node.do("mounts", path=str(lab.mount))) == 2, "both mounts")
    lab.node.do("hold", path=lab.path("file"))

    lab.signal(second, signal.SIGTERM)

    assert lab.node.do("wait", pid=second, seconds=5) == 0
    assert len(lab.node.do("mounts", path=str(lab.mount))) == 1
    assert lab.node.do("digest", path=lab.path("file")) == [1, sha(b"x")]


def test_a_client_below_another_leaves_it_alone_and_is_cleaned_up_by_it(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.configure()
    lab.start_worker()
    below, above = lab.start_client(), lab.start_client()
    until(lambda: len(lab.node.do("mounts", path=str(lab.mount))) == 2, "both mounts")

    lab.signal(below, signal.SIGTERM)
    assert lab.node.do("wait", pid=below, seconds=5) == 0
    assert lab.node.do("digest", path=lab.path("file")) == [1, sha(b"x")]
    lab.signal(above, signal.SIGTERM)
    assert lab.node.do("wait", pid=above, seconds=5) == 0

    assert lab.node.do("mounts", path=str(lab.mount)) == []


def test_a_client_whose_mount_is_taken_away_ends_well(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.configure()
    lab.start_worker()
    client = lab.start_client()
    lab.node.do("digest", path=lab.path("file"))

    done = lab.node.do("run", argv=["umount", str(lab.mount)], env={}, seconds=5)

    assert (done["code"], done["err"]) == (0, "")
    assert lab.node.do("wait", pid=client, seconds=5) == 0
    assert lab.node.do("mounts", path=str(lab.mount)) == []


@as_root
def test_a_client_whose_connection_is_cut_has_failed(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.configure()
    lab.start_worker()
    client = lab.start_client()
    (line,) = lab.node.do("mounts", path=str(lab.mount))
    number = line.split(" ")[2].partition(":")[2]  # of the device, which names the connection
    control = lab.folder / "connections"
    control.mkdir()
    mounted = lab.node.do("run", argv=["mount", "-t", "fusectl", "none", str(control)], env={}, seconds=5)
    assert mounted["code"] == 0, mounted

    lab.node.do("run", argv=["sh", "-c", f"echo 1 > {control}/{number}/abort"], env={}, seconds=5)

    assert lab.node.do("wait", pid=client, seconds=5) == 1
    assert lab.node.do("mounts", path=str(lab.mount)) == []


def test_a_killed_client_is_noticed_and_replaced(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.configure()
    lab.start_worker()
    first = lab.start_client()
    (line,) = lab.node.do("mounts", path=str(lab.mount))
    assert "jindo" in line.partition(" - ")[2]
    lab.signal(first, signal.SIGKILL)
    lab.node.do("wait", pid=first, seconds=5)

    done = lab.wait_mounted(seconds=0.2)
    assert done["code"] == 1
    assert done["err"].count("\n") == 1
    assert f"{lab.mount} is mounted but dead (Transport endpoint is not connected) after 0.2 s" in done["err"]

    lab.start_client()
    assert len(lab.node.do("mounts", path=str(lab.mount))) == 1
    assert lab.node.do("digest", path=lab.path("file")) == [1, sha(b"x")]


def test_waiting_for_a_mount_that_never_comes_ends_with_one_line(lab: Lab) -> None:
    lab.configure()

    done = lab.wait_mounted(seconds=0.1)

    assert done["code"] == 1
    assert done["err"] == (f"wait-mounted: {lab.mount} is no mount after 0.1 s; see the log of the client container\n")


@pytest.mark.parametrize("command", ["worker", "client"])
def test_what_is_not_needed_is_not_imported(command: str) -> None:
    """The languages of origins take longer to import than all the rest; only a mount's own is, and by workers only."""
    loaded = f"import sys, reference_impl.cache.{command}; print(*sys.modules)"

    names = subprocess.run([sys.executable, "-P", "-c", loaded], env=AS_HERE, stdout=subprocess.PIPE, check=True).stdout

    assert b"reference_impl.cache.config" in names
    assert not {b"minio", b"oss2", b"urllib3", b"requests", b"kubernetes"} & set(names.split())


def test_worker_and_client_start_on_hardly_more_cpu_than_their_imports_take(lab: Lab) -> None:
    lab.origin.put("file", b"x")
    lab.start()
    client = lab.start_client()
    until(lambda: len(lab.node.do("mounts", path=str(lab.mount))) == 2, "the second client's mount")

    of_worker = lab.node.do("cpu_seconds", pid=lab.workers["127.0.0.1"])
    of_client = lab.node.do("cpu_seconds", pid=client)

    # Twice: what a second takes on a shared processor changes from one second to the next.
    assert of_worker < 0.1 + 2 * cpu_of("import reference_impl.cache.worker, reference_impl.cache.origin_s3")
    assert of_client < 0.1 + 2 * cpu_of("import reference_impl.cache.client")


def cpu_of(text: str) -> float:
    """Return what a program costs on this machine now, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-P", "-c", text], env=AS_HERE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@as_root
def test_an_ordinary_user_mounts_in_a_namespace_of_his_own(lab: Lab) -> None:
    body = content(3, 3 * BLOCK + 1)
    lab.origin.put("file", body)
    lab.configure()
    lab.start_worker()
    node = ordinary_node(lab, mode="0666")
    try:
        client = lab.start_client(node=node)
        assert node.do("digest", path=lab.path("file")) == [len(body), sha(body)]
        lab.signal_on(node, client, signal.SIGTERM)
        assert node.do("wait", pid=client, seconds=5) == 0
        assert node.do("mounts", path=str(lab.mount)) == []
    finally:
        node.close()


@as_root
def test_an_ordinary_user_without_the_device_gets_the_line_that_says_so(lab: Lab) -> None:
    lab.configure()
    node = ordinary_node(lab, mode="0600")
    try:
        client = lab.start_client(node=node, waits=False)
        assert node.do("wait", pid=client, seconds=10) == 2
    finally:
        node.close()
    assert "/dev/fuse: Permission denied. Run the client privileged, or make the device accessible " in (
        lab.log.read_text()
    )


@pytest.mark.parametrize("case", ERROR_LINES)
@pytest.mark.parametrize("command", ["worker", "client"])
def test_a_wrong_configuration_is_one_line_and_exit_code_two(tmp_path: Path, case: str, command: str) -> None:
    text, expected = ERROR_LINES[case]
    location = tmp_path / "runtime.json"
    if text != "{missing}":
        location.write_text(text)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FLUID_RUNTIME_CONFIG": str(location),
        "FLUID_MOUNT_PATH": str(tmp_path / "mnt"),
    }

    done = subprocess.run([*COMMAND, command], env=environment, capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1, done
    assert f"{location}: " in done.stderr
    assert expected in done.stderr


def test_an_unknown_command_names_the_known_ones() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [*COMMAND, "wroker"], env=environment, capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 2
    assert "got 'wroker', expected one of worker, client, wait-mounted" in done.stderr


def test_a_port_in_use_is_one_line(lab: Lab) -> None:
    lab.configure()
    lab.start_worker()
    until(lab.stats, "the first worker")

    second = lab.start_worker()

    assert lab.node.do("wait", pid=second, seconds=10) == 2
    assert f"port {lab.data_port}: Address already in use" in lab.log.read_text()
