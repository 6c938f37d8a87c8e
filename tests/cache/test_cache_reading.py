"""Every byte, every name, and what they cost the origin."""

from __future__ import annotations

import concurrent.futures
import errno
import random
import socket
from typing import TYPE_CHECKING

import pytest
from cache_contents import content, sha
from cache_lab import BLOCK, STRIPE, Lab, Node, until

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (0, 1, 4095, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17, STRIPE + 12345)


RANGES = content(1, 2 * STRIPE + 777)
WEIGHTS = content(2, 5 * BLOCK + 3)
WHOLE = {f"size-{size}": content(size, size) for size in SIZES}


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    """Make a laboratory of three workers for all tests that only look, each at objects of its own."""
    lab = Lab()
    try:
        for key, body in {**WHOLE, "ranges": RANGES, "weights": WEIGHTS, "sparse": RANGES, "a/b": b"x"}.items():
            lab.origin.put(key, body)
        lab.start(workers=3)
        yield lab
    finally:
        lab.close()


def test_every_byte_of_whole_files_equals_the_origins(shared: Lab) -> None:
    read = {key: shared.node.do("digest", path=shared.path(key), piece=100_003) for key in WHOLE}

    assert read == {key: [len(body), sha(body)] for key, body in WHOLE.items()}
    assert {key: shared.origin.sent[key] for key in WHOLE} == {key: len(body) for key, body in WHOLE.items()}


def test_every_range_equals_the_origins(shared: Lab) -> None:
    chance = random.Random(4711)  # noqa: S311 - reproducible
    spans = [[chance.randrange(len(RANGES)), chance.choice([1, 7, 4096, BLOCK, 3 * BLOCK + 1])] for _ in range(60)]
    end = len(RANGES)
    spans += [[STRIPE - 5, 10], [end - 1, 100], [end, 10], [end + 5, 10], [0, end]]

    read = shared.node.do("ranges", path=shared.path("ranges"), spans=spans)

    assert read == [sha(RANGES[offset : offset + length]) for offset, length in spans]


def test_a_random_read_fetches_its_block_only(shared: Lab) -> None:
    offset = 7 * BLOCK + 5

    assert shared.node.do("ranges", path=shared.path("sparse"), spans=[[offset, 10]]) == [
        sha(RANGES[offset : offset + 10])
    ]

    assert shared.origin.sent["sparse"] == BLOCK


def test_a_shared_mapping_shows_the_origins_bytes(shared: Lab) -> None:
    assert shared.node.do("mapped", path=shared.path("weights")) == sha(WEIGHTS)


def test_a_missing_name_is_enoent(shared: Lab) -> None:
    for name in ("nope", "a/nope", "nope/nope", "a/b/nope"):
        with pytest.raises(OSError, match=r"No such file|Not a directory") as caught:
            shared.node.do("digest", path=shared.path(name))
        assert caught.value.errno == (errno.ENOTDIR if name == "a/b/nope" else errno.ENOENT)


def test_every_change_is_erofs(shared: Lab) -> None:
    for what, name in (("create", "new"), ("write", "a/b"), ("unlink", "a/b"), ("mkdir", "new")):
        with pytest.raises(OSError, match="Read-only") as caught:
            shared.node.do("attempt", what=what, path=shared.path(name))
        assert caught.value.errno == errno.EROFS, what


def test_names_sizes_and_directories_are_the_origins(lab: Lab) -> None:
    for key in ("a", "b/c", "b/d/e", "ümläut & <x>/\N{SNOWMAN} 1%2F", "empty/", "one/two/three/", "z//bad", "x/../y"):
        lab.origin.put(key, content(3, len(key)))
    lab.start()

    walked = lab.node.do("walk", path=str(lab.mount))

    assert walked == {
        "a": 1,
        "b": None,
        "b/c": 3,
        "b/d": None,
        "b/d/e": 5,
        "ümläut & <x>": None,
        "ümläut & <x>/\N{SNOWMAN} 1%2F": len("ümläut & <x>/\N{SNOWMAN} 1%2F"),
        "empty": None,
        "one": None,
        "one/two": None,
        "one/two/three": None,
    }
    stats = lab.stats()
    assert stats["fileNum"] == sum(not key.endswith("/") for key in lab.origin.objects)
    assert stats["ufsTotalBytes"] == sum(len(body) for body, _ in lab.origin.objects.values())


