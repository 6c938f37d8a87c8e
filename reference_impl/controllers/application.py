"""The fluidapp-controller process: ends the sidecars of pods whose application has ended."""

import logging
import os

from reference_impl.controllers.application_reconciler import DISABLE_VARIABLE, ApplicationReconciler
from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.names import MANAGED_BY, SIDECAR_DONE
from reference_impl.kubernetes_api import PODS, KubernetesApi


def main(_arguments: list[str]) -> int:
    """Run until SIGTERM; the exit code is 0 then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    api = KubernetesApi()
    api.connect()
    reconciler = ApplicationReconciler(api, disabling_label=os.environ.get(DISABLE_VARIABLE, ""))
    # Asked of the server, so that no other pod of the cluster ever comes here; a list at the start makes up for the
    # time in which nobody watched.
    selector = f"{MANAGED_BY}=fluid,{SIDECAR_DONE}=true"
    Controller(
        api=api,
        reconcile=reconciler.reconcile,
        sources=[Source(resource=PODS, key_of=own_key, selector=selector)],
    ).run()
    return 0
