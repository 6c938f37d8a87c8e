"""Reader pods: started together, released by one barrier, each verifying every byte it got.

Rule: a reader that did not verify all its bytes has read nothing; its throughput is zero, whatever it took.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from suite import waiting
from suite.case import Case, describe_trouble
from suite.cluster import Object

CONTAINER = "reader"
_NEVER_STARTS = frozenset({"ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reader's whole pass, as the reader itself reported it in its termination message."""

    pod: str
    node: str
    exit_code: int
    verified: bool  # every byte compared with the content's definition
    bytes_read: int
    seconds: float  # from the common release to the last byte
    first_byte_seconds: float
    released_at: float  # seconds since the epoch
    ended_at: float
    error: str  # errno name, "" when there was none
    mount: str  # file system type of what was read, "" for HTTP
    transport: str  # how the bytes got there, in the mount's own words; "" where it has none
    report: dict[str, Any]  # everything the reader said

    def __str__(self) -> str:
        """Return one line for a failure message."""
        error = self.report.get("error") or {}
        problem = ", ".join(error[key] for key in ("errno", "message") if error.get(key))
        state = "verified" if self.verified else f"not verified ({problem})" if problem else "not verified"
        told = f"{self.bytes_read} bytes in {self.seconds:.2f} s, {state}, exit {self.exit_code}"
        return f"{self.pod} on {self.node}: {told}"


def read_all(case: Case, pods: Sequence[Object], *, seconds: float) -> tuple[Reading, ...]:
    """Create the pods, wait until each reader has ended, and return what they reported; the pods stay."""
    stored = case.create(*pods)
    names = [pod["metadata"]["name"] for pod in stored]
    return collect(case, names, seconds=seconds)


def wait_started(case: Case, names: Sequence[str], *, seconds: float) -> None:
    """Wait until each named pod's reader runs, or has ended already; its report tells how."""
    waiting.until(
        f"{len(names)} readers in {case.namespace} started",
        lambda: _named(case, names),
        lambda pods: len(pods) == len(names) and all(_state(pod) for pod in pods),
        seconds=seconds,
        describe=lambda pods: f"{sum(1 for pod in pods if _state(pod))} of {len(names)} started{_troubles(pods)}",
        hopeless=_hopeless,
        patience=case.patience,
    )


def collect(
    case: Case, names: Sequence[str], *, seconds: float, meanwhile: Callable[[], object] = lambda: None
) -> tuple[Reading, ...]:
    """Wait until the named pods' readers have ended and return what they reported; `meanwhile` at every look."""

    def look() -> tuple[Object, ...]:
        meanwhile()
        return _named(case, names)

    done = waiting.until(
        f"{len(names)} readers in {case.namespace} at their end",
        look,
        lambda pods: len(pods) == len(names) and all(_terminated(pod) for pod in pods),
        seconds=seconds,
        describe=_progress,
        hopeless=_hopeless,
        patience=case.patience,
    )
    return tuple(_reading(pod) for pod in sorted(done, key=lambda pod: str(pod["metadata"]["name"])))


def _named(case: Case, names: Sequence[str]) -> tuple[Object, ...]:
    wanted = set(names)
    return tuple(pod for pod in case.pods() if pod["metadata"]["name"] in wanted)


def _state(pod: Object) -> Object:
    """Return the reader's state when it runs or has ended; nothing before."""
    for status in pod.get("status", {}).get("containerStatuses", []):
        if status["name"] == CONTAINER:
            return {key: found for key, found in status.get("state", {}).items() if key != "waiting"}
    return {}


def _terminated(pod: Object) -> Object | None:
    return _state(pod).get("terminated")


def _progress(pods: Sequence[Object]) -> str:
    return f"{sum(1 for pod in pods if _terminated(pod))} of {len(pods)} ended{_troubles(pods)}"


def _troubles(pods: Sequence[Object]) -> str:
    troubles = "; ".join(filter(None, map(describe_trouble, pods)))
    return f"; {troubles}" if troubles else ""


def _hopeless(pods: Sequence[Object]) -> str | None:
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", []):
            reason = (status.get("state", {}).get("waiting") or {}).get("reason", "")
            if reason in _NEVER_STARTS:
                return describe_trouble(pod) or reason
        if pod.get("status", {}).get("phase") in {"Failed", "Succeeded"} and not _terminated(pod):
            return f"{pod['metadata']['name']} is {pod['status']['phase']} and its reader never ran"
    return None


def _reading(pod: Object) -> Reading:
    terminated = _terminated(pod) or {}
    report = _report(terminated.get("message", ""))
    error = report.get("error") or {}
    return Reading(
        pod=pod["metadata"]["name"],
        node=pod["spec"].get("nodeName", ""),
        exit_code=int(terminated.get("exitCode", -1)),
        verified=report.get("verified") is True,
        bytes_read=int(report.get("bytes_read", 0)),
        seconds=float(report.get("seconds") or 0.0),
        first_byte_seconds=float(report.get("first_byte_seconds") or 0.0),
        released_at=float(report.get("released_at") or 0.0),
        ended_at=float(report.get("ended_at") or 0.0),
        error=str(error.get("errno") or error.get("message") or ""),
        mount=str((report.get("mount") or {}).get("fstype", "")),
        transport=str(report.get("transport") or ""),
        report=report,
    )


def _report(message: str) -> dict[str, Any]:
    try:
        decoded = json.loads(message)
    except ValueError:
        return {"error": {"errno": "", "message": f"the reader left no report: {message[-300:]!r}"}}
    return (
        decoded
        if isinstance(decoded, dict)
        else {"error": {"errno": "", "message": f"not a report: {message[:300]!r}"}}
    )
