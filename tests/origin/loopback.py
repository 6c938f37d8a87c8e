"""Plain processes on this machine's loopback, in the place of a sandbox: a Spawner for tests."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.gateway.client import Gateway
from fixtures.stores import Address

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded before a fork: nothing may be loaded after it


def die_with_parent() -> None:
    """Be killed when the parent ends (between fork and exec)."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Loopback:
    """A Spawner whose inside is this machine."""

    def __init__(self, *, wrapper: Sequence[str] = ()) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.argv: dict[str, Sequence[str]] = {}
        self._wrapper = tuple(wrapper)
        self._logs: dict[str, Path] = {}

    def spawn(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.argv[name], self._logs[name] = argv, log
        with log.open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [*self._wrapper, *argv],
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, loaded before
            )

    def stop(self, name: str) -> None:
        if process := self.processes.pop(name, None):
            process.terminate()
            process.wait(20)

    def forward(self, host: str, port: int) -> tuple[str, int]:
        return host, port

    def alive(self) -> str | None:
        for name, process in self.processes.items():
            if (code := process.poll()) is not None:
                words = self._logs[name].read_text().strip().splitlines() or ["it said nothing"]
                return f"{name} ended with {code}: {words[-1].strip()} (log: {self._logs[name]})"
        return None

    def end(self) -> None:
        for name in list(self.processes):
            self.stop(name)


@dataclass(frozen=True, kw_only=True)
class Launched:
    """A gateway of a test's own."""

    gateway: Gateway
    data: Address
    host: Loopback
    log: Path

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Ask once on a connection of its own; return status and body."""
        connection = http.client.HTTPConnection(self.data.host, self.data.port, timeout=30)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
