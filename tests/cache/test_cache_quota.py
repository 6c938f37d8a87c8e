"""Never more than the quota, whatever is read; what is used stays."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from cache_contents import content, sha
from cache_lab import BLOCK, Lab

if TYPE_CHECKING:
    from pathlib import Path

QUOTA = 10 * BLOCK
HIGH = 9 * BLOCK  # the lab's share is 0.9


class Sampler:
    """Watches the tier's directory while something else goes on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.most_bytes = 0
        self.samples = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.005):
            self.most_bytes = max(self.most_bytes, allocated(self._lab.tier))
            self.samples += 1


def allocated(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue  # evicted meanwhile
    return total


def test_an_object_larger_than_the_quota_passes_through_and_stays_below_it(lab: Lab) -> None:
    body = content(1, 4 * QUOTA + 321)
    lab.origin.put("huge", body)
    lab.start(quota=QUOTA)

    with Sampler(lab) as sampler:
        reads = [lab.node.begin("digest", path=lab.path("huge")) for _ in range(3)]
        assert [read.result(60) for read in reads] == [[len(body), sha(body)]] * 3

    assert sampler.samples > 5
    assert 0 < sampler.most_bytes <= QUOTA
    assert lab.stats()["cachedBytes"] <= HIGH
    assert lab.stats()["quotaBytes"] == QUOTA


def test_idle_objects_make_room_least_recently_used_first(lab: Lab) -> None:
    bodies = {name: content(ord(name), 2 * BLOCK) for name in "abcde"}
    for name, body in bodies.items():
        lab.origin.put(name, body)
    lab.start(quota=QUOTA)
    for name in "abcd":
        lab.node.do("digest", path=lab.path(name))
    lab.node.do("digest", path=lab.path("a"))  # used again: b is the oldest now

    with Sampler(lab) as sampler:
        assert lab.node.do("digest", path=lab.path("e")) == [2 * BLOCK, sha(bodies["e"])]
        for name in "ade":
            lab.node.do("digest", path=lab.path(name))

    # From eight blocks to the low mark, six with the new ones: b and c had to go.
    assert {name: lab.origin.sent[name] for name in "ade"} == dict.fromkeys("ade", 2 * BLOCK)
    assert lab.stats()["cachedBytes"] == 6 * BLOCK == allocated(lab.tier)
    assert sampler.most_bytes <= QUOTA
    lab.node.do("digest", path=lab.path("b"))
    assert lab.origin.sent["b"] == 4 * BLOCK
