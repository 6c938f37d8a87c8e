"""Placement: which worker holds which stripe of which object, the same answer everywhere without a master.

Rendezvous hashing: every worker is ranked by the hash of (worker, object, stripe). When a worker goes, only
what it held moves, and each reader knows the next one to ask. An object up to one stripe lies on one worker.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def workers_in_order(hosts: Sequence[str], path: str, stripe: int) -> tuple[str, ...]:
    """All hosts, the owner of the stripe first, then those that take over in turn."""

    def rank(host: str) -> bytes:
        return blake2b(f"{host}\0{path}\0{stripe}".encode(errors="surrogateescape"), digest_size=8).digest()

    return tuple(sorted(hosts, key=rank))
