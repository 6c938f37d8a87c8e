"""The dataset-controller process: keeps the life cycle of all Datasets."""

import logging

from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.dataset_reconciler import DatasetReconciler
from reference_impl.controllers.events import EventRecorder
from reference_impl.kubernetes_api import DATASETS, KubernetesApi

NAME = "dataset-controller"


def main(_arguments: list[str]) -> int:
    """Run until SIGTERM; the exit code is 0 then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    api = KubernetesApi()
    api.connect()
    reconciler = DatasetReconciler(api, EventRecorder(api, NAME))
    Controller(
        api=api,
        reconcile=reconciler.reconcile,
        sources=[Source(resource=DATASETS, key_of=own_key)],
    ).run()
    return 0
