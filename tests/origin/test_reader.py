"""The reader program, run as a pod runs it: what it proves, what it reports, and how it fails."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from loopback import die_with_parent

from fixtures.gateway.client import Gateway
from fixtures.stores.content import content
from fixtures.stores.minio import MinioStore

BUCKET = "bucket"
READ = Path(__file__).resolve().parents[2] / "suite" / "reader" / "read.py"


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", str(READ), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one C call, loaded before
    )


def end(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(output)


def read(*arguments: str) -> tuple[int, dict[str, Any]]:
    return end(start(*arguments))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content("s", 0, 3_000_001))
    return path


def goal(path: Path, size: int) -> list[str]:
    return ["--path", str(path), "--seed", "s", "--size", str(size)]


def test_a_right_file_is_verified_and_reported(file: Path, tmp_path: Path) -> None:
    log = tmp_path / "termination-log"
    log.touch()

    code, report = read(*goal(file, 3_000_001), "--termination-log", str(log))

    assert (code, report["verified"], report["bytes_read"], report["error"]) == (0, True, 3_000_001, None)
    assert json.loads(log.read_text()) == report
    assert 0 < report["first_byte_seconds"] <= report["seconds"]
    assert 0 < report["read_seconds"] < report["seconds"]
    assert report["seconds"] == pytest.approx(report["ended_at"] - report["released_at"])
    assert report["mount"]["fstype"]


def test_a_file_system_that_says_how_bytes_got_here_is_quoted_and_others_say_nothing(file: Path) -> None:
    _, silent = read(*goal(file, 3_000_001))
    os.setxattr(file, "user.fluid.transport", b"passthrough")
    _, speaking = read(*goal(file, 3_000_001))

    assert (silent["transport"], speaking["transport"]) == (None, "passthrough")


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_files_are_verified(tmp_path: Path, size: int) -> None:
    path = tmp_path / "small"
    path.write_bytes(content("s", 0, size))

    code, report = read(*goal(path, size))

    assert (code, report["verified"], report["bytes_read"]) == (0, True, size)


def test_one_wrong_byte_is_found(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(2_345_678)
        opened.write(bytes([content("s", 2_345_678, 1)[0] ^ 1]))

    code, report = read(*goal(file, 3_000_001))

    assert (code, report["verified"], report["first_bad_offset"]) == (1, False, 2_345_678)
    assert "the byte at 2345678 is wrong" in report["error"]["message"]


@pytest.mark.parametrize("size", [3_000_000, 3_000_002])
def test_a_short_or_long_file_is_an_error(file: Path, size: int) -> None:
    code, report = read(*goal(file, size))

    assert (code, report["verified"]) == (1, False)
    assert f"3000001 bytes instead of {size}" in report["error"]["message"]


def test_ranges_reach_first_and_last_byte_and_find_wrong_ones(file: Path) -> None:
    code, report = read(*goal(file, 3_000_001), "--ranges", "50")
    assert (code, report["verified"], report["error"]) == (0, True, None)

    with file.open("r+b") as opened:
        opened.seek(3_000_000)
        opened.write(bytes([content("s", 3_000_000, 1)[0] ^ 1]))
    code, report = read(*goal(file, 3_000_001), "--ranges", "1")
    assert (code, report["bytes_read"]) == (0, 1)
    code, report = read(*goal(file, 3_000_001), "--ranges", "2")
    assert report["bytes_read"] == 2
    assert (code, report["first_bad_offset"]) == (1, 3_000_000)


def test_several_objects_are_read_in_one_pass(tmp_path: Path) -> None:
    goals = []
    for size in (0, 1, 5000):
        (tmp_path / str(size)).write_bytes(content(f"s{size}", 0, size))
        goals.append({"path": str(tmp_path / str(size)), "seed": f"s{size}", "size": size})

    code, report = read("--objects", json.dumps(goals))
    assert (code, report["verified"], report["bytes_read"]) == (0, True, 5001)

    (tmp_path / "1").unlink()
    code, report = read("--objects", json.dumps(goals))
    assert (code, report["verified"], report["error"]["errno"]) == (1, False, "ENOENT")
    assert str(tmp_path / "1") in report["error"]["message"]


def test_a_missing_file_is_expected_or_not(tmp_path: Path, file: Path) -> None:
    missing = ["--path", str(tmp_path / "missing")]

    code, report = read(*missing, "--expect-missing")
    assert (code, report["error"]["errno"]) == (0, "ENOENT")
    code, report = read(*missing, "--seed", "s", "--size", "1")
    assert (code, report["error"]["errno"]) == (1, "ENOENT")
    code, report = read("--path", str(file), "--expect-missing")
    assert (code, report["error"]["message"]) == (1, f"{file}: is there")


def test_a_place_that_can_be_written_is_not_read_only(tmp_path: Path) -> None:
    code, report = read("--path", str(tmp_path / "new"), "--expect-readonly")

    assert code == 1
    assert "could be written" in report["error"]["message"]


def test_a_read_only_place_is_told_by_erofs(tmp_path: Path) -> None:
    target = tmp_path / "new"
    script = f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,ro,bind "{tmp_path}" && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", sys.executable, "-P", str(READ)]
    done = subprocess.run(
        [*command, "--path", str(target), "--expect-readonly"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    assert report["error"]["errno"] == errno.errorcode[errno.EROFS]
    assert report["mount"]["point"] == str(tmp_path)


def test_a_listing_tells_paths_and_sizes_and_stays_small(tmp_path: Path) -> None:
    (tmp_path / "dir" / "deeper").mkdir(parents=True)
    (tmp_path / "dir" / "deeper" / "a b").write_bytes(b"xyz")
    (tmp_path / "one").write_bytes(b"x")
    code, report = read("--path", str(tmp_path), "--list")
    assert (code, report["listing"], report["listed"]) == (0, [["dir/deeper/a b", 3], ["one", 1]], 2)

    for number in range(300):
        (tmp_path / f"file-{number:04}").touch()
    code, report = read("--path", str(tmp_path), "--list")
    assert report["listed"] == 302
    assert 0 < len(report["listing"]) < 302
    assert len(json.dumps(report)) <= 3000


def test_without_a_seed_only_the_hash_is_told(file: Path) -> None:
    code, report = read("--path", str(file))

    assert (code, report["verified"], len(report["sha256"])) == (0, False, 64)


def test_an_end_by_signal_leaves_a_report(gateway: Gateway) -> None:
    barrier = f"{gateway.url}/barrier/never?parties=2&timeout=60"
    process = start("--path", "/dev/null", "--seed", "s", "--size", "0", "--barrier", barrier)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)

    process.terminate()
    code, report = end(process)

    assert (code, report["error"]["errno"]) == (1, "ECANCELED")
    assert "SIGTERM" in report["error"]["message"]


def test_readers_start_together_and_read_the_origin_by_url(gateway: Gateway, store: MinioStore, tmp_path: Path) -> None:
    size = 20_000_003
    store.put(BUCKET, "by-url", seed="url", size=size)
    url = tmp_path / "url"
    url.write_text(store.presign(BUCKET, "by-url", seconds=60) + "\n")
    barrier = f"{gateway.url}/barrier/start?parties=3&timeout=30"
    arguments = ["--url-file", str(url), "--seed", "url", "--size", str(size), "--barrier", barrier]

    readers = [start(*arguments) for _ in range(3)]
    ended = [end(process) for process in readers]

    assert [(code, report["verified"], report["bytes_read"]) for code, report in ended] == [(0, True, size)] * 3
    assert len({report["released_at"] for _, report in ended}) == 1
    meter = gateway.meter().of(BUCKET, "by-url")
    assert (meter.get_bytes, meter.gets, meter.in_flight, meter.errors) == (3 * size, 3, 0, 0)


def test_errors_of_the_origin_have_an_errno_and_no_signature(
    gateway: Gateway, store: MinioStore, tmp_path: Path
) -> None:
    url = tmp_path / "url"
    url.write_text(store.presign(BUCKET, "absent", seconds=60))
    assert read("--url-file", str(url), "--expect-missing")[0] == 0

    store.put(BUCKET, "present", seed="url", size=10)
    url.write_text(store.presign(BUCKET, "present", seconds=60)[:-1] + "_")
    code, report = read("--url-file", str(url), "--seed", "url", "--size", "10")
    assert (code, report["error"]["errno"]) == (1, "EACCES")
    assert "Signature" not in json.dumps(report)


def test_a_barrier_that_is_not_complete_in_time_is_an_error(gateway: Gateway, file: Path) -> None:
    barrier = f"{gateway.url}/barrier/lonely?parties=2&timeout=0.3"

    code, report = read(*goal(file, 3_000_001), "--barrier", barrier)

    assert (code, report["bytes_read"], report["error"]["errno"]) == (1, 0, "ETIMEDOUT")
    assert "1 of 2 parties" in report["error"]["message"]


def test_a_reader_halts_midway_until_it_is_let_go_on(gateway: Gateway, file: Path) -> None:
    process = start(*goal(file, 3_000_001), "--midway", f"{gateway.url}/barrier/midway?parties=2&timeout=30")
    gateway.barrier("midway", parties=2, seconds=30)
    with file.open("r+b") as opened:  # what it has read by now it does not read again
        opened.write(bytes([content("s", 0, 1)[0] ^ 1]))
        opened.seek(3_000_000)
        opened.write(bytes([content("s", 3_000_000, 1)[0] ^ 1]))
    gateway.barrier("midway", parties=2, seconds=30)
    code, report = end(process)

    assert (code, report["bytes_read"], report["first_bad_offset"]) == (1, 3_000_001, 3_000_000)


def test_half_of_what_is_read_in_ranges_is_nowhere(file: Path) -> None:
    command = [sys.executable, "-P", str(READ), *goal(file, 3_000_001), "--ranges", "2", "--midway", "http://x/b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "--midway needs --path, --seed and --size" in done.stderr


def test_verifying_keeps_up_with_a_warm_cache(tmp_path: Path) -> None:
    size = 256 << 20
    path = tmp_path / "large"
    with path.open("wb") as opened:
        for offset in range(0, size, 1 << 24):
            opened.write(content("s", offset, 1 << 24))

    rates = []
    for _ in range(5):
        code, report = read(*goal(path, size))
        assert (code, report["verified"]) == (0, True), report
        rates.append(size / (report["seconds"] - report["read_seconds"]) / 1e9)
    path.unlink()

    print(f"\nverification alone: best of 5 {max(rates):.1f} GB/s, worst {min(rates):.1f} GB/s")  # noqa: T201 - a figure to be seen with -s
    assert max(rates) >= 1.5, rates
