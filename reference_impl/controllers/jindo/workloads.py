"""The objects of one runtime: ConfigMap, Service, StatefulSet of workers, DaemonSet of clients.

Rule: pure functions of plan, specs and settings. Secrets are mounted into workers as files and appear nowhere else.
The DaemonSet has no pod until a node is labelled; on nodes without a CSI plug-in it is the template of the
webhook's sidecar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.jindo.configuration import (
    CONTROL_PORT,
    COPIES_DIRECTORY,
    DATA_PORT,
    FILE_NAME,
    SOCKET_DIRECTORY,
    runtime_json,
)
from reference_impl.controllers.jindo.placement import worker_affinity
from reference_impl.controllers.jindo.plan import SECRETS_DIRECTORY, Plan
from reference_impl.controllers.metadata import owner_reference
from reference_impl.controllers.names import DATASET, DATASET_ID, DATASET_PLACEMENT, FUSE_ROLE, MANAGED_BY, WORKER_ROLE
from reference_impl.controllers.settings import Settings
from reference_impl.kubernetes_api import Object

CONFIG_DIRECTORY = "/etc/fluid/config"
CONFIG_VOLUME, MOUNT_VOLUME, SOCKET_VOLUME = "runtime-config", "fuse-mount", "worker-sockets"
COPIES_VOLUME = "client-copies"
WORKER_GRACE_SECONDS = 10
OWNER_READS = 0o400


@dataclass(frozen=True, slots=True, kw_only=True)
class Workloads:
    """Builds the objects of one runtime."""

    plan: Plan
    dataset: Object
    runtime: Object
    settings: Settings

    def config_map(self) -> Object:
        """Return the ConfigMap with runtime.json."""
        data = {FILE_NAME: runtime_json(self.plan)}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "data": data,
            "metadata": self._metadata(self.plan.names.config),
        }

    def service(self) -> Object:
        """Return the headless Service that names the workers, also those that are not ready yet."""
        ports = [{"name": "data", "port": DATA_PORT}, {"name": "control", "port": CONTROL_PORT}]
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self._metadata(self.plan.names.worker, WORKER_ROLE),
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "selector": self._selector(WORKER_ROLE),
                "ports": ports,
            },
        }

    def stateful_set(self) -> Object:
        """Return the StatefulSet of workers."""
        names = self.plan.names
        return {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": self._metadata(names.worker, WORKER_ROLE),
            "spec": {
                "replicas": self.plan.replicas,
                "serviceName": names.worker,
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": self._selector(WORKER_ROLE)},
                "template": self._worker_template(),
            },
        }

    def daemon_set(self) -> Object:
        """Return the DaemonSet of clients, which tolerates everything and waits for labelled nodes."""
        return {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": self._metadata(self.plan.names.fuse, FUSE_ROLE),
            "spec": {
                "selector": {"matchLabels": self._selector(FUSE_ROLE)},
                "updateStrategy": {"type": "OnDelete"},
                "template": self._fuse_template(),
            },
        }

    def _worker_template(self) -> Object:
        component = self._component("worker")
        placement = {
            DATASET: self.plan.names.dataset_id,
            DATASET_PLACEMENT: "Exclusive" if self.plan.exclusive else "Shared",
        }
        dataset_spec = self.dataset.get("spec") or {}
        spec = {
            "terminationGracePeriodSeconds": WORKER_GRACE_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "affinity": worker_affinity(self.plan.names, exclusive=self.plan.exclusive, dataset_spec=dataset_spec),
            "tolerations": [*(dataset_spec.get("tolerations") or []), *(component.get("tolerations") or [])],
            "nodeSelector": component.get("nodeSelector") or {},
            "imagePullSecrets": self._pull_secrets(component),
            "containers": [self._worker_container(component)],
            "volumes": self._worker_volumes(),
        }
        return {"metadata": self._pod_metadata(component, WORKER_ROLE, placement), "spec": spec}

    def _worker_container(self, component: Mapping[str, Any]) -> Object:
        mounts = [{"name": CONFIG_VOLUME, "mountPath": CONFIG_DIRECTORY, "readOnly": True}]
        mounts += [
            {"name": f"secret-{index}", "mountPath": f"{SECRETS_DIRECTORY}/{secret}", "readOnly": True}
            for index, secret in enumerate(self.plan.secret_names)
        ]
        mounts += [{"name": f"tier-{index}", "mountPath": tier.path} for index, tier in enumerate(self.plan.tiers)]
        mounts += self._socket_mounts(read_only=False)
        return {
            "name": WORKER_ROLE,
            "image": self.settings.image,
            "args": ["worker"],
            "env": _environment(component.get("env") or {}),
            "ports": [{"name": "data", "containerPort": DATA_PORT}, {"name": "control", "containerPort": CONTROL_PORT}],
            "resources": component.get("resources") or {},
            # To change the mount options of the tier's own file system; it has no other privilege.
            **({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}} if self.plan.huge_pages else {}),
            "readinessProbe": {
                "httpGet": {"path": "/healthz", "port": "control"},
                "periodSeconds": 1,
                "timeoutSeconds": 2,
                "failureThreshold": 3,
            },
            "volumeMounts": mounts + list(component.get("volumeMounts") or []),
        }

    def _worker_volumes(self) -> list[Object]:
        volumes: list[Object] = [self._config_volume()]
        volumes += [
            {"name": f"secret-{index}", "secret": {"secretName": secret, "defaultMode": OWNER_READS}}
            for index, secret in enumerate(self.plan.secret_names)
        ]
        for index, tier in enumerate(self.plan.tiers):
            medium = {"medium": "Memory"} if tier.in_memory else {}
            volumes.append({"name": f"tier-{index}", "emptyDir": {**medium, "sizeLimit": tier.quota}})
        volumes += self._socket_volumes()
        return volumes + list((self.runtime.get("spec") or {}).get("volumes") or [])

    def _fuse_template(self) -> Object:
        component = self._component("fuse")
        names = self.plan.names
        directory = {"path": names.host_directory, "type": "DirectoryOrCreate"}
        spec = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {**(component.get("nodeSelector") or {}), names.fuse_label: "true"},
            "tolerations": [{"operator": "Exists"}],
            "imagePullSecrets": self._pull_secrets(component),
            "containers": [self._fuse_container(component)],
            "volumes": [
                self._config_volume(),
                {"name": MOUNT_VOLUME, "hostPath": directory},
                *self._socket_volumes(),
                *self._copies_volumes(),
            ],
        }
        return {"metadata": self._pod_metadata(component, FUSE_ROLE, {}), "spec": spec}

    def _fuse_container(self, component: Mapping[str, Any]) -> Object:
        names = self.plan.names
        # A hook knows no image default, so the whole command stands here. It holds the application back for its data.
        wait = {"exec": {"command": [*self.settings.command, "wait-mounted"]}}
        return {
            "name": FUSE_ROLE,
            "image": self.settings.image,
            "args": ["client", *(component.get("args") or [])],
            "env": _environment({**(component.get("env") or {}), "FLUID_MOUNT_PATH": names.fluid_path}),
            "resources": component.get("resources") or {},
            "securityContext": {"privileged": True, "runAsUser": 0, "runAsNonRoot": False},
            "lifecycle": {"postStart": wait},
            "volumeMounts": [
                {"name": CONFIG_VOLUME, "mountPath": CONFIG_DIRECTORY, "readOnly": True},
                {"name": MOUNT_VOLUME, "mountPath": names.host_directory, "mountPropagation": "Bidirectional"},
                *self._socket_mounts(read_only=True),
                *([{"name": COPIES_VOLUME, "mountPath": COPIES_DIRECTORY}] if self.plan.client_copy_bytes else []),
            ],
        }

    def _socket_volumes(self) -> list[Object]:
        """Return the node's directory in which clients find the sockets of the workers beside them."""
        if not self.plan.unix_sockets:
            return []
        directory = {"path": self.plan.names.socket_directory, "type": "DirectoryOrCreate"}
        return [{"name": SOCKET_VOLUME, "hostPath": directory}]

    def _socket_mounts(self, *, read_only: bool) -> list[Object]:
        if not self.plan.unix_sockets:
            return []
        return [{"name": SOCKET_VOLUME, "mountPath": SOCKET_DIRECTORY, "readOnly": read_only}]

    def _copies_volumes(self) -> list[Object]:
        """Return the memory in which a client keeps copies; it goes with the pod, however that ends."""
        if not self.plan.client_copy_bytes:
            return []
        memory = {"medium": "Memory", "sizeLimit": str(self.plan.client_copy_bytes)}
        return [{"name": COPIES_VOLUME, "emptyDir": memory}]

    def _config_volume(self) -> Object:
        return {"name": CONFIG_VOLUME, "configMap": {"name": self.plan.names.config}}

    def _component(self, name: str) -> Mapping[str, Any]:
        return (self.runtime.get("spec") or {}).get(name) or {}

    def _pull_secrets(self, component: Mapping[str, Any]) -> list[Object]:
        spec = self.runtime.get("spec") or {}
        return list(component.get("imagePullSecrets") or spec.get("imagePullSecrets") or [])

    def _selector(self, role: str) -> dict[str, str]:
        return {"release": self.plan.names.name, "role": role, DATASET_ID: self.plan.names.dataset_id}

    def _labels(self, role: str) -> dict[str, str]:
        return {
            "app.kubernetes.io/name": "jindofs",
            "app.kubernetes.io/instance": self.plan.names.name,
            "app.kubernetes.io/managed-by": "jindoruntime-controller",
            MANAGED_BY: "fluid",
            "release": self.plan.names.name,
            DATASET_ID: self.plan.names.dataset_id,
        } | ({"role": role} if role else {})

    def _metadata(self, name: str, role: str = "") -> Object:
        return {
            "name": name,
            "namespace": self.plan.names.namespace,
            "labels": self._labels(role),
            "ownerReferences": [owner_reference(self.runtime, controller=True)],
        }

    def _pod_metadata(self, component: Mapping[str, Any], role: str, placement: Mapping[str, str]) -> Object:
        """Return labels and annotations of a pod: the runtime's, over them the component's, over them our own."""
        spec = self.runtime.get("spec") or {}
        common, own = spec.get("podMetadata") or {}, component.get("podMetadata") or {}
        labels: dict[str, str] = {}
        for given in (spec.get("labels"), component.get("labels"), common.get("labels"), own.get("labels")):
            labels |= given or {}
        annotations = {**(common.get("annotations") or {}), **(own.get("annotations") or {})}
        return {"labels": {**labels, **self._labels(role), **placement}, "annotations": annotations}


def _environment(values: Mapping[str, str]) -> list[Object]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]
