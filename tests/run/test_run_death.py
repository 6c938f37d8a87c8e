"""A test that fails because something of ours died blames that, whatever it saw itself."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from suite import results
from suite.environment import Environment
from suite.errors import NotApplicable, WaitFailed

DEAD = "minio was ended by SIGKILL; see /cache/runs/one/logs/minio.log"


def environment(alive: Callable[[], str | None]) -> Environment:
    unused: dict[str, Any] = dict.fromkeys(Environment.__dataclass_fields__)
    known = {"run_directory": Path("/cache/runs/one"), "directory": Path("/reports/one")}
    return Environment(**{**unused, **known, "target": SimpleNamespace(alive=alive)})


def judged(error: BaseException, alive: Callable[[], str | None]) -> tuple[str, str]:
    """Return verdict and message of a test that ended with that exception."""
    item = SimpleNamespace(
        funcargs={"environment": environment(alive)}, iter_markers=lambda _: [], stash={}, name="test_x",
        path=Path("test_x.py"), location=("test_x.py", 0, "test_x"),
    )  # fmt: skip
    call = SimpleNamespace(excinfo=pytest.ExceptionInfo.from_exception(error))
    report = SimpleNamespace(when="call", passed=False, failed=True, skipped=False, longrepr=None, sections=[])
    results.attach(item, call, report)  # type: ignore[arg-type]
    data = getattr(report, results.ATTRIBUTE)
    return data["verdict"], data["message"]


def raised(error: BaseException) -> BaseException:
    """Return an exception as it is once it was raised."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize("error", [WaitFailed("3 of 5 workers"), AssertionError("not Bound"), ConnectionError("reset")])
def test_a_failure_over_something_dead_is_an_error_that_names_it(error: BaseException) -> None:
    assert judged(raised(error), lambda: DEAD) == (
        "error",
        "minio was ended by SIGKILL; see /reports/one/logs/minio.log",
    )


def test_the_end_of_a_program_is_waited_for_when_a_connection_broke() -> None:
    known_at = time.monotonic() + 0.3
    verdict, message = judged(raised(ConnectionError("reset")), lambda: DEAD if time.monotonic() > known_at else None)

    assert verdict == "error"
    assert message.startswith("minio was ended")


@pytest.mark.parametrize(
    ("error", "verdict"), [(WaitFailed("3 of 5 workers"), "fail"), (NotApplicable("no nodes"), "notApplicable")]
)
def test_a_failure_over_what_lives_keeps_its_verdict_without_delay(error: BaseException, verdict: str) -> None:
    began = time.monotonic()

    assert judged(raised(error), lambda: None) == (verdict, str(error))
    assert time.monotonic() - began < 0.5 * results.DEATH_SECONDS
