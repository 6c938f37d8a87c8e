"""From a kind's rows to its CustomResourceDefinition.

Rule: an embedded Kubernetes type (core/v1.X) becomes an object that keeps unknown fields: its contents are checked
when the object that they are copied into is created, not when ours is stored.
"""

import json
from typing import Any

from reference_impl.crds.tables import Field, Kind

Schema = dict[str, Any]

NUMERIC_RULES = frozenset({"minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"})
FREE_OBJECT: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(kind: Kind) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind as a plain dict."""
    attributes = kind.attributes
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": attributes["crdName"]},
        "spec": {
            "group": attributes["group"],
            "scope": attributes["scope"],
            "names": {
                "kind": kind.name,
                "listKind": attributes["listKind"],
                "plural": attributes["plural"],
                "singular": attributes["singular"],
                "shortNames": attributes["shortNames"].split(","),
                "categories": attributes["categories"].split(","),
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.version,
        "served": kind.attributes["served"] == "true",
        "storage": kind.attributes["storage"] == "true",
        "subresources": _subresources(kind.attributes),
        "additionalPrinterColumns": [
            {"name": column.name, "type": column.type, "jsonPath": column.json_path}
            | ({"priority": column.priority} if column.priority else {})
            for column in kind.columns
        ],
        "schema": {"openAPIV3Schema": schema(kind.fields)},
    }


def _subresources(attributes: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"status": {}} if attributes["statusSubresource"] == "yes" else {}
    scale = {
        key: attributes[f"scale.{key}"]
        for key in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
        if attributes[f"scale.{key}"]
    }
    return found | ({"scale": scale} if scale else {})


def schema(fields: tuple[Field, ...]) -> Schema:
    """Return the schema of an object from the rows of all its fields, parents before children."""
    root: Schema = {"type": "object", "properties": {}}
    for name in ("apiVersion", "kind"):
        root["properties"][name] = {"type": "string"}
    root["properties"]["metadata"] = {"type": "object"}
    for field in fields:
        *parents, name = field.path.split(".")
        node = root
        for parent in parents:
            node = node["properties"][parent.removesuffix("[]")]
            node = node["items"] if parent.endswith("[]") else node
        node.setdefault("properties", {})[name] = _leaf(field)
        if field.required:
            node.setdefault("required", []).append(name)
    return root


def _leaf(field: Field) -> Schema:
    found = _of_type(field.type)
    if field.format:
        found["format"] = field.format
    if field.enum:
        found["enum"] = list(field.enum)
    if field.default:
        found["default"] = json.loads(field.default)
    for key, value in field.validation:
        _apply_rule(found, key, value)
    return found


def _of_type(name: str) -> Schema:
    if name.startswith("array<"):
        return {"type": "array", "items": _of_type(name.removeprefix("array<").removesuffix(">"))}
    if name.startswith("map<"):
        return {"type": "object", "additionalProperties": _of_type(name.removeprefix("map<").removesuffix(">"))}
    if "/" in name:  # core/v1.X
        return dict(FREE_OBJECT)
    return {} if name == "int-or-string" else {"type": name}


def _apply_rule(found: Schema, key: str, value: str) -> None:
    if key.startswith("items."):
        _apply_rule(found["items"], key.removeprefix("items."), value)
    elif key in NUMERIC_RULES:
        found[key] = int(value)
    elif key == "anyOf":
        found[key] = [{"type": name} for name in value.split("|")]
    elif key == "x-kubernetes-int-or-string":
        found[key] = value == "true"
    else:
        found[key] = value
