"""The scenario: from zero, Bound, R readers direct, cold and warm, and back to zero; with proof for each step."""

import statistics

from suite.case import DATA, condition
from suite.environment import Environment
from suite.errors import Void
from suite.marks import requirement
from suite.recording import Record
from suite.story import NAME, WORKERS, Phase, Story

CAPACITY = "200.00GiB"  # 5 workers × 40Gi, as the article's YAML says
SIZE = r"^\d+\.\d\d(B|KiB|MiB|GiB|TiB|PiB|EiB)$"


def keep(record: Record, phase: Phase, *, state: str) -> None:
    """Keep a phase's figures: the throughput of all readers together, from the release to the last byte.

    One phase is one sample of it; the interval is what it would be by the slowest and by the fastest reader.
    """
    good = [r for r in phase.readings if r.verified and r.seconds]
    total = sum(r.bytes_read for r in good)
    record.phase(phase.name, start=phase.start, end=phase.end)
    record.observe("readers", [str(reading) for reading in phase.readings])
    record.measurement(
        name=f"{phase.name}-read",
        phase=phase.name,
        unit="byte/s",
        value=total / phase.seconds,
        low=total / max(phase.seconds, *(r.seconds for r in good), 0.0),
        high=total / min((r.seconds for r in good), default=phase.seconds),
        samples=len(good),
        void=len(phase.readings) - len(good),
        state=state,
        transport=", ".join(sorted({r.mount or "http" for r in good})),
        originBytes=phase.cost.origin_bytes,
        readBytes=total,
        seconds=round(phase.seconds, 3),
        perReader=[
            {"pod": r.pod, "node": r.node, "seconds": r.seconds, "bytes": r.bytes_read, "verified": r.verified}
            for r in phase.readings
        ],
    )


def verified(phase: Phase, size: int) -> None:
    """Demand that every reader got every byte; wrong bytes are no bytes."""
    bad = [str(r) for r in phase.readings if not r.verified or r.bytes_read != size]
    assert phase.readings, f"no reader of phase {phase.name} reported"
    assert not bad, "readers without all their bytes:\n  " + "\n  ".join(bad)


@requirement("FLUID-ZERO-Z0")
def test_before_the_first_dataset_nothing_of_it_runs(story: Story) -> None:
    zero = story.zero()
    mine = [
        str(trace) for trace in zero.traces if trace.where == story.case.namespace and trace.name.startswith("Pod/")
    ]

    assert mine == []


@requirement("FLUID-READ-DIRECT-006")
def test_readers_without_a_cache_each_cost_the_origin_the_whole_object(story: Story, record: Record) -> None:
    phase, settings = story.direct(), story.environment.settings
    keep(record, phase, state="origin")
    verified(phase, settings.object_bytes)

    assert phase.cost.origin_bytes == settings.readers * settings.object_bytes, phase.cost


@requirement("FLUID-DATASET-BOUND-008", "FLUID-BIND-NAME-001")
def test_a_dataset_with_a_runtime_of_its_name_becomes_bound(story: Story, record: Record) -> None:
    bound = story.bound()
    record.observe("seconds to Bound", round(bound.seconds, 2))
    ready = condition(bound.dataset, "Ready")

    assert ready is not None, bound.dataset["status"]
    assert (ready["status"], ready["reason"]) == ("True", "DatasetReady")
    assert bound.dataset["status"]["runtimes"] == [
        {"name": NAME, "namespace": story.case.namespace, "category": "Accelerate", "type": "jindo"},
    ]


@requirement(
    "FLUID-RUNTIME-COUNTS-006", "FLUID-RUNTIME-WORKER-002", "FLUID-RUNTIME-PHASE-001", "FLUID-RUNTIME-FUSE-004"
)
def test_the_runtime_counts_its_workers(story: Story) -> None:
    status = story.bound().runtime["status"]

    assert status["desiredWorkerNumberScheduled"] == WORKERS
    assert status["currentWorkerNumberScheduled"] == WORKERS
    assert status["workerNumberReady"] == WORKERS
    assert (status["workerPhase"], status["fusePhase"]) == ("Ready", "Ready")


