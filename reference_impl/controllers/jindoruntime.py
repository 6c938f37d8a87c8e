"""The jindoruntime-controller process: serves JindoRuntime objects with the reference cache."""

import logging

from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.jindo.reconciler import JindoReconciler
from reference_impl.controllers.names import MANAGED_BY, WORKER_ROLE
from reference_impl.controllers.settings import settings
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import DATASETS, JINDO_RUNTIMES, PODS, STATEFUL_SETS, KubernetesApi, Object

NAME = "jindoruntime-controller"


def main(_arguments: list[str]) -> int:
    """Run until SIGTERM; the exit code is 0 then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    configured = settings()
    api = KubernetesApi()
    api.connect()
    reconciler = JindoReconciler(api, EventRecorder(api, NAME), configured)
    selector = f"{MANAGED_BY}=fluid,role={WORKER_ROLE}"
    Controller(
        api=api,
        reconcile=reconciler.reconcile,
        sources=[
            Source(resource=JINDO_RUNTIMES, key_of=own_key),
            Source(resource=DATASETS, key_of=own_key),
            Source(resource=STATEFUL_SETS, key_of=_release_key, selector=selector),
            Source(resource=PODS, key_of=_release_key, selector=selector),
        ],
    ).run()
    return 0


def _release_key(changed: Object) -> Key | None:
    release = changed["metadata"].get("labels", {}).get("release")
    return Key(changed["metadata"]["namespace"], release) if release else None
