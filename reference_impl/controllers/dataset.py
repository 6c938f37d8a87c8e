"""The dataset-controller process: keeps the life cycle of all Datasets, and loads their data."""

import logging
import os

from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.dataload.controller import data_loads
from reference_impl.controllers.dataset_reconciler import DatasetReconciler
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.settings import image_of
from reference_impl.kubernetes_api import DATASETS, KubernetesApi

NAME = "dataset-controller"


def main(_arguments: list[str]) -> int:
    """Run until SIGTERM; the exit code is 0 then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    image = image_of(os.environ)
    api = KubernetesApi()
    api.connect()
    events = EventRecorder(api, NAME)
    reconciler = DatasetReconciler(api, events)
    Controller(
        api=api,
        reconcile=reconciler.reconcile,
        sources=[Source(resource=DATASETS, key_of=own_key)],
    ).run(data_loads(api, events, image=image))
    return 0
