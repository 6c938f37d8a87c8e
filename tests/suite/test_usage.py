"""A sample tells whose a pod, a process and a byte is, also when the pod's object has gone."""

from collections.abc import Sequence

from fixtures.targets import FileUse, NodeObservation, Process
from suite.cluster import Object
from suite.usage import Accountant, Look, held_by


def pod(
    uid: str, *, namespace: str = "demo", phase: str = "Running", volumes: Sequence[Object] = (), **labels: str
) -> Object:
    metadata = {"uid": uid, "namespace": namespace, "labels": {name.replace("_", "/"): labels[name] for name in labels}}
    return {"metadata": metadata, "spec": {"volumes": list(volumes)}, "status": {"phase": phase}}


def node(*, files: dict[str, int] | None = None, memory: dict[str, int] | None = None) -> NodeObservation:
    processes = [Process(pid=1, pod_uid=uid, command="c", memory_bytes=used) for uid, used in (memory or {}).items()]
    uses = [FileUse(path=path, bytes=used) for path, used in (files or {}).items()]
    return NodeObservation(node="node-1", mounts=(), processes=tuple(processes), files=tuple(uses))


def look(
    *pods: Object,
    nodes: Sequence[NodeObservation] = (),
    deployments: Sequence[Object] = (),
    datasets: Sequence[Object] = (),
) -> Look:
    return Look(pods=pods, nodes=nodes, deployments=deployments, datasets=datasets)


WORKER = {"fluid.io_dataset": "demo-data"}
INJECTED = {"done.sidecar.fluid.io_inject": "true"}
EMPTY = {"name": "tier", "emptyDir": {}}


def test_pods_are_counted_by_their_part() -> None:
    pods = (
        pod("w", **WORKER),
        pod("a"),
        pod("b", phase="Succeeded"),
        pod("c", namespace="fluid-system"),
        pod("d", namespace="fluid-system", phase="Failed"),
    )
    seen = Accountant("fluid-system").sample(look(*pods), seconds=1.234)

    assert (seen.pods, seen.workers, seen.applications, seen.finished, seen.controllers) == (3, 1, 2, 1, 1)
    assert seen.workers_of == {"demo-data": 1}
    assert seen.seconds == 1.23


def test_a_worker_in_the_control_planes_namespace_is_a_controller() -> None:
    seen = Accountant("fluid-system").sample(look(pod("w", namespace="fluid-system", **WORKER)), seconds=0)

    assert (seen.controllers, seen.workers) == (1, 0)


def test_cached_are_volumes_of_workers_host_paths_and_clients_own_copies() -> None:
    config = {"name": "config", "configMap": {"name": "n"}}
    copies = {"name": "client-copies-0", "emptyDir": {}}
    scratch = {"name": "scratch", "emptyDir": {}}
    pods = (
        pod("w", volumes=[EMPTY, config], **WORKER),
        pod("r", volumes=[copies, scratch], **INJECTED),
        pod("x", volumes=[copies]),
    )
    files = {
        "/pods/w/volumes/tier": 1,
        "/pods/w/volumes/config": 20,
        "/pods/w/etc": 40,
        "/runtime-mnt/jindo": 2,
        "/pods/r/volumes/client-copies-0": 4,
        "/pods/r/volumes/scratch": 80,
        "/pods/x/volumes/client-copies-0": 160,
        "/pods/unknown/volumes/tier": 320,
    }
    seen = Accountant("fluid-system").sample(look(*pods, nodes=(node(files=files),)), seconds=0)

    assert seen.cached_bytes == 1 + 2 + 4
    assert seen.nodes_with_cache == 1


def test_what_outlives_its_pods_object_still_counts() -> None:
    accountant = Accountant("fluid-system")
    left = (node(files={"/pods/w/volumes/tier": 7}, memory={"w": 5}),)
    accountant.sample(look(pod("w", volumes=[EMPTY], **WORKER)), seconds=0)
    seen = accountant.sample(look(nodes=left), seconds=1)

    assert (seen.pods, seen.cached_bytes, seen.worker_memory_bytes) == (0, 7, 5)
    assert not seen.at_zero


def test_memory_is_told_by_part_and_what_belongs_to_nobody_stands_in_the_total() -> None:
    pods = (pod("w", **WORKER), pod("a"), pod("c", namespace="fluid-system"))
    nodes = (node(memory={"w": 1, "a": 2}), node(memory={"c": 4, "nobody": 8}))
    seen = Accountant("fluid-system").sample(look(*pods, nodes=nodes), seconds=0)

    assert (seen.worker_memory_bytes, seen.application_memory_bytes, seen.controller_memory_bytes) == (1, 2, 4)
    assert seen.memory_bytes == 15


def test_runtime_controllers_are_the_replicas_of_their_deployments() -> None:
    deployments = (
        {"metadata": {"name": "jindoruntime-controller"}, "status": {"replicas": 2}},
        {"metadata": {"name": "alluxioruntime-controller"}, "status": {}},
        {"metadata": {"name": "dataset-controller"}, "status": {"replicas": 1}},
    )
    seen = Accountant("fluid-system").sample(look(deployments=deployments), seconds=0)

    assert seen.runtime_controllers == 2


def test_a_dataset_that_is_being_deleted_is_none_and_a_bound_one_is_named_as_its_pods_name_it() -> None:
    datasets = (
        {"metadata": {"namespace": "demo", "name": "data"}, "status": {"phase": "Bound"}},
        {"metadata": {"namespace": "demo", "name": "new"}},
        {"metadata": {"namespace": "demo", "name": "old", "deletionTimestamp": "2026-11-25T10:00:00Z"}},
    )
    seen = Accountant("fluid-system").sample(look(datasets=datasets), seconds=0)

    assert seen.datasets == 2
    assert seen.bound == {"demo-data"}


def test_held_is_what_pods_keep_in_volumes_of_their_own_and_what_lies_below_paths_of_the_namespace() -> None:
    config = {"name": "config", "configMap": {"name": "n"}}
    pods = [pod("w", volumes=[EMPTY, config]), pod("r", volumes=[{"name": "scratch", "emptyDir": {}}])]
    for named, name in zip(pods, ("worker", "reader"), strict=True):
        named["metadata"]["name"] = name
    files = {
        "/pods/w/volumes/tier": 7,
        "/pods/w/volumes/config": 100,
        "/pods/w/etc": 100,
        "/pods/x/volumes/tier": 100,
        "/runtime-mnt/jindo/demo/data/copy": 5,
        "/runtime-mnt/jindo/demo-2/data/copy": 100,
    }

    held = held_by(pods, [node(files=files), node(files={"/pods/w/volumes/tier": 1})], namespace="demo")

    assert held == {"worker": 8, "reader": 0, "": 5}
