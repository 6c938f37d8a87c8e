"""Runs to play with: one copy of the checkout for all, a cache directory for each test."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("run_played")  # it asserts for the tests, and shall say as much

from run_played import PlayedRun, copy_of_the_checkout  # noqa: E402 - after the line above

Play = Callable[..., PlayedRun]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def cache() -> Iterator[Path]:
    # Not tmp_path: pytest keeps those of the last runs, and only their owner can enter them.
    directory = Path(tempfile.mkdtemp(prefix="fluid-run-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def play(checkout: Path, cache: Path) -> Iterator[Play]:
    """Start runs; whatever a test leaves running is ended."""
    runs: list[PlayedRun] = []

    def start(*arguments: str, **settings: object) -> PlayedRun:
        runs.append(PlayedRun(*arguments, **{"checkout": checkout, "cache": cache, **settings}))
        return runs[-1]

    yield start
    for run in runs:
        run.tidy()
