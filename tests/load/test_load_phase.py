"""Judging a phase of load: only one whose bytes, origin, crowd and generator are all right is green."""

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from suite.errors import NothingObserved
from suite.origin import Cost
from suite.performance.load_phase import Expectation, LoadPhase, decode
from suite.verdicts import Verdict

EXPECTED = Expectation(users=4, bytes_each=1000, origin_bytes=1000)
GOOD: dict[str, Any] = {
    "name": "cold",
    "requests": 4,
    "failures": 0,
    "errors": [],
    "bytes": 4000,
    "verifiedBytes": 4000,
    "seconds": 2.0,
    "peakUsers": 4,
    "began": 100.0,
    "firstByte": {"p50": 0.2, "p90": 0.3, "p99": 0.3, "max": 0.3},
    "latency": {"p50": 1.9, "p90": 2.0, "p99": 2.0, "max": 2.0},
    "generator": {"cpuShare": 0.1, "ceilingBytesPerSecond": 9000.0, "lagSeconds": 0.01},
}


def phase(*, cost: int = 1000, generator: dict[str, Any] | None = None, **changes: Any) -> LoadPhase:  # noqa: ANN401 - JSON
    result = GOOD | changes | {"generator": GOOD["generator"] | (generator or {})}
    return LoadPhase(expected=EXPECTED, result=result, cost=Cost(origin_bytes=cost), html="load/cold.html")


def test_a_phase_whose_proofs_all_hold_passes() -> None:
    assert phase().judge() == (Verdict.PASS, "")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"requests": 0, "bytes": 0, "verifiedBytes": 0, "firstByte": None, "seconds": 0.0}, "0 of 4 requests"),
        ({"requests": 3}, "3 of 4 requests came to an end"),
        ({"failures": 1, "errors": ["the byte at 7 is wrong, of 1000"]}, "1 requests failed: the byte at 7 is wrong"),
        ({"verifiedBytes": 3999}, "3999 of 4000 bytes verified, expected 4000"),
        ({"bytes": 3000, "verifiedBytes": 3000}, "3000 of 3000 bytes verified, expected 4000"),
        ({"cost": 0}, "the origin gave 0 bytes in 0 GETs, expected 1000"),
        ({"cost": 2000}, "the origin gave 2000 bytes"),
    ],
)
def test_a_byte_too_few_or_wrong_or_another_cost_fails(changes: dict[str, Any], told: str) -> None:
    verdict, reason = phase(**changes).judge()

    assert verdict is Verdict.FAIL
    assert told in reason


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"peakUsers": 3}, "at most 3 of 4 requests were under way"),
        ({"generator": {"ceilingBytesPerSecond": 2500.0}}, "more than 80% of the 0 MB/s that it can take at all"),
        ({"generator": {"ceilingBytesPerSecond": 0.0}}, "that it can take at all"),
        ({"generator": {"cpuShare": 0.6}}, "own code took 60% of all processors"),
        ({"generator": {"lagSeconds": 0.11}}, "event loop was 0.11 s late"),
        ({"generator": {"lagSeconds": None}}, "event loop was None s late"),
        ({"generator": {"lagSeconds": 0.06}, "firstByte": None}, "event loop was 0.06 s late"),
    ],
)
def test_a_generator_at_its_limit_and_a_crowd_that_was_none_are_void(changes: dict[str, Any], told: str) -> None:
    verdict, reason = phase(**changes).judge()

    assert verdict is Verdict.VOID
    assert told in reason


def test_what_nobody_read_proves_neither_cost_nor_limit_nor_crowd() -> None:
    nothing = phase(requests=0, bytes=0, verifiedBytes=0, seconds=0.0, firstByte=None, peakUsers=0)

    assert nothing.misjudged_cost() == ["not everything was read, so the origin's bytes prove nothing"]
    assert nothing.limits() == ["nothing was read, so nothing is known of the generator's limits"]
    assert nothing.too_few()
    assert nothing.failures()


def test_wrong_bytes_weigh_more_than_a_generator_at_its_limit() -> None:
    assert phase(verifiedBytes=0, generator={"cpuShare": 1.0}).judge()[0] is Verdict.FAIL


def test_the_report_keeps_no_figure_that_nobody_saw() -> None:
    kept = phase(firstByte=None).as_data()

    assert "firstByte" not in kept
    assert (kept["verdict"], kept["originBytes"], kept["html"]) == ("pass", 1000, "load/cold.html")


def printed(page: bytes) -> list[str]:
    text = base64.b64encode(gzip.compress(page, mtime=0)).decode()
    result = {"name": "cold", "pageDigest": hashlib.sha256(page).hexdigest()}
    return [
        "a warning",
        *(f"page {text[at : at + 40]}" for at in range(0, len(text), 40)),
        f"result {json.dumps(result)}",
    ]


def test_result_and_page_come_back_as_they_were_printed() -> None:
    result, page = decode(printed("<p>100 Köpfe</p>".encode() * 100))

    assert result["name"] == "cold"
    assert page == "<p>100 Köpfe</p>" * 100


@pytest.mark.parametrize("lost", ["page", "result"])
def test_a_log_that_is_not_whole_is_an_error(lost: str) -> None:
    with pytest.raises(NothingObserved, match="pod's log"):
        decode([line for line in printed(b"<html>") if not line.startswith(lost)])


def test_a_page_that_lost_a_line_is_an_error() -> None:
    lines = printed(bytes(range(256)) * 4)
    del lines[2]

    with pytest.raises(NothingObserved, match="Locust's page did not come"):
        decode(lines)


def test_a_pod_that_says_why_is_quoted() -> None:
    with pytest.raises(NothingObserved, match=r"0 results .* load.py: error: --users"):
        decode(["usage: load.py", "load.py: error: --users, --passes and --size begin at 1"])