def test_several_mounts_lie_where_their_paths_say(lab: Lab) -> None:
    for key in ("left/a", "left/sub/hidden", "right/b", "other"):
        lab.origin.put(key, key.encode())
    lab.start(
        mounts=[
            {"mountPoint": "s3://data/left", "path": "/", "name": "left"},
            {"mountPoint": "s3://data/right/", "path": "/sub", "name": "right"},
            {"mountPoint": "s3://data/right", "name": "named"},
        ]
    )

    assert lab.node.do("walk", path=str(lab.mount)) == {"a": 6, "sub": None, "sub/b": 7, "named": None, "named/b": 7}
    assert lab.node.do("digest", path=lab.path("sub/b"))[1] == sha(b"right/b")


def test_a_large_directory_is_listed_whole(lab: Lab) -> None:
    names = {f"file-{index:04}-with-a-longer-name": 2 for index in range(700)}
    for name in names:
        lab.origin.put(name, b"xy")
    lab.start()

    assert lab.node.do("walk", path=str(lab.mount)) == names


def test_an_object_added_later_is_found(lab: Lab) -> None:
    lab.origin.put("old", b"x")
    lab.start()
    assert lab.node.do("walk", path=str(lab.mount)) == {"old": 1}

    lab.origin.put("new", b"yy")

    # A name that the last listing lacks is looked for again, half a second later at the latest.

    until(lambda: lab.node.do("digest", path=lab.path("new")) == [2, sha(b"yy")], "the new object", 3.0)


def test_a_hundred_cold_readers_cost_the_origin_the_bytes_once(lab: Lab) -> None:
    body = content(5, 20 * BLOCK + 11)
    lab.origin.put("big", body)
    lab.start()

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        reads = [pool.submit(_http_read, lab, "/big") for _ in range(100)]
        assert {read.result(30) for read in reads} == {sha(body)}

    assert lab.origin.sent["big"] == len(body)
    assert lab.stats()["originBytes"] == len(body)


def test_cold_readers_through_mounts_share_and_warm_readers_cost_nothing(lab: Lab) -> None:

    body = content(6, 30 * BLOCK + 5)
    lab.origin.put("big", body)
    lab.start(workers=2)
    nodes = [Node() for _ in range(3)]
    try:
        for node in nodes:
            lab.start_client(node=node)
        reads = [node.begin("digest", path=lab.path("big")) for node in [*nodes, *nodes, lab.node]]
        assert [read.result(30) for read in reads] == [[len(body), sha(body)]] * 7
        assert lab.origin.sent["big"] == len(body)
        fresh = Node()
        nodes.append(fresh)
        lab.start_client(node=fresh)
        assert fresh.do("digest", path=lab.path("big")) == [len(body), sha(body)]
        assert lab.origin.sent["big"] == len(body)
    finally:
        for node in nodes:
            node.close()


def _http_read(lab: Lab, target: str) -> str:
    with socket.create_connection(("127.0.0.1", lab.data_port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return sha(body)


def test_the_first_block_has_the_origin_for_itself_and_then_more_are_fetched_at_once(lab: Lab) -> None:
    body = content(7, 12 * BLOCK)
    lab.origin.put("big", body)
    lab.start()
    lab.origin.open_gate.clear()
    read = lab.node.begin("digest", path=lab.path("big"))
    assert lab.origin.arrived.acquire(timeout=10)
    assert not lab.origin.arrived.acquire(timeout=0.5)  # guesses wait until something has come

    for _ in range(2):
        lab.origin.open_gate.let_one_pass()
        assert lab.origin.arrived.acquire(timeout=10)
    assert lab.origin.arrived.acquire(timeout=10)  # a second one, while the first still waits
    lab.origin.open_gate.set()

    assert read.result(20) == [len(body), sha(body)]
    assert lab.origin.sent["big"] == len(body)
