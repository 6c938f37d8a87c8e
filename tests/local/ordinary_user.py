"""Run a command as an ordinary user, with a /dev/fuse of a given mode; root only.

    python tests/local/ordinary_user.py 0666 COMMAND ARGUMENT…

In mounts of its own: what the command needs of closed directories (an interpreter in /root, say) is shown at
its place again, read-only, and nothing on the machine changes.
"""

import os
import stat
import sys
from pathlib import Path

from fixtures.local import namespaces
from fixtures.local.namespaces import Clone, Mount, mount
from fixtures.paths import cache_directory, checkout_directory
from fixtures.programs import find
from fixtures.targets.preflight import PROGRAMS

NOBODY = 65534
BIND = Mount(0x1000)
FUSE_NUMBER = os.makedev(10, 229)


def main() -> None:
    mode, command = int(sys.argv[1], 8), sys.argv[2:]
    programs = {find(name).parent for name in PROGRAMS}
    needed = {Path(sys.base_prefix), Path(sys.prefix), checkout_directory(), *programs}
    cache = cache_directory()
    namespaces.system_call("unshare", int(Clone.NEWNS))
    mount("", "/", "", flags=Mount.REC | Mount.PRIVATE)
    _open_up({path.resolve() for path in needed})
    _fuse(mode)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.execvpe(command[0], command, {**os.environ, "HOME": "/nonexistent", "FLUID_CACHE": str(cache)})  # noqa: S606 - its purpose


def _open_up(needed: set[Path]) -> None:
    """Replace each closed directory above what is needed by an open one that holds only that."""
    closed = {top for path in needed if (top := _closed_above(path))}
    held = {path: os.open(path, os.O_PATH) for path in needed if _closed_above(path)}
    for directory in closed:
        mount("tmpfs", str(directory), "tmpfs", data="mode=755")
    for path, descriptor in held.items():
        path.mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", str(path), "", flags=BIND)  # not mount(8): it would follow the link


def _closed_above(path: Path) -> Path | None:
    return next((each for each in reversed(path.parents) if not each.stat().st_mode & stat.S_IXOTH), None)


def _fuse(mode: int) -> None:
    """Cover /dev/fuse by a node of that mode."""
    mount("tmpfs", "/mnt", "tmpfs", data="mode=755")
    os.mknod("/mnt/fuse", stat.S_IFCHR, FUSE_NUMBER)
    Path("/mnt/fuse").chmod(mode)
    mount("/mnt/fuse", "/dev/fuse", "", flags=BIND)


if __name__ == "__main__":
    main()
