"""A node for tests: runs inside mount (and user) namespaces of its own, starts processes and reads files there.

Speaks JSON lines: {"id", "do", ...} on stdin, {"id", "value"} or {"id", "error": errno} on stdout; every request
has a thread of its own. When stdin ends, everything that it started is killed and the namespaces go.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import mmap
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
processes: dict[int, subprocess.Popen[bytes]] = {}
files: dict[int, int] = {}
mappings: dict[int, mmap.mmap] = {}


def start(argv: list[str], env: dict[str, str], log: str) -> int:
    """Start a process that dies with us."""
    library = ctypes.CDLL(None)
    with Path(log).open("ab") as stream:
        process = subprocess.Popen(
            argv,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            preexec_fn=lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - no threads matter
        )
    processes[process.pid] = process
    return process.pid


def run(argv: list[str], env: dict[str, str], seconds: float) -> dict[str, int | str]:
    done = subprocess.run(argv, env={**os.environ, **env}, capture_output=True, text=True, timeout=seconds, check=False)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def wait(pid: int, seconds: float) -> int:
    return processes[pid].wait(seconds)


def send_signal(pid: int, number: int) -> None:
    processes[pid].send_signal(number)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def digest(path: str, piece: int = 1 << 20) -> tuple[int, str]:
    """Size and SHA-256 of a whole file, read in order."""
    hashed, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - unbuffered
        while piece_read := stream.read(piece):
            hashed.update(piece_read)
            size += len(piece_read)
    return size, hashed.hexdigest()


def ranges(path: str, spans: list[tuple[int, int]]) -> list[str]:
    """SHA-256 of each [offset, length]."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return [hashlib.sha256(os.pread(descriptor, length, offset)).hexdigest() for offset, length in spans]
    finally:
        os.close(descriptor)


def mapped(path: str) -> str:
    """SHA-256 of a file through a shared mapping."""
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as view:  # noqa: PTH123
        return hashlib.sha256(view).hexdigest()


def map_and_hold(path: str) -> dict[str, int | str]:
    """SHA-256 of a file through a shared mapping that stays."""
    with open(path, "rb") as stream:  # noqa: PTH123
        view = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
    mappings[id(view)] = view
    return {"number": id(view), "digest": hashlib.sha256(view).hexdigest()}


def unmap(number: int) -> None:
    mappings.pop(number).close()


def hold(path: str) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    files[descriptor] = descriptor
    return descriptor


def pread(descriptor: int, offset: int, length: int) -> tuple[int, str]:
    """SHA-256 of what one held file gives."""
    parts = b""
    while len(parts) < length and (part := os.pread(descriptor, length - len(parts), offset + len(parts))):
        parts += part
    return len(parts), hashlib.sha256(parts).hexdigest()


def close(descriptor: int) -> None:
    os.close(files.pop(descriptor))


def walk(path: str) -> dict[str, int | None]:
    """Every file below with its size, every directory with None."""
    found: dict[str, int | None] = {}
    for folder, directories, names in os.walk(path, onerror=_raise):
        for name in directories:
            found[os.path.relpath(os.path.join(folder, name), path)] = None  # noqa: PTH118
        for name in names:
            full = os.path.join(folder, name)  # noqa: PTH118
            found[os.path.relpath(full, path)] = os.stat(full).st_size  # noqa: PTH116
    return found


def _raise(error: OSError) -> NoReturn:
    raise error


def attempt(what: str, path: str) -> None:
    """Try to change something."""
    match what:
        case "create":
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        case "write":
            os.close(os.open(path, os.O_WRONLY))
        case "unlink":
            os.unlink(path)  # noqa: PTH108
        case "mkdir":
            os.mkdir(path)  # noqa: PTH102


def mounts(path: str) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if line.split(" ")[4] == path]


def attribute(path: str, name: str) -> str:
    return os.getxattr(path, name).decode()


def exists(path: str) -> bool:
    os.stat(path)  # noqa: PTH116
    return True


DEEDS: dict[str, Any] = {
    deed.__name__: deed
    for deed in (
        start,
        run,
        wait,
        send_signal,
        cpu_seconds,
        digest,
        ranges,
        mapped,
        map_and_hold,
        unmap,
        hold,
        pread,
        close,
        walk,
        attempt,
        mounts,
        attribute,
        exists,
    )
}


def serve(request: dict[str, Any], lock: threading.Lock) -> None:
    number = request.pop("id")
    try:
        answer = {"value": DEEDS[request.pop("do")](**request)}
    except OSError as error:
        answer = {"error": error.errno, "text": str(error)}
    except Exception as error:  # noqa: BLE001 - the test process raises it again
        answer = {"error": 0, "text": repr(error)}
    with lock:
        sys.stdout.write(json.dumps({"id": number, **answer}) + "\n")
        sys.stdout.flush()


def main() -> None:
    lock = threading.Lock()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "start":
            serve(request, lock)  # the signal at a parent's death is at that of the thread
        else:
            threading.Thread(target=serve, args=(request, lock), daemon=True).start()
    for process in processes.values():
        process.kill()
    for process in processes.values():
        process.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
