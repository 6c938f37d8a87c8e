"""Runtime controllers from zero and back, in one namespace: nothing, called, dismissed, missing, kept; each stage once.

Rule: a moment is told by versions that the server remembers, so a scale-up between two looks is not missed. Whatever a
stage changes in the control plane, the same stage puts back.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from suite import waiting
from suite.case import DATA, Case
from suite.cluster import Object
from suite.conformance.test_lifecycle import small
from suite.control_plane import RUNTIME_CONTROLLER, still_up
from suite.environment import Environment
from suite.errors import NothingObserved, WaitFailed
from suite.fields import at
from suite.stages import stage

CONTROLLER = f"jindo{RUNTIME_CONTROLLER}"
REPLICAS = "controller.runtime.fluid.io/replicas"
ALONE_SECONDS = 6  # longer than the resync of a Dataset without runtime, which is every 5 s
CALLED_SECONDS = 5.0 + 5.0  # one resync, and what a busy machine needs beside it
DISMISSED_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What came of a runtime: how many replicas its controller's Deployment had, and how soon."""

    replicas: list[int]  # of the Deployment, in all its versions since the runtime was created
    scaled_seconds: float  # from the runtime's creation until the Deployment wanted any
    bound_seconds: float  # … until its Dataset was Bound
    others: list[str]  # Deployments of other runtime controllers, and one of the same name elsewhere, that are not at 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed:
    """What became of the controller after the last runtime of its kind."""

    late: str  # why it was still there when the time was over, "" when it was not
    seconds: float  # from the last runtime's end
    early: bool  # it was at zero before the last runtime had gone


