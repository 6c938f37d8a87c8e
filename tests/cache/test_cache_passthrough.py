"""Whole objects beside their worker are read by the kernel itself, and nobody pulls them away from under a reader."""

from __future__ import annotations

import os
import signal

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, STRIPE, Lab, Node, until

as_root = pytest.mark.skipif(bool(os.getuid()), reason="passthrough takes root outside of all user namespaces")
pytestmark = as_root
BODY = content(1, 5 * BLOCK + 7)
FILLERS = {f"filler-{index}": content(10 + index, 3 * BLOCK) for index in range(4)}


def warmed(lab: Lab, body: bytes = BODY, **configuration: object) -> None:
    """Start one worker with the socket and one client that has read the object once."""
    lab.origin.put("file", body)
    lab.start(sockets=True, **configuration)
    assert lab.node.do("digest", path=lab.path("file")) == [len(body), sha(body)]
    assert lab.transport("file") == "direct_io+unix"


def held(lab: Lab, name: str = "file") -> int:
    descriptor = int(lab.node.do("hold", path=lab.path(name)))
    assert lab.transport(name) == "passthrough"
    return descriptor


def rest(lab: Lab, descriptor: int, size: int) -> list[object]:
    read: list[object] = lab.node.do("pread", descriptor=descriptor, offset=0, length=size)
    return read


def test_a_whole_object_is_passed_through_and_the_worker_shows_the_lease(lab: Lab) -> None:
    warmed(lab)
    before = lab.stats()

    descriptor = held(lab)
    during = lab.stats()
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]
    assert lab.node.do("mapped", path=lab.path("file")) == sha(BODY)
    lab.node.do("close", descriptor=descriptor)

    assert (before["leases"], before["pinnedBytes"]) == (0, 0)
    assert (during["leases"], during["pinnedBytes"]) == (1, len(BODY))
    until(lambda: lab.stats()["leases"] == 0, "the lease given back")
    assert lab.stats()["pinnedBytes"] == 0
    assert lab.origin.sent["file"] == len(BODY)
    assert lab.transport("file") == "passthrough"


def test_a_client_without_the_socket_never_passes_through(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start()

    for _ in range(2):
        assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
        assert lab.transport("file") == "direct_io+tcp"


def test_an_object_of_several_workers_is_read_from_all_of_them(lab: Lab) -> None:
    body = content(2, STRIPE + 1)
    lab.origin.put("big", body)
    lab.start(sockets=True)

    for _ in range(2):
        assert lab.node.do("digest", path=lab.path("big")) == [len(body), sha(body)]
        assert lab.transport("big") == "direct_io+unix"


def test_an_empty_file_stays_empty(lab: Lab) -> None:
    lab.origin.put("empty", b"")
    lab.start(sockets=True)

    assert lab.node.do("digest", path=lab.path("empty")) == [0, sha(b"")]


def test_who_opened_a_file_cold_and_who_follows_read_one_way_until_both_have_closed(lab: Lab) -> None:
    """A mapping of direct I/O and a passthrough of one file would fail each other with EIO."""
    lab.origin.put("file", BODY)
    lab.start(sockets=True)
    first = lab.node.do("map_and_hold", path=lab.path("file"))
    assert first["digest"] == sha(BODY)

    second = lab.node.do("hold", path=lab.path("file"))
    assert lab.transport("file") == "direct_io+unix"
    assert rest(lab, second, len(BODY)) == [len(BODY), sha(BODY)]
    lab.node.do("close", descriptor=second)
    lab.node.do("unmap", number=first["number"])

    def passed_through() -> bool:
        assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
        return lab.transport("file") == "passthrough"

    until(passed_through, "passthrough once all have closed")


def test_a_passthrough_and_later_opens_of_the_file_go_together(lab: Lab) -> None:
    warmed(lab)
    first = held(lab)
    lab.signal(lab.workers["127.0.0.1"], signal.SIGKILL)  # so that no second lease could be had
    lab.node.do("wait", pid=lab.workers["127.0.0.1"], seconds=5)

    second = held(lab)
    lab.node.do("close", descriptor=first)

    assert rest(lab, second, len(BODY)) == [len(BODY), sha(BODY)]
    assert lab.node.do("mapped", path=lab.path("file")) == sha(BODY)


def test_a_killed_worker_leaves_passthrough_readers_their_bytes(lab: Lab) -> None:
    warmed(lab)
    descriptor = held(lab)
    lab.signal(lab.workers["127.0.0.1"], signal.SIGKILL)
    lab.node.do("wait", pid=lab.workers["127.0.0.1"], seconds=5)
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]

    lab.start_worker()  # which clears the tier
    until(lambda: lab.stats()["ready"], "the new worker")

    assert lab.stats()["cachedBytes"] == 0
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]


def test_a_killed_client_leaves_passthrough_readers_their_bytes_and_gives_the_lease_back(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.configure(sockets=True)
    lab.start_worker()
    client = lab.start_client()
    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
    descriptor = held(lab)

    lab.signal(client, signal.SIGKILL)
    lab.node.do("wait", pid=client, seconds=5)

    until(lambda: lab.stats()["leases"] == 0, "the lease given back")
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]


