"""What all benchmarks stand on: the plan, the processors, a worker that has everything, nginx, and what is told.

Rule: this session says each step in a line before it takes it, and leaves in its JSON what became of every benchmark,
also where none succeeded.
"""

import json
import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.gateway.client import Gateway
from fixtures.implementations.data_plane import DataPlane, Source, Worker
from fixtures.implementations.data_planes import open_data_plane
from fixtures.stores import Secret
from suite.errors import NotApplicable
from suite.performance import outcomes
from suite.performance.benchmarks import nginx
from suite.performance.benchmarks.content import Content, expect_right
from suite.performance.benchmarks.http_client import HttpClient
from suite.performance.benchmarks.nginx import Nginx
from suite.performance.benchmarks.processors import Cores, come_first, placed
from suite.performance.plan import Plan

ended_key = pytest.StashKey[dict[str, dict[str, str]]]()


def tell(line: str) -> None:
    """Say a step in one line; whoever started this session passes it on."""
    sys.stdout.write(f"\n{outcomes.TOLD}{line}\n")  # pytest may be amid a line of its own
    sys.stdout.flush()


def pytest_configure(config: pytest.Config) -> None:
    """Begin without an outcome."""
    config.stash[ended_key] = {}


def pytest_runtest_logstart(nodeid: str) -> None:
    """Say which benchmark begins."""
    tell(nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " "))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how each benchmark ended: the worst of its set-up, call and tear-down comes first."""
    report = yield
    ended = item.config.stash[ended_key]
    if call.excinfo is not None and item.name not in ended:
        ended[item.name] = outcomes.of_error(call.excinfo.value)
        tell(f"{ended[item.name]['verdict']}: {ended[item.name]['message'].splitlines()[0]}")
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add the outcomes to what pytest-benchmark has written, or write them alone."""
    path = Path(session.config.getoption("benchmark_json"))
    written = json.loads(path.read_text()) if path.exists() and path.stat().st_size else {"benchmarks": []}
    names = [item.name for item in session.items]
    path.write_text(json.dumps({**written, "ended": session.config.stash[ended_key], "collected": names}, indent=1))


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return what this session was told."""
    return Plan.take_from(os.environ)


@pytest.fixture(scope="session")
def cores() -> Iterator[Cores]:
    """Return the two processors; this process, which is the client, runs on one of them."""
    chosen = Cores.choose()
    if chosen is None:
        raise NotApplicable("this machine has one processor: server and client would take turns on it")
    chosen = replace(chosen, priority=come_first())
    with placed(chosen.client):
        yield chosen


@pytest.fixture(scope="session")
def data_plane(plan: Plan) -> Iterator[DataPlane]:
    """Return the implementation's data plane; what is started of it ends with the session."""
    opened = open_data_plane(plan.data_plane, plan.memory)
    yield opened
    opened.stop()


@pytest.fixture(scope="session")
def worker(plan: Plan, cores: Cores, data_plane: DataPlane) -> Worker:
    """Return a worker on the servers' processor, with nothing cached."""
    tell("starting the cache worker")
    keys = {"access_key": Secret(plan.access_key), "secret_key": Secret(plan.secret_key)}
    with placed(cores.server):
        return data_plane.start_worker(Source(endpoint=plan.origin, bucket=plan.warm.bucket, **keys))


@pytest.fixture(scope="session")
def meter(plan: Plan) -> Gateway:
    """Return the origin meter."""
    return Gateway(plan.meter)


@pytest.fixture(scope="session")
def warm(plan: Plan, data_plane: DataPlane, worker: Worker) -> Content:
    """Return the content of an object that the worker holds wholly; every byte was compared as it came."""
    tell(f"reading {plan.warm.size >> 20} MiB through the worker, so that it has them")
    content = Content(plan.warm)
    client = HttpClient(
        worker.address, target=data_plane.target(plan.warm.key), content=content, pid=worker.pid, connections=1
    )
    traffic = client.whole()
    client.close()
    expect_right("the first read through the worker", traffic.wrong)
    return content


@pytest.fixture(scope="session")
def cached_file(worker: Worker, warm: Content) -> Path:
    """Return the file in the worker's tier that holds the warm object."""
    found = [path for path in worker.tier.rglob("*") if path.is_file() and path.stat().st_size == warm.size]
    assert len(found) == 1, f"{len(found)} files below the tier have {warm.size} bytes: {found}"
    return found[0]


@pytest.fixture(scope="session")
def place(cached_file: Path, cores: Cores) -> str:
    """Return where warm bytes lie and who runs where, in words."""
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    above = [(mount.split(" ")[4], kind) for mount, kind in mounts if cached_file.is_relative_to(mount.split(" ")[4])]
    _, kind = max(above, key=lambda each: len(each[0]))
    pages = "huge" if "huge=" in kind else "4 KiB"
    return f"on {kind.split(' ')[0]} with {pages} pages; {cores}"


@pytest.fixture(scope="session")
def anchor(plan: Plan, cores: Cores, cached_file: Path) -> Iterator[Nginx]:
    """Return nginx on the servers' processor, serving the worker's own files."""
    program = nginx.find()
    if program is None:
        raise NotApplicable("no nginx on PATH to compare with: sudo apt install nginx-light")
    tell(f"starting {nginx.version(program)}")
    directory = plan.memory / "nginx"
    directory.mkdir()
    with placed(cores.server):
        started = Nginx(program, file=cached_file, directory=directory)
    yield started
    started.stop()
