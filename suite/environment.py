"""What a test may touch: the cluster, the target and the origin.

Rule: whatever is here can be handed to an xdist worker as plain data; nothing in it says which target this is.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.environment import attach
from fixtures.errors import InfrastructureError
from fixtures.targets import Target
from suite import waiting
from suite.case import Case
from suite.cluster import Cluster
from suite.control_plane import ControlPlane
from suite.errors import NothingObserved, WaitFailed
from suite.first import First
from suite.origin import Origin
from suite.quiet import Quiet
from suite.settings import Settings
from suite.waiting import Patience


@dataclass(kw_only=True)
class Environment:
    """One run's surroundings, as seen from the process that runs tests."""

    settings: Settings
    run_id: str
    directory: Path  # of the run's report
    run_directory: Path  # gone when the run has ended; its logs are then in the report's directory
    cluster: Cluster
    target: Target
    origin: Origin  # by S3
    oss: Origin  # the same store by OSS, as the article has it
    barrier_url: str  # where pods find the barrier
    admin_url_inside: str  # where programs beside the nodes find the origin meter
    data_plane: str  # of the implementation, by name; "": it cannot run without a cluster
    control_namespace: str
    quiet: Quiet  # measurements run alone
    first: First  # what can be seen only while nothing exists comes first
    health: Callable[[], str]  # one line per control-plane pod that is not well; "" when all are

    @classmethod
    def from_handover(cls, handover: dict[str, Any]) -> "Environment":
        """Connect to what the controller has brought up."""
        fixtures = attach(handover["fixtures"])
        return cls(
            settings=Settings.from_data(handover["settings"]),
            run_id=handover["run_id"],
            directory=Path(handover["directory"]),
            run_directory=Path(handover["fixtures"]["run_directory"]),
            cluster=Cluster(Path(fixtures.target.kubeconfig())),
            target=fixtures.target,
            origin=Origin(fixtures.store, fixtures.gateway),
            oss=Origin(fixtures.oss, fixtures.gateway),
            barrier_url=fixtures.barrier_url,
            admin_url_inside=fixtures.admin_url,
            data_plane=fixtures.implementation.data_plane,
            control_namespace=fixtures.implementation.namespace,
            quiet=Quiet(Path(handover["fixtures"]["notes"])),
            first=First(Path(handover["fixtures"]["notes"])),
            health=fixtures.implementation.health,
        )

    def check_alive(self) -> None:
        """Raise InfrastructureError when something that we started has died."""
        if problem := self.death():
            raise InfrastructureError(problem)

    def death(self, *, grace_seconds: float = 0.0) -> str:
        """Return one line about what we started and has died, "" when all is well.

        A program's connections break a moment before its end is known: that is what `grace_seconds` are for.
        """
        try:
            problem = waiting.until("word of a death", self.target.alive, bool, seconds=grace_seconds) or ""
        except (NothingObserved, WaitFailed):
            return ""
        return problem.replace(f"{self.run_directory}/logs", f"{self.directory}/logs")

    @property
    def control_plane(self) -> ControlPlane:
        """Return the implementation's control plane as the API shows it."""
        return ControlPlane(cluster=self.cluster, namespace=self.control_namespace, patience=self.patience())

    def patience(self) -> Patience:
        """Return how waits of this run behave."""
        return Patience(alive=self.check_alive, details=self._details)

    def _details(self) -> str:
        troubles = self.health()
        return "\n".join(f"control    {line}" for line in troubles.splitlines())

    def seed_for(self, name: str) -> str:
        """Return the seed of one object's content; it follows from the run's seed alone."""
        return hashlib.sha256(f"{self.settings.seed}/{name}".encode()).hexdigest()[:16]

    def new_case(self, name: str) -> Case:
        """Make a namespace for a test and return the case in it."""
        self.check_alive()  # an API server without its etcd would let us wait
        namespace = f"{name}-{hashlib.sha256(f'{self.run_id}/{name}'.encode()).hexdigest()[:5]}"
        self.cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": namespace,
                    "labels": {"app.kubernetes.io/managed-by": "fluid-conformance"},
                },
            }
        )
        return Case(cluster=self.cluster, namespace=namespace, patience=self.patience())
