"""The manifests keep what they promise: least rights, and commands that exist."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reference_impl.__main__ import COMMANDS

MANIFESTS = Path(__file__).parents[2] / "reference_impl" / "manifests"
OBJECTS: list[dict[str, Any]] = [
    found
    for path in sorted(MANIFESTS.rglob("*.yaml"))
    for found in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [found for found in OBJECTS if found["kind"] == kind]


def test_nobody_may_touch_a_secret_but_the_webhook_its_own() -> None:
    rules = [rule for kind in ("ClusterRole", "Role") for role in of_kind(kind) for rule in role["rules"]]
    touching = [rule for rule in rules if "secrets" in rule["resources"]]

    assert all("secrets" not in rule["resources"] for role in of_kind("ClusterRole") for rule in role["rules"])
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in touching] == [
        (["create"], None),
        (["get", "patch"], ["fluid-webhook-certs"]),
    ]


def test_only_the_dataset_controller_scales_and_only_what_it_is_for() -> None:
    roles = [*of_kind("ClusterRole"), *of_kind("Role")]
    rules = [(role["metadata"]["name"], role["kind"], rule) for role in roles for rule in role["rules"]]
    changing = [
        (name, kind, rule["resources"], rule.get("resourceNames"))
        for name, kind, rule in rules
        if any(resource.startswith("deployments") for resource in rule["resources"]) and rule["verbs"] != ["get"]
    ]
    at_zero = [each["metadata"]["name"] for each in of_kind("Deployment") if each["spec"]["replicas"] == 0]

    assert at_zero, "no controller is at zero"
    assert changing == [("dataset-controller", "Role", ["deployments/scale"], at_zero)]


def test_only_the_fluidapp_controller_runs_commands_in_pods_and_it_changes_nothing() -> None:
    for role in (*of_kind("ClusterRole"), *of_kind("Role")):
        may = {resource for rule in role["rules"] for resource in rule["resources"]}
        assert ("pods/exec" in may) == (role["metadata"]["name"] == "fluidapp-controller")
    (mine,) = (role for role in of_kind("ClusterRole") if role["metadata"]["name"] == "fluidapp-controller")

    verbs = {resource: rule["verbs"] for rule in mine["rules"] for resource in rule["resources"]}
    assert verbs == {"pods": ["get", "list", "watch"], "pods/exec": ["get", "create"]}


def test_no_rule_has_a_wildcard() -> None:
    for role in (*of_kind("ClusterRole"), *of_kind("Role")):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]], role["metadata"]["name"]


@pytest.mark.parametrize("deployment", of_kind("Deployment"), ids=lambda found: str(found["metadata"]["name"]))
def test_a_deployment_runs_a_command_of_the_image_under_an_account_of_its_own(deployment: dict[str, Any]) -> None:
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]

    assert "command" not in container
    assert container["args"][0] in COMMANDS
    assert spec["serviceAccountName"] == deployment["metadata"]["name"]
    assert {"readinessProbe", "livenessProbe"} <= container.keys()


def test_the_webhook_is_registered_as_fluids_is() -> None:
    (configuration,) = of_kind("MutatingWebhookConfiguration")

    assert {entry["name"]: entry["objectSelector"]["matchLabels"] for entry in configuration["webhooks"]} == {
        "sidecar.fuse.fluid.io": {"serverless.fluid.io/inject": "true"},
        "fuse.serverful.fluid.io": {"fuse.serverful.fluid.io/inject": "true"},
    }
    for entry in configuration["webhooks"]:
        assert (entry["failurePolicy"], entry["sideEffects"], entry["reinvocationPolicy"], entry["timeoutSeconds"]) == (
            "Fail", "None", "IfNeeded", 15,
        )  # fmt: skip
        assert "namespaceSelector" not in entry
