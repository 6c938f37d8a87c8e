"""The clients of the benchmarks, over real sockets and files: whose bytes are wrong, who hangs, who is the limit."""

import itertools
import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fixtures.stores import Address
from suite.errors import WaitFailed
from suite.origin import SeededObject
from suite.performance.benchmarks import http_client
from suite.performance.benchmarks.content import Content
from suite.performance.benchmarks.file_reader import FileReader
from suite.performance.benchmarks.http_client import HttpClient, Traffic
from suite.performance.benchmarks.processors import Others, spent_by, spent_here
from suite.performance.benchmarks.rounds import capacity

CONTENT = Content(SeededObject(bucket="b", key="k", seed="4711", size=1 << 20))
LENGTH = 4096
Answer = Callable[[int, int], bytes]
FORK = multiprocessing.get_context("fork")


def right(first: int, last: int) -> bytes:
    body = CONTENT.bytes[first : last + 1]
    return b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def wrong_at_the_end(first: int, last: int) -> bytes:
    return right(first, last)[:-1] + b"\0"


def wrong_at_the_beginning(first: int, last: int) -> bytes:
    return right(first, last).replace(CONTENT.bytes[first : first + 4], b"\0\0\0\0", 1)


def refusing(_first: int, _last: int) -> bytes:
    return b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def silent(_first: int, _last: int) -> bytes:
    time.sleep(3600)
    return b""


def closing_early(_first: int, _last: int) -> bytes:
    os._exit(0)


def hanging_up(first: int, last: int) -> bytes:
    return right(first, last)[: -CONTENT.size // 2]


def sleeping(first: int, last: int) -> bytes:
    time.sleep(0.005)
    return right(first, last)


def serve(listener: socket.socket, answer: Answer) -> None:
    connection, _ = listener.accept()
    while request := connection.recv(65536):
        first, _, last = request.partition(b"bytes=")[2].split(b"\r\n")[0].partition(b"-")
        connection.sendall(answer(int(first), int(last)))
        if answer is hanging_up:
            return


def listening(beside: Path | None) -> socket.socket:
    if beside is None:
        return socket.create_server(("127.0.0.1", 0))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(beside))
    listener.listen()
    return listener


@contextmanager
def client_of(answer: Answer, *, beside: Path | None = None) -> Iterator[HttpClient]:
    """Start a server in a process of its own; return a client with one connection to it, by TCP or a unix socket."""
    with listening(beside) as listener:
        process = FORK.Process(target=serve, args=(listener, answer), daemon=True)
        process.start()
        assert process.pid
        where = beside or Address(host="127.0.0.1", port=listener.getsockname()[1])
        try:
            with closing(HttpClient(where, target="/k", content=CONTENT, pid=process.pid, connections=1)) as client:
                yield client
        finally:
            process.kill()
            process.join()


def in_order() -> Callable[[], int]:
    return itertools.cycle(range(0, CONTENT.size, LENGTH)).__next__


def test_a_window_counts_what_came_and_whose_time_it_took() -> None:
    with client_of(right) as client:
        seen = client.window(0.1, length=LENGTH, offsets=in_order())

    assert not seen.wrong
    assert seen.bytes // LENGTH in {seen.answers, seen.answers + 1}
    assert seen.answers > 10
    assert 0.09 < seen.seconds < 1
    assert 0 < seen.client.running <= seen.seconds * 1.05
    assert 0 < seen.server.running <= seen.seconds * 1.05


@pytest.mark.parametrize("drop", [False, True])
def test_a_wrong_word_is_seen_in_the_timed_part(*, drop: bool) -> None:
    with client_of(wrong_at_the_beginning) as client:
        assert "byte 0 of k" in client.window(0.02, length=LENGTH, offsets=in_order(), drop=drop).wrong


@pytest.mark.parametrize("drop", [False, True])
def test_a_unix_socket_gives_the_same_bytes_and_says_the_same_of_wrong_ones(tmp_path: Path, *, drop: bool) -> None:
    def window(answer: Answer, name: str) -> Traffic:
        with client_of(answer, beside=tmp_path / name) as client:
            return client.window(0.05, length=CONTENT.size, offsets=int, drop=drop)

    seen = window(right, "right")

    assert not seen.wrong
    assert seen.answers > 1
    assert seen.answers * CONTENT.size <= seen.bytes < (seen.answers + 1) * CONTENT.size
    assert "byte 0 of k" in window(wrong_at_the_beginning, "wrong").wrong


