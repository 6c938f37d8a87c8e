"""Stages: steps of a story that several tests look at, each taken once.

Rule: a stage that failed stays failed, with the same error for every test that rests on it; nothing waits twice.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Result = TypeVar("Result")


def stage(step: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Make a method without arguments run once per object; its result or its exception is kept."""
    key = f"_stage_{step.__name__}"

    @wraps(step)
    def once(self: Any) -> Result:  # noqa: ANN401 - any object with attributes
        if key not in vars(self):
            try:
                vars(self)[key] = (step(self), None)
            except Exception as error:
                vars(self)[key] = (None, error)
                raise
        result, failure = vars(self)[key]
        if failure is not None:
            raise failure
        return result  # type: ignore[no-any-return]

    return once
