"""Copies of a client's own: of what readers got, within a budget, for those who come later, never left behind."""

from __future__ import annotations

import os
import signal

from cache_contents import content, sha
from cache_lab import BLOCK, STRIPE, Lab, until

BODY = content(1, 5 * BLOCK + 7)
BUDGET = 8 * BLOCK
# Passthrough takes root outside of all user namespaces; without it the client reads the same file itself.
COPY, FILE = ("passthrough+copy", "passthrough") if not os.getuid() else ("direct_io+copy", "direct_io+file")


def started(lab: Lab, *names: str, budget: int = BUDGET, **configuration: object) -> None:
    """Start a worker that no client can reach by its socket, and a client that may keep copies."""
    for index, name in enumerate(names or ("file",)):
        lab.origin.put(name, BODY if not index else content(index + 1, len(BODY)))
    lab.start(copy_bytes=budget, **configuration)


def digest(lab: Lab, name: str = "file", index: int = 0) -> str:
    """Read a file whole and return how its bytes came."""
    body = BODY if not index else content(index + 1, len(BODY))
    assert lab.node.do("digest", path=lab.path(name)) == [len(body), sha(body)]
    return lab.transport(name)


def kept(lab: Lab) -> list[int]:
    """Return the sizes of all copies."""
    return sorted(path.stat().st_size for path in lab.copies.iterdir())


def test_who_comes_later_reads_the_copy_and_the_worker_is_not_asked(lab: Lab) -> None:
    started(lab)
    assert digest(lab) == "direct_io+tcp"
    hits = lab.stats()["hits"]

    assert digest(lab) == COPY
    assert lab.node.do("mapped", path=lab.path("file")) == sha(BODY)

    assert lab.stats()["hits"] == hits
    assert lab.origin.sent["file"] == len(BODY)
    assert kept(lab) == [len(BODY)]


def test_where_the_kernel_does_not_pass_through_the_client_reads_its_copy(lab: Lab) -> None:
    started(lab, passthrough=False)
    digest(lab)

    assert digest(lab) == "direct_io+copy"


def test_a_worker_beside_the_client_comes_before_a_copy(lab: Lab) -> None:
    started(lab, sockets=True)
    assert digest(lab) == "direct_io+unix"

    assert digest(lab) == FILE


def test_without_a_budget_nothing_is_kept(lab: Lab) -> None:
    started(lab, budget=0)

    assert [digest(lab), digest(lab)] == ["direct_io+tcp", "direct_io+tcp"]
    assert kept(lab) == []


def test_an_object_of_many_workers_becomes_one_copy(lab: Lab) -> None:
    body = content(2, STRIPE + BLOCK + 3)
    lab.origin.put("big", body)
    lab.start(copy_bytes=2 * STRIPE, workers=2)
    for _ in range(2):
        assert lab.node.do("digest", path=lab.path("big")) == [len(body), sha(body)]

    assert lab.transport("big") == COPY


def test_a_copy_with_a_hole_is_not_read(lab: Lab) -> None:
    started(lab)
    parts = [[0, BLOCK], [2 * BLOCK, 4 * BLOCK]]
    lab.node.do("ranges", path=lab.path("file"), spans=parts)

    assert digest(lab) == "direct_io+tcp"  # it fills the hole
    assert digest(lab) == COPY


def test_an_object_that_is_larger_than_the_budget_is_not_kept(lab: Lab) -> None:
    started(lab, budget=len(BODY) - 1)

    assert [digest(lab), digest(lab)] == ["direct_io+tcp", "direct_io+tcp"]
    assert kept(lab) == []


def test_the_budget_is_kept_by_dropping_what_was_used_longest_ago(lab: Lab) -> None:
    started(lab, "file", "other", budget=len(BODY) + BLOCK)
    digest(lab)
    assert digest(lab) == COPY

    digest(lab, "other", 1)

    assert kept(lab) == [len(BODY)]
    assert digest(lab, "other", 1) == COPY
    assert digest(lab) == "direct_io+tcp"


def test_a_copy_that_somebody_has_open_is_not_dropped(lab: Lab) -> None:
    started(lab, "file", "other", budget=len(BODY) + BLOCK)
    digest(lab)
    held = lab.node.do("hold", path=lab.path("file"))
    assert lab.transport("file") == COPY

    assert [digest(lab, "other", 1), digest(lab, "other", 1)] == ["direct_io+tcp", "direct_io+tcp"]
    assert lab.node.do("pread", descriptor=held, offset=0, length=len(BODY)) == [len(BODY), sha(BODY)]
    assert kept(lab) == [len(BODY)]
    lab.node.do("close", descriptor=held)
    digest(lab, "other", 1)
    assert digest(lab, "other", 1) == COPY


def test_a_replaced_object_is_never_read_from_the_old_copy(lab: Lab) -> None:
    started(lab)
    digest(lab)
    assert digest(lab) == COPY
    new = content(9, len(BODY))

    lab.origin.put("file", new)

    expected = [len(new), sha(new)]
    until(lambda: lab.node.do("digest", path=lab.path("file")) == expected, "the new version", 6.0)


def test_a_full_directory_costs_the_copy_and_not_the_reader(lab: Lab) -> None:
    lab.log.touch()
    size = f"size={2 * BLOCK}"
    done = lab.node.do("run", argv=["mount", "-t", "tmpfs", "-o", size, "none", str(lab.copies)], env={}, seconds=10)
    assert done["code"] == 0, done
    started(lab)

    for _ in range(2):
        assert digest(lab) == "direct_io+tcp"
    assert "No space left on device" in lab.log.read_text()


def test_a_client_that_ends_leaves_no_copy_and_one_that_dies_leaves_none_to_its_successor(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    lab.configure(copy_bytes=BUDGET)
    lab.start_worker()
    first = lab.start_client()
    digest(lab)
    lab.signal(first, signal.SIGKILL)
    lab.node.do("wait", pid=first, seconds=5)
    assert kept(lab) == [len(BODY)]

    second = lab.start_client()
    assert kept(lab) == []
    digest(lab)
    lab.signal(second, signal.SIGTERM)
    assert lab.node.do("wait", pid=second, seconds=5) == 0

    assert kept(lab) == []


def test_a_directory_that_is_not_there_means_no_copies(lab: Lab) -> None:
    lab.copies.rmdir()
    started(lab)

    assert [digest(lab), digest(lab)] == ["direct_io+tcp", "direct_io+tcp"]
    assert "no copy in " in lab.log.read_text()
    lab.copies.mkdir()
