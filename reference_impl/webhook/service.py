"""The fluid-webhook process: certificate, server, and the API server's knowledge of both.

Rule: it is ready only once its own certificate stands in every entry of the webhook configuration, and it puts it back
there when somebody applies the configuration anew.
"""

import base64
import logging
import os
import signal
import sys
import threading
from functools import partial

from reference_impl.controllers.health import HealthServer
from reference_impl.kubernetes_api import (
    DAEMON_SETS,
    DATASETS,
    JSON_PATCH,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    WEBHOOK_CONFIGURATIONS,
    ApiError,
    ApiUnreachableError,
    KubernetesApi,
    Object,
)
from reference_impl.webhook.certificate import Certificate, ensure_certificate
from reference_impl.webhook.mutate import mutate
from reference_impl.webhook.server import WebhookServer

NAME = "fluid-pod-admission-webhook"  # of configuration and Service
PORT = 9443
CHECK_SECONDS = 5.0

log = logging.getLogger(__name__)


class LiveLookups:
    """Reads of what a pod refers to, from the API server each time."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def claim(self, namespace: str, name: str) -> Object | None:
        """Return a PersistentVolumeClaim."""
        return self._api.get(PERSISTENT_VOLUME_CLAIMS, namespace, name)

    def volume(self, name: str) -> Object | None:
        """Return a PersistentVolume."""
        return self._api.get(PERSISTENT_VOLUMES, "", name) if name else None

    def dataset(self, namespace: str, name: str) -> Object | None:
        """Return a Dataset."""
        return self._api.get(DATASETS, namespace, name)

    def daemon_set(self, namespace: str, name: str) -> Object | None:
        """Return a DaemonSet."""
        return self._api.get(DAEMON_SETS, namespace, name)


def run() -> int:
    """Serve until SIGTERM; every thread of ours has ended then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stopping, trusted = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    namespace = os.environ.get("MY_POD_NAMESPACE") or sys.exit(
        "MY_POD_NAMESPACE: not set. Set it to the pod's namespace."
    )
    api = KubernetesApi()
    api.connect()
    certificate = ensure_certificate(api, namespace, service_names(namespace))
    disabled = os.environ.get("DISABLE_INJECTION") == "true"
    server = WebhookServer(
        port=PORT, certificate=certificate, review=partial(mutate, lookups=LiveLookups(api), disabled=disabled)
    )
    server.start()
    health = HealthServer(alive=list, ready=lambda: [] if trusted.is_set() else [f"{NAME} does not trust us yet"])
    health.start()
    while not stopping.is_set():
        try:
            trust(api, certificate)
            trusted.set()
        except (ApiError, ApiUnreachableError) as error:
            log.warning("%s: caBundle not written: %s", NAME, error)
        stopping.wait(CHECK_SECONDS)
    health.stop()
    server.stop()
    return 0


def service_names(namespace: str) -> list[str]:
    """Return the names under which the API server may call the Service."""
    short = f"{NAME}.{namespace}.svc"
    return [short, f"{short}.cluster.local", f"{NAME}.{namespace}", NAME, "localhost"]


def trust(api: KubernetesApi, certificate: Certificate) -> None:
    """Write our authority into every entry of the webhook configuration that has another."""
    configuration = api.get(WEBHOOK_CONFIGURATIONS, "", NAME)
    if configuration is None:
        raise ApiError(404, "NotFound", f"MutatingWebhookConfiguration {NAME} does not exist: apply it")
    bundle = base64.b64encode(certificate.authority).decode()
    changes = [
        {"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": bundle}
        for index, entry in enumerate(configuration.get("webhooks") or [])
        if entry["clientConfig"].get("caBundle") != bundle
    ]
    if changes:
        version = configuration["metadata"]["resourceVersion"]
        same = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
        api.patch(WEBHOOK_CONFIGURATIONS, configuration, [same, *changes], kind=JSON_PATCH)
        log.info("%s: caBundle written into %d entries", NAME, len(changes))
