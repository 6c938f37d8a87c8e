"""A cluster that is up: what its owner can do with it."""

import contextlib
import http.client
import json
import socket
import ssl
import stat
import threading

import pytest
from kubernetes import client, config
from traces import seconds_until

from fixtures.errors import InfrastructureError, UserError
from fixtures.targets.local import LocalTarget

# A question for an A record, by hand: the sandbox's first process has this machine's resolver, pods have the cluster's.
ASK = """
import socket, sys
name = b"".join(bytes([len(label)]) + label.encode() for label in sys.argv[1].split("."))
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(5)
asker.sendto(b"\\0\\7\\1\\0\\0\\1" + bytes(6) + name + b"\\0\\0\\1\\0\\1", ("10.96.0.10", 53))
answer = asker.recv(1500)
print(socket.inet_ntoa(answer[-4:]) if answer[7] else "no such name" if answer[3] & 15 == 3 else answer)
"""
ECHO = """
import socket
server = socket.create_server(("10.240.255.9", 7777))
while True:
    connection, _ = server.accept()
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()
"""


@pytest.fixture(scope="module")
def core(cluster: LocalTarget) -> client.CoreV1Api:
    return client.CoreV1Api(config.new_client_from_config(str(cluster.kubeconfig())))


def test_the_kubeconfig_is_private_and_verifies_the_server(cluster: LocalTarget) -> None:
    path = cluster.kubeconfig()
    (entry,) = json.loads(path.read_text())["clusters"]

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert entry["cluster"]["server"].startswith("https://127.0.0.1:")
    assert entry["cluster"]["tls-server-name"] == "kubernetes.default.svc"
    assert "insecure-skip-tls-verify" not in entry["cluster"]
    port = int(entry["cluster"]["server"].rpartition(":")[2])
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context()).request("GET", "/")


def test_nodes_are_as_many_as_asked_for_with_the_labels_asked_for(core: client.CoreV1Api) -> None:
    labels = [node.metadata.labels.get("kind") for node in core.list_node().items]

    assert labels == ["test", "test"]


def test_the_service_account_key_is_nowhere_on_disk(cluster: LocalTarget) -> None:
    root = cluster.kubeconfig().parent

    assert not list((root / "cluster").iterdir())
    for file in root.rglob("*"):
        if file.is_file():
            assert b"PRIVATE KEY" not in file.read_bytes(), file


def test_a_run_inside_sees_the_sandbox_and_not_the_host(cluster: LocalTarget) -> None:
    assert cluster.run_inside(["hostname"]) == "fluid-local\n"
    assert cluster.run_inside(["sh", "-c", "echo $COLOUR"], env={"COLOUR": "red"}) == "red\n"
    devices = cluster.run_inside(["cat", "/proc/net/dev"]).splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_a_run_inside_that_fails_says_how(cluster: LocalTarget) -> None:
    with pytest.raises(InfrastructureError, match=r"sh \(in the sandbox\) ended with exit code 3: no luck"):
        cluster.run_inside(["sh", "-c", "echo no luck >&2; exit 3"])
    with pytest.raises(UserError, match="/no/such/program cannot be started: No such file"):
        cluster.run_inside(["/no/such/program"])
    with pytest.raises(InfrastructureError, match=r"sleep .* was not done in 0 s"):
        cluster.run_inside(["sleep", "60"], seconds=0.1)


def test_a_spawned_program_is_reached_through_a_forwarded_port(cluster: LocalTarget) -> None:
    cluster.spawn("echo", ["python3", "-c", ECHO], {})
    host, port = cluster.forward("10.240.255.9", 7777)
    try:
        data = bytes(range(256)) * 4096
        seconds_until(lambda: _echo(host, port, b"x") == b"x", limit=5)
        assert _echo(host, port, data) == data
    finally:
        cluster.stop("echo")
    assert "echo" not in cluster.status()["programs"]
    assert cluster.alive() is None, "a program that was stopped is not a failure"


def test_names_outside_the_cluster_are_found_with_all_below_them(cluster: LocalTarget) -> None:
    def asked(name: str) -> str:
        return cluster.run_inside(["python3", "-c", ASK, name]).strip()

    assert asked("store.example.com") == asked("bucket.store.example.com") == "10.240.255.9"
    assert asked("example.com") == asked("mystore.example.com") == "no such name"


def test_a_forward_to_nobody_is_a_closed_connection(cluster: LocalTarget) -> None:
    host, port = cluster.forward("10.240.255.9", 7778)

    assert _echo(host, port, b"x") == b""


def test_a_name_is_taken_until_its_program_is_stopped(cluster: LocalTarget) -> None:
    cluster.spawn("twice", ["sleep", "60"], {})
    with pytest.raises(UserError, match="twice is already running"):
        cluster.spawn("twice", ["sleep", "60"], {})
    cluster.stop("twice")
    cluster.spawn("twice", ["sleep", "60"], {})
    cluster.stop("twice")
    cluster.stop("twice")


