"""Tests that need an empty cluster come first, and all others wait for them."""

from pathlib import Path
from typing import cast

import pytest

from suite import first
from suite.first import First, put_first


class Item:
    """As much of a test as the order needs."""

    def __init__(self, nodeid: str, *, comes_first: bool = False) -> None:
        self.nodeid, self._first = nodeid, comes_first

    def get_closest_marker(self, name: str) -> object:
        return object() if self._first and name == "first" else None


def items(*made: Item) -> list[pytest.Item]:
    return cast("list[pytest.Item]", list(made))


A, B = Item("a"), Item("b")
ZERO, ONE = Item("zero", comes_first=True), Item("one", comes_first=True)


def test_they_come_first_and_all_keep_their_order() -> None:
    chosen = items(A, ZERO, B, ONE)
    put_first(chosen)

    assert [item.nodeid for item in chosen] == ["zero", "one", "a", "b"]


def test_others_wait_until_the_last_of_them_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "LIMIT_SECONDS", 0.05)
    chosen, order = items(ZERO, ONE, A), First(tmp_path)
    order.before(chosen[0], chosen)
    order.after(chosen[0], chosen)
    with pytest.raises(RuntimeError, match="the end of the tests that come first did not happen"):
        order.before(chosen[2], chosen)

    order.after(chosen[1], chosen)
    order.before(chosen[2], chosen)


def test_where_none_was_chosen_nobody_waits(tmp_path: Path) -> None:
    chosen = items(A, B)

    First(tmp_path).before(chosen[0], chosen)
    First(tmp_path).after(chosen[0], chosen)

    assert not list(tmp_path.iterdir())
