"""Where a reader reads from: a file in a mount, or a URL of the origin.

Rule: a file is read by plain read(2) into one buffer, past every cache of Python's; a source that fails does so
with an OSError, so that both kinds of failure have an errno.
"""

import errno
import http.client
import io
import os
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

TRANSPORT_ATTRIBUTE = "user.fluid.transport"  # e.g. passthrough, direct_io+file, direct_io+tcp
SILENCE_SECONDS = 120.0  # a slow origin makes its readers wait, but not for ever
STATUS_ERRNO = {403: errno.EACCES, 404: errno.ENOENT, 416: errno.EINVAL}


class Source(Protocol):
    """Something open for reading, front to back."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer as far as there is something; 0 at the end."""


def open_file(path: str) -> io.FileIO:
    """Open a file without any buffer."""
    return io.FileIO(path)


@contextmanager
def open_url(url: str) -> Iterator[Source]:
    """Request a URL and return its body; the URL is a secret and stands in no error."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SILENCE_SECONDS)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            code = STATUS_ERRNO.get(answer.status, errno.EIO)
            raise OSError(code, f"HTTP {answer.status} {answer.reason}")
        yield answer
    except http.client.HTTPException as error:
        raise OSError(errno.EIO, f"HTTP: {error!r}") from error
    finally:
        connection.close()


def listing(root: str) -> list[tuple[str, int]]:
    """Return [path below root, size in bytes] of every file, in order."""
    found = []
    for directory, _, names in os.walk(root, onerror=_raise):
        for name in names:
            path = os.path.join(directory, name)  # noqa: PTH118 - os.walk speaks text
            found.append((os.path.relpath(path, root), os.lstat(path).st_size))
    return sorted(found)


def mount_of(path: str) -> dict[str, str]:
    """Return type, source, mount point and options of the file system that `path` lies on."""
    real = os.path.realpath(path)
    best: list[str] = []
    with open("/proc/self/mountinfo", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs time at the start
        for line in file:
            left, _, right = line.rstrip("\n").partition(" - ")
            point = _unescaped(left.split()[4])
            inside = point in {"/", real} or real.startswith(point + "/")
            # Of two on one point, the later one is on top.
            if inside and (not best or len(point) >= len(best[0])):
                best = [point, left.split()[5], *right.split(" ")]
    point, options, fstype, source = (*best, "", "", "", "")[:4]
    return {"fstype": fstype, "source": source[:200], "point": point[:200], "options": options[:200]}


def transport_of(path: str) -> str | None:
    """Return how the bytes of a file got here, where its file system says so by an extended attribute."""
    try:
        return os.getxattr(path, TRANSPORT_ATTRIBUTE).decode(errors="replace")[:100]
    except OSError:
        return None  # most file systems know no such thing: then the figure names their type alone


def _unescaped(text: str) -> str:
    return text.encode().decode("unicode_escape").encode("latin-1").decode() if "\\" in text else text


def _raise(error: Any) -> None:  # noqa: ANN401 - os.walk's own signature
    raise error
