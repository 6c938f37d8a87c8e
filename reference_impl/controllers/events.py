"""Kubernetes Events, aggregated: one object for each thing that happens to one object, with a count.

Rule: the number of Event objects is bounded by the number of different (object, reason, message), and a repeated
event is written every REPEAT_SECONDS at most. An event that cannot be written is logged, never an error: the state
is in status.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime

from reference_impl.kubernetes_api import (
    CONFLICT,
    EVENTS,
    NOT_FOUND,
    ApiError,
    ApiUnreachableError,
    KubernetesApi,
    Object,
)

REPEAT_SECONDS = 10.0
REMEMBERED = 1024
MESSAGE_CHARACTERS = 1000

log = logging.getLogger(__name__)


def timestamp() -> str:
    """Return now as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventRecorder:
    """Writes events about objects under one component's name. Safe for threads."""

    def __init__(self, api: KubernetesApi, component: str) -> None:
        self._api, self._component = api, component
        self._lock = threading.Lock()
        self._last: OrderedDict[str, float] = OrderedDict()  # event name -> monotonic seconds of the last write

    def warning(self, about: Object, reason: str, message: str) -> None:
        """Record that something is wrong with an object."""
        self._record(about, "Warning", reason, message)

    def normal(self, about: Object, reason: str, message: str) -> None:
        """Record that something happened to an object."""
        self._record(about, "Normal", reason, message)

    def _record(self, about: Object, kind: str, reason: str, message: str) -> None:
        event = build_event(about, kind=kind, reason=reason, message=message, component=self._component)
        if not self._is_due(event["metadata"]["name"]):
            return
        log.info("%s %s %s/%s: %s", kind, reason, event["metadata"]["namespace"], about["metadata"]["name"], message)
        try:
            self._write(event)
        except (ApiError, ApiUnreachableError) as error:
            log.warning("event %s not written: %s", reason, error)

    def _is_due(self, name: str) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._last.get(name, -REPEAT_SECONDS) < REPEAT_SECONDS:
                return False
            self._last[name] = now
            self._last.move_to_end(name)
            if len(self._last) > REMEMBERED:
                self._last.popitem(last=False)
            return True

    def _write(self, event: Object) -> None:
        try:
            self._api.create(EVENTS, event)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return  # the namespace is gone
            if error.status != CONFLICT:
                raise
            existing = self._api.get(EVENTS, event["metadata"]["namespace"], event["metadata"]["name"])
            if existing is not None:
                change = {"count": existing.get("count", 1) + 1, "lastTimestamp": event["lastTimestamp"]}
                self._api.patch(EVENTS, existing, change)


def build_event(about: Object, *, kind: str, reason: str, message: str, component: str) -> Object:
    """Return an Event whose name is a function of what happened to what."""
    metadata, now = about["metadata"], timestamp()
    message = message[:MESSAGE_CHARACTERS]
    digest = hashlib.sha256("\n".join((metadata["uid"], kind, reason, message)).encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{digest}", "namespace": metadata.get("namespace", "default")},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "type": kind,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