def test_a_program_that_does_not_heed_sigterm_is_killed(
    cluster: LocalTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fixtures.targets.local.STOP_SECONDS", 0.2)
    cluster.spawn("deaf", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 60; done"], {})
    log = cluster.kubeconfig().parent / "logs" / "deaf.log"
    seconds_until(lambda: log.read_text() == "up\n", limit=5)
    cluster.stop("deaf")

    assert "deaf" not in cluster.status()["programs"]


def test_another_process_can_attach(cluster: LocalTarget) -> None:
    other = LocalTarget.attach(cluster.kubeconfig().parent)

    assert other.alive() is None
    assert [node.node for node in other.observe()] == ["node-1", "node-2"]
    other.down()
    assert cluster.alive() is None, "only the owner ends a cluster"


def test_nobody_else_takes_its_directory(cluster: LocalTarget) -> None:
    with pytest.raises(UserError, match="is in use by another run"):
        LocalTarget(cluster.kubeconfig().parent).up(lambda _: None)
    assert cluster.alive() is None


POD_SCRIPT = """
mount -t tmpfs pod-made /data/mnt
dd if=/dev/zero of=/data/mnt/hidden bs=1M count=2
dd if=/dev/zero of=/data/seen bs=1M count=3
dd if=/dev/zero of=/memory/block bs=1M count=5
dd if=/dev/zero of=/disk/block bs=1M count=7
touch /data/done
exec sleep 86399
"""


def test_an_observation_names_what_a_pod_put_on_its_node(cluster: LocalTarget, core: client.CoreV1Api) -> None:
    core.create_namespaced_pod("default", _pod())
    try:
        seconds_until(lambda: "/observed" in _paths(cluster) and _complete(cluster), limit=20)
        uid = core.read_namespaced_pod("seen", "default").metadata.uid
        first, second = cluster.observe()
        mounts = {mount.path: mount.fstype for mount in first.mounts}
        files = {file.path: file.bytes for file in first.files}
        (process,) = [process for process in first.processes if "86399" in process.command]

        assert mounts["/observed/mnt"] == "tmpfs", "a mount with Bidirectional propagation is the node's"
        assert mounts[f"/pods/{uid}/volumes/memory"] == "tmpfs"
        assert files["/observed"] == 3 << 20
        assert "/observed/mnt" not in files, "what is mounted is not the node's own"
        assert files[f"/pods/{uid}/volumes/memory"] == 5 << 20
        assert files[f"/pods/{uid}/volumes/disk"] == 7 << 20
        assert process.pod_uid == uid
        assert 10_000 < process.memory_bytes < 20_000_000
        assert not second.mounts
        assert not second.processes
        assert not second.files
    finally:
        core.delete_namespaced_pod("seen", "default", grace_period_seconds=0)
    seconds_until(lambda: not cluster.observe()[0].processes, limit=20)
    seconds_until(lambda: not any("/pods/" in path for path in _paths(cluster)), limit=20)
    assert "/observed" in _paths(cluster), "hostPath data outlives its pod, as on a real node"


def test_a_container_keeps_no_copy_of_what_is_mounted_on_the_nodes(
    cluster: LocalTarget, core: client.CoreV1Api
) -> None:
    core.create_namespaced_pod("default", _pod())
    try:
        seconds_until(lambda: _complete(cluster), limit=20)
        core.create_namespaced_pod("default", _lister())
        seconds_until(lambda: core.read_namespaced_pod("lister", "default").status.phase == "Succeeded", limit=20)
        table = core.read_namespaced_pod_log("lister", "default")
        points = [line.split(" ")[4] for line in table.splitlines()]

        assert "/proc" in points, table
        copies = [point for point in points if point.startswith(f"{cluster.kubeconfig().parent}/cluster/")]
        # Below what is hidden lies only what the container's own root was made on.
        assert not [copy for copy in copies if "/node-" in copy], copies
    finally:
        for name in ("seen", "lister"):
            with contextlib.suppress(client.ApiException):
                core.delete_namespaced_pod(name, "default", grace_period_seconds=0)


def _lister() -> dict[str, object]:
    container = {"name": "main", "image": "busybox", "command": ["cat", "/proc/self/mountinfo"]}
    spec = {"nodeName": "node-1", "containers": [container], "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lister"}, "spec": spec}


def _pod() -> dict[str, object]:
    mounts = [
        {"name": "host", "mountPath": "/data", "mountPropagation": "Bidirectional"},
        {"name": "memory", "mountPath": "/memory"},
        {"name": "disk", "mountPath": "/disk"},
    ]
    container = {
        "name": "main",
        "image": "busybox",
        "command": ["sh", "-ec", "mkdir -p /data/mnt\n" + POD_SCRIPT],
        "securityContext": {"privileged": True},
        "volumeMounts": mounts,
    }
    volumes = [
        {"name": "host", "hostPath": {"path": "/observed", "type": "DirectoryOrCreate"}},
        {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
        {"name": "disk", "emptyDir": {}},
    ]
    spec = {"nodeName": "node-1", "containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 1}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "seen"}, "spec": spec}


def _paths(cluster: LocalTarget) -> list[str]:
    return [file.path for file in cluster.observe()[0].files]


def _complete(cluster: LocalTarget) -> bool:
    return any("86399" in process.command for process in cluster.observe()[0].processes)


def _echo(host: str, port: int, data: bytes) -> bytes:
    received = bytearray()
    with socket.create_connection((host, port), timeout=5) as connection:

        def send() -> None:
            with contextlib.suppress(OSError):  # the other side may close at once
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
        sender.join()
    return bytes(received)
