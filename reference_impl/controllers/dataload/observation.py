"""How a load is going: what the loader says while it runs, and what it has left when it is over.

Rule: a loader is asked by its pod's address, briefly; one that does not answer is unknown, not an error.
"""

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.dataload.job import CONTAINER, PROGRESS_PORT
from reference_impl.controllers.jindo.observation import is_running
from reference_impl.kubernetes_api import Object

ANSWER_SECONDS = 1.0
ENDS = frozenset({"Complete", "Failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a loader says of its load."""

    loaded: int  # bytes
    total: int | None  # bytes; None before everything was listed
    error: str


def end_of(job: Object) -> Object | None:
    """Return the condition that says how a Job ended, None while it has not."""
    conditions = job.get("status", {}).get("conditions") or []
    return next((found for found in conditions if found["type"] in ENDS and found["status"] == "True"), None)


def ask(pods: Iterable[Object]) -> Report | None:
    """Return what the newest running loader says now."""
    running = [pod for pod in pods if is_running(pod)]
    if not running:
        return None
    newest = max(running, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    connection = http.client.HTTPConnection(newest["status"]["podIP"], PROGRESS_PORT, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/progress")
        return parse(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def last_words(pods: Iterable[Object]) -> Report | None:
    """Return what the loader that ended last has left in its pod."""
    ended = [
        (str(terminated.get("finishedAt", "")), terminated.get("message", ""))
        for pod in pods
        for status in pod.get("status", {}).get("containerStatuses", [])
        if status["name"] == CONTAINER and (terminated := status.get("state", {}).get("terminated"))
    ]
    return parse(max(ended)[1]) if ended else None


def parse(text: str | bytes) -> Report | None:
    """Return a loader's answer as values, None when it is none."""
    try:
        answer: Any = json.loads(text)
        total = answer["totalBytes"]
        return Report(
            loaded=int(answer["loadedBytes"]),
            total=None if total is None else int(total),
            error=str(answer["error"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
