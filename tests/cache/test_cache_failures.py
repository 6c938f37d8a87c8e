"""When workers die, the origin is away, refuses or changes: right bytes or a clean error, in bounded time."""

from __future__ import annotations

import errno
import signal
import time
from typing import TYPE_CHECKING

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, STRIPE, Lab, until
from cache_origin import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

BOUND = 20.0  # seconds


def test_a_worker_killed_in_mid_read_costs_neither_bytes_nor_an_error(lab: Lab) -> None:
    body = content(1, 3 * STRIPE + 99)
    lab.origin.put("big", body)
    lab.start(workers=3)
    lab.origin.open_gate.clear()
    read = lab.node.begin("digest", path=lab.path("big"))
    assert lab.origin.arrived.acquire(timeout=10)  # some worker waits for the origin, and the reader for it
    busy = until(lambda: [host for host in lab.workers if lab.stats(host)["misses"]], "a worker that was asked")

    lab.signal(lab.workers[busy[0]], signal.SIGKILL)
    lab.origin.open_gate.set()

    assert read.result(BOUND) == [len(body), sha(body)]


def test_a_worker_killed_while_warm_is_replaced_by_the_others(lab: Lab) -> None:
    body = content(2, 6 * STRIPE)
    lab.origin.put("big", body)
    lab.start(workers=3)
    assert lab.node.do("digest", path=lab.path("big")) == [len(body), sha(body)]
    cached = {host: lab.stats(host)["cachedBytes"] for host in lab.workers}
    assert sum(cached.values()) == len(body)
    victim = max(cached, key=lambda host: cached[host])

    lab.signal(lab.workers[victim], signal.SIGKILL)

    assert lab.node.do("digest", path=lab.path("big")) == [len(body), sha(body)]
    # Only what the dead worker held was read again.
    assert lab.origin.sent["big"] == len(body) + cached[victim]


def test_with_all_workers_gone_a_read_is_eio_in_bounded_time_and_heals(lab: Lab) -> None:
    lab.origin.put("file", b"abc")
    lab.start()
    descriptor = lab.node.do("hold", path=lab.path("file"))
    lab.signal(lab.workers["127.0.0.1"], signal.SIGKILL)
    read = lab.node.begin("pread", descriptor=descriptor, offset=0, length=3)
    time.sleep(0.5)
    lab.start_worker()

    assert read.result(BOUND) == [3, sha(b"abc")]


def test_with_the_origin_down_cached_bytes_stay_readable_and_others_are_eio(lab: Lab) -> None:
    cached, uncached = content(3, 3 * BLOCK + 1), content(4, 3 * BLOCK)
    lab.origin.put("cached", cached)
    lab.origin.put("uncached", uncached)
    lab.start()
    assert lab.node.do("digest", path=lab.path("cached")) == [len(cached), sha(cached)]

    lab.origin.down()

    time.sleep(2.2)  # the listing is out of date by now
    assert lab.node.do("digest", path=lab.path("cached")) == [len(cached), sha(cached)]
    began = time.monotonic()
    with pytest.raises(OSError, match="Input/output") as caught:
        lab.node.do("digest", path=lab.path("uncached"))
    assert caught.value.errno == errno.EIO
    assert time.monotonic() - began < BOUND
    assert "does not answer" in lab.stats()["error"]
    assert "read /uncached at 0: 503" in lab.log.read_text()
    lab.origin.up()
    assert lab.node.do("digest", path=lab.path("uncached")) == [len(uncached), sha(uncached)]


def test_wrong_credentials_are_eacces_with_the_cause_in_the_figures_until_they_are_put_right(lab: Lab) -> None:
    body = content(5, BLOCK)
    lab.origin.put("file", body)
    lab.origin.accepted_key = "another-key"
    lab.configure()
    lab.start_worker()
    lab.start_client()
    until(lambda: lab.stats()["error"], "an error in the figures")

    assert lab.stats()["ready"] is False
    assert "refuses the credentials (InvalidAccessKeyId)" in lab.stats()["error"]
    assert SECRET_KEY not in str(lab.stats())
    assert lab.ask("127.0.0.1", "/healthz")["error"]
    with pytest.raises(OSError, match="Permission denied") as caught:
        lab.node.do("digest", path=lab.path("file"))
    assert caught.value.errno == errno.EACCES

    lab.access_key_file.write_text("another-key")
    until(lambda: lab.stats()["ready"], "ready with the new credentials")
    assert lab.node.do("digest", path=lab.path("file")) == [len(body), sha(body)]


