"""One controller process: watches feed a queue, workers take keys from it and reconcile, SIGTERM ends it in order.

Rule: reconciliation gets a key and nothing else, is free to fail, and says when it wants to be called again. Failures
come again with back-off; a conflict (somebody wrote in between) is no failure and comes again at once.
"""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reference_impl.controllers.health import HealthServer
from reference_impl.controllers.watching import Watcher
from reference_impl.controllers.work_queue import Key, WorkQueue
from reference_impl.kubernetes_api import CONFLICT, ApiError, ApiUnreachableError, KubernetesApi, Object, Resource

WORKERS = 3
CONFLICT_PAUSE_SECONDS = 0.05

Reconcile = Callable[[Key], float | None]  # returns the seconds after which to come again, None = on the next change

log = logging.getLogger(__name__)


class RetryError(Exception):
    """Reconciliation cannot go on and says why in one line; the key comes again with back-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind whose changes matter, and the key that each of its objects belongs to (None = to none)."""

    resource: Resource
    key_of: Callable[[Object], Key | None]
    selector: str = ""


def own_key(changed: Object) -> Key:
    """Return the key of an object that is reconciled itself."""
    return Key(changed["metadata"]["namespace"], changed["metadata"]["name"])


class Controller:
    """The threads of one controller and their owner."""

    def __init__(
        self,
        *,
        api: KubernetesApi,
        reconcile: Reconcile,
        sources: Sequence[Source],
        keys: Sequence[Key] = (),
        workers: int = WORKERS,
    ) -> None:
        """Prepare the threads; `keys` are reconciled from the start, whatever the sources show."""
        self._queue = WorkQueue()
        for key in keys:
            self._queue.add(key)
        self._reconcile = reconcile
        self._watchers = [
            Watcher(api=api, resource=source.resource, selector=source.selector, notify=self._enqueuer(source))
            for source in sources
        ]
        self._threads = [threading.Thread(target=watcher.run, name=watcher.name) for watcher in self._watchers]
        self._threads += [threading.Thread(target=self._work, name=f"worker {i}") for i in range(workers)]

    def run(self, *others: "Controller") -> None:
        """Work, beside other controllers of the same process, until SIGTERM or SIGINT; all threads have ended then."""
        together = (self, *others)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        health = HealthServer(
            alive=lambda: [line for each in together for line in each.dead_threads()],
            ready=lambda: [line for each in together for line in each.unlisted()],
        )
        health.start()
        for each in together:
            each.start()
        stopping.wait()
        log.info("stopping")
        for each in together:
            each.stop()
        health.stop()

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every thread and wait for it."""
        self._queue.close()
        for watcher in self._watchers:
            watcher.stop()
        for thread in self._threads:
            thread.join()

    def dead_threads(self) -> list[str]:
        """Return one line for each thread that has ended on its own."""
        return [f"{thread.name} has ended" for thread in self._threads if not thread.is_alive()]

    def unlisted(self) -> list[str]:
        """Return one line for each kind that is not known yet."""
        return [f"{watcher.name} has not listed yet" for watcher in self._watchers if not watcher.listed.is_set()]

    def _enqueuer(self, source: Source) -> Callable[[Object], None]:
        def enqueue(changed: Object) -> None:
            if (key := source.key_of(changed)) is not None:
                self._queue.add(key)

        return enqueue

    def _work(self) -> None:
        while (key := self._queue.take()) is not None:
            try:
                self._reconcile_once(key)
            finally:
                self._queue.done(key)

    def _reconcile_once(self, key: Key) -> None:
        try:
            again = self._reconcile(key)
        except (ApiError, ApiUnreachableError, RetryError) as error:
            if isinstance(error, ApiError) and error.status == CONFLICT:
                self._queue.add(key, CONFLICT_PAUSE_SECONDS)
                return
            log.warning("%s: %s; again in %.3f s", key, error, self._queue.retry(key))
        except Exception:
            # One object that nobody foresaw must not end the work on all others.
            log.exception("%s: unforeseen; again in %.3f s", key, self._queue.retry(key))
        else:
            self._queue.forget(key)
            if again is not None:
                self._queue.add(key, again)
