"""First: what can be judged only while nothing exists yet runs before everything else.

Rule: tests marked `first` come first in every order, and all others wait for their end, in other processes too; where
none was chosen, nobody waits.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from suite import waiting
from suite.errors import WaitFailed

NAME = "first.over"
LIMIT_SECONDS = 300.0
MARKER = "first"


def is_first(item: pytest.Item) -> bool:
    """Tell whether a test belongs to those that come first."""
    return item.get_closest_marker(MARKER) is not None


def put_first(items: list[pytest.Item]) -> None:
    """Sort tests in place; those that need not come first keep their order."""
    items.sort(key=lambda item: not is_first(item))


class First:
    """Whether the first tests of a run are over, told by a file in the run's own directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME

    def before(self, item: pytest.Item, chosen: Sequence[pytest.Item]) -> None:
        """Wait until the first tests among all those chosen are over, unless the test is one of them."""
        if is_first(item) or not any(map(is_first, chosen)):
            return
        try:
            waiting.until("the end of the tests that come first", self._path.exists, bool, seconds=LIMIT_SECONDS)
        except WaitFailed as failure:
            raise RuntimeError(str(failure)) from failure  # an error of ours, never a verdict

    def after(self, item: pytest.Item, chosen: Sequence[pytest.Item]) -> None:
        """Let all others begin if the test was the last of the first."""
        first = [each.nodeid for each in chosen if is_first(each)]
        if first and item.nodeid == first[-1]:
            self._path.touch()
