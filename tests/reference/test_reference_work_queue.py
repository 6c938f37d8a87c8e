"""The queue: nothing twice at once, nothing lost."""

import threading
import time

import pytest

from reference_impl.controllers.settings import Settings, parse_duration
from reference_impl.controllers.work_queue import Key, WorkQueue

A, B = Key("n", "a"), Key("n", "b")


def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue = WorkQueue()
    for key in (A, A, B):
        queue.add(key)
    taken = [queue.take(), queue.take()]
    queue.close()

    assert sorted(key for key in taken if key) == [A, B]
    assert queue.take() is None


def test_a_key_in_work_is_given_out_again_only_after_it_is_done() -> None:
    queue = WorkQueue()
    queue.add(A)
    assert queue.take() == A
    queue.add(A)
    queue.add(B)
    assert queue.take() == B
    queue.done(A)
    assert queue.take() == A


def test_of_two_delays_the_earlier_one_counts() -> None:
    queue = WorkQueue()
    queue.add(A, 60)
    queue.add(A, 0.01)
    began = time.monotonic()

    assert queue.take() == A
    assert time.monotonic() - began < 5


def test_the_delay_doubles_from_5_ms_to_1000_s_until_forgotten() -> None:
    queue = WorkQueue()
    delays = [queue.retry(A) for _ in range(20)]
    queue.forget(A)

    assert delays[:3] == [0.005, 0.01, 0.02]
    assert delays[-1] == 1000.0
    assert queue.retry(A) == 0.005


def test_closing_ends_a_wait() -> None:
    queue = WorkQueue()
    taken: list[Key | None] = []
    thread = threading.Thread(target=lambda: taken.append(queue.take()))
    thread.start()
    queue.close()
    thread.join(5)

    assert taken == [None]


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5.0), ("1m30s", 90.0), ("250ms", 0.25), ("0s", 0.0)])
def test_a_go_duration_is_its_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "five", "5s!"])
def test_what_is_no_duration_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_a_controller_without_its_settings_says_which() -> None:
    good = {"FLUID_REFERENCE_IMAGE": "i", "FLUID_REFERENCE_COMMAND": '["c"]'}

    assert Settings.from_environment(good).command == ("c",)
    for name, value in (
        ("FLUID_REFERENCE_IMAGE", ""),
        ("FLUID_REFERENCE_COMMAND", "c"),
        ("FLUID_SYNC_RETRY_DURATION", "soon"),
        ("FLUID_REFERENCE_UNIX_SOCKETS", "yes"),
    ):
        with pytest.raises(SystemExit, match=name):
            Settings.from_environment(good | {name: value})
