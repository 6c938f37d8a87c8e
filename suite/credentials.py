"""Search of a whole cluster for credentials that stand anywhere in plain text.

Rule: looked at is every object that can be listed and every log, Secrets too: they hold the credentials, so a search
that finds nothing in them is blind. What is found is named, never shown.
"""

import base64
from collections.abc import Collection

from suite.cluster import Cluster


class CredentialSearch:
    """Looks for some values, as they are and as base64, and counts what it has looked at."""

    def __init__(self, cluster: Cluster, *, values: Collection[str]) -> None:
        self._cluster = cluster
        self._forms = {form for value in values for form in (value, base64.b64encode(value.encode()).decode())}
        self.looked_at = 0

    def objects(self) -> list[str]:
        """Return kind, namespace and name of every object that holds one of the values."""
        found = []
        for resource in self._cluster.resources():
            if "list" not in resource.verbs or resource.kind == "ComponentStatus":
                continue
            for item in self._cluster.request("GET", resource.path(None)).get("items", []):
                name = "/".join(filter(None, (item["metadata"].get("namespace"), item["metadata"]["name"])))
                found += [f"{resource.kind} {name}"] * self._holds(str(item))
        return found

    def logs(self, *namespaces: str) -> list[str]:
        """Return a name for every container of these namespaces whose log holds one of the values."""
        return [
            f"log of {namespace}/{name}"
            for namespace in namespaces
            for name, text in self._cluster.logs(namespace)
            if self._holds(text)
        ]

    def _holds(self, text: str) -> bool:
        self.looked_at += 1
        return any(form in text for form in self._forms)
