"""The data path at the machine's speed: each ratio against its floor, both sides measured in turns in one session."""

from collections.abc import Iterator

import pytest

from suite.environment import Environment
from suite.marks import requirement
from suite.performance import session
from suite.performance.gates import COLD, DIRECT_IO, FAN_IN, PASSTHROUGH, UNIX, WORKER_BULK, WORKER_SMALL, Gate
from suite.performance.recorded import keep
from suite.performance.session import Results
from suite.recording import Record


@pytest.fixture(scope="module")
def results(environment: Environment, pytestconfig: pytest.Config) -> Iterator[Results]:
    """Return what the benchmarks measured; they run once, alone."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def tell(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"fluid: benchmarks: {line}", flush=True)  # noqa: T201 - progress is for the terminal

    with environment.quiet.alone():
        found = session.run(environment, tell)
    yield found
    environment.origin.store.remove_bucket(session.BUCKET)


def judge(results: Results, record: Record, gate: Gate, benchmark: str) -> None:
    """Keep a ratio for the report, then judge it."""
    comparison = results.of(gate, benchmark)
    keep(record, gate, comparison)
    gate.judge(comparison)


@requirement("FLUID-PERF-NGINX-BULK-001")
def test_a_worker_serves_what_it_has_as_fast_as_nginx(results: Results, record: Record) -> None:
    judge(results, record, WORKER_BULK, "test_worker_against_nginx_in_bulk")


@requirement("FLUID-PERF-NGINX-SMALL-002")
def test_a_worker_answers_small_requests_as_often_as_nginx(results: Results, record: Record) -> None:
    judge(results, record, WORKER_SMALL, "test_worker_against_nginx_at_small_ranges")


@requirement("FLUID-PERF-UNIX-003")
def test_a_unix_socket_is_three_times_as_fast_as_tcp(results: Results, record: Record) -> None:
    judge(results, record, UNIX, "test_unix_socket_against_tcp")


@requirement("FLUID-PERF-PASSTHROUGH-004")
def test_warm_reads_with_passthrough_are_as_fast_as_the_file_itself(results: Results, record: Record) -> None:
    judge(results, record, PASSTHROUGH, "test_passthrough_against_native[passthrough]")


@requirement("FLUID-PERF-DIRECTIO-005")
def test_warm_reads_with_direct_io_reach_a_fifth_of_the_file_itself(results: Results, record: Record) -> None:
    judge(results, record, DIRECT_IO, "test_direct_io_against_native[direct_io]")


@requirement("FLUID-PERF-COLD-006")
def test_cold_reads_use_what_the_origin_gives(results: Results, record: Record) -> None:
    judge(results, record, COLD, "test_cold_against_the_cap")


@requirement("FLUID-PERF-FANIN-007")
def test_many_cold_readers_cost_the_origin_the_distinct_bytes_once(results: Results, record: Record) -> None:
    judge(results, record, FAN_IN, "test_cold_fan_in")
