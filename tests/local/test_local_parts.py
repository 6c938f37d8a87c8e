"""The cluster's small parts, alone."""

import errno
import os
import signal
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from traces import seconds_until

from fixtures.errors import InfrastructureError, UserError
from fixtures.local import control, observation, programs, relay
from fixtures.local.controlplane import service_account_key, write_private
from fixtures.local.launcher import main as launch
from fixtures.local.layout import Layout
from fixtures.local.settings import Settings
from fixtures.waiting import until

TABLE = """\
1 0 0:1 / / rw - ext4 /dev/vda rw
2 1 0:2 / /run/c/nodes/node-1 rw shared:1 - tmpfs tmpfs rw
3 2 0:3 / /run/c/nodes/node-1/root/runtime-mnt/a\\040b rw shared:2 - fuse.reference fuse\\040source rw
4 2 0:4 / /run/c/nodes/node-1/pods/u-1/volumes/cache rw - tmpfs tmpfs rw,size=1k
5 1 0:5 / /run/c/nodes/node-10/root/x rw - tmpfs tmpfs rw
6 1 0:6 / /run/c/nodes-elsewhere/root/x rw - tmpfs tmpfs rw
"""


def test_mounts_are_told_by_node_and_by_the_path_on_it() -> None:
    found = observation.mounts_by_node(Path("/run/c/nodes"), TABLE)

    assert {node: [mount.path for mount in mounts] for node, mounts in found.items()} == {
        "node-1": ["/runtime-mnt/a b", "/pods/u-1/volumes/cache"],
        "node-10": ["/x"],
    }
    assert found["node-1"][0].fstype == "fuse.reference"
    assert found["node-1"][0].source == "fuse source"


def test_no_nodes_no_observation(tmp_path: Path) -> None:
    assert observation.observe(tmp_path / "nowhere") == []


def test_files_are_counted_by_directory_and_volumes_as_a_whole(tmp_path: Path) -> None:
    for path, size in {
        "root/a/one": 8192,
        "root/a/deep/two": 4096,
        "root/empty/none": 0,
        "pods/u/volumes/v/x": 4096,
        "pods/u/volumes/v/d/y": 4096,
        "pods/u/etc/hosts": 4096,
    }.items():
        file = tmp_path / "node-1" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    (tmp_path / "node-1/root/a/link").symlink_to("/proc")
    (seen,) = observation.observe(tmp_path)
    seen_files = {each["path"]: each["bytes"] for each in seen["files"]}

    assert seen_files == {"/a": 8192, "/a/deep": 4096, "/pods/u/etc": 4096, "/pods/u/volumes/v": 8192}


def test_a_directory_below_a_mount_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "root/mnt").mkdir(parents=True)
    (tmp_path / "root/mnt/secret").write_bytes(b"x" * 4096)
    foreign = {"/mnt": observation.Mounted("/mnt", "fuse", "dead")}

    assert list(observation.tree(tmp_path / "root", "", foreign)) == [("", 0)]


def test_memory_of_a_process_is_its_proportional_share() -> None:
    assert 1 << 20 < observation.proportional_memory(str(os.getpid())) < 1 << 31
    assert observation.proportional_memory("999999999") == 0


def test_the_service_account_key_is_an_elliptic_curve_key_and_new_each_time() -> None:
    first, second = service_account_key(), service_account_key()
    key = load_pem_private_key(first.encode(), password=None)

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    assert first != second


def test_a_private_file_is_never_open_to_others(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        write_private(tmp_path / "kubeconfig", "secret")
    finally:
        os.umask(previous)

    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["kubeconfig"]


def test_waiting_fails_with_what_it_waited_for() -> None:
    with pytest.raises(InfrastructureError, match="the moon: not so after 0 s"):
        until(lambda: False, what="the moon", deadline=time.monotonic() + 0.05)


def test_waiting_fails_at_once_when_it_is_in_vain() -> None:
    began = time.monotonic()
    with pytest.raises(InfrastructureError, match="the rocket broke"):
        until(lambda: False, what="the moon", deadline=began + 60, failure=lambda: "the rocket broke")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("one\ntwo\n\n", ": two"),
        (
            'E0101 12:00:00.000000       1 run.go:72] "command failed" err="no"\nusage:\n  more\n',
            ': E0101 12:00:00.000000       1 run.go:72] "command failed" err="no"',
        ),
        ('{"level":"info"}\n{"level":"fatal","msg":"b"}\n{"level":"info"}\n', ': {"level":"fatal","msg":"b"}'),
        ("panic: oh\n\ngoroutine 1 [running]:\nmain.main()\n", ": panic: oh"),
        ("Traceback (most recent call last):\n  File\nValueError: bad\n", ": ValueError: bad"),
        ("x" * 1000, ": " + "x" * 300),
    ],
)
def test_the_last_words_of_a_log_tell_why(tmp_path: Path, log: str, words: str) -> None:
    file = tmp_path / "log"
    file.write_text(log)

    assert programs.last_words(file) == words
    assert programs.last_words(tmp_path / "nowhere") == ""