@requirement("FLUID-OBJ-STS-001", "FLUID-OBJ-SELECT-004")
def test_workers_are_a_statefulset_and_the_fuse_daemonset_waits_for_a_labelled_node(story: Story) -> None:
    story.bound()
    workers = story.case.must_get("apps/v1", "StatefulSet", f"{NAME}-jindofs-worker")
    fuse = story.case.must_get("apps/v1", "DaemonSet", f"{NAME}-jindofs-fuse")

    assert workers["status"]["readyReplicas"] == WORKERS
    assert fuse["spec"]["template"]["spec"]["nodeSelector"] == {f"fluid.io/f-{story.case.namespace}-{NAME}": "true"}
    assert fuse["spec"]["updateStrategy"]["type"] == "OnDelete"
    assert fuse["status"]["desiredNumberScheduled"] == 0


@requirement(
    "FLUID-RUNTIME-PODMETA-013", "FLUID-OBJ-WORKERLABEL-012", "FLUID-OBJ-DATASETID-013", "FLUID-DATASET-ID-021"
)
def test_worker_pods_carry_the_runtimes_metadata_and_the_datasets_identity(story: Story) -> None:
    bound, identity = story.bound(), f"{story.case.namespace}-{NAME}"
    pods = story.case.pods("fluid.io/dataset")

    assert len(pods) == WORKERS, [pod["metadata"]["name"] for pod in pods]
    for pod in pods:
        assert pod["metadata"]["annotations"]["k8s.aliyun.com/eci-use-specs"] == "ecs.d1ne.6xlarge"
        assert pod["metadata"]["labels"]["fluid.io/dataset"] == identity
        assert pod["metadata"]["labels"]["fluid.io/dataset-placement"] == "Exclusive"
        assert pod["metadata"]["labels"]["fluid.io/dataset-id"] == identity
    for labelled in (bound.dataset, bound.runtime):
        assert labelled["metadata"]["labels"]["fluid.io/dataset-id"] == identity


@requirement("FLUID-PLACE-EXCL-001", "FLUID-NODE-CAP-008")
def test_exclusive_workers_lie_on_nodes_of_their_own_that_say_so(story: Story, environment: Environment) -> None:
    story.bound()
    mark = f"{story.case.namespace}-{NAME}"
    homes = {pod["spec"]["nodeName"] for pod in story.case.pods("fluid.io/dataset")}
    labelled = {
        node["metadata"]["name"]: node["metadata"]["labels"]
        for node in environment.cluster.list("v1", "Node")
        if f"fluid.io/s-{mark}" in node["metadata"]["labels"]
    }

    assert len(homes) == WORKERS
    assert set(labelled) == homes
    for labels in labelled.values():
        assert labels[f"fluid.io/s-{mark}"] == "true"
        assert labels["fluid_exclusive"] == f"{story.case.namespace}_{NAME}"
        assert labels["fluid.io/dataset-num"] == "1"


@requirement("FLUID-STATUS-SIZE-001", "FLUID-STATUS-CAPACITY-006", "FLUID-STATUS-UFS-009", "FLUID-STATUS-KEYS-004")
def test_a_bound_dataset_states_true_sizes(story: Story) -> None:
    bound, status = story.bound(), story.bound().dataset["status"]
    known = {
        "cached",
        "lowWaterMark",
        "highWaterMark",
        "nonCacheable",
        "cachedPercentage",
        "cacheCapacity",
        "cacheHitRatio",
        "localHitRatio",
        "remoteHitRatio",
        "cacheThroughputRatio",
        "localThroughputRatio",
        "remoteThroughputRatio",
    }

    assert status["ufsTotal"] == binary_size(story.environment.settings.object_bytes)
    assert status["fileNum"] == "1"
    # All five workers may be ready only after the Dataset is Bound: the capacity is the runtime's, with all of them.
    assert bound.runtime["status"]["cacheStates"]["cacheCapacity"] == CAPACITY
    assert set(status["cacheStates"]) <= known, set(status["cacheStates"]) - known


@requirement(
    "FLUID-VOL-NAME-001", "FLUID-VOL-SIZE-003", "FLUID-VOL-MODES-004", "FLUID-VOL-BOUND-018", "FLUID-DATASET-BOUND-009"
)
def test_a_claim_of_the_datasets_name_is_bound_to_a_volume_of_its_own(story: Story, environment: Environment) -> None:
    story.bound()
    claim = story.case.must_get("v1", "PersistentVolumeClaim", NAME)
    volume = environment.cluster.get("v1", "PersistentVolume", f"{story.case.namespace}-{NAME}")

    assert volume is not None
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert (volume["spec"]["claimRef"]["namespace"], volume["spec"]["claimRef"]["name"]) == (story.case.namespace, NAME)
    assert claim["status"]["phase"] == "Bound"
    for spec in (claim["spec"], volume["spec"]):
        assert spec["storageClassName"] == "fluid"
        assert spec["accessModes"] == ["ReadOnlyMany"]
    assert volume["spec"]["capacity"]["storage"] == "100Pi"


