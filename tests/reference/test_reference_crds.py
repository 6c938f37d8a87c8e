"""The custom resource definitions follow from the tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reference_impl.crds.__main__ import render
from reference_impl.crds.definition import schema
from reference_impl.crds.tables import Field, Kind, read_kinds

MANIFESTS = Path(__file__).parents[2] / "reference_impl" / "manifests" / "crds"


def test_the_manifests_in_the_tree_are_what_the_tables_give() -> None:
    in_tree = {path.name: path.read_text(encoding="utf-8") for path in MANIFESTS.glob("*.yaml")}

    assert in_tree == render(), "run: python -m reference_impl.crds"


@pytest.mark.parametrize("kind", read_kinds(), ids=lambda kind: kind.name)
def test_every_field_of_the_table_is_in_the_schema_and_no_other(kind: Kind) -> None:
    made = schema(kind.fields)
    for name in ("apiVersion", "kind", "metadata"):
        del made["properties"][name]

    assert set(paths(made)) == {field.path for field in kind.fields}


def test_types_enums_defaults_and_validations_are_those_of_the_row() -> None:
    runtime = yaml.safe_load(render()["jindoruntimes.data.fluid.io.yaml"])["spec"]["versions"][0]
    level = runtime["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["tieredstore"]["properties"][
        "levels"
    ]["items"]

    assert level["required"] == ["mediumtype"]
    assert level["properties"]["mediumtype"] == {"type": "string", "enum": ["MEM", "SSD", "HDD"]}
    assert level["properties"]["volumeType"]["default"] == "hostPath"
    assert level["properties"]["path"] == {"type": "string", "minLength": 1}
    assert level["properties"]["quota"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert level["properties"]["quota"]["x-kubernetes-int-or-string"] is True
    assert level["properties"]["volumeSource"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert runtime["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.currentWorkerNumberScheduled",
        },
    }


def test_the_empty_string_is_one_of_the_placements() -> None:
    spec = yaml.safe_load(render()["datasets.data.fluid.io.yaml"])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    assert spec["properties"]["spec"]["properties"]["placement"]["enum"] == ["Exclusive", "", "Shared"]


def test_a_field_that_a_later_release_dropped_is_not_served() -> None:
    runtime = next(kind for kind in read_kinds() if kind.name == "JindoRuntime")

    assert "spec.fuse.global" not in {field.path for field in runtime.fields}


def test_a_map_and_an_array_get_the_schema_of_their_items() -> None:
    fields = tuple(
        Field(path=path, type=kind, format="", required=False, enum=(), default="", validation=())
        for path, kind in (("spec", "object"), ("spec.ports", "map<integer>"), ("spec.names", "array<string>"))
    )
    spec = schema(fields)["properties"]["spec"]["properties"]

    assert spec["ports"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert spec["names"] == {"type": "array", "items": {"type": "string"}}


def paths(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, child in node.get("properties", {}).items():
        yield prefix + name
        yield from paths(child, f"{prefix}{name}.")
        yield from paths(child.get("items", {}), f"{prefix}{name}[].")
