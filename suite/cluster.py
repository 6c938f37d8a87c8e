"""The Kubernetes API as the suite sees it: plain dicts, whole objects, no unknown field lost.

Rule: this is the only module that imports the `kubernetes` package, and it does so late (0.3 s, 65 MB). An answer
that is not a success becomes ApiError with the server's own message; a refused connection InfrastructureError.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fixtures.errors import InfrastructureError

Object = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
REQUEST_SECONDS = 30.0
BAD_REQUEST, NOT_FOUND = 400, 404


class ApiError(Exception):
    """The API server said no; `status` is the HTTP code, `message` its own sentence."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message = status, reason, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as the server serves it."""

    group_version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """Return the REST path of the collection, or of one object."""
        base = "/api/v1" if self.group_version == "v1" else f"/apis/{self.group_version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{base}{scope}/{self.plural}" + (f"/{name}" if name else "")


class Cluster:
    """A connection to one API server."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._resources: dict[str, Resource] = {}

    @cached_property
    def _api(self) -> Any:  # noqa: ANN401 - the kubernetes package ships no types
        from kubernetes import config  # noqa: PLC0415 - late, see the module's rule

        return config.new_client_from_config(str(self._kubeconfig))  # type: ignore[no-untyped-call]  # no types

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Object:
        """Send one request and return the decoded JSON answer."""
        data = self._send(method, path, query=query or {}, body=body, content_type=content_type)
        decoded: Object = json.loads(data) if data else {}
        return decoded

    def text(self, path: str, *, query: Mapping[str, str] | None = None) -> str:
        """Return an answer that is not JSON, e.g. a container's log."""
        return self._send("GET", path, query=query or {}, body=None, content_type="application/json").decode(
            errors="replace"
        )

    def _send(self, method: str, path: str, *, query: Mapping[str, str], body: object, content_type: str) -> bytes:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with kubernetes, equally late

        api = self._api
        call = api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            answer = api.call_api(*call, _request_timeout=REQUEST_SECONDS)
            data: bytes = answer.read()
        except HTTPError as error:
            raise InfrastructureError(f"API server does not answer ({method} {path}): {error}") from error
        if answer.status >= 300:  # noqa: PLR2004 - HTTP: success is 2xx
            raise _refusal(answer.status, data)
        return data

    def resources(self) -> tuple[Resource, ...]:
        """Return every kind that the server serves in its preferred version, sub-resources left out."""
        found = list(self._discover("v1"))
        for group in self.request("GET", "/apis")["groups"]:
            found.extend(self._discover(group["preferredVersion"]["groupVersion"]))
        return tuple(found)

    def _discover(self, group_version: str) -> Iterable[Resource]:
        path = "/api/v1" if group_version == "v1" else f"/apis/{group_version}"
        for item in self.request("GET", path)["resources"]:
            if "/" not in item["name"]:
                yield Resource(
                    group_version=group_version,
                    plural=item["name"],
                    kind=item["kind"],
                    namespaced=item["namespaced"],
                    verbs=tuple(item["verbs"]),
                )

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return the resource of a kind; raises ApiError 404 when the server does not serve it."""
        key = f"{api_version}/{kind}"
        if key not in self._resources:
            for found in self._discover(api_version):
                self._resources[f"{api_version}/{found.kind}"] = found
        if key not in self._resources:
            raise ApiError(NOT_FOUND, "NotFound", f"the server does not serve {key}")
        return self._resources[key]

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return one object, or None where there is none."""
        try:
            return self.request("GET", self.resource(api_version, kind).path(namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, *, selector: str = ""
    ) -> tuple[Object, ...]:
        """Return all objects of a kind, of one namespace or of all, optionally by label selector."""
        return self.list_with_version(api_version, kind, namespace, selector=selector)[0]

    def list_with_version(
        self, api_version: str, kind: str, namespace: str | None = None, *, selector: str = ""
    ) -> tuple[tuple[Object, ...], str]:
        """Return the objects, and the version after which all later changes come."""
        query = {"labelSelector": selector} if selector else {}
        answer = self.request("GET", self.resource(api_version, kind).path(namespace), query=query)
        # The items of a list do not say themselves of what kind they are.
        found = tuple({"apiVersion": api_version, "kind": kind} | item for item in answer["items"])
        return found, str(answer["metadata"]["resourceVersion"])

    def create(self, wanted: Object, *, dry_run: bool = False) -> Object:
        """Create an object and return it as stored (with `dry_run`: as it would be stored)."""
        metadata = wanted["metadata"]
        path = self.resource(wanted["apiVersion"], wanted["kind"]).path(metadata.get("namespace"))
        return self.request("POST", path, query={"dryRun": "All"} if dry_run else {}, body=wanted)

    def patch(self, existing: Object, change: object, *, subresource: str = "") -> Object:
        """Merge a change into an object and return the result."""
        metadata = existing["metadata"]
        resource = self.resource(existing["apiVersion"], existing["kind"])
        path = resource.path(metadata.get("namespace"), metadata["name"]) + subresource
        return self.request("PATCH", path, body=change, content_type=MERGE)

    def delete(self, existing: Object, *, grace_seconds: int | None = None) -> None:
        """Ask for the deletion of an object; one that is already gone is no error."""
        metadata = existing["metadata"]
        path = self.resource(existing["apiVersion"], existing["kind"]).path(metadata.get("namespace"), metadata["name"])
        query = {} if grace_seconds is None else {"gracePeriodSeconds": str(grace_seconds)}
        try:
            self.request("DELETE", path, query=query)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def history(self, since: Object, *, of: Object | None = None, seconds: int = 1) -> tuple[Object, ...]:
        """Return every version of an object after this one, those of the coming seconds included, oldest first.

        With `of`, those of another object after that moment. Asked for is what the server remembers, so nothing is
        missed between two looks.
        """
        version, since = since["metadata"]["resourceVersion"], of or since
        metadata = since["metadata"]
        events = self.changes(
            since["apiVersion"], since["kind"], metadata.get("namespace"),
            since=version, seconds=seconds, name=metadata["name"],
        )  # fmt: skip
        return tuple(event["object"] for event in events if event["type"] != "BOOKMARK")

    def changes(
        self, api_version: str, kind: str, namespace: str | None, *, since: str, seconds: int, name: str = ""
    ) -> tuple[Object, ...]:
        """Return what a watch from a version on tells in so many seconds, bookmarks included, of one name or of all."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(seconds),
        } | ({"fieldSelector": f"metadata.name={name}"} if name else {})
        path = self.resource(api_version, kind).path(namespace)
        events = tuple(json.loads(line) for line in self.text(path, query=query).splitlines())
        for event in events:
            if event["type"] == "ERROR":
                told = event["object"]
                raise ApiError(told.get("code", 0), told.get("reason", ""), told.get("message", ""))
        return events

    def logs(self, namespace: str) -> Iterator[tuple[str, str]]:
        """Yield pod and container, and the log, of every container of a namespace that has begun to run."""
        for pod in self.list("v1", "Pod", namespace):
            name = pod["metadata"]["name"]
            for container in (each["name"] for each in pod["spec"]["containers"]):
                path = self.resource("v1", "Pod").path(namespace, name) + "/log"
                try:
                    yield f"{name} {container}", self.text(path, query={"container": container})
                except ApiError as error:
                    if error.status not in {BAD_REQUEST, NOT_FOUND}:  # not begun, or gone meanwhile
                        raise

    def expect_accepted(self, wanted: Object, *, dry_run: bool = False) -> Object:
        """Create an object that must be accepted and return it as stored; AssertionError if it is refused."""
        try:
            return self.create(wanted, dry_run=dry_run)
        except ApiError as refusal:
            name = f"{wanted['kind']} {wanted['metadata']['name']}"
            raise AssertionError(f"{name} was refused, expected to be accepted: {refusal}") from refusal

    def expect_refused(self, wanted: Object) -> ApiError:
        """Create an object that must not be accepted and return the refusal; AssertionError if it is accepted."""
        try:
            stored = self.create(wanted)
        except ApiError as refusal:
            return refusal
        self.delete(stored, grace_seconds=0)
        raise AssertionError(f"{wanted['kind']} {wanted['metadata']['name']} was accepted, expected a refusal")


def _refusal(status: int, data: bytes) -> ApiError:
    try:
        told = json.loads(data)
        return ApiError(status, told.get("reason", ""), told["message"])
    except (ValueError, KeyError, AttributeError):
        return ApiError(status, "", data.decode(errors="replace")[:500])
