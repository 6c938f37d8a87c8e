"""nginx serving the very files of the worker's tier: what a worker is compared with.

Rule: it is tuned honestly. `tcp_nopush` (TCP_CORK) costs a third on loopback, so it is off; open files are cached,
files go by sendfile, connections are kept, nothing is logged; one worker process, as our worker has one thread.
"""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from fixtures.stores import Address
from fixtures.waiting import until

PROGRAM = "nginx"
HOST = "127.0.0.1"
PLACES = "/usr/sbin:/usr/local/sbin"  # where Debian puts it; an ordinary user's PATH lacks them
READY_SECONDS, STOP_SECONDS = 10.0, 5.0
CONFIGURATION = """
user root;
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {address} backlog=1024;
    root {root};
  }}
}}
"""


def find() -> str | None:
    """Return where nginx is, None where there is none."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path=PLACES)


class Nginx:
    """A running nginx that serves one file, at `target`."""

    def __init__(self, program: str, *, file: Path, directory: Path) -> None:
        self.target = f"/{file.name}"
        with socket.create_server((HOST, 0)) as free:
            self.address = Address(host=HOST, port=free.getsockname()[1])
        configuration = directory / "nginx.conf"
        text = CONFIGURATION.format(directory=directory, root=file.parent, address=self.address)
        configuration.write_text(text)
        log = directory / "nginx.log"
        self.version = version(program)
        self._process = subprocess.Popen([program, "-e", str(log), "-c", str(configuration)], stdin=subprocess.DEVNULL)
        until(
            lambda: bool(self._workers()) and self._answers(),
            what=f"nginx at {self.address} answers",
            deadline=time.monotonic() + READY_SECONDS,
            failure=lambda: None if self._process.poll() is None else f"nginx ended: {log.read_text()[-300:]}",
        )
        (self.pid,) = self._workers()  # the process that serves

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.address.host, self.address.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _workers(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def version(program: str) -> str:
    """Return e.g. "nginx/1.22.1"."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    return said.strip().rpartition(" ")[2]
