"""The one pytest plug-in: options, hooks, and the way of a run.

Rule: hooks say when, other modules say how. Without --target this plug-in does nothing but offer its options, so the
tests of our own code run under it too.
"""

import ctypes
import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import InfrastructureError, UserError
from suite import ledger, results, verdicts
from suite.run import PROVEN_BY_FINAL_SWEEP, Run
from suite.settings import Settings, parse_count, parse_object_size, parse_size
from suite.telling import phase_lines

TARGETS = ("local",)
CASES = "suite/conformance"
PR_SET_PDEATHSIG = 1

run_key = pytest.StashKey["Session"]()
handover_key = pytest.StashKey[dict[str, Any]]()


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
    group.addoption("--fluid-seed", default="4711", metavar="N", help="of all object contents (4711)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check the options and say where results go; nothing is started yet."""
    config.addinivalue_line("markers", "requirement(*ids): the ledger rows that this test proves")
    target = config.getoption("--target")
    if target is not None and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(config.rootpath / CASES)]
    if worker := getattr(config, "workerinput", None):
        _die_with_controller()
        # A worker parses the command line anew: what we chose for the controller has to be chosen again.
        config.stash[handover_key] = worker.get("fluid", {})
        config.option.allure_report_dir = worker.get("fluid_allure")
        return
    if target is None:
        if any(CASES in str(argument) for argument in config.args):
            raise pytest.UsageError(f"{CASES} needs to know where to run: pytest --target={'|'.join(TARGETS)}")
        return
    try:
        settings = _settings(config, target)
        rows = ledger.load()
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    session = Session(config, settings, rows)
    config.stash[run_key] = session
    config.pluginmanager.register(session, "fluid-session")
    _outputs(config, session.run.directory)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


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


def _die_with_controller() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Put verdict and facts on the report of every test that proves something."""
    outcome = yield
    if item.get_closest_marker("requirement") or handover_key in item.config.stash:
        results.attach(item, call, outcome.get_result())


class Session:
    """The controller's side of one run; registered only when a target was asked for."""

    def __init__(self, config: pytest.Config, settings: Settings, rows: Mapping[str, ledger.Requirement]) -> None:
        self._config, self._rows = config, rows
        self._collector = results.Collector()
        self._written: Path | None = None
        self._interrupted = ""
        self.run = Run(settings=settings, root=config.rootpath, progress=self._say)

    def _say(self, line: str) -> None:
        if reporter := self._config.pluginmanager.get_plugin("terminalreporter"):
            reporter.ensure_newline()
        self._config.get_terminal_writer().line(f"fluid: {line}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Bring everything up, before xdist starts its workers."""
        if self._config.option.collectonly:
            return
        try:
            self.run.up()
            self._config.stash[handover_key] = self.run.handover()
        except (UserError, InfrastructureError) as error:
            self._give_up(str(error), verdicts.EXIT_INFRASTRUCTURE)
        except OSError as error:
            self._give_up(
                f"{error.strerror or error}: {error.filename or self.run.directory}", verdicts.EXIT_INFRASTRUCTURE
            )
        except KeyboardInterrupt:
            self._give_up("interrupted while starting; everything is down again", pytest.ExitCode.INTERRUPTED)

    def _give_up(self, reason: str, code: int) -> None:
        self.run.down()
        pytest.exit(f"fluid: {reason}", returncode=int(code))

    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist ships no types
        """Hand the surroundings to an xdist worker."""
        node.workerinput["fluid"] = self._config.stash.get(handover_key, {})
        node.workerinput["fluid_allure"] = getattr(self._config.option, "allure_report_dir", None)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Compare tests and ledger before the first test runs."""
        items = session.items
        if not items:
            return
        named = [str(i) for item in items for mark in item.iter_markers("requirement") for i in mark.args]
        whole = self._config.args_source is not pytest.Config.ArgsSource.ARGS and not _narrowed(self._config)
        if problem := ledger.drift(self._rows, [*named, *PROVEN_BY_FINAL_SWEEP], whole=whole):
            raise pytest.UsageError(f"ledger: {problem}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test did, wherever it ran."""
        self._collector.add(report)

    def pytest_keyboard_interrupt(self) -> None:
        """Remember that the run did not come to its end."""
        self._interrupted = "interrupted: tests that had not ended have no verdict"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Sweep, take everything down, judge, write the report."""
        if self._config.option.collectonly or self.run.environment is None:
            return
        ran = list(self._collector.results())
        own = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        try:
            if own and not self._interrupted:
                self._say("final sweep")
                ran.append(self.run.final_sweep())
        except KeyboardInterrupt:
            self._interrupted = "interrupted during the final sweep"
        finally:
            self.run.down()
        if self._interrupted:
            self.run.notices.append(self._interrupted)
        for line in phase_lines(self.run.arithmetic, ran):
            self._say(line)
        judgements = verdicts.judge(self._rows, ran)
        code = verdicts.exit_code(judgements, ran, broken=False) if own else int(exitstatus)
        session.exitstatus = code
        self._write(judgements, ran, partial=not own or bool(self._interrupted), code=code)

    def _write(self, judgements: Any, ran: Any, *, partial: bool, code: int) -> None:  # noqa: ANN401
        from reports import ReportError, render  # noqa: PLC0415 - jinja2 is needed only at the end

        try:
            self.run.write(judgements, ran, partial=partial, code=code)
            self._written = render(self.run.directory)
        except OSError as error:
            self._say(f"the report could not be written to {self.run.directory}: {error.strerror or error}")
        except ReportError as error:
            self._say(f"no page could be made of the report: {error}")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Print, as the last line, where the report lies."""
        if self._written:
            self._say(f"report {self._written}")


def _narrowed(config: pytest.Config) -> bool:
    options = config.option
    return bool(
        options.keyword or options.markexpr or getattr(options, "deselect", None) or getattr(options, "lf", False)
    )