@requirement("FLUID-VOL-CSI-005", "FLUID-VOL-PATH-006", "FLUID-VOL-ANNO-008", "FLUID-VOL-RECLAIM-015")
def test_the_volume_says_where_the_fuse_mount_lies(story: Story, environment: Environment) -> None:
    story.bound()
    mark = f"{story.case.namespace}-{NAME}"
    volume = environment.cluster.get("v1", "PersistentVolume", mark)
    claim = story.case.must_get("v1", "PersistentVolumeClaim", NAME)

    assert volume is not None
    csi = volume["spec"]["csi"]
    assert (csi["driver"], csi["volumeHandle"]) == ("fuse.csi.fluid.io", mark)
    assert csi["volumeAttributes"]["fluid_path"] == f"/runtime-mnt/jindo/{story.case.namespace}/{NAME}/jindofs-fuse"
    assert csi["volumeAttributes"]["mount_type"] == "jindo"
    assert csi["volumeAttributes"]["runtime_name"] == NAME
    assert csi["volumeAttributes"]["runtime_namespace"] == story.case.namespace
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    for metadata in (volume["metadata"], claim["metadata"]):
        assert metadata["annotations"]["CreatedBy"] == "fluid"
        assert metadata["labels"][f"fluid.io/s-{mark}"] == "true"


@requirement("FLUID-READ-FANIN-003", "FLUID-READ-CONTENT-001")
def test_readers_of_cold_data_together_cost_the_origin_one_object(story: Story, record: Record) -> None:
    phase, settings = story.cold(), story.environment.settings
    keep(record, phase, state="cold")
    verified(phase, settings.object_bytes)

    assert phase.cost.origin_bytes == settings.object_bytes, phase.cost


@requirement("FLUID-SIDECAR-CTR-003", "FLUID-SIDECAR-VOL-006", "FLUID-SIDECAR-PROP-008", "FLUID-SIDECAR-LABEL-011")
def test_the_webhook_put_the_fuse_sidecar_in_front_and_replaced_the_claim(story: Story) -> None:
    story.cold()
    for pod in story.case.pods("app.kubernetes.io/component=reader,serverless.fluid.io/inject=true"):
        containers = pod["spec"]["containers"]
        assert [c["name"] for c in containers] == ["fluid-fuse-0", "reader"]
        assert not [v for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]
        data = next(v for v in pod["spec"]["volumes"] if v["name"] == "data")
        assert data["hostPath"]["path"].startswith(f"/runtime-mnt/jindo/{story.case.namespace}/{NAME}/")
        mount = next(m for m in containers[1]["volumeMounts"] if m["name"] == "data")
        assert mount["mountPropagation"] == "HostToContainer"
        assert "Bidirectional" in {m.get("mountPropagation") for m in containers[0]["volumeMounts"]}
        assert pod["metadata"]["labels"]["done.sidecar.fluid.io/inject"] == "true"
        assert pod["metadata"]["labels"]["fluid.io/managed-by"] == "fluid"


@requirement("FLUID-SIDECAR-HOSTPATH-021")
def test_two_readers_never_share_a_mount_point_when_they_ask_for_a_random_suffix(story: Story) -> None:
    story.cold()
    pods = story.case.pods("app.kubernetes.io/component=reader,serverless.fluid.io/inject=true")
    paths = [v["hostPath"]["path"] for pod in pods for v in pod["spec"]["volumes"] if v["name"] == "data"]

    assert len(paths) >= story.environment.settings.readers
    assert len(set(paths)) == len(paths), paths
    assert all(path.endswith("/jindofs-fuse") for path in paths), paths


@requirement("FLUID-SIDECAR-NODE-032")
def test_sidecars_label_no_node_and_start_no_fuse_daemon_pod(story: Story, environment: Environment) -> None:
    story.cold()
    labels = [key for node in environment.cluster.list("v1", "Node") for key in node["metadata"]["labels"]]

    assert labels, "no node has any label: nothing was looked at"
    assert [key for key in labels if key.startswith("fluid.io/f-")] == []
    assert story.case.must_get("apps/v1", "DaemonSet", f"{NAME}-jindofs-fuse")["status"]["currentNumberScheduled"] == 0


