"""What the tests' objects contain: incompressible, and different at every position."""

from __future__ import annotations

import hashlib
import random


def content(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - reproducible, not secret


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
