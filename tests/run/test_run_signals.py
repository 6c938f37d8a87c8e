"""What SIGINT and SIGTERM do to a process that caught them, moment by moment."""

import signal
from collections.abc import Iterator

import pytest

from suite import interruption
from suite.interruption import Interruption


@pytest.fixture
def caught() -> Iterator[Interruption]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Interruption()
    made.catch()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupts_and_the_next_are_held(caught: Interruption, number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt, match=number.name):
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)

    assert caught.by == number.name


def test_an_end_that_hangs_can_be_interrupted_again(caught: Interruption, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "HELD_SECONDS", 0.0)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_was_lost_comes_again_until_it_is_obeyed(caught: Interruption) -> None:
    caught.insist()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        caught.insist()
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"), caught.heard():
        pytest.fail("it went on")
    caught.obeyed = True
    caught.insist()


def test_what_is_held_is_heard_for_a_while(caught: Interruption) -> None:
    caught.hold()
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), caught.heard():
        signal.raise_signal(signal.SIGINT)


def test_both_are_given_back_and_after_an_interrupt_ignored(caught: Interruption) -> None:
    before = Interruption()
    before.catch()
    before.release()
    assert signal.getsignal(signal.SIGINT) == caught._hear
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    caught.release()

    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)


def test_an_ignored_ctrl_c_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    made = Interruption()
    try:
        made.catch()
        signal.raise_signal(signal.SIGINT)
        assert made.by == ""
    finally:
        made.release()
        signal.signal(signal.SIGINT, before)
