"""Uploads: in constant memory, seen to progress, whole or not at all."""

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from loopback import die_with_parent
from machine import watched
from minio.datatypes import Object

from fixtures.errors import InfrastructureError
from fixtures.stores.content import ContentStream, content
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.store import OssStore
from fixtures.stores.s3_upload import Uploader
from fixtures.stores.upload import PART_BYTES, WORKERS, progress_bar

BUCKET = "bucket"
MEMORY_BYTES = 200_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Breaking:
    """A stream that fails midway."""

    def __init__(self, size: int, error: BaseException) -> None:
        self._stream, self._error = ContentStream("b", size), error

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(size)
        if not piece:
            raise self._error
        return piece


def client(store: MinioStore) -> Uploader:
    return store._client


def left_over(store: MinioStore, key: str) -> list[Any]:
    """Return what a store keeps of an upload that did not end."""
    return [*client(store)._list_multipart_uploads(BUCKET, prefix=key).uploads, *store.list(BUCKET, key)]


@pytest.mark.parametrize("size", [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 7])
def test_an_object_arrives_whole_in_as_many_parts_as_it_has(store: MinioStore, size: int) -> None:
    store.put(BUCKET, "whole", seed="w", size=size)

    stored = client(store).stat_object(BUCKET, "whole")
    assert stored.size == size
    tail = client(store).get_object(BUCKET, "whole", offset=size - 1000)
    assert tail.data == content("w", size - 1000, 1000)
    middle = client(store).get_object(BUCKET, "whole", offset=PART_BYTES // 2, length=1000)
    assert middle.data == content("w", PART_BYTES // 2, 1000)
    parts = -(-size // PART_BYTES)
    assert (stored.etag or "").endswith(f"-{parts}") == (parts > 1)
    client(store).remove_object(BUCKET, "whole")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), OSError("no more")], ids=lambda e: type(e).__name__
)
def test_an_interrupted_upload_leaves_nothing(store: MinioStore, error: BaseException) -> None:
    stream = Breaking(4 * PART_BYTES, error)

    with pytest.raises(type(error)):
        client(store).upload(BUCKET, "interrupted", stream, size=9 * PART_BYTES, advanced=lambda _: None)

    assert not left_over(store, "interrupted")


def test_a_failed_part_ends_the_upload_at_once(store: MinioStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def fail(*arguments: object) -> str:
        sent.append(arguments[-1])
        raise OSError("part refused")

    monkeypatch.setattr(client(store), "_upload_part", fail)
    with pytest.raises(OSError, match="part refused"):
        client(store).upload(BUCKET, "failed", ContentStream("f", 1 << 40), size=1 << 40, advanced=lambda _: None)

    assert len(sent) <= 2 * WORKERS
    assert not left_over(store, "failed")


def test_a_stream_that_ends_early_is_no_object(store: MinioStore) -> None:
    with pytest.raises(InfrastructureError, match="the stream to upload ended 1 bytes early"):
        client(store).upload(BUCKET, "early", ContentStream("e", 9), size=10, advanced=lambda _: None)

    assert not left_over(store, "early")


def test_a_store_that_keeps_less_is_found_out(store: MinioStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def stat(etag: str, size: int) -> Callable[..., Object]:
        return lambda *_: Object(BUCKET, "k", etag=etag, size=size)

    def upload() -> None:
        size = 2 * PART_BYTES
        client(store).upload(BUCKET, "k", ContentStream("k", size), size=size, advanced=lambda _: None)

    monkeypatch.setattr(client(store), "stat_object", stat("abc-2", 2 * PART_BYTES - 1))
    with pytest.raises(InfrastructureError, match=r"upload of bucket/k: 33554432 bytes sent, the store has 33554431"):
        upload()
    monkeypatch.setattr(client(store), "stat_object", stat("abc-1", 2 * PART_BYTES))
    with pytest.raises(InfrastructureError, match=r"upload of bucket/k: 2 parts sent, the store has 1"):
        upload()


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    output = io.StringIO()
    with progress_bar("upload b/k", 100 * PART_BYTES, output) as advanced:
        for _ in range(100):
            advanced(PART_BYTES)

    lines = output.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1] == "upload b/k: 1678 of 1678 MB"
    assert "\r" not in output.getvalue()


def test_progress_is_a_bar_on_a_terminal() -> None:
    output = Terminal()
    with progress_bar("upload b/k", 100, output) as advanced:
        advanced(50)
        threading.Event().wait(0.2)
        advanced(25)

    assert "upload b/k:  75%" in output.getvalue()


MEASURED = """
import json, re, sys
from pathlib import Path
from fixtures.stores import Address
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.store import OssStore
class Nobody:
    def alive(self): return None
nowhere = Address(host="127.0.0.1", port=1)
store = MinioStore(Nobody(), Path(sys.argv[1]), program=Path("/"), gateway=nowhere)
if sys.argv[3] == "oss":
    store = OssStore(Nobody(), Path(sys.argv[1]), behind=store, gateway=nowhere)
store.attach(json.load(sys.stdin))
store.put("bucket", "memory", seed="m", size=int(sys.argv[2]))
# Not ru_maxrss: it begins with what the parent had at the fork.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


@pytest.mark.parametrize("door", ["s3", "oss"])
def test_memory_does_not_grow_with_the_object(store: MinioStore, oss_store: OssStore, door: str) -> None:
    used = []
    handover = dict(oss_store.handover() if door == "oss" else store.handover())
    for size in (128 << 20, 640 << 20):
        began = time.monotonic()
        with watched([]) as load:
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, str(store._directory.parent), str(size), door],
                input=json.dumps(handover),
                capture_output=True,
                text=True,
                check=True,
                preexec_fn=die_with_parent,
            )
        used.append(int(done.stdout))
        rate = size / (time.monotonic() - began) / 1e6
        print(  # noqa: T201 - figures to be seen with -s
            f"\nupload of {size >> 20} MiB by {door}: {used[-1] / 1e6:.0f} MB of memory, {rate:.0f} MB/s,"
            f" others used {load.others:.0%} of the machine"
        )
    client(store).remove_object(BUCKET, "memory")

    assert max(used) <= MEMORY_BYTES, used
    # Half a gigabyte more of object; what differs is how many parts were on their way at the same moment.
    assert used[1] - used[0] < 64_000_000, used
