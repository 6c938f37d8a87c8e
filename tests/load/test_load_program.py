"""The program of load pods, as a process of its own, as Locust changes whatever process imports it."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.stores.content import content
from suite import waiting
from suite.performance.load_phase import decode

SUITE = Path(__file__).resolve().parents[2] / "suite"
SIZE = (3 << 20) + 5
SECONDS = 60.0


def started(*arguments: str, users: int = 3) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", str(SUITE / "load" / "load.py"), "--phase", "warm", "--seed", "a seed"]
    return subprocess.Popen(
        [*command, "--size", str(SIZE), "--users", str(users), *arguments],
        env=os.environ | {"READER_DIRECTORY": str(SUITE / "reader")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def load(*arguments: str, users: int = 3) -> subprocess.CompletedProcess[str]:
    running = started(*arguments, users=users)
    out, err = running.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def result_of(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.returncode == 0, ran.stderr
    return decode(ran.stdout.splitlines())[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "object"
    made.write_bytes(content("a seed", 0, SIZE))
    return made


def test_all_users_read_and_verify_every_byte_of_a_file(file: Path) -> None:
    passes = 200  # for as long as the last user of a busy machine needs to begin
    ran = load("--path", str(file), "--passes", str(passes), users=5)
    seen = result_of(ran)

    assert (seen["requests"], seen["failures"], seen["peakUsers"]) == (5, 0, 5)
    assert seen["bytes"] == seen["verifiedBytes"] == 5 * passes * SIZE
    assert 0 < seen["firstByte"]["p50"] <= seen["latency"]["p50"] <= seen["seconds"] == seen["latency"]["max"]
    assert seen["read"]["max"] < seen["seconds"]
    assert seen["generator"]["ceilingBytesPerSecond"] > seen["bytes"] / seen["seconds"] / 10
    assert 0 <= seen["generator"]["cpuShare"] <= 1


def test_locusts_own_page_counts_the_same_requests(file: Path) -> None:
    page = decode(load("--path", str(file)).stdout.splitlines())[1]

    assert '"name": "warm"' in page
    assert '"num_requests": 3' in page
    assert '"ceiling"' not in page


@pytest.mark.parametrize("bad", [0, 1 << 20, SIZE - 1])
def test_one_wrong_byte_fails_every_request_that_got_it(file: Path, bad: int) -> None:
    data = bytearray(file.read_bytes())
    data[bad] ^= 1
    file.write_bytes(data)
    seen = result_of(load("--path", str(file)))

    assert (seen["requests"], seen["failures"], seen["verifiedBytes"]) == (3, 3, 0)
    assert seen["errors"] == [f"the byte at {bad} is wrong, of {SIZE}"]


@pytest.mark.parametrize(("change", "told"), [(-1, "instead of"), (1, "is wrong")])
def test_a_byte_too_few_or_too_many_fails(file: Path, change: int, told: str) -> None:
    file.write_bytes(content("a seed", 0, SIZE + change))
    seen = result_of(load("--path", str(file)))

    assert seen["failures"] == 3
    assert told in seen["errors"][0]


def test_a_file_that_is_not_there_fails_and_has_no_first_byte(tmp_path: Path) -> None:
    seen = result_of(load("--path", str(tmp_path / "none")))

    assert (seen["requests"], seen["failures"], seen["firstByte"]) == (3, 3, None)
    assert "FileNotFoundError" in seen["errors"][0]


def test_readers_that_never_end_are_requests_that_did_not_come_to_an_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent")
    seen = result_of(load("--path", str(tmp_path / "silent"), "--patience", "1"))

    assert (seen["requests"], seen["bytes"], seen["latency"]) == (0, 0, None)


def test_a_reader_that_dies_is_a_failed_request(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent")
    running = started("--path", str(tmp_path / "silent"), users=2)
    for reader in readers_of(running, 2):
        os.kill(reader, signal.SIGKILL)
    out, err = running.communicate(timeout=SECONDS)
    seen = result_of(subprocess.CompletedProcess(running.args, running.returncode, out, err))

    assert (seen["requests"], seen["failures"]) == (2, 2)
    assert "the reader's process has died" in seen["errors"][0]


def readers_of(running: subprocess.Popen[str], count: int) -> list[int]:
    def look() -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]

    return waiting.until(f"{count} readers", look, lambda found: len(found) == count, seconds=SECONDS)


def test_nobody_is_no_load(file: Path) -> None:
    ran = load("--path", str(file), users=0)

    assert ran.returncode == 2
    assert "--users, --passes and --size begin at 1" in ran.stderr


class Answer(http.server.BaseHTTPRequestHandler):
    """Gives the object, or what is left of it."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/right") else 403)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("cut", [0, 1])
def test_users_read_the_origin_by_a_url_that_nobody_sees(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr(Answer, "body", content("a seed", 0, SIZE - cut))
    (tmp_path / "url").write_text(f"{origin}/right?Signature=hush\n")
    ran = load("--url-file", str(tmp_path / "url"))
    seen = result_of(ran)

    assert (seen["requests"], seen["failures"], seen["transport"]) == (3, 3 * cut, "http")
    assert seen["verifiedBytes"] == (0 if cut else 3 * SIZE)
    assert "hush" not in ran.stdout + ran.stderr + json.dumps(seen)


def test_a_refusal_of_the_origin_fails_every_request(tmp_path: Path, origin: str) -> None:
    (tmp_path / "url").write_text(f"{origin}/wrong?Signature=hush")
    seen = result_of(load("--url-file", str(tmp_path / "url")))

    assert (seen["failures"], seen["bytes"]) == (3, 0)
    assert "HTTP 403" in seen["errors"][0]
