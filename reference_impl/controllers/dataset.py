"""The dataset-controller process: keeps Datasets' life cycles, loads data, calls runtimes' controllers on demand."""

import logging
import os

from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.dataload.controller import data_loads
from reference_impl.controllers.dataset_reconciler import HOUSE, DatasetReconciler
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.runtime_controllers import RuntimeControllers, installed_kinds
from reference_impl.controllers.settings import image_of
from reference_impl.kubernetes_api import DATASETS, KubernetesApi

NAME = "dataset-controller"
NAMESPACE_VARIABLE = "MY_POD_NAMESPACE"  # where runtimes' controllers are looked for, as Fluid calls it
DEFAULT_NAMESPACE = "fluid-system"


def main(_arguments: list[str]) -> int:
    """Run until SIGTERM; the exit code is 0 then."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    image = image_of(os.environ)
    api = KubernetesApi()
    api.connect()
    kinds = installed_kinds(api)
    namespace = os.environ.get(NAMESPACE_VARIABLE) or DEFAULT_NAMESPACE
    controllers = RuntimeControllers(api, kinds=kinds, namespace=namespace)
    events = EventRecorder(api, NAME)
    reconciler = DatasetReconciler(api, events, controllers)
    resources = (DATASETS, *(kind.resource for kind in kinds))
    Controller(
        api=api,
        reconcile=reconciler.reconcile,
        sources=[Source(resource=resource, key_of=own_key) for resource in resources],
        keys=[HOUSE],
    ).run(data_loads(api, events, image=image))
    return 0
