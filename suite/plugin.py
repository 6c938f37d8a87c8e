"""The one pytest plug-in: options, hooks, and the way of a run.

Rule: hooks say when, other modules say how. Without --target this plug-in does nothing but offer its options, so the
tests of our own code run under it too.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from fixtures.environment import check_programs
from fixtures.errors import UserError
from suite import ledger, results, scenario
from suite.cost import prices
from suite.interruption import Interruption
from suite.session import End, Session, code_key, handover_key
from suite.settings import Settings, parse_count, parse_object_size, parse_size

TARGETS = ("local",)
CASES = ("suite/conformance", "suite/performance")
PR_SET_PDEATHSIG = 1

run_key = pytest.StashKey[Session]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Say in one line why a run cannot begin, and end with its exit code."""
    try:
        return (yield)
    except pytest.UsageError as problem:
        if code_key not in config.stash:
            raise
        sys.stderr.write(f"fluid: {problem}\n")
        return config.stash[code_key]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register --target and the --fluid-* family."""
    group = parser.getgroup("fluid", "Fluid conformance")
    group.addoption("--target", choices=TARGETS, help="where to run; without it only tests of our own code run")
    group.addoption("--fluid-object-size", default="256MiB", metavar="SIZE", help="of the scenario's object (256MiB)")
    group.addoption("--fluid-readers", default="8", metavar="N", help="pods that read it at the same time (8)")
    group.addoption(
        "--fluid-origin-rate",
        default="100MB/s",
        metavar="RATE",
        help="cap of the origin, all readers together (100MB/s); 0: none",
    )
    group.addoption("--fluid-nodes", default="8", metavar="N", help="virtual nodes of --target=local (8)")
    group.addoption("--fluid-prices", metavar="FILE", help="other prices than those of suite/cost/prices.yaml")
    group.addoption("--fluid-seed", default="4711", metavar="N", help="of all object contents (4711)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check the options and say where results go; nothing is started yet."""
    config.addinivalue_line("markers", "requirement(*ids): the ledger rows that this test proves")
    config.addinivalue_line("markers", "smoke: the walking slice, from zero to zero: pytest --target=local -m smoke")
    config.addinivalue_line("markers", "first: runs before all others, for it needs a cluster in which nothing exists")
    target = config.getoption("--target")
    if target is not None and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(config.rootpath / cases) for cases in CASES]
    if worker := getattr(config, "workerinput", None):
        _die_with_controller()
        # A worker parses the command line anew: what we chose for the controller has to be chosen again.
        config.stash[handover_key] = worker.get("fluid", {})
        config.option.allure_report_dir = worker.get("fluid_allure")
        return
    if target is None:
        if named := [cases for cases in CASES if any(cases in str(argument) for argument in config.args)]:
            raise pytest.UsageError(f"{named[0]} needs to know where to run: pytest --target={'|'.join(TARGETS)}")
        return
    try:
        settings = _settings(config, target)
        file = config.getoption("--fluid-prices")
        costs = prices.load(config.invocation_params.dir / file if file else None)
        rows = ledger.load()
        scenario.check()
        if not config.option.collectonly:
            check_programs()
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    session = Session(config, settings, rows, costs)
    config.stash[run_key] = session
    config.pluginmanager.register(session, "fluid-session")
    config.pluginmanager.register(End(session), "fluid-end")
    session.prepare()
    _outputs(config, session.run.directory)


def _settings(config: pytest.Config, target: str) -> Settings:
    def value(option: str) -> str:
        return str(config.getoption(option))

    return Settings(
        target=target,
        object_bytes=parse_object_size("--fluid-object-size", value("--fluid-object-size")),
        readers=parse_count("--fluid-readers", value("--fluid-readers"), low=1, high=500),
        origin_bytes_per_second=parse_size("--fluid-origin-rate", value("--fluid-origin-rate")),
        nodes=parse_count("--fluid-nodes", value("--fluid-nodes"), low=1, high=50),
        seed=parse_count("--fluid-seed", value("--fluid-seed"), low=0, high=2**31),
    )


def _outputs(config: pytest.Config, directory: Path) -> None:
    if not config.option.collectonly:
        config.option.xmlpath = config.option.xmlpath or str(directory / "junit.xml")
        if getattr(config.option, "allure_report_dir", "") is None:
            config.option.allure_report_dir = str(directory / "allure-results")
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadscope"  # the stages of one story belong to one worker
        config.option.loadscopereorder = False  # what comes first does so there too


def _die_with_controller() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        os._exit(1)
    Interruption().catch()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Put verdict and facts on the report of every test that proves something."""
    outcome = yield
    if item.get_closest_marker("requirement") or handover_key in item.config.stash:
        results.attach(item, call, outcome.get_result())
