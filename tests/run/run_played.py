"""A real run in a process of its own, to which a test does what happens on bad days.

Rule: it runs in a copy of the checkout, with a cache directory of its own: what it leaves is its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from run_traces import Footprint, files_of, processes_of

from fixtures.paths import checkout_directory
from fixtures.programs import find
from suite import waiting

SMALL = ("--fluid-object-size=64KiB", "--fluid-readers=1", "--fluid-nodes=2")
QUIET = ("-p", "no:cacheprovider", "-v", "--color=no")
ROOMS = ("suite", "fixtures", "reports", "reference_impl")
PROGRAMS = ("controlplane", "vnode", "ctrinit", "minio")
STEP_SECONDS = 120.0  # for a machine that does much else


def copy_of_the_checkout(directory: Path) -> Path:
    """Copy what a run needs, so that it can be broken, and reports go elsewhere."""
    leave = shutil.ignore_patterns("__pycache__", "runs")
    for room in ROOMS:
        shutil.copytree(checkout_directory() / room, directory / room, ignore=leave)  # makes the directory too
    shutil.copy(checkout_directory() / "pyproject.toml", directory)
    (directory / "tests").mkdir()  # pyproject.toml names it
    return directory


def surroundings(cache: Path, checkout: Path) -> dict[str, str]:
    """Return the environment of a run: the programs that are there already, nothing of the pytest around us."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    programs = {f"FLUID_{name.upper()}": str(find(name)) for name in PROGRAMS}
    own = {"FLUID_CACHE": str(cache), "PYTHONPATH": str(checkout), "PYTHONUNBUFFERED": "1"}
    return {**inherited, **programs, **own}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    code: int
    output: str
    seconds: float  # from the last thing that was done to it

    def ours(self, pattern: str) -> list[str]:
        """Return the lines of ours that match."""
        return [line for line in self.output.splitlines() if re.match(f"(fluid|ERROR): .*{pattern}", line)]

    def report(self) -> dict[str, Any]:
        """Return the report, having checked that the page is there too."""
        (line,) = self.ours("report /")
        page = Path(line.removeprefix("fluid: report "))
        assert page.read_text().rstrip().endswith("</html>"), page
        content: dict[str, Any] = yaml.safe_load(page.with_name("report.yaml").read_text())
        return content


class PlayedRun:
    """One `pytest --target=local`, in a process group of its own."""

    def __init__(
        self,
        *arguments: str,
        checkout: Path,
        cache: Path,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str | Path] = (),
        options: Sequence[str] = SMALL,
    ) -> None:
        self.cache = cache
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "pytest", "--target=local", *options, *QUIET, *arguments],
            cwd=checkout, env=surroundings(cache, checkout) | dict(environment or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._acted = time.monotonic()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            self._lines.extend(iter(lines.readline, ""))

    def wait_for(self, text: str, *, seconds: float = STEP_SECONDS) -> str:
        """Return the first line with that text; a run that ends without it fails the test with all that it said."""
        return waiting.until(
            f"a line with {text!r}",
            lambda: next((line for line in list(self._lines) if text in line), None) or self._gone(),
            lambda line: text in line,
            seconds=seconds,
            describe=str,
            hopeless=lambda _: "the run has ended",
            patience=waiting.Patience(pause_seconds=0.02),
        )

    def _gone(self) -> str | None:
        if self.process.poll() is None:
            return None
        self._reader.join()
        said = "".join(self._lines)
        return said or "the run has ended and said nothing"

    def footprint(self) -> Footprint:
        """Return what the run holds now; it must hold something."""
        seen = Footprint.of(self.cache)
        assert seen.namespaces, processes_of(self.cache)
        return seen

    def press_ctrl_c(self) -> None:
        """Do what a terminal does: SIGINT for every process of the group."""
        self._acted = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to pytest alone."""
        self._acted = time.monotonic()
        self.process.send_signal(number)

    def kill(self, pid: int) -> None:
        """Kill a program of the run."""
        self._acted = time.monotonic()
        os.kill(pid, signal.SIGKILL)

    def end(self, *, seconds: float = STEP_SECONDS) -> Ended:
        """Wait for the end of pytest and of all that it said."""
        code = self.process.wait(seconds)
        took = time.monotonic() - self._acted
        self._reader.join(seconds)
        output = "".join(self._lines)
        assert "Traceback" not in output, output
        assert "INTERNALERROR" not in output, output
        return Ended(code=code, output=output, seconds=took)

    def tidy(self) -> None:
        """End the run by force if a test left it running, and wait for what it had started."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        wait_until_gone(lambda: processes_of(self.cache), seconds=10)


def wait_until_gone(left: Callable[[], list[str]], *, seconds: float) -> None:
    """Wait until a list of what is left is empty."""
    waiting.until(
        "nothing left",
        left,
        lambda found: not found,
        seconds=seconds,
        patience=waiting.Patience(pause_seconds=0.02),
    )


def expect_nothing_left(footprint: Footprint) -> None:
    """Fail unless processes, mounts, ports and files of a run are gone."""
    assert footprint.left() == []
    assert files_of(footprint.cache) == []
