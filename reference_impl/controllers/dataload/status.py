"""Status of a DataLoad, from what was observed.

Rule: pure. Progress never goes back, also where a Job had to be made anew, and says 100.0% only of a load that is
Complete. Times are whole seconds, as Kubernetes writes them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reference_impl.controllers.dataload.observation import Report
from reference_impl.controllers.events import timestamp
from reference_impl.controllers.jindo.quantity import format_size
from reference_impl.kubernetes_api import Object

PENDING, EXECUTING, COMPLETE, FAILED = "Pending", "Executing", "Complete", "Failed"
FINISHED = frozenset({COMPLETE, FAILED})
UNFINISHED = "Unfinished"
ALMOST, ALL = 999, 1000  # thousandths


def phase_of(load: Object) -> str:
    """Return the phase, "" before the first."""
    return str((load.get("status") or {}).get("phase", ""))


def infos_of(load: Object) -> dict[str, str]:
    """Return what the status says of progress."""
    return dict((load.get("status") or {}).get("infos") or {})


def pending() -> dict[str, Any]:
    """Return the status of an operation that may begin."""
    return {"phase": PENDING, "duration": UNFINISHED, "conditions": []}


def refused(load: Object, condition: Object | None) -> dict[str, Any]:
    """Return the status of an operation that can never begin."""
    return {"phase": FAILED, "duration": duration(load, timestamp()), "conditions": [condition] if condition else []}


def refusal(reason: str, message: str) -> Object:
    """Return the condition that says why an operation is not valid."""
    now = timestamp()
    return {
        "type": FAILED,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastProbeTime": now,
        "lastTransitionTime": now,
    }


def ended(load: Object, end: Object, report: Report | None) -> dict[str, Any]:
    """Return the status after the Job's end, which its condition describes."""
    message = end.get("message", "")
    if report and report.error:
        message = f"{report.error} ({message})" if message else report.error
    kept = {key: end[key] for key in ("type", "status", "reason", "lastProbeTime", "lastTransitionTime") if key in end}
    done = end["type"] == COMPLETE
    return {
        "phase": end["type"],
        "duration": duration(load, end["lastTransitionTime"]),
        "conditions": [{**kept, "message": message}],
        "infos": complete(infos_of(load), report) if done else advance(infos_of(load), report),
    }


def advance(infos: Mapping[str, str], report: Report | None) -> dict[str, str]:
    """Return the infos of a load that goes on; those it has where the report is behind them or says nothing."""
    if report is None or report.total is None:
        return dict(infos)
    share = min(ALMOST, ALL * report.loaded // report.total) if report.total else 0
    if share < _thousandths(infos.get("progress", "0.0%")):
        return dict(infos)
    return {
        **infos,
        "progress": _percent(share),
        "loaded": format_size(report.loaded),
        "total": format_size(report.total),
    }


def complete(infos: Mapping[str, str], report: Report | None) -> dict[str, str]:
    """Return the infos of a load that is Complete: all of it is loaded, whether anybody saw the last byte or not."""
    total = infos.get("total") if report is None or report.total is None else format_size(report.total)
    return {**infos, "progress": _percent(ALL)} | ({"loaded": total, "total": total} if total else {})


def duration(load: Object, end: str) -> str:
    """Return the time from creation to an end as Go writes a duration: 1h2m3s, 2m0s, 13s."""
    began = datetime.fromisoformat(load["metadata"]["creationTimestamp"])
    minutes, seconds = divmod(max(0, int((datetime.fromisoformat(end) - began).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"


def remaining_seconds(load: Object, now: datetime) -> float | None:
    """Return for how long a finished operation is kept; None = for ever. Fluid's rule: from the first condition on."""
    lifetime = (load.get("spec") or {}).get("ttlSecondsAfterFinished")
    conditions = (load.get("status") or {}).get("conditions") or []
    if lifetime is None or not conditions:
        return None
    ended_at = datetime.fromisoformat(conditions[0]["lastTransitionTime"])
    return float(lifetime) - (now - ended_at).total_seconds()


def _percent(thousandths: int) -> str:
    return f"{thousandths // 10}.{thousandths % 10}%"


def _thousandths(text: str) -> int:
    return round(float(text.removesuffix("%")) * 10)
