"""Workers and clients of one node meet by a unix socket, and nothing is lost where they can't."""

from __future__ import annotations

import errno
import os
import signal
import socket

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, STRIPE, Lab, Node, ordinary_node, until

as_root = pytest.mark.skipif(bool(os.getuid()), reason="only root can make an ordinary user; here all tests are one's")
BODY = content(1, 5 * BLOCK + 7)


def test_a_client_beside_its_worker_reads_by_the_unix_socket(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start(sockets=True)

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]

    assert lab.transport("file") == "direct_io+unix"
    assert lab.stats()["unixSocket"] is True


def test_without_a_shared_directory_it_is_tcp(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start()

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]

    assert lab.transport("file") == "direct_io+tcp"
    assert lab.stats()["unixSocket"] is False


def test_the_transport_is_unknown_before_anything_was_read(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start(sockets=True)

    with pytest.raises(OSError, match="No data") as caught:
        lab.transport("file")
    assert caught.value.errno == errno.ENODATA


def test_a_file_of_workers_here_and_elsewhere_names_both_transports(lab: Lab) -> None:
    body = content(2, 6 * STRIPE)
    lab.origin.put("big", body)
    lab.start(workers=3, sockets=True)
    (lab.sockets / "127.0.0.2.sock").unlink()  # that worker might as well be on another node
    assert lab.stats("127.0.0.2")["unixSocket"]

    assert lab.node.do("digest", path=lab.path("big")) == [len(body), sha(body)]

    used = {host for host in lab.workers if lab.stats(host)["cachedBytes"]}
    assert len(used) > 1, "the object lies on one worker alone: take another name"
    assert lab.transport("big") == "direct_io+tcp,direct_io+unix"


def test_a_worker_told_to_stop_takes_its_socket_along(lab: Lab) -> None:
    lab.start(sockets=True)
    assert [path.name for path in lab.sockets.iterdir()] == ["127.0.0.1.sock"]

    lab.signal(lab.workers["127.0.0.1"], signal.SIGTERM)

    assert lab.node.do("wait", pid=lab.workers["127.0.0.1"], seconds=5) == 0
    assert list(lab.sockets.iterdir()) == []


def test_the_next_worker_clears_away_what_killed_ones_left(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start(workers=2, sockets=True)
    live = socket.socket(socket.AF_UNIX)
    live.bind(str(lab.sockets / "of-another.sock"))
    live.listen()
    for host in ("127.0.0.1", "127.0.0.2"):
        lab.signal(lab.workers[host], signal.SIGKILL)
        lab.node.do("wait", pid=lab.workers[host], seconds=5)
    assert len(list(lab.sockets.iterdir())) == 3

    lab.start_worker("127.0.0.1")

    expected = {"127.0.0.1.sock", "of-another.sock"}
    until(lambda: {path.name for path in lab.sockets.iterdir()} == expected, "the live sockets alone")
    live.close()
    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]


def test_a_second_worker_of_a_name_leaves_the_firsts_socket_alone(lab: Lab) -> None:
    lab.start(sockets=True)
    inode = (lab.sockets / "127.0.0.1.sock").stat().st_ino

    second = lab.start_worker()

    assert lab.node.do("wait", pid=second, seconds=10) == 2
    assert (lab.sockets / "127.0.0.1.sock").stat().st_ino == inode


def test_a_directory_that_cannot_be_used_costs_nothing_but_the_socket(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.configure(sockets=True)
    lab.sockets.rmdir()
    lab.start_worker()
    lab.start_client()

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]

    assert lab.transport("file") == "direct_io+tcp"
    assert "clients on this node use TCP" in lab.log.read_text()


@as_root
def test_a_socket_is_for_its_owner_and_others_use_tcp(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.configure(sockets=True)
    lab.start_worker()
    node = ordinary_node(lab, mode="0666")
    try:
        lab.start_client(node=node)
        assert node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
        assert lab.transport("file", node=node) == "direct_io+tcp"
    finally:
        node.close()


@pytest.mark.parametrize("again", [True, False], ids=["started-again", "gone-for-good"])
def test_a_worker_killed_in_mid_read_costs_neither_bytes_nor_an_error(lab: Lab, *, again: bool) -> None:
    body = content(3, 3 * STRIPE + 99)
    lab.origin.put("big", body)
    lab.start(workers=2, sockets=True)
    lab.origin.open_gate.clear()
    read = lab.node.begin("digest", path=lab.path("big"))
    assert lab.origin.arrived.acquire(timeout=10)
    busy = until(lambda: [host for host in lab.workers if lab.stats(host)["misses"]], "a worker that was asked")[0]

    lab.signal(lab.workers[busy], signal.SIGKILL)
    lab.node.do("wait", pid=lab.workers[busy], seconds=5)
    if again:
        lab.start_worker(busy)
    lab.origin.open_gate.set()

    assert read.result(20) == [len(body), sha(body)]


def test_nodes_without_the_workers_directory_read_the_same_by_tcp(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.start(sockets=True)
    elsewhere = Node(prefix=["unshare", "--mount", "--propagation", "private", "sh", "-c", _HIDDEN.format(lab.sockets),
                             "sh"])  # fmt: skip
    try:
        lab.start_client(node=elsewhere)
        assert elsewhere.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
        assert lab.transport("file", node=elsewhere) == "direct_io+tcp"
    finally:
        elsewhere.close()


_HIDDEN = 'mount -t tmpfs none {} && exec "$@"'
