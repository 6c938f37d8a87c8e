"""Names, labels and paths: Fluid's own, in one place.

Rule: whatever is derived from a Dataset's namespace and name is derived here; a label that would grow too long
carries the Dataset's UID instead, and every place that uses it agrees because it asks here.
"""

import re
from dataclasses import dataclass

DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
# A StatefulSet's revision label is its own name, a dash and ten characters, 63 in all.
LONGEST_NAME = 63 - 11 - len("-jindofs-worker")
LABEL_LIMIT = 63

DATASET_FINALIZER = "fluid-dataset-controller-finalizer"
RUNTIME_FINALIZER = "jindo-runtime-controller-finalizer"

MANAGED_BY = "fluid.io/managed-by"
DATASET_ID = "fluid.io/dataset-id"
DATASET = "fluid.io/dataset"
DATASET_PLACEMENT = "fluid.io/dataset-placement"
DATASET_NUMBER = "fluid.io/dataset-num"
EXCLUSIVE = "fluid_exclusive"
FUSE_GENERATION = "fuse.runtime.fluid.io/generation"
STORAGE_REQUEST = "pvc.fluid.io/resources.requests.storage"

SIDECAR_DONE = "done.sidecar.fluid.io/inject"
SIDECAR_DATASET_NAME = "dataset-name.sidecar.fluid.io/"  # + name of the container
SIDECAR_DATASET_NAMESPACE = "dataset-namespace.sidecar.fluid.io/"

WORKER_ROLE, FUSE_ROLE = "jindofs-worker", "jindofs-fuse"
MOUNT_ROOT = "/runtime-mnt"
RUNTIME_TYPE = "jindo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Everything that is named after one Dataset and its runtime."""

    namespace: str
    name: str
    dataset_uid: str

    @property
    def worker(self) -> str:
        """Return the name of the workers' StatefulSet and Service."""
        return f"{self.name}-{WORKER_ROLE}"

    @property
    def fuse(self) -> str:
        """Return the name of the FUSE DaemonSet."""
        return f"{self.name}-{FUSE_ROLE}"

    @property
    def config(self) -> str:
        """Return the name of the ConfigMap with runtime.json."""
        return f"{self.name}-jindofs-config"

    @property
    def claim(self) -> str:
        """Return the name of the PersistentVolumeClaim."""
        return self.name

    @property
    def volume(self) -> str:
        """Return the name of the PersistentVolume."""
        return f"{self.namespace}-{self.name}"

    @property
    def host_directory(self) -> str:
        """Return the directory on a node below which the client mounts."""
        return f"{MOUNT_ROOT}/{RUNTIME_TYPE}/{self.namespace}/{self.name}"

    @property
    def fluid_path(self) -> str:
        """Return the path on a node at which the data appears."""
        return f"{self.host_directory}/{FUSE_ROLE}"

    @property
    def socket_directory(self) -> str:
        """Return the directory on a node in which workers and clients meet by unix sockets."""
        return f"{self.host_directory}/workers"

    @property
    def dataset_id(self) -> str:
        """Return the value of the labels that name the Dataset."""
        return self._short("", self.volume)

    @property
    def exclusive(self) -> str:
        """Return the value of the node label that reserves a node."""
        return self._short("", f"{self.namespace}_{self.name}")

    @property
    def fuse_label(self) -> str:
        """Return the key of the node label that lets the FUSE pod onto a node."""
        return self._short("fluid.io/f-", self.volume)

    @property
    def cache_label(self) -> str:
        """Return the key of the label on nodes with a worker, and on PV and PVC."""
        return self._short("fluid.io/s-", self.volume)

    @property
    def typed_cache_label(self) -> str:
        """Return the key of the label on nodes with a worker of this runtime type."""
        return self._short(f"fluid.io/s-{RUNTIME_TYPE}-", self.volume)

    def capacity_label(self, medium: str) -> str:
        """Return the key of the node label for capacity; medium is m(emory), d(isk) or t(otal)."""
        return self._short(f"fluid.io/s-h-{RUNTIME_TYPE}-{medium}-", self.volume)

    def _short(self, prefix: str, value: str) -> str:
        return prefix + (value if len(prefix) + len(value) < LABEL_LIMIT else self.dataset_uid)


def is_dns_1035_label(name: str) -> bool:
    """Tell whether a name may name a Service."""
    return DNS_1035_LABEL.fullmatch(name) is not None
