"""A snapshot takes in everything that nodes show: what it does not see, no sweep can miss."""

from typing import Any, cast

from fixtures.targets import FileUse, Mount, NodeObservation, Process, Target
from suite.cluster import Cluster, Resource
from suite.snapshot import Trace, take

MOUNT = Mount(path="/runtime-mnt/jindo/ns/demo/jindofs-fuse", fstype="fuse.jindofs-fuse", source="jindofs-fuse-1")
PROCESS = Process(pid=7, pod_uid="pod-uid", command="python -m worker", memory_bytes=1)
FILE = FileUse(path="/pods/pod-uid/volumes/tier-0", bytes=4096)
NODE = {"metadata": {"name": "node-1", "uid": "1", "labels": {"fluid.io/s-ns-demo": "true"}}}


class OneNode:
    """A target that shows one thing of each sort."""

    def observe(self) -> tuple[NodeObservation, ...]:
        return (NodeObservation(node="node-1", mounts=(MOUNT,), processes=(PROCESS,), files=(FILE,)),)


class OneKind:
    """A cluster that has that node and nothing else."""

    def resources(self) -> tuple[Resource, ...]:
        return (Resource(group_version="v1", plural="nodes", kind="Node", namespaced=False, verbs=("list",)),)

    def request(self, _method: str, _path: str) -> dict[str, Any]:
        return {"items": [NODE]}


def test_each_sort_of_thing_is_a_trace() -> None:
    seen = take(cast("Cluster", OneKind()), cast("Target", OneNode()))

    assert seen.of("object") == {Trace(sort="object", where="", name="Node/node-1", uid="1")}
    assert seen.of("label") == {Trace(sort="label", where="node-1", name="fluid.io/s-ns-demo=true")}
    assert seen.of("mount") == {Trace(sort="mount", where="node-1", name=MOUNT.path)}
    assert seen.of("process") == {Trace(sort="process", where="node-1", name=PROCESS.command, uid="pod-uid")}
    assert seen.of("bytes") == {Trace(sort="bytes", where="node-1", name=FILE.path)}
    assert seen.cached_bytes == FILE.bytes
