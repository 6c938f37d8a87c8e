"""The resource curve: what is in use through the run, from zero to the peak and back.

Rule: a sample is what the API and the nodes say at that moment; a look that fails is a gap in the curve with its
reason in the notices, never an invented value.

A look is three lists of the API (pods, Datasets, the control plane's Deployments) and one observation of the nodes;
how long it takes stands in the report beside the curve.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from fixtures.errors import InfrastructureError
from fixtures.targets import Target
from suite.case import DATA
from suite.cluster import ApiError, Cluster
from suite.usage import Accountant, Look, Sample


class Sampler:
    """Takes samples in a thread of its own until it is stopped."""

    def __init__(self, cluster: Cluster, target: Target, *, began: float, control_namespace: str) -> None:
        self._cluster, self._target, self._began, self._control = cluster, target, began, control_namespace
        self._accountant = Accountant(control_namespace)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.samples: list[Sample] = []
        self.look_seconds: list[float] = []  # what each sample took
        self.notices: list[str] = []

    def start(self, *, every_seconds: float = 1.0) -> None:
        """Take the first sample, and go on in the background."""
        self._every = every_seconds
        self._guarded(self._sample)
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample of what lives, and no more; returns when the thread has ended. Any number of times."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if not self._target.alive():  # it names what has died: then there is nobody to ask
            self._guarded(self._sample)

    def as_data(self) -> list[dict[str, Any]]:
        """Return the samples as the report has them."""
        return [sample.as_data() for sample in self.samples]

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._guarded(self._sample)

    def _guarded(self, look: Callable[[], None]) -> None:
        try:
            look()
        except (ApiError, InfrastructureError, OSError) as error:
            if len(self.notices) < 5:  # noqa: PLR2004 - enough to understand, not to flood
                self.notices.append(f"no sample at {time.monotonic() - self._began:.0f} s: {error}")

    def _sample(self) -> None:
        began = time.monotonic()
        # The nodes first: whatever runs there by then is a pod that the list names, or that an earlier one named.
        look = Look(
            nodes=self._target.observe(),
            pods=self._cluster.list("v1", "Pod"),
            deployments=self._cluster.list("apps/v1", "Deployment", self._control),
            datasets=self._cluster.list(DATA, "Dataset"),
        )
        self.samples.append(self._accountant.sample(look, seconds=began - self._began))
        self.look_seconds.append(time.monotonic() - began)