def test_an_object_is_not_evicted_from_under_a_lease(lab: Lab) -> None:
    _put_fillers(lab)
    warmed(lab, quota=10 * BLOCK)
    descriptor = held(lab)
    _push_out(lab)

    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]
    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
    assert lab.origin.sent["file"] == len(BODY)


def test_an_object_is_not_evicted_from_under_a_reader_whose_client_has_died(lab: Lab) -> None:
    _put_fillers(lab)
    lab.origin.put("file", BODY)
    lab.configure(sockets=True, quota=10 * BLOCK)
    lab.start_worker()
    client = lab.start_client()
    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
    descriptor = held(lab)
    lab.signal(client, signal.SIGKILL)
    lab.node.do("wait", pid=client, seconds=5)
    until(lambda: lab.stats()["leases"] == 0, "the lease given back")
    lab.start_client()

    _push_out(lab)
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]
    assert lab.stats()["cachedBytes"] <= 9 * BLOCK
    lab.node.do("close", descriptor=descriptor)
    _push_out(lab)
    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]

    assert lab.origin.sent["file"] == 2 * len(BODY), "it was not evicted once its last reader had gone"


def test_leases_leave_room_for_those_who_read_something_else(lab: Lab) -> None:
    lab.origin.put("other", BODY)
    warmed(lab, quota=14 * BLOCK)  # leases: at most 0.6 of it, eight blocks, which is one object and not two
    held(lab)
    for _ in range(2):
        assert lab.node.do("digest", path=lab.path("other")) == [len(BODY), sha(BODY)]

    assert lab.transport("other") == "direct_io+unix"
    assert lab.origin.sent["other"] == len(BODY)


def test_where_leases_have_taken_all_room_that_there_really_is_others_get_an_error_at_once(lab: Lab) -> None:
    """The quota promises more than the directory has: that is known only once it is full."""
    size = len(BODY) // 4096 * 4096 + 4 * 4096
    mounted = lab.node.do(
        "run", argv=["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(lab.tier)], env={}, seconds=10
    )
    assert mounted["code"] == 0, mounted
    lab.origin.put("other", FILLERS["filler-0"])
    warmed(lab)
    descriptor = held(lab)

    with pytest.raises(OSError, match="Input/output"):
        lab.node.do("digest", path=lab.path("other"), within=5.0)

    assert "507 all of the tier is leased to clients of this node" in lab.log.read_text()
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]
    lab.node.do("close", descriptor=descriptor)
    expected = [3 * BLOCK, sha(FILLERS["filler-0"])]
    assert lab.node.do("digest", path=lab.path("other")) == expected


def test_a_replaced_object_is_new_to_those_who_open_it_and_old_to_those_who_have_it_open(lab: Lab) -> None:
    new = content(5, len(BODY))
    warmed(lab)
    descriptor = held(lab)

    lab.origin.put("file", new)

    expected = [len(new), sha(new)]
    until(lambda: lab.node.do("digest", path=lab.path("file")) == expected, "the new version", 6.0)
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]


def test_who_may_not_pass_through_reads_the_workers_file_himself_and_is_told_once(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.configure(sockets=True)
    lab.start_worker()
    node = Node(prefix=["unshare", "--user", "--map-root-user", "--mount"])  # root, but of a namespace alone
    try:
        lab.start_client(node=node)
        assert node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
        for _ in range(3):
            assert node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
            assert lab.transport("file", node=node) == "direct_io+file"
    finally:
        node.close()
    assert lab.log.read_text().count("no kernel passthrough (Operation not permitted)") == 1
    until(lambda: lab.stats()["leases"] == 0, "no lease kept for nothing")


def test_a_file_read_by_the_client_itself_outlives_its_worker_and_is_not_evicted(lab: Lab) -> None:
    _put_fillers(lab)
    warmed(lab, quota=10 * BLOCK, passthrough=False)
    descriptor = int(lab.node.do("hold", path=lab.path("file")))
    assert lab.transport("file") == "direct_io+file"
    _push_out(lab)
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]

    lab.signal(lab.workers["127.0.0.1"], signal.SIGKILL)
    lab.node.do("wait", pid=lab.workers["127.0.0.1"], seconds=5)
    lab.start_worker()  # which clears the tier
    until(lambda: lab.stats()["ready"], "the new worker")

    assert lab.stats()["cachedBytes"] == 0
    assert rest(lab, descriptor, len(BODY)) == [len(BODY), sha(BODY)]
    assert lab.origin.sent["file"] == len(BODY)


def _put_fillers(lab: Lab) -> None:
    """Put more at the origin than fits beside the object."""
    for name, body in FILLERS.items():
        lab.origin.put(name, body)


def _push_out(lab: Lab) -> None:
    for name, body in FILLERS.items():
        assert lab.node.do("digest", path=lab.path(name)) == [len(body), sha(body)]
