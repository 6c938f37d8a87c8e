"""Waits tell what they saw, end at once when waiting is in vain, and never pass on nothing."""

import pytest

from fixtures.errors import InfrastructureError
from suite.errors import NothingObserved, WaitFailed
from suite.waiting import Patience, until

FAST = Patience(pause_seconds=0.001)


def test_returns_what_was_accepted() -> None:
    looks = iter([1, 2, 3])

    assert until("three", lambda: next(looks), lambda seen: seen == 3, seconds=1, patience=FAST) == 3


def test_a_failure_names_the_wait_what_was_last_seen_and_how_often_it_looked() -> None:
    patience = Patience(pause_seconds=0.001, details=lambda: "pod worker-3 Pending")

    with pytest.raises(
        WaitFailed, match=r"Bound did not happen in 0\.0 s\.\n  last seen  NotBound since .* \(\d+ obs"
    ) as caught:
        until("Bound", lambda: "NotBound", lambda _: False, seconds=0.02, describe=str, patience=patience)
    assert "  pod worker-3 Pending" in str(caught.value)


def test_a_hopeless_state_ends_the_wait_at_once() -> None:
    with pytest.raises(WaitFailed, match="out of reach: it is broken"):
        until("x", lambda: 1, lambda _: False, seconds=60, hopeless=lambda _: "it is broken", patience=FAST)


def test_a_wait_that_saw_nothing_is_an_error_of_ours() -> None:
    with pytest.raises(NothingObserved):
        until("x", lambda: None, lambda _: True, seconds=0.01, patience=FAST)


def test_dead_infrastructure_ends_the_wait() -> None:
    def dead() -> None:
        raise InfrastructureError("minio ended with -9")

    with pytest.raises(InfrastructureError, match="minio"):
        until("x", lambda: 1, lambda _: False, seconds=60, patience=Patience(alive=dead))