@pytest.mark.parametrize("drop", [False, True])
def test_a_server_beside_us_that_hangs_up_in_the_middle_is_named(tmp_path: Path, *, drop: bool) -> None:
    with (
        client_of(hanging_up, beside=tmp_path / "s") as client,
        pytest.raises(WaitFailed, match=f"{tmp_path}/s closed a connection with 524288 bytes missing"),
    ):
        client.window(0.05, length=CONTENT.size, offsets=int, drop=drop)


def test_the_untimed_pass_compares_every_byte() -> None:
    with client_of(wrong_at_the_end) as client:
        assert client.whole().wrong == f"byte {CONTENT.size - 1} of k is not the object's"
    with client_of(right) as client:
        seen = client.whole()
    assert (seen.bytes, seen.wrong) == (CONTENT.size, "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusing, "answered b'HTTP/1.1 503"),
        (silent, "sent no byte for 0 s, 1 ranges missing"),
        (closing_early, "closed a connection with 1048576 bytes missing"),
    ],
)
def test_a_server_that_does_not_answer_is_named(answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "SILENCE_SECONDS", 0.2)
    with client_of(answer) as client, pytest.raises(WaitFailed, match=words):
        client.whole()


def test_a_server_that_sleeps_is_slow_although_it_takes_no_processor_time() -> None:
    with client_of(sleeping) as slow, client_of(right) as fast:
        slept = capacity(traffic := slow.window(0.2, length=LENGTH, offsets=in_order()), traffic.answers)
        ran = capacity(traffic := fast.window(0.2, length=LENGTH, offsets=in_order()), traffic.answers)

    assert not slept.void
    assert slept.figure < 2 / 0.005  # twice, as others may keep the client from asking
    assert ran.figure > 5 * slept.figure


def test_a_client_that_takes_far_longer_than_the_server_makes_the_sample_void(monkeypatch: pytest.MonkeyPatch) -> None:
    differs = Content.differs

    def slow(self: Content, buffer: bytearray, start: int, count: int, offset: int) -> bool:
        copies = [bytearray(self.bytes) for _ in range(20)]
        return differs(self, buffer, start, count, offset) or not copies

    monkeypatch.setattr(Content, "differs", slow)
    with client_of(right) as client:
        traffic = client.window(0.2, length=LENGTH, offsets=in_order())

    assert "the client was the limit" in capacity(traffic, traffic.answers).void


def test_a_reader_of_a_file_reads_it_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "k"
    file.write_bytes(CONTENT.bytes)
    with closing(FileReader(file, CONTENT)) as reader:
        assert not reader.wrong()
        seen = reader.window(0.05)

    assert not seen.wrong
    assert seen.bytes == seen.answers * CONTENT.size > CONTENT.size


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (CONTENT.bytes[:-1] + b"\0", f"byte {CONTENT.size - 1} of k"),
        (CONTENT.bytes[:-5], f"the file has {CONTENT.size - 5} bytes"),
        (CONTENT.bytes + b"\0", f"the file has {CONTENT.size + 1} bytes"),
    ],
)
def test_a_file_that_is_not_the_object_is_seen(tmp_path: Path, written: bytes, words: str) -> None:
    file = tmp_path / "k"
    file.write_bytes(written)
    with closing(FileReader(file, CONTENT)) as reader:
        assert words in reader.wrong()


def test_running_time_is_known_to_less_than_a_tick() -> None:
    before, here = spent_by(os.getpid()), spent_here()
    while time.thread_time() - here.running < 0.003:
        pass

    assert 0.003 <= spent_here().since(here).running < 0.02
    assert 0.003 <= spent_by(os.getpid()).since(before).running < 0.02


def test_what_others_use_of_the_machine_is_a_share_of_it() -> None:
    others = Others()
    ends = time.monotonic() + 0.2
    while time.monotonic() < ends:
        pass

    assert 0 <= others.share() <= 1
