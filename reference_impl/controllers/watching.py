"""List and watch one kind for as long as the process lives.

Rule: a watch only says *that* something changed; reconciliation reads what it needs live. Hence there is no cache
here, and a deletion missed between two watches is found by the next resync of its key. A watch that falls silent
(the server sends bookmarks each minute), that breaks off, or whose version is too old (410) starts again, after a
jittered pause.
"""

import logging
import random
import threading
from collections.abc import Callable

from reference_impl.kubernetes_api import GONE, ApiError, ApiUnreachableError, KubernetesApi, Object, Resource, Watch

WATCH_SECONDS = (240, 480)  # the server ends a watch somewhere in between, so that not all start again at once
SILENCE_SECONDS = 90.0
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.2, 10.0

log = logging.getLogger(__name__)


class Watcher:
    """One kind under observation; `run` is a thread's work, `stop` ends it from another."""

    def __init__(
        self, *, api: KubernetesApi, resource: Resource, selector: str, notify: Callable[[Object], None]
    ) -> None:
        self.name = f"watch {resource.plural}" + (f" {selector}" if selector else "")
        self.listed = threading.Event()  # set once the first list was handed on
        self._api, self._resource, self._selector, self._notify = api, resource, selector, notify
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: Watch | None = None
        self._version = ""
        self._random = random.Random()  # noqa: S311 - jitter, not a secret

    def run(self) -> None:
        """Hand every object that exists, appears, changes or goes to `notify`, until `stop`."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            try:
                self._list_and_watch()
                pause = FIRST_PAUSE_SECONDS
            except (ApiError, ApiUnreachableError) as error:
                if self._stopping.is_set():
                    return
                if not isinstance(error, ApiUnreachableError):
                    self._version = ""
                log.warning("%s: %s; again in %.1f s at most", self.name, error, pause)
                self._stopping.wait(pause * self._random.uniform(0.5, 1.0))
                pause = min(2 * pause, LAST_PAUSE_SECONDS)

    def stop(self) -> None:
        """End `run` at once."""
        self._stopping.set()
        with self._lock:
            if self._open is not None:
                self._open.close()

    def _list_and_watch(self) -> None:
        if not self._version:
            found, self._version = self._api.find_with_version(self._resource, selector=self._selector)
            for item in found:
                self._notify(item)
            self.listed.set()
        seconds = self._random.randint(*WATCH_SECONDS)
        watch = self._api.watch(
            self._resource, self._version, selector=self._selector, seconds=seconds, silence=SILENCE_SECONDS
        )
        with self._lock:
            self._open = watch
        if self._stopping.is_set():  # stop came between the request and the line above
            watch.close()
        for event in watch:
            self._handle(event)

    def _handle(self, event: Object) -> None:
        changed = event["object"]
        if event["type"] == "ERROR":
            self._version = ""
            code = changed.get("code", 0)
            if code == GONE:
                return  # an old version is no failure: list again
            raise ApiError(code, changed.get("reason", ""), changed.get("message", ""))
        self._version = changed["metadata"]["resourceVersion"]
        if event["type"] != "BOOKMARK":
            self._notify(changed)