@requirement("FLUID-READ-WARM-004", "FLUID-READ-NEWPOD-005")
def test_new_pods_that_read_cached_data_cost_the_origin_nothing(story: Story, record: Record) -> None:
    phase = story.warm()
    keep(record, phase, state="warm")
    verified(phase, story.environment.settings.object_bytes)

    assert phase.cost.origin_bytes == 0, phase.cost


@requirement("FLUID-STATUS-PERCENT-002")
def test_after_reading_everything_the_status_says_that_it_is_cached(story: Story) -> None:
    story.warm()
    seen = story.wait_cached()

    assert seen["status"]["cacheStates"]["cached"] == seen["status"]["ufsTotal"]


@requirement("FLUID-READ-SPEEDUP-013")
def test_warm_reads_are_faster_than_the_declared_cap_allows_the_origin(story: Story, record: Record) -> None:
    direct, warm = story.direct(), story.warm()
    if not story.environment.settings.origin_bytes_per_second:
        raise Void("the origin has no declared cap (--fluid-origin-rate=0): on loopback a speed-up says nothing")
    slow, fast = [r.seconds for r in direct.readings], [r.seconds for r in warm.readings]
    factor = statistics.median(slow) / statistics.median(fast)
    low, high = min(slow) / max(fast), max(slow) / min(fast)
    record.ratio(name="warm/direct", value=round(factor, 2), low=round(low, 2), high=round(high, 2), floor=1.0)

    assert low > 1, f"warm readers were not faster: factor {factor:.2f} ({low:.2f} to {high:.2f})"


@requirement("FLUID-SECRET-PLAIN-002", "FLUID-SIDECAR-SECRETS-031", "FLUID-SECRET-REF-001")
def test_no_object_but_the_secret_holds_the_credentials(story: Story, environment: Environment) -> None:
    story.warm()
    store = environment.origin.store
    secrets, looked_at, found = (store.access_key.reveal(), store.secret_key.reveal()), 0, []
    for resource in environment.cluster.resources():
        if "list" not in resource.verbs or resource.kind in {"Secret", "ComponentStatus"}:
            continue
        for item in environment.cluster.request("GET", resource.path(None)).get("items", []):
            looked_at += 1
            found += [f"{resource.kind} {item['metadata']['name']}" for secret in secrets if secret in str(item)]

    assert looked_at > 50, f"only {looked_at} objects were looked at"
    assert found == []


@requirement("FLUID-ROBUST-RESTART-001")
def test_no_controller_restarted(story: Story, environment: Environment) -> None:
    story.warm()
    statuses = [
        status
        for pod in environment.cluster.list("v1", "Pod", environment.control_namespace)
        for status in pod["status"].get("containerStatuses", [])
    ]

    assert statuses, f"no container runs in {environment.control_namespace}"
    assert {status["name"]: status["restartCount"] for status in statuses if status["restartCount"]} == {}


@requirement("FLUID-REL-R1", "FLUID-REL-R2", "FLUID-REL-R3", "FLUID-ZERO-Z1")
def test_after_deletion_dataset_runtime_and_volume_are_gone(story: Story, environment: Environment) -> None:
    story.released()

    assert story.case.get(DATA, "Dataset", NAME) is None
    assert story.case.get(DATA, "JindoRuntime", NAME) is None
    assert story.case.get("v1", "PersistentVolumeClaim", NAME) is None
    assert environment.cluster.get("v1", "PersistentVolume", f"{story.case.namespace}-{NAME}") is None


@requirement("FLUID-REL-R5", "FLUID-REL-R6", "FLUID-ZERO-Z3")
def test_after_deletion_no_object_is_left_in_the_namespace(story: Story) -> None:
    left = story.released()

    assert left.of("object") == (), left.told()


@requirement("FLUID-REL-R8")
def test_after_deletion_no_node_carries_a_label_of_the_dataset(story: Story) -> None:
    left = story.released()

    assert left.of("label") == (), left.told()


@requirement("FLUID-REL-R10")
def test_after_deletion_no_mount_process_or_cached_byte_is_left_on_any_node(story: Story) -> None:
    left = story.released()

    assert left.of("mount") + left.of("process") + left.of("bytes") == (), left.told()


def binary_size(count: int) -> str:
    """Return a size as Fluid's status writes it: two decimals and a binary unit."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.2f}{units[0]}"