def test_credentials_that_are_rotated_under_a_reader_are_picked_up(lab: Lab) -> None:
    body = content(6, 12 * BLOCK)
    lab.origin.put("file", body)
    lab.start()
    descriptor = lab.node.do("hold", path=lab.path("file"))
    assert lab.node.do("pread", descriptor=descriptor, offset=0, length=10) == [10, sha(body[:10])]

    lab.origin.accepted_key = "rotated-key"
    far = 11 * BLOCK
    with pytest.raises(OSError, match="Permission denied"):
        lab.node.do("pread", descriptor=descriptor, offset=far, length=10)
    lab.access_key_file.write_text("rotated-key")

    assert lab.node.do("pread", descriptor=descriptor, offset=far, length=10) == [10, sha(body[far : far + 10])]
    assert ACCESS_KEY not in lab.log.read_text()


@pytest.mark.parametrize("heeds_if_match", [True, False])
def test_an_object_replaced_while_it_is_read_is_never_a_mixture(lab: Lab, *, heeds_if_match: bool) -> None:
    old, new = content(7, 12 * BLOCK), content(8, 12 * BLOCK)
    lab.origin.put("file", old)
    lab.origin.heeds_if_match = heeds_if_match
    lab.start()
    descriptor = lab.node.do("hold", path=lab.path("file"))
    assert lab.node.do("pread", descriptor=descriptor, offset=0, length=100) == [100, sha(old[:100])]

    sent = _settled(lambda: lab.origin.sent["file"])
    lab.origin.put("file", new)

    assert lab.node.do("pread", descriptor=descriptor, offset=50, length=100) == [100, sha(old[50:150])]
    with pytest.raises(OSError, match="Stale") as caught:
        lab.node.do("pread", descriptor=descriptor, offset=10 * BLOCK, length=100)
    assert caught.value.errno == errno.ESTALE
    if heeds_if_match:
        assert lab.origin.sent["file"] == sent  # no byte of a version that nobody asked for
    expected = [len(new), sha(new)]
    until(lambda: lab.node.do("digest", path=lab.path("file")) == expected, "the new version", 5.0)


def test_an_answer_that_breaks_off_is_continued_not_repeated(lab: Lab) -> None:
    body = content(9, BLOCK)
    lab.origin.put("file", body)
    lab.start()
    lab.origin.breaks_off_after = 70_000

    assert lab.node.do("digest", path=lab.path("file")) == [len(body), sha(body)]

    assert lab.origin.gets["file"] == 2
    assert lab.origin.sent["file"] == len(body)


def test_an_object_that_was_deleted_is_missing_or_stale_never_short(lab: Lab) -> None:
    lab.origin.put("file", content(10, 12 * BLOCK))
    lab.start()
    descriptor = lab.node.do("hold", path=lab.path("file"))

    del lab.origin.objects["file"]

    with pytest.raises(OSError, match="Stale"):
        lab.node.do("pread", descriptor=descriptor, offset=8 * BLOCK, length=10)
    until(lambda: lab.node.do("walk", path=str(lab.mount)) == {}, "an empty listing", 5.0)
    until(lambda: _errno_of_reading(lab, "file") == errno.ENOENT, "a missing name", 5.0)


def _settled(figure: Callable[[], int]) -> int:
    """Return a figure that reading ahead changes no more."""
    seen = [-1]

    def unchanged() -> bool:
        time.sleep(0.1)
        seen.append(figure())
        return seen[-1] == seen[-2]

    until(unchanged, "an end of reading ahead")
    return seen[-1]


def _errno_of_reading(lab: Lab, name: str) -> int | None:
    with pytest.raises(OSError, match=r"Stale|No such file") as caught:  # the kernel believes a name for a second
        lab.node.do("digest", path=lab.path(name))
    return caught.value.errno


def test_a_reader_killed_while_the_origin_hangs_is_gone_at_once(lab: Lab) -> None:
    lab.origin.put("file", content(11, BLOCK))
    lab.start()
    lab.origin.open_gate.clear()
    reader = lab.node.do("start", argv=["cat", lab.path("file")], env={}, log="/dev/null")
    assert lab.origin.arrived.acquire(timeout=10)

    lab.signal(reader, signal.SIGKILL)

    assert lab.node.do("wait", pid=reader, seconds=4) == -signal.SIGKILL
    assert lab.node.do("walk", path=str(lab.mount)) == {"file": BLOCK}


def test_names_are_shown_while_many_cold_reads_wait(lab: Lab) -> None:
    for index in range(12):
        lab.origin.put(f"file-{index}", content(index, 10))
    lab.start()
    lab.origin.open_gate.clear()
    reads = [lab.node.begin("digest", path=lab.path(f"file-{index}")) for index in range(12)]
    for _ in range(4):  # the worker's connections to the origin
        assert lab.origin.arrived.acquire(timeout=10)

    assert len(lab.node.do("walk", path=str(lab.mount), within=5.0)) == 12

    lab.origin.open_gate.set()
    assert [read.result(BOUND)[0] for read in reads] == [10] * 12
