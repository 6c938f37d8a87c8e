"""What a run leaves on this machine, seen from outside of it.

Rule: a run is known by its cache directory, which no other run has, and by what its sandbox was seen to hold while
it was up: namespaces and ports, whose holders may not carry the directory's name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMESPACES = ("pid", "net", "mnt")
LISTENING = "0A"  # Linux, include/net/tcp_states.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a run that is up holds on this machine."""

    cache: Path
    namespaces: frozenset[str]  # e.g. pid:[4026532278]
    ports: frozenset[int]  # on which it listens here

    @classmethod
    def of(cls, cache: Path) -> "Footprint":
        """Look at a run now."""
        pids = [pid for pid, _ in _named(cache)]
        own = _namespaces_of("self")
        namespaces = {found for pid in pids for found in _namespaces_of(pid)}
        return cls(cache=cache, namespaces=frozenset(namespaces - own), ports=frozenset(_ports_of(pids)))

    def left(self) -> list[str]:
        """Return a line for each process, mount and port that is still there."""
        strangers = [
            f"process {pid} in a namespace of the sandbox"
            for pid in _pids()
            if self.namespaces & _namespaces_of(pid)
        ]  # fmt: skip
        ports = [f"port {port}" for port in sorted(self.ports & set(_listening()))]
        return processes_of(self.cache) + strangers + mounts_of(self.cache) + ports


def processes_of(cache: Path) -> list[str]:
    """Return 'pid command' of every process with the directory in its arguments, environment or as its own."""
    return [f"{pid} {command}" for pid, command in _named(cache)]


def pid_of(cache: Path, *words: str) -> int:
    """Return the pid here of the one process of a run whose command has these words."""
    (found,) = [pid for pid, command in _named(cache) if all(word in command.split() for word in words)]
    return int(found)


def mounts_of(cache: Path) -> list[str]:
    """Return the mounts below the directory, as this process sees them."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(cache) in line]


def files_of(cache: Path) -> list[str]:
    """Return what lies in the directory of each run, e.g. 20261123-120259-7f3a/logs."""
    return sorted(str(path.relative_to(cache / "runs")) for path in (cache / "runs").glob("*/*"))


def _named(cache: Path) -> Iterator[tuple[str, str]]:
    needle = str(cache).encode()
    for pid in _pids():
        process = Path("/proc") / pid
        try:
            command = (process / "cmdline").read_bytes()
            if needle in command + (process / "environ").read_bytes() + bytes((process / "cwd").readlink()):
                yield pid, command.replace(bytes(1), b" ").decode(errors="replace")
        except OSError:  # it has ended
            continue


def _pids() -> list[str]:
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _namespaces_of(pid: str) -> set[str]:
    try:
        return {str((Path("/proc") / pid / "ns" / each).readlink()) for each in NAMESPACES}
    except OSError:
        return set()


def _ports_of(pids: list[str]) -> Iterator[int]:
    inodes = set()
    for pid in pids:
        try:
            links = [str(each.readlink()) for each in (Path("/proc") / pid / "fd").iterdir()]
        except OSError:
            continue
        inodes.update(found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link)))
    yield from (port for port, inode in _listening().items() if inode in inodes)


def _listening() -> dict[int, str]:
    """Return the inode of each listening IPv4 socket of this machine by its port."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16): row[9] for row in rows if row[3] == LISTENING}
