"""How far a build is, as a log shows it."""

from types import SimpleNamespace

import pytest

from fixtures.programs import progress
from fixtures.programs.progress import display, duration


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (59.9, "1 min 0 s"), (190, "3 min 10 s")])
def test_a_duration_is_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 4))  # each look at the clock is four seconds later
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    heard: list[str] = []
    with display(name="tiny", unit="packages", total=9, say=heard.append) as shown:
        for _ in range(5):
            shown.advance()
        shown.tick()

    assert heard == ["tiny 3/9 packages, 12 s", "tiny 5/9 packages, 24 s"]


def test_where_nobody_knows_the_total_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 70.0])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    heard: list[str] = []
    with display(name="tiny", unit="modules", total=None, say=heard.append) as shown:
        shown.advance()

    assert heard == ["tiny 1 modules, 1 min 10 s"]
