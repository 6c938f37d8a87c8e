"""The laboratory: an origin, workers on loopback addresses, and nodes (mount namespaces) on which clients mount.

Everything is real: processes, sockets, /dev/fuse. Everything ends with the test, or with pytest.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cache_origin import ACCESS_KEY, BUCKET, SECRET_KEY, TinyOrigin

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

Json = Any  # what a JSON document holds
ROOT = Path(__file__).resolve().parents[2]
BLOCK = 1 << 18  # bytes; small, so that small objects have many blocks
STRIPE = 1 << 22
COMMAND = [sys.executable, "-P", "-m", "reference_impl"]
FUSE_DEVICE = "10 229"  # major and minor
NOBODY = 65534


def until(condition: Callable[[], Json], what: str, seconds: float = 10.0) -> Json:
    """Wait for a condition; its value, or a failure that says what was last seen."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except OSError as error:
            value, seen = None, repr(error)
        else:
            seen = repr(value)
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not in {seconds} s, last seen {seen}"
        time.sleep(0.01)


class Node:
    """Mount namespaces of their own, and an agent in them."""

    def __init__(self, *, prefix: list[str] | None = None, python: str = sys.executable, root: Path = ROOT) -> None:
        own = ["unshare", "--mount", "--propagation", "private"]
        if os.getuid():
            own = ["unshare", "--user", "--map-root-user", "--mount"]
        self.command = [python, "-P", "-m", "reference_impl"]
        self.root = root
        agent = [python, "-P", str(root / "tests/cache/cache_node_agent.py")]
        self._process = subprocess.Popen(
            [*(prefix or own), *agent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._numbers = itertools.count()
        self._pending: dict[int, concurrent.futures.Future[Json]] = {}
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def begin(self, do: str, **arguments: Json) -> concurrent.futures.Future[Json]:
        number = next(self._numbers)
        future = self._pending[number] = concurrent.futures.Future()
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": number, "do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        return future

    def do(self, do: str, *, within: float = 40.0, **arguments: Json) -> Json:
        return self.begin(do, **arguments).result(within)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._thread.join()
        self._process.stdout.close()

    def _receive(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._pending.pop(answer["id"])
            if "value" in answer:
                future.set_result(answer["value"])
            elif answer["error"]:
                future.set_exception(OSError(answer["error"], answer["text"]))
            else:
                future.set_exception(AssertionError(answer["text"]))
        for future in self._pending.values():
            future.set_exception(AssertionError("the node's agent has ended"))


class Lab:
    """One origin, one node, any number of workers and clients."""

    def __init__(self) -> None:
        # Not pytest's directory: an ordinary user must get in, and each session of pytest closes it again.
        folder = self.folder = Path(tempfile.mkdtemp(prefix="cache-test-"))
        folder.chmod(0o755)
        self.origin = TinyOrigin()
        self.node = Node()
        self.workers: dict[str, int] = {}  # host -> pid
        self.data_port, self.control_port = _free_ports()
        self.access_key_file = folder / "access-key"
        self.access_key_file.write_text(ACCESS_KEY)
        (folder / "secret-key").write_text(SECRET_KEY)
        self.tier = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="cache-test-"))
        self.log = folder / "log"
        self.mount = folder / "mnt"
        self.sockets = folder / "workers"
        self.sockets.mkdir()
        self.copies = folder / "copies"
        self.copies.mkdir()

    def close(self) -> None:
        self.origin.close()
        self.node.close()
        shutil.rmtree(self.tier)
        log = self.log.read_text() if self.log.exists() else ""
        shutil.rmtree(self.folder)
        assert SECRET_KEY not in log
        assert "X-Amz-Signature" not in log
        assert "Traceback" not in log, log

    def configure(
        self,
        *,
        workers: int = 1,
        quota: int = 1 << 30,
        mounts: list[dict[str, Json]] | None = None,
        sockets: bool = False,
        passthrough: bool = True,
        copy_bytes: int = 0,
        huge_pages: bool = False,
    ) -> None:
        usual = [{"mountPoint": f"s3://{BUCKET}", "path": "/", "name": "demo"}]
        shared = {
            "readOnly": True,
            "options": {"fs.s3.endpoint": f"http://127.0.0.1:{self.origin.port}"},
            "secretFiles": {
                "fs.s3.accessKeyId": str(self.access_key_file),
                "fs.s3.accessKeySecret": str(self.folder / "secret-key"),
            },
        }
        hosts = [f"127.0.0.{index + 1}" for index in range(workers)]
        tier = {"medium": "MEM", "path": str(self.tier), "quotaBytes": quota, "hugePages": huge_pages}
        document = {
            "dataset": {"namespace": "test", "name": "data"},
            "mounts": [{**mount, **shared} for mount in mounts or usual],
            "workers": {"hosts": hosts, "dataPort": self.data_port, "controlPort": self.control_port},
            "tiers": [{**tier, "high": 0.9, "low": 0.6}],
            "stripeBytes": STRIPE,
            "blockBytes": BLOCK,
            "socketDirectory": str(self.sockets) if sockets else None,
            "passthrough": passthrough,
            "clientCopyBytes": copy_bytes,
            "copiesDirectory": str(self.copies) if copy_bytes else None,
        }
        (self.folder / "runtime.json").write_text(json.dumps(document))

    def environment(self, **more: str) -> dict[str, str]:
        usual = {"FLUID_RUNTIME_CONFIG": str(self.folder / "runtime.json"), "PYTHONPATH": str(ROOT)}
        return {**usual, **more}

    def start_worker(self, host: str = "127.0.0.1") -> int:
        pid = self.node.do(
            "start",
            argv=[*COMMAND, "worker"],
            env=self.environment(FLUID_WORKER_ADDRESS=host),
            log=str(self.log),
        )
        self.workers[host] = pid
        return int(pid)

    def start_client(self, *, waits: bool = True, node: Node | None = None) -> int:
        node = node or self.node
        environment = self.environment(FLUID_MOUNT_PATH=str(self.mount), PYTHONPATH=str(node.root))
        pid = node.do("start", argv=[*node.command, "client"], env=environment, log=str(self.log))
        if waits:
            done = self.wait_mounted(node=node)
            assert done["code"] == 0, done["err"] + self.log.read_text()
        return int(pid)

    def wait_mounted(self, *, seconds: float = 10.0, node: Node | None = None) -> Json:
        node = node or self.node
        return node.do(
            "run",
            argv=[*node.command, "wait-mounted", str(seconds)],
            env=self.environment(FLUID_MOUNT_PATH=str(self.mount), PYTHONPATH=str(node.root)),
            seconds=seconds + 10,
        )

    def start(self, **configuration: Json) -> None:
        """Configure, start all workers and one client, and wait until everything answers."""
        self.configure(**configuration)
        for index in range(configuration.get("workers", 1)):
            self.start_worker(f"127.0.0.{index + 1}")
        self.start_client()
        for host in self.workers:
            until(lambda host=host: self.stats(host)["ready"], f"worker {host} ready")

    def stats(self, host: str = "127.0.0.1") -> dict[str, Json]:
        return self.ask(host, "/stats")

    def ask(self, host: str, target: str) -> dict[str, Json]:
        url = f"http://{host}:{self.control_port}{target}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            value: dict[str, Json] = json.load(answer)
            return value

    def transport(self, name: str, *, node: Node | None = None) -> str:
        """How the bytes of a file got to its readers."""
        return str((node or self.node).do("attribute", path=self.path(name), name="user.fluid.transport"))

    def path(self, name: str) -> str:
        return str(self.mount / name)

    def signal(self, pid: int, number: signal.Signals) -> None:
        self.signal_on(self.node, pid, number)

    def signal_on(self, node: Node, pid: int, number: signal.Signals) -> None:
        node.do("send_signal", pid=pid, number=int(number))


def ordinary_node(lab: Lab, *, mode: str) -> Node:
    """Make a node of an ordinary user, root only in a user namespace, with a /dev/fuse of that mode.

    The interpreter and the checkout may lie where he must not look: the node shows them elsewhere.
    """
    lab.mount.mkdir()
    lab.log.touch()
    lab.log.chmod(0o666)
    shown = lab.folder / "shown"
    shown.mkdir()
    script = (
        f"mount -t tmpfs none {shown} && mkdir {shown}/python {shown}/checkout && "
        f"mount --bind {sys.base_prefix} {shown}/python && mount --bind {ROOT} {shown}/checkout && "
        f"mknod -m {mode} {shown}/fuse c {FUSE_DEVICE} && mount --bind {shown}/fuse /dev/fuse && cd / && "
        f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups "
        'unshare --user --map-root-user --mount "$@"'
    )
    python = f"{shown}/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    return Node(prefix=prefix, python=python, root=shown / "checkout")


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]
