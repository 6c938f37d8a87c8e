"""Fixtures of the cache's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cache_lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Make a laboratory without workers yet."""
    lab = Lab()
    try:
        yield lab
    finally:
        lab.close()
