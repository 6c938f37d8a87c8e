"""The watch of the control plane sees deaths whose pods have gone, and takes no orderly end for one."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from fixtures.errors import InfrastructureError
from suite.cluster import ApiError, Cluster
from suite.control_plane import MARK
from suite.control_watch import ControlWatch
from suite.errors import NothingObserved

Object = dict[str, Any]


class Scripted:
    """Lists what there is at first, and tells each further change once."""

    def __init__(self, *first: Object, later: Sequence[Object] = (), error: Exception | None = None) -> None:
        self._first, self._later, self._error = first, list(later), error

    def list_with_version(self, _api_version: str, kind: str, _namespace: str) -> tuple[tuple[Object, ...], str]:
        return tuple(found for found in self._first if found["kind"] == kind), "10"

    def changes(self, _api_version: str, kind: str, _namespace: str, *, since: str, seconds: int) -> list[Object]:
        if self._error:
            raise self._error
        told = [event for event in self._later if event["object"]["kind"] == kind]
        self._later = [event for event in self._later if event not in told]
        bookmark = {"type": "BOOKMARK", "object": {"kind": kind, "metadata": {"resourceVersion": since}}}
        return [*told, bookmark]


def deployment(version: int, replicas: int) -> Object:
    metadata = {"name": "jindoruntime-controller", "resourceVersion": str(version)}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": replicas}}


def pod(version: int, *, uid: str = "1", restarts: int = 0, going: bool = False, marked: bool = False) -> Object:
    metadata: Object = {
        "name": f"jindoruntime-controller-5f6-{uid}",
        "namespace": "fluid-system",
        "uid": uid,
        "resourceVersion": str(version),
        "ownerReferences": [{"name": "jindoruntime-controller-5f6", "uid": "rs"}],
        "annotations": {MARK: "yes"} if marked else {},
    }
    if going:
        metadata["deletionTimestamp"] = "now"
    return {
        "kind": "Pod",
        "metadata": metadata,
        "status": {"containerStatuses": [{"name": "manager", "restartCount": restarts}]},
    }


def changed(found: Object, kind: str = "MODIFIED") -> Object:
    return {"type": kind, "object": found}


def troubles(*first: Object, later: Sequence[Object] = (), monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(ControlWatch, "_run", lambda _: None)  # all is taken in at the end
    watch = ControlWatch(cast("Cluster", Scripted(*first, later=later)), "fluid-system")
    watch.start()
    return watch.troubles()


def test_a_restart_is_known_when_its_pod_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    later = [
        changed(pod(11, restarts=1)),
        changed(deployment(12, 0)),
        changed(pod(13, restarts=1, going=True)),
        changed(pod(14, restarts=1, going=True), "DELETED"),
    ]

    assert troubles(deployment(1, 1), pod(2), later=later, monkeypatch=monkeypatch) == [
        "Pod fluid-system/jindoruntime-controller-5f6-1 manager restarted 1 times"
    ]


def test_a_pod_that_goes_because_fewer_are_wanted_has_not_died(monkeypatch: pytest.MonkeyPatch) -> None:
    to_zero = [changed(deployment(12, 0)), changed(pod(13, going=True)), changed(pod(14, going=True), "DELETED")]
    one_less = [changed(deployment(12, 1)), changed(pod(13, uid="2", going=True))]

    assert troubles(deployment(1, 1), pod(2), later=to_zero, monkeypatch=monkeypatch) == []
    two = (deployment(1, 2), pod(2), pod(3, uid="2"))
    assert troubles(*two, later=one_less, monkeypatch=monkeypatch) == []


def test_a_pod_that_goes_although_it_is_wanted_has(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = [changed(pod(12, going=True)), changed(pod(13, uid="2"), "ADDED"), changed(deployment(14, 0))]
    vanished = [changed(pod(12), "DELETED")]
    line = "Pod fluid-system/jindoruntime-controller-5f6-1 went although Deployment jindoruntime-controller wanted it"

    assert troubles(deployment(1, 1), pod(2), later=replaced, monkeypatch=monkeypatch) == [line]
    assert troubles(deployment(1, 1), pod(2), later=vanished, monkeypatch=monkeypatch) == [line]


def test_what_the_suite_ends_is_excused_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    later = [changed(pod(12, marked=True, restarts=1)), changed(pod(13, marked=True, going=True))]
    before = [changed(pod(11, restarts=2)), *later]

    assert troubles(deployment(1, 1), pod(2), later=later, monkeypatch=monkeypatch) == []
    assert len(troubles(deployment(1, 1), pod(2), later=before, monkeypatch=monkeypatch)) == 1


def test_who_began_at_zero_and_who_rose_is_told_by_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ControlWatch, "_run", lambda _: None)
    later = [changed(deployment(12, 1)), changed(deployment(13, 0))]
    watch = ControlWatch(cast("Cluster", Scripted(deployment(1, 0), pod(2), later=later)), "fluid-system")
    watch.start()
    assert watch.rose() == frozenset()
    watch.troubles()

    assert watch.began_at_zero() == watch.rose() == {"jindoruntime-controller"}


def test_a_watch_that_saw_nothing_or_broke_off_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NothingObserved, match="no pod runs in fluid-system"):
        ControlWatch(cast("Cluster", Scripted()), "fluid-system").start()

    gone = ApiError(410, "Expired", "too old")
    watch = ControlWatch(cast("Cluster", Scripted(deployment(1, 1), pod(2), error=gone)), "fluid-system")
    monkeypatch.setattr(watch, "_thread", type("Thread", (), {"start": watch._run})())
    watch.start()  # runs in this thread, and breaks off
    monkeypatch.setattr(watch, "_collect", lambda _: None)
    with pytest.raises(InfrastructureError, match="the watch of the control plane broke off: 410"):
        watch.troubles()
