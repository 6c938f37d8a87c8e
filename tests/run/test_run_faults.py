"""Faults that cheat: each is one replacement in one file of a copy of the checkout, and has to turn its proof red.

Rule: the text that is replaced stands there exactly once, so that a fault never fails to be one without a word; and
a row that the fault does not concern stays green, so that it is this proof that saw it.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from run_played import PlayedRun, copy_of_the_checkout

Play = Callable[..., PlayedRun]

STORY = "suite/conformance/test_scenario.py"
TWO_READERS = ("--fluid-object-size=16MiB", "--fluid-readers=2", "--fluid-nodes=6")
RUN_SECONDS = 240.0  # where a release does not end, its waits do
GREEN = {"FLUID-DATASET-BOUND-008", "FLUID-READ-DIRECT-006"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to cheat."""

    file: str
    text: str  # stands there once
    instead: str
    verdict: str
    rows: frozenset[str]  # that have this verdict then
    says: str  # part of the reason that one of them gives

    def put_into(self, checkout: Path) -> None:
        """Make the replacement."""
        path = checkout / self.file
        content = path.read_text()
        assert content.count(self.text) == 1, f"{self.file} has {content.count(self.text)} times {self.text!r}"
        path.write_text(content.replace(self.text, self.instead))


FAULTS = {
    "a cache that reads the origin while claiming warm": Fault(
        file="reference_impl/cache/serve.py",
        text="        if stored is None:\n            origin, key",
        instead="        if stored is None or not stored.missing:\n            origin, key",
        verdict="fail",
        rows=frozenset({"FLUID-READ-WARM-004", "FLUID-READ-NEWPOD-005"}),
        says="expected 0 ×",
    ),
    "a cache that returns zeros": Fault(
        file="reference_impl/cache/origin_reader.py",
        text="os.pwrite(transfer.descriptor, self._buffer[:count],",
        instead="os.pwrite(transfer.descriptor, bytes(count),",
        verdict="fail",
        rows=frozenset({"FLUID-READ-CONTENT-001", "FLUID-READ-WARM-004"}),
        says="the byte at 0 is wrong",
    ),
    "a client that forgets its mount": Fault(
        file="reference_impl/cache/client.py",
        text="    mount.unmount()\n    threads.join",
        # Sooner or later somebody unmounts a client's mount, so this one leaves another in its place.
        instead="    FuseMount(mount.path)\n    threads.join",
        verdict="fail",
        rows=frozenset({"FLUID-REL-R10", "FLUID-ZERO-Z2"}),
        says="left over  mount /runtime-mnt/jindo/",
    ),
    "a sweep that forgets mounts": Fault(
        file="suite/snapshot.py",
        text="    for mount in node.mounts:\n",
        instead="    for mount in ():\n",
        verdict="error",
        rows=frozenset({"FLUID-REL-R10"}),
        says="no mount was seen while readers were there",
    ),
}


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Path]:
    """Return a copy of the checkout that may be broken; pytest would keep three of each."""
    copy = copy_of_the_checkout(tmp_path / "checkout")
    yield copy
    shutil.rmtree(copy)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_turns_its_proof_red(play: Play, faulty: Path, name: str) -> None:
    fault = FAULTS[name]
    fault.put_into(faulty)
    ended = play(STORY, checkout=faulty, options=TWO_READERS).end(seconds=RUN_SECONDS)
    rows = {row["id"]: row for row in ended.report()["requirements"]}

    seen = {identity for identity, row in rows.items() if row["verdict"] == fault.verdict}
    assert fault.rows <= seen, ended.output
    assert any(fault.says in rows[identity]["reason"] for identity in fault.rows), ended.output
    assert ended.code == {"fail": 1, "error": 10}[fault.verdict], ended.output
    assert {identity for identity in GREEN if rows[identity]["verdict"] != "pass"} == set(), ended.output
