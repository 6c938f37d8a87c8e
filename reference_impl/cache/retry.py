"""Waiting before another attempt at the origin."""

from __future__ import annotations

import random
import time

_FIRST_SECONDS = 0.2


def backoff(attempt: int) -> None:
    """Wait after the given attempt, counted from 1: doubling, with jitter so that workers don't march in step."""
    time.sleep(random.uniform(0.5, 1.0) * _FIRST_SECONDS * 2 ** (attempt - 1))  # noqa: S311 - no secret here
