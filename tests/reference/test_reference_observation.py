"""How often workers are asked."""

from collections.abc import Sequence

from reference_impl.controllers.jindo.observation import LatestStats, WorkerStats
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import Object

ONE, OTHER = Key("demo", "one"), Key("demo", "other")
PODS: list[Object] = [{"metadata": {"name": "one-worker-0", "resourceVersion": "1"}}]


def said(cached: int) -> WorkerStats:
    return WorkerStats(
        worker="one-worker-0",
        ready=True,
        error=None,
        ufs_total_bytes=100,
        file_number=1,
        cached_bytes=cached,
        quota_bytes=100,
        hits=0,
        misses=0,
    )


class Workers:
    """Workers that cache one byte more each time that they are asked, and a clock."""

    def __init__(self) -> None:
        self.asked, self.seconds, self.silent = 0, 100.0, False
        self.stats = LatestStats(interval_seconds=2.0, read=self.read, clock=lambda: self.seconds)

    def read(self, _pods: Sequence[Object]) -> tuple[WorkerStats, ...]:
        self.asked += 1
        return () if self.silent else (said(self.asked),)

    def cached(self, key: Key = ONE, *, now: bool = False, pods: Sequence[Object] = PODS) -> int:
        (answer,) = self.stats.of(key, pods, now=now)
        return answer.cached_bytes


def test_who_looks_more_often_than_the_interval_asks_nobody() -> None:
    workers = Workers()
    seen = []
    for _ in range(8):
        seen.append(workers.cached())
        workers.seconds += 0.5

    assert seen == [1, 1, 1, 1, 2, 2, 2, 2]


def test_who_must_know_asks_each_time() -> None:
    workers = Workers()

    assert [workers.cached(now=True), workers.cached(now=True), workers.cached()] == [1, 2, 2]


def test_a_pod_that_has_come_or_changed_is_asked_at_once() -> None:
    workers = Workers()
    ready: list[Object] = [{"metadata": {"name": "one-worker-0", "resourceVersion": "2"}}]
    more: list[Object] = [*ready, {"metadata": {"name": "one-worker-1", "resourceVersion": "3"}}]

    assert [workers.cached(pods=pods) for pods in (PODS, ready, ready, more, more, ready)] == [1, 2, 2, 3, 3, 4]


def test_runtimes_are_known_apart_and_forgotten() -> None:
    workers = Workers()

    assert [workers.cached(ONE), workers.cached(OTHER), workers.cached(ONE)] == [1, 2, 1]
    workers.stats.forget(ONE)
    assert [workers.cached(ONE), workers.cached(OTHER)] == [3, 2]


def test_workers_that_say_nothing_are_asked_again() -> None:
    workers = Workers()
    workers.silent = True
    assert workers.stats.of(ONE, PODS, now=False) == ()
    workers.silent = False

    assert workers.cached() == 2
