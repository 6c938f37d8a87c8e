"""The controller's side of one run: what happens when, from the first line to the last.

Rule: however a run ends, what it brought up is down before pytest returns, and one line says why it ended early.
"""

import errno
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import InfrastructureError, UserError
from suite import allure_results, ledger, results, verdicts
from suite.cost.prices import Prices
from suite.identity import identity
from suite.interruption import Interruption
from suite.run import ENDS, PROVEN_AT_THE_END, Run
from suite.settings import Settings
from suite.telling import cost_lines, duration_lines, phase_lines, ratio_lines, resource_lines
from suite.verdicts import TestResult, Verdict

WHOLE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)  # of these, all tests ran
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

handover_key = pytest.StashKey[dict[str, Any]]()
code_key = pytest.StashKey[int]()  # of a run that cannot begin, where it is not pytest's own for usage errors


class Session:
    """The controller's side of one run; registered only when a target was asked for."""

    def __init__(
        self, config: pytest.Config, settings: Settings, rows: Mapping[str, ledger.Requirement], prices: Prices
    ) -> None:
        self._config, self._rows = config, rows
        self._collector = results.Collector()
        self._written = ""  # the page, once it is
        self._unwritten = False  # a part of the report did not find its way to the disk
        self._cut_short = ""  # why, where the run did not come to its end
        self.interruption = Interruption()
        self.run = Run(settings=settings, prices=prices, root=config.rootpath, progress=self.say)

    def say(self, line: str) -> None:
        """Write one line of ours, at once."""
        if reporter := self._config.pluginmanager.get_plugin("terminalreporter"):
            reporter.ensure_newline()
        writer = self._config.get_terminal_writer()
        writer.line(f"fluid: {line}")
        writer.flush()

    def prepare(self) -> None:
        """Take the signals over and make the report's directory; nothing is started yet."""
        if self._config.option.collectonly:
            return
        self.interruption.catch()
        try:
            self.run.prepare()
        except UserError as error:
            raise self._refusal(str(error), verdicts.EXIT_INFRASTRUCTURE) from error

    def _refusal(self, line: str, code: int) -> pytest.UsageError:
        # Not pytest.exit: it would say the line twice.
        self._config.stash[code_key] = int(code)
        return pytest.UsageError(line)

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
        except KeyboardInterrupt as error:
            self._give_up(
                f"interrupted ({error}) while starting; everything is down again", pytest.ExitCode.INTERRUPTED
            )

    def _give_up(self, reason: str, code: int) -> None:
        self.interruption.hold()
        self.run.down()
        raise self._refusal(self.run.readable(reason), code)

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
        if problem := ledger.drift(self._rows, [*named, *PROVEN_AT_THE_END], whole=whole):
            raise pytest.UsageError(f"ledger: {problem}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test did, wherever it ran."""
        self._collector.add(report)
        self.interruption.insist()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Remember that the run did not come to its end."""
        self._interrupted("tests that had not ended have no verdict")

    def _interrupted(self, consequence: str) -> None:
        self.interruption.obeyed = True
        self._cut_short = f"interrupted ({self.interruption.by or 'pytest.exit'}): {consequence}"
        self.say(f"{self._cut_short}; taking everything down, which takes a few seconds")

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Say in one line that the disk under the report is full, whichever plug-in noticed it."""
        if error := _disk_error(excinfo.value):
            self._unwritten = True
            # It takes the place of the stack that pytest is about to print.
            pytest.exit(f"fluid: {self._unwritten_line(error)}", returncode=verdicts.EXIT_INFRASTRUCTURE)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Sweep, take everything down, judge, write the report."""
        if self._config.option.collectonly or self.run.environment is None:
            return
        ran = list(self._collector.results())
        ended = self._sweep(ran) if exitstatus in WHOLE else int(exitstatus)
        if ended and not self._cut_short:
            self._cut_short = f"pytest ended with exit code {ended} before all tests had run"
        self.run.down()
        self.run.notices += [self._cut_short] if self._cut_short else []
        # An end that saw a death says no more than that death's own line; one that was not asked for says nothing.
        ends = [each for each in ran if each.nodeid in ENDS and each.message and each.verdict is not Verdict.SKIPPED]
        found = [f"{each.nodeid}: {each.message}" for each in ends if each.message not in self.run.broken]
        told = (
            *phase_lines(self.run.arithmetic, ran),
            *ratio_lines(ran),
            *duration_lines(ran),
            *resource_lines(self.run.resources()),
            *cost_lines(self.run.cost(ran)),
        )
        for line in (*self.run.broken, *found, *told):
            self.say(line)
        session.exitstatus = self._judge(ran, ended)

    def _sweep(self, ran: list[TestResult]) -> int:
        """Add the final sweep's result; return 0, or the exit code of a run that is interrupted in it."""
        try:
            with self.interruption.heard():
                self.say("final sweep")
                ends = self.run.final_sweep()
                # What broke the sweep broke the samples too.
                broken = any(end.verdict is Verdict.ERROR for end in ends)
                ran += [*ends, *(self.run.curve(ran) if not broken else ())]
        except KeyboardInterrupt:
            self._interrupted("the final sweep has no verdict")
            return int(pytest.ExitCode.INTERRUPTED)
        return 0

    def _judge(self, ran: Sequence[TestResult], ended: int) -> int:
        """Write the report; return the exit code, which is `ended` for a run that did not come to its end."""
        judgements = verdicts.judge(self._rows, ran)
        code = verdicts.EXIT_INFRASTRUCTURE if self._unwritten else ended
        code = code or verdicts.exit_code(judgements, ran, broken=False)
        self._write(judgements, ran, partial=bool(self._cut_short), code=code)
        return verdicts.EXIT_INFRASTRUCTURE if self._unwritten else code

    def _write(self, judgements: Any, ran: Any, *, partial: bool, code: int) -> None:  # noqa: ANN401
        from reports import ReportError, render  # noqa: PLC0415 - jinja2 is needed only at the end

        try:
            self.run.write(judgements, ran, partial=partial, code=code)
            self._complete_allure(ran)
            self._written = str(render(self.run.directory))
        except OSError as error:
            self.not_written(error)
        except ReportError as error:
            self.say(f"no page could be made of the report: {error}")

    def _complete_allure(self, ran: Sequence[TestResult]) -> None:
        if directory := getattr(self._config.option, "allure_report_dir", None):
            described = self.run.described | {"suite": identity()}
            allure_results.complete(Path(directory), self.run.directory, ran, self._rows, described)

    def not_written(self, error: OSError) -> None:
        """Say that the report is not complete, once; without it nothing is proven."""
        if not self._unwritten:
            self.say(self._unwritten_line(error))
        self._unwritten = True

    def _unwritten_line(self, error: OSError) -> str:
        reason = f"{error.filename or self.run.directory}: {error.strerror or error}"
        return f"the report could not be written: {reason}: make room there, and run again"

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Print, as the last line, where the report lies; whatever happened, nothing stays up."""
        self.interruption.hold()
        self.run.down()
        self.run.leave_no_empty_report()
        if self._written:
            self.say(f"report {self._written}")
        self.interruption.release()


class End:
    """Around the end of a session, whatever other plug-ins do in it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_keyboard_interrupt(self) -> Generator[None, Any, Any]:
        """Go on to the end although pytest cannot always tell where it was interrupted."""
        try:
            return (yield)
        except TypeError:  # CPython has no line number for some instructions; what pytest prints is all that is lost
            return None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Hold signals back, and let nothing stay up when a plug-in cannot write its own report."""
        self._session.interruption.hold()
        try:
            return (yield)
        except OSError as error:
            self._session.not_written(error)
            session.exitstatus = verdicts.EXIT_INFRASTRUCTURE
        finally:
            self._session.run.down()


def _disk_error(error: BaseException | None) -> OSError | None:
    """Return the full disk among an exception's causes; pluggy wraps what plug-ins raise."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def _narrowed(config: pytest.Config) -> bool:
    options = config.option
    return bool(
        options.keyword or options.markexpr or getattr(options, "deselect", None) or getattr(options, "lf", False)
    )