@dataclass(kw_only=True)
class FromZero:
    """The stages, each of which rests on the one before."""

    environment: Environment
    case: Case

    @stage
    def zero(self) -> dict[str, Object]:
        """Return the runtime controllers' Deployments by name, before anything of the run exists."""
        for kind in self.runtime_kinds():
            if found := self.case.cluster.list(DATA, kind):
                raise NothingObserved(f"{len(found)} {kind} exist already: what is at zero then cannot be seen")
        return {found["metadata"]["name"]: found for found in self.environment.control_plane.runtime_controllers()}

    def runtime_kinds(self) -> list[str]:
        """Return all kinds of runtimes that the server serves."""
        resources = self.case.cluster.resources()
        return [each.kind for each in resources if each.group_version == DATA and each.kind.endswith("Runtime")]

    @stage
    def alone(self) -> list[int]:
        """Leave a Dataset without runtime and a runtime without Dataset; return the controller's replicas meanwhile."""
        self.zero()
        bucket = self.bucket()
        self.environment.origin.store.make_bucket(bucket)
        self.environment.origin.put(bucket, "file", seed=self.environment.seed_for("from-zero"), size=1000)
        before = self.environment.control_plane.deployment(CONTROLLER)
        secret, dataset, _ = self.objects("demo")
        self.case.create(secret, dataset, self.objects("lonely")[2])
        self.case.wait_phase("demo", "NotBound", seconds=20)
        return self._replicas_since(before, seconds=ALONE_SECONDS)

    @stage
    def called(self) -> Called:
        """Create the runtime of the Dataset that has waited, beside a Deployment of its controller's name elsewhere."""
        self.alone()
        self.case.create(self._decoy())
        return self._call("demo")

    @stage
    def called_again(self) -> Called:
        """Do the same for another Dataset while the controller is there."""
        self.called()
        self._dataset("second")
        return self._call("second")

    @stage
    def dismissed(self) -> Dismissed:
        """Delete everything and wait for the controller to go; where it stays, take it to zero as an operator would."""
        self.called_again()
        plane = self.environment.control_plane
        before = plane.deployment(CONTROLLER)
        self._delete("demo", "second", "lonely")
        gone = self.case.cluster.list_with_version(DATA, "JindoRuntime")[1]
        began, late = time.monotonic(), ""
        early = 0 in self._replicas_since(before, seconds=1, until=int(gone))
        try:
            self._wait_zero(DISMISSED_SECONDS)
        except WaitFailed as failure:
            late = str(failure)
        seconds = time.monotonic() - began
        if late:
            plane.scale(CONTROLLER, 0)
            self._wait_zero(DISMISSED_SECONDS)
        return Dismissed(late=late, seconds=seconds, early=early)

    @stage
    def missing(self) -> tuple[Object, Called]:
        """Create Dataset and runtime while the Deployment is missing, which then asks for two replicas.

        Returns the Dataset as it was meanwhile, and what came of the runtime.
        """
        self.dismissed()
        with self.environment.control_plane.missing(CONTROLLER, annotations={REPLICAS: "2"}):
            _, dataset, runtime = self.objects("late")
            self.case.create(runtime, dataset)  # in this order: already the Dataset's first look finds the runtime
            meanwhile = self.case.wait_phase("late", "NotBound", seconds=20)
        return meanwhile, self._watch("late", self.environment.control_plane.deployment(CONTROLLER))

    @stage
    def kept(self) -> list[int]:
        """Let an operator choose one replica where two are asked for, and call the controller once more.

        Returns the Deployment's replicas from then on.
        """
        self.missing()
        plane = self.environment.control_plane
        plane.scale(CONTROLLER, 1)
        before = plane.deployment(CONTROLLER)
        self._dataset("third")
        self._call("third")
        return [1, *self._replicas_since(before, seconds=1)]

    def leave(self) -> None:
        """Delete everything, and leave the Deployment at zero as it was found, also after a failure."""
        plane = self.environment.control_plane
        self._delete("demo", "second", "lonely", "late", "third")
        deployment = plane.deployment(CONTROLLER)
        self.case.cluster.patch(deployment, {"metadata": {"annotations": {REPLICAS: None}}})
        if still_up(deployment):
            plane.scale(CONTROLLER, 0)  # an operator had the last word
        self._wait_zero(DISMISSED_SECONDS)

    def bucket(self) -> str:
        """Return the bucket that all Datasets are over."""
        return f"{self.case.namespace}-data"

    def objects(self, name: str) -> list[Object]:
        """Return Secret, Dataset and runtime of a name."""
        return small(self.environment, self.bucket(), name=name)

    def _dataset(self, name: str) -> None:
        self.case.create(self.objects(name)[1])
        self.case.wait_phase(name, "NotBound", seconds=20)

    def _call(self, name: str) -> Called:
        before = self.environment.control_plane.deployment(CONTROLLER)
        self.case.create(self.objects(name)[2])
        return self._watch(name, before)

    def _watch(self, name: str, before: Object) -> Called:
        """Wait until a runtime's controller is there and its Dataset Bound."""
        plane, began = self.environment.control_plane, time.monotonic()
        waiting.until(
            f"Deployment {CONTROLLER} with replicas",
            lambda: plane.deployment(CONTROLLER),
            lambda seen: bool(seen["spec"]["replicas"]),
            seconds=CALLED_SECONDS,
            describe=lambda seen: f"{seen['spec']['replicas']} replicas",
            patience=self.case.patience,
        )
        scaled = time.monotonic() - began
        self.case.wait_phase(name, "Bound")
        bound = time.monotonic() - began
        replicas = [before["spec"]["replicas"], *self._replicas_since(before, seconds=1)]
        return Called(replicas=replicas, scaled_seconds=scaled, bound_seconds=bound, others=self._others())

    def _others(self) -> list[str]:
        """Return what is up beside the one controller that was called."""
        deployments = self.environment.control_plane.runtime_controllers()
        elsewhere = [f"of the case: {told}" for each in self._decoys() if (told := still_up(each))]
        return elsewhere + [
            told for each in deployments if each["metadata"]["name"] != CONTROLLER and (told := still_up(each))
        ]

    def _decoys(self) -> Sequence[Object]:
        return self.case.cluster.list("apps/v1", "Deployment", self.case.namespace)

    def _decoy(self) -> Object:
        labels = {"app": "decoy"}
        container = {"name": "decoy", "image": "fluid-conformance/reader:dev"}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": CONTROLLER},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }

    def _replicas_since(self, before: Object, *, seconds: int, until: int = 0) -> list[int]:
        """Return the replicas that a Deployment wanted in each version after one, and up to another if it is given."""
        versions = self.case.cluster.history(before, seconds=seconds)
        return [
            at(seen, "spec", "replicas") or 0
            for seen in versions
            if not until or int(seen["metadata"]["resourceVersion"]) <= until
        ]

    def _delete(self, *names: str) -> None:
        for name in names:
            for kind in ("Dataset", "JindoRuntime"):
                if existing := self.case.get(DATA, kind, name):
                    self.case.cluster.delete(existing)
        for name in names:
            self.case.wait_released(name)

    def _wait_zero(self, seconds: float) -> None:
        plane = self.environment.control_plane

        def look() -> list[str]:
            deployment = plane.deployment(CONTROLLER)
            pods = [f"pod {pod['metadata']['name']}" for pod in plane.pods_of(deployment)]
            return [*filter(None, [still_up(deployment)]), *pods]

        waiting.until(
            f"{CONTROLLER} at zero", look, lambda left: not left, seconds=seconds,
            describe=", ".join, patience=self.case.patience,
        )  # fmt: skip
