"""The Kubernetes API as the reference's processes see it: plain dicts, whole objects, live reads.

Rule: this and kubernetes_exec are the only modules of the reference that import the `kubernetes` package, and they take
from it the client's configuration and transport only (0.27 s of CPU and 44 MB; the typed models would drop fields that
they do not know). An answer that is not a success becomes ApiError with the server's own sentence; no answer at all,
ApiUnreachableError.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Object = dict[str, Any]

REQUEST_SECONDS = 20.0
CONNECTIONS = 32
NOT_FOUND, CONFLICT, GONE = 404, 409, 410
JSON, MERGE, JSON_PATCH = "application/json", "application/merge-patch+json", "application/json-patch+json"


class ApiError(Exception):
    """The API server said no; `status` is the HTTP code, `message` its own sentence."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


class ApiUnreachableError(Exception):
    """The API server did not answer, or its answer broke off."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API serves it; `group_version` is its apiVersion."""

    group_version: str
    plural: str
    kind: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the REST path of the collection (of one namespace or of all), or of one object."""
        base = "/api/" if self.group_version == "v1" else "/apis/"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{base}{self.group_version}{scope}/{self.plural}{tail}"


DATASETS = Resource("data.fluid.io/v1alpha1", "datasets", "Dataset")
DATA_LOADS = Resource("data.fluid.io/v1alpha1", "dataloads", "DataLoad")
JINDO_RUNTIMES = Resource("data.fluid.io/v1alpha1", "jindoruntimes", "JindoRuntime")
CONFIG_MAPS = Resource("v1", "configmaps", "ConfigMap")
DAEMON_SETS = Resource("apps/v1", "daemonsets", "DaemonSet")
DEPLOYMENTS = Resource("apps/v1", "deployments", "Deployment")
EVENTS = Resource("v1", "events", "Event")
JOBS = Resource("batch/v1", "jobs", "Job")
NODES = Resource("v1", "nodes", "Node", namespaced=False)
PERSISTENT_VOLUMES = Resource("v1", "persistentvolumes", "PersistentVolume", namespaced=False)
PERSISTENT_VOLUME_CLAIMS = Resource("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
PODS = Resource("v1", "pods", "Pod")
SECRETS = Resource("v1", "secrets", "Secret")
SERVICES = Resource("v1", "services", "Service")
STATEFUL_SETS = Resource("apps/v1", "statefulsets", "StatefulSet")
WEBHOOK_CONFIGURATIONS = Resource(
    "admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", namespaced=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """How a command in a container ended."""

    code: int
    output: str  # both streams, as they came


class Watch:
    """One open watch: an iterator over event dicts that another thread may end with `close`."""

    def __init__(self, response: Any) -> None:  # noqa: ANN401 - urllib3's response as the kubernetes package hands it out
        self._response = response

    def __iter__(self) -> Iterator[Object]:
        """Yield the server's events until it or `close` ends the stream; ApiUnreachableError when it breaks off."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with kubernetes, equally late

        rest = b""
        try:
            for chunk in self._response.stream(amt=None):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            raise ApiUnreachableError(f"watch broke off: {error}") from error
        finally:
            self._response.close()

    def close(self) -> None:
        """End the stream; the reading thread returns at once."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._response.shutdown()


class KubernetesApi:
    """A connection to one API server: the pod's own, or that of $KUBECONFIG where it is set. Safe for threads."""

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - the kubernetes package ships no types
        from kubernetes import config  # noqa: PLC0415 - late, see the module's rule
        from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415

        configuration = Configuration()
        configuration.connection_pool_maxsize = CONNECTIONS
        if os.environ.get("KUBECONFIG"):
            config.load_kube_config(os.environ["KUBECONFIG"], client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return ApiClient(configuration)

    def connect(self) -> None:
        """Load the configuration now, so that threads do not race to do it."""
        _ = self._client

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """Return one object as it is now, or None where there is none."""
        try:
            return self._json("GET", resource.path(namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def find(self, resource: Resource, namespace: str = "", *, selector: str = "") -> list[Object]:
        """Return all objects of a kind, of one namespace or of all."""
        return self.find_with_version(resource, namespace, selector=selector)[0]

    def find_with_version(
        self, resource: Resource, namespace: str = "", *, selector: str = ""
    ) -> tuple[list[Object], str]:
        """Return the objects and the resourceVersion from which a watch may go on."""
        query = {"labelSelector": selector} if selector else {}
        answer = self._json("GET", resource.path(namespace), query=query)
        return answer["items"], answer["metadata"]["resourceVersion"]

    def watch(self, resource: Resource, version: str, *, selector: str, seconds: int, silence: float) -> Watch:
        """Open a watch of at most `seconds`, which breaks off when nothing arrives for `silence` seconds."""
        query = {
            "watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version,
            "timeoutSeconds": str(seconds), "labelSelector": selector,
        }  # fmt: skip
        return Watch(self._send("GET", resource.path(), query=query, timeout=(REQUEST_SECONDS, silence)).response)

    def served(self, group_version: str) -> frozenset[str]:
        """Return the plurals of all kinds that the server serves in a group and version; none where it is unknown."""
        try:
            found = self._json("GET", Resource(group_version, "", "").path())
        except ApiError as error:
            if error.status == NOT_FOUND:
                return frozenset()
            raise
        return frozenset(item["name"] for item in found["resources"])

    def execute(self, pod: Object, container: str, command: Sequence[str], *, seconds: float) -> Executed:
        """Run a command in a container of a pod; ApiUnreachableError when it is not known how it ended."""
        from reference_impl.kubernetes_exec import execute  # noqa: PLC0415 - late: one controller of three needs it

        metadata = pod["metadata"]
        path = PODS.path(metadata["namespace"], metadata["name"], "exec")
        return execute(self._client, path, container=container, command=command, seconds=seconds)

    def create(self, resource: Resource, wanted: Object) -> Object:
        """Create an object and return it as stored."""
        return self._json("POST", resource.path(wanted["metadata"].get("namespace", "")), body=wanted)

    def patch(
        self, resource: Resource, existing: Object, change: object, *, subresource: str = "", kind: str = MERGE
    ) -> Object:
        """Change an object and return the result; name and namespace are those of `existing`."""
        metadata = existing["metadata"]
        path = resource.path(metadata.get("namespace", ""), metadata["name"], subresource)
        return self._json("PATCH", path, body=change, content_type=kind)

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Ask for the deletion of an object; one that is already gone is no error."""
        try:
            self._json("DELETE", resource.path(namespace, name), query={"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def _json(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None,
        content_type: str = JSON,
    ) -> Object:  # fmt: skip
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        answer = self._send(method, path, query=query, body=body, content_type=content_type)
        try:
            decoded: Object = json.loads(answer.read() or b"{}")
        except HTTPError as error:
            raise ApiUnreachableError(f"{method} {path}: the answer broke off: {error}") from error
        return decoded

    def _send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None,
        content_type: str = JSON, timeout: float | tuple[float, float] = REQUEST_SECONDS,
    ) -> Any:  # noqa: ANN401  # fmt: skip
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        call = self._client.param_serialize(
            method, path, query_params=list((query or {}).items()), body=body, auth_settings=["BearerToken"],
            header_params={"Accept": JSON, "Content-Type": content_type},
        )  # fmt: skip
        try:
            answer = self._client.call_api(*call, _request_timeout=timeout)
            if answer.status < 300:  # noqa: PLR2004 - HTTP: success is 2xx
                return answer
            text = answer.read()
        except HTTPError as error:
            raise ApiUnreachableError(f"{method} {path}: no answer: {error}") from error
        raise api_error(answer.status, text)


def api_error(status: int, text: bytes) -> ApiError:
    """Return the error that a Status object (or whatever else came) describes."""
    try:
        decoded = json.loads(text)
    except ValueError:
        decoded = {}
    if not isinstance(decoded, dict):
        decoded = {}
    return ApiError(status, decoded.get("reason", ""), decoded.get("message", text.decode(errors="replace")[:500]))