def test_endings_in_words() -> None:
    assert programs.how_it_ended(3) == "ended with exit code 3"
    assert programs.how_it_ended(-signal.SIGSEGV) == "was ended by SIGSEGV"
    assert "is not a program for this machine" in str(programs.cannot_start("x", OSError(errno.ENOEXEC, "")))


def test_only_the_first_failure_is_told(tmp_path: Path) -> None:
    some = programs.Programs(directory=tmp_path)
    for name, code in (("first", 1), ("second", 2)):
        command = ["sh", "-c", f"echo error: {name} >&2; exit {code}"]
        some.start(name, command, log=tmp_path / name, environment=os.environ)
        seconds_until(lambda: not some.running(), limit=5)
        seconds_until(some.failure, limit=5)

    assert some.failure() == f"first ended with exit code 1: error: first; see {tmp_path}/first"


def test_a_program_that_cannot_be_started_takes_no_name(tmp_path: Path) -> None:
    some = programs.Programs(directory=tmp_path)
    for _ in range(2):
        with pytest.raises(UserError, match="/nowhere cannot be started: No such file or directory"):
            some.start("name", ["/nowhere"], log=tmp_path / "log", environment={})
    assert some.failure() is None


def test_the_control_socket_is_the_owners_only_at_any_length_of_path(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    listener = control.listen(deep / "control.sock")

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            request, _ = control.receive_request(connection)
            connection.sendall(b'{"got": "%s"}\n' % request["do"].encode())

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        assert (deep / "control.sock").stat().st_mode & 0o777 == 0o600
        assert control.ask(deep / "control.sock", {"do": "x" * 100_000}) == {"got": "x" * 100_000}
    finally:
        answering.join()
        listener.close()
    with pytest.raises(InfrastructureError, match="nobody answers at its control socket"):
        control.ask(deep / "control.sock", {"do": "status"})


def test_a_control_socket_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with control.listen(path), pytest.raises(InfrastructureError, match="no answer to 'status' in 0 s"):
        control.ask(path, {"do": "status"}, seconds=0.1)


def test_the_relay_passes_the_end_of_each_direction_on() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    listener = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    threading.Thread(target=relay.serve, args=(listener, "127.0.0.1", port), daemon=True).start()
    with server, socket.create_connection(listener.getsockname(), timeout=5) as near:
        far, _ = server.accept()
        with far:
            far.settimeout(5)
            near.sendall(b"question")
            near.shutdown(socket.SHUT_WR)
            assert far.recv(100) == b"question"
            assert far.recv(100) == b""
            far.sendall(b"answer")
            assert near.recv(100) == b"answer"
            far.close()
            assert near.recv(100) == b""


def test_settings_survive_the_pipe() -> None:
    settings = Settings(
        run_directory="/r",
        owner=7,
        nodes=3,
        labels="a=b",
        backoff="2s",
        controlplane="/c",
        vnode="/v",
        ctrinit="/i",
    )

    assert Settings.from_line(settings.to_line()) == settings


def test_a_launcher_without_settings_says_how_it_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    monkeypatch.setattr("fixtures.local.launcher.STANDARD_INPUT", reader)
    monkeypatch.setattr("fixtures.local.launcher._catch_signals", lambda: None)
    with pytest.raises(SystemExit, match="use `python -m fixtures up`"):
        launch()
    os.close(reader)


def test_clearing_removes_what_we_made_and_nothing_else(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.make()
    layout.kubeconfig.touch()
    layout.store.mkdir()
    (layout.store / "data").touch()
    (layout.root / "mine").touch()
    layout.clear()

    assert sorted(path.name for path in layout.root.iterdir()) == ["logs", "mine"]
    assert layout.root.stat().st_mode & 0o777 == 0o700


def test_what_was_mounted_after_the_mount_table_was_read_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root" / "own").mkdir(parents=True)
    (tmp_path / "root" / "mounted").mkdir()
    for folder in ("own", "mounted"):
        (tmp_path / "root" / folder / "file").write_bytes(b"x" * 100_000)
    real = os.lstat

    def lstat(path: str) -> os.stat_result | SimpleNamespace:
        found = real(path)
        return SimpleNamespace(st_dev=found.st_dev + 1) if str(path).endswith("/mounted") else found

    monkeypatch.setattr(os, "lstat", lstat)
    counted = dict(observation.tree(tmp_path / "root", "", {}))

    assert counted["/own"] >= 100_000
    assert "/mounted" not in counted
