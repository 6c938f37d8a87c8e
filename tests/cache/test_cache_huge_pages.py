"""A tier in memory of its own gets huge pages where that is allowed; any other stays as it is."""

from __future__ import annotations

from pathlib import Path

from cache_contents import content, sha
from cache_lab import BLOCK, Lab, until

BODY = content(1, 9 * BLOCK)  # more than one huge page


def mounted(lab: Lab, *, options: str = "size=64m,mode=1777") -> None:
    """Give the tier a tmpfs of its own, as an emptyDir in memory has."""
    mount = ["mount", "-t", "tmpfs", "-o", f"nosuid,nodev,{options}", "none", str(lab.tier)]
    done = lab.node.do("run", argv=mount, env={}, seconds=10)
    assert done["code"] == 0, done


def options_of_the_tier(lab: Lab) -> set[str]:
    lines = lab.node.do("mounts", path=str(lab.tier))
    before, _, after = lines[-1].partition(" - ")
    return {*before.split(" ")[5].split(","), *after.split(" ")[2].split(",")}


def huge_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("ShmemHugePages:"))
    return int(found) << 10


def test_a_tier_in_memory_of_its_own_gets_huge_pages_and_keeps_its_other_options(lab: Lab) -> None:
    mounted(lab)
    lab.origin.put("file", BODY)
    before = huge_bytes()
    lab.start(huge_pages=True)

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]

    assert {"huge=within_size", "size=65536k", "nosuid", "nodev", "rw"} <= options_of_the_tier(lab)
    until(lambda: huge_bytes() >= before + (2 << 20), "the first 2 MiB of the object in a huge page")


def test_nobody_asked_for_means_none(lab: Lab) -> None:
    mounted(lab)
    lab.origin.put("file", BODY)
    lab.start()

    assert not any(option.startswith("huge") for option in options_of_the_tier(lab))


def test_a_tier_in_memory_that_is_shared_stays_as_it_is(lab: Lab) -> None:
    lab.origin.put("file", BODY)
    shared = lab.node.do("run", argv=["mount", "--bind", str(lab.tier), str(lab.tier)], env={}, seconds=10)
    assert shared["code"] == 0, shared
    lab.start(huge_pages=True)

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
    assert not any(option.startswith("huge=within") for option in options_of_the_tier(lab))
    assert f"no huge pages in {lab.tier}: it is no tmpfs of its own" in lab.log.read_text()


def test_a_worker_that_may_not_change_its_tier_works_without(lab: Lab) -> None:
    mounted(lab)
    lab.origin.put("file", BODY)
    lab.configure(huge_pages=True)
    pid = lab.node.do(
        "start",
        argv=["setpriv", "--bounding-set", "-sys_admin", *lab.node.command, "worker"],
        env=lab.environment(FLUID_WORKER_ADDRESS="127.0.0.1"),
        log=str(lab.log),
    )
    lab.workers["127.0.0.1"] = pid
    lab.start_client()

    assert lab.node.do("digest", path=lab.path("file")) == [len(BODY), sha(BODY)]
    assert f"no huge pages in {lab.tier}: Operation not permitted" in lab.log.read_text()
