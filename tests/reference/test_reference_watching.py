"""List and watch against a server that ends, breaks and forgets: a real one does so once in an hour."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from reference_impl.controllers import watching
from reference_impl.controllers.watching import Watcher
from reference_impl.kubernetes_api import DATASETS, ApiError, ApiUnreachableError, KubernetesApi

Object = dict[str, Any]
Script = list[Object | Exception]


class ScriptedWatch:
    """Yields events, raises errors, and waits at its end until it is closed if it is the last one."""

    def __init__(self, script: Script, *, last: bool) -> None:
        self._script, self._last, self._closed = script, last, threading.Event()

    def __iter__(self) -> Iterator[Object]:
        for step in self._script:
            if isinstance(step, Exception):
                raise step
            yield step
        if self._last:
            assert self._closed.wait(10)

    def close(self) -> None:
        self._closed.set()


class ScriptedApi:
    """Answers lists with one object and watches with the scripts in turn."""

    def __init__(self, scripts: list[Script]) -> None:
        self._scripts = scripts
        self.asked: list[str] = []  # "list", or the version that a watch began from

    def find_with_version(self, resource: object, *, selector: str) -> tuple[list[Object], str]:
        self.asked.append("list")
        return [named("listed", "1")], "1"

    def watch(self, resource: object, version: str, **_options: object) -> ScriptedWatch:
        self.asked.append(version)
        script = self._scripts.pop(0)
        return ScriptedWatch(script, last=not self._scripts)


def named(name: str, version: str) -> Object:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": version}}


def changed(name: str, version: str) -> Object:
    return {"type": "MODIFIED", "object": named(name, version)}


def watch_until(last: str, *scripts: Script) -> tuple[list[str], list[str]]:
    """Run a watcher until it has seen `last`; return the names seen and what was asked of the server."""
    api, seen, done = ScriptedApi(list(scripts)), [], threading.Event()

    def notify(found: Object) -> None:
        seen.append(found["metadata"]["name"])
        if seen[-1] == last:
            done.set()

    watcher = Watcher(api=cast("KubernetesApi", api), resource=DATASETS, selector="", notify=notify)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert done.wait(10), seen
    finally:
        watcher.stop()
        thread.join(10)
    assert not thread.is_alive()
    return seen, api.asked


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_PAUSE_SECONDS", 0.001)


def test_a_watch_that_ends_goes_on_from_its_last_version() -> None:
    seen, asked = watch_until("b", [changed("a", "2")], [changed("b", "3")])

    assert (seen, asked) == (["listed", "a", "b"], ["list", "1", "2"])


def test_a_bookmark_moves_the_version_and_is_no_news() -> None:
    bookmark = {"type": "BOOKMARK", "object": named("", "7")}
    seen, asked = watch_until("b", [bookmark], [changed("b", "8")])

    assert (seen, asked) == (["listed", "b"], ["list", "1", "7"])


def test_a_watch_that_breaks_off_goes_on_without_a_new_list() -> None:
    seen, asked = watch_until("b", [changed("a", "2"), ApiUnreachableError("silence")], [changed("b", "3")])

    assert (seen, asked) == (["listed", "a", "b"], ["list", "1", "2"])


@pytest.mark.parametrize(
    "forgotten",
    [
        {"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}},
        {"type": "ERROR", "object": {"code": 500, "reason": "InternalError", "message": "?"}},
        ApiError(410, "Expired", "too old"),
    ],
)
def test_a_version_that_the_server_no_longer_has_leads_to_a_new_list(forgotten: Object | Exception) -> None:
    steps: Callable[[], Script] = lambda: [forgotten]  # noqa: E731
    seen, asked = watch_until("b", steps(), [changed("b", "3")])

    assert (seen, asked) == (["listed", "listed", "b"], ["list", "1", "list", "1"])
