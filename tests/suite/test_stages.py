"""A stage is taken once, and one that failed stays failed."""

import pytest

from suite.stages import stage


class Tale:
    def __init__(self) -> None:
        self.steps: list[str] = []

    @stage
    def once(self) -> int:
        self.steps.append("once")
        return 7

    @stage
    def never(self) -> int:
        self.steps.append("never")
        raise AssertionError("it broke")


def test_a_stage_runs_once() -> None:
    tale = Tale()

    assert (tale.once(), tale.once(), tale.steps) == (7, 7, ["once"])


def test_a_failed_stage_is_not_tried_again() -> None:
    tale = Tale()
    for _ in range(2):
        with pytest.raises(AssertionError, match="it broke"):
            tale.never()

    assert tale.steps == ["never"]
