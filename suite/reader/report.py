"""What one reader saw, as it leaves the pod: one JSON object on stdout and as the termination message."""

import errno
import json
import os
import sys
import time
from dataclasses import asdict, dataclass

LONGEST_REPORT = 3000  # bytes; the kubelet keeps 4096 for all containers of a pod together
LONGEST_MESSAGE = 300


class UnexpectedError(Exception):
    """Something was read, and it is not what it has to be; the text says how."""


@dataclass(kw_only=True)
class Report:
    """One reader's pass; grows while it reads."""

    bytes_read: int = 0
    seconds: float = 0.0  # from released_at to the last byte
    read_seconds: float = 0.0  # inside read calls alone
    first_byte_seconds: float | None = None  # from released_at
    verified: bool = False  # all that was to be read has been read, and every byte is right
    first_bad_offset: int | None = None  # in its file
    sha256: str | None = None  # where no seed tells what the bytes have to be
    error: dict[str, str] | None = None  # {"errno": its name, or "" for wrong data, "message": text}
    released_at: float = 0.0  # epoch seconds: the intended start
    ended_at: float = 0.0
    mount: dict[str, str] | None = None  # fstype, source, point, options
    transport: str | None = None  # of the mount, by its own word: passthrough, direct_io+unix, …
    listing: list[tuple[str, int]] | None = None  # path and size in bytes; cut where it does not fit
    listed: int | None = None  # how many files there are

    def got(self, count: int) -> None:
        """Count bytes that have just arrived."""
        if self.first_byte_seconds is None:
            self.first_byte_seconds = time.time() - self.released_at
        self.bytes_read += count

    def failed(self, error: Exception, where: str) -> None:
        """Note what went wrong."""
        name, text = "", f"{where}: {error!r}"
        if isinstance(error, UnexpectedError):
            text = str(error)
        elif isinstance(error, OSError):
            name = errno.errorcode.get(error.errno or 0, "EIO")
            text = f"{error.filename or where}: {error.strerror or error}"
        self.error = {"errno": name, "message": text[:LONGEST_MESSAGE]}

    def ended(self) -> None:
        """Stop the clock."""
        self.ended_at = time.time()
        self.seconds = self.ended_at - self.released_at

    def text(self) -> str:
        """Return the report as JSON of at most LONGEST_REPORT bytes."""
        document = asdict(self)
        while len(text := json.dumps(document)) > LONGEST_REPORT and document["listing"]:
            document["listing"] = document["listing"][:-1]
        return text

    def leave(self, termination_log: str) -> None:
        """Print the report, and write it where the kubelet looks for it, if there is such a place."""
        text = self.text()
        print(text, flush=True)
        if os.path.exists(termination_log):  # noqa: PTH110 - never made here: outside a pod it would be a stray file
            try:
                with open(termination_log, "w", encoding="utf-8") as file:  # noqa: PTH123 - as everywhere here
                    file.write(text)
            except OSError as error:
                print(f"{termination_log}: {error.strerror}", file=sys.stderr)
