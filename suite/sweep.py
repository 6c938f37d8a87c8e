"""The sweep: nothing may be left of a case, and at the end nothing of the run.

Rule: compared is everything that a snapshot sees with what was there before. What belongs to a case is told by
its namespace, its names and its UIDs; what may stay is listed here, each with its reason, and is reported.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from suite.snapshot import Snapshot, Trace

# Facts of Fluid (contract: section 28, notes): reported as known leaks, never silently dropped.
KNOWN_LEAKS = (
    re.compile(r"ConfigMap/check-fluid-mount-ready$"),
    re.compile(r"ConfigMap/.+-default-check-mount$"),
)
# Kubernetes itself puts these into every namespace.
OF_EVERY_NAMESPACE = frozenset({"ServiceAccount/default", "ConfigMap/kube-root-ca.crt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What a sweep found: what must not be there, and what is known to stay."""

    leaks: tuple[Trace, ...]
    known: tuple[Trace, ...]

    def of(self, sort: str) -> tuple[Trace, ...]:
        """Return the leaks of one sort: object, label, mount, process, bytes."""
        return tuple(leak for leak in self.leaks if leak.sort == sort)

    def without(self, uids: Collection[str]) -> "Leftovers":
        """Return the same without what belongs to these objects, which is judged elsewhere."""
        kept = [leak for leak in self.leaks if not (leak.uid in uids or any(uid in leak.name for uid in uids))]
        return Leftovers(leaks=tuple(kept), known=self.known)

    def told(self) -> str:
        """Return one line for each leak."""
        return "\n".join(f"  left over  {leak}" for leak in self.leaks[:30])


def compare(before: Snapshot, after: Snapshot) -> Leftovers:
    """Return everything that is there now and was not there before."""
    return _sort_out(_new(before, after))


def compare_case(before: Snapshot, after: Snapshot, *, namespace: str, uids: Collection[str]) -> Leftovers:
    """Return what carries the case's namespace or the UID of one of its pods.

    The namespace itself and what Kubernetes puts into every namespace do not count.
    """
    mine = [
        trace
        for trace in _new(before, after)
        if trace.where == namespace
        or trace.uid in uids
        or _carries(trace.name, namespace)
        or any(uid in trace.name for uid in uids)
    ]
    return _sort_out(
        trace
        for trace in mine
        if not (trace.sort == "object" and trace.name in OF_EVERY_NAMESPACE | {f"Namespace/{namespace}"})
    )


def _carries(text: str, mark: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(mark)}(?![a-z0-9])", text) is not None


def _new(before: Snapshot, after: Snapshot) -> frozenset[Trace]:
    return after.traces - before.traces


def _sort_out(found: Iterable[Trace]) -> Leftovers:
    leaks: list[Trace] = []
    known: list[Trace] = []
    for trace in sorted(found):
        (known if any(pattern.search(trace.name) for pattern in KNOWN_LEAKS) else leaks).append(trace)
    return Leftovers(leaks=tuple(leaks), known=tuple(known))
