"""What the webhook refuses, what it leaves alone, and how it is known to the API server."""

import base64

from suite import scenario
from suite.case import Case
from suite.cluster import Object
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.marks import requirement

CONFIGURATION = "fluid-pod-admission-webhook"


def reader(case: Case, claim: str, *, name: str = "reader") -> Object:
    """Return a labelled reader pod of the case."""
    return case.place(scenario.reader_pod(name=name, claim=claim, args=["--path", "/data/file"]))


@requirement("FLUID-HOOK-CONF-001", "FLUID-HOOK-CONF-002")
def test_the_webhook_is_registered_as_the_contract_says(environment: Environment) -> None:
    found = environment.cluster.get("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", CONFIGURATION)

    assert found is not None, f"no MutatingWebhookConfiguration {CONFIGURATION}"
    entries = {entry["name"]: entry for entry in found["webhooks"]}
    assert {name: entry["objectSelector"]["matchLabels"] for name, entry in entries.items()} == {
        "sidecar.fuse.fluid.io": {"serverless.fluid.io/inject": "true"},
        "fuse.serverful.fluid.io": {"fuse.serverful.fluid.io/inject": "true"},
    }
    for entry in entries.values():
        rule, service = entry["rules"][0], entry["clientConfig"]["service"]
        assert (rule["operations"], rule["apiGroups"], rule["apiVersions"], rule["resources"]) == (
            ["CREATE"],
            [""],
            ["v1"],
            ["pods"],
        )
        assert (entry["failurePolicy"], entry["sideEffects"], entry["timeoutSeconds"]) == ("Fail", "None", 15)
        assert entry["reinvocationPolicy"] == "IfNeeded"
        assert entry.get("namespaceSelector") in (None, {})
        assert (service["name"], service["port"]) == (CONFIGURATION, 9443)
        assert service["path"] == "/mutate-fluid-io-v1alpha1-schedulepod"


@requirement("FLUID-HOOK-CERT-003")
def test_every_entry_holds_a_certificate_that_verifies_the_served_one(environment: Environment, case: Case) -> None:
    found = environment.cluster.get("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", CONFIGURATION)
    assert found is not None
    bundles = [base64.b64decode(entry["clientConfig"]["caBundle"]) for entry in found["webhooks"]]

    assert all(b"BEGIN CERTIFICATE" in bundle for bundle in bundles), "a caBundle is still the chart's placeholder"
    # The API server verifies the served certificate with it: a labelled pod that is answered at all is the proof.
    refusal = case.cluster.expect_refused(reader(case, "no-such-claim"))
    assert "x509" not in refusal.message, refusal
    assert "no-such-claim" in refusal.message, refusal


@requirement("FLUID-HOOK-MISSINGPVC-011")
def test_a_labelled_pod_that_names_a_missing_claim_is_refused_by_name(case: Case) -> None:
    refusal = case.cluster.expect_refused(reader(case, "no-such-claim"))

    assert "no-such-claim" in refusal.message, refusal


@requirement("FLUID-HOOK-NOTBOUND-012")
def test_a_pod_whose_dataset_is_not_bound_is_refused_by_name(environment: Environment, case: Case) -> None:
    secret, dataset, _ = small(environment, "nobody-reads-this")
    case.create(
        secret,
        dataset,
        {
            # A claim that is recognised as the Dataset's by its label, as it would be left from an earlier life.
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": NAME, "labels": {f"fluid.io/s-{case.namespace}-{NAME}": "true"}},
            "spec": {
                "accessModes": ["ReadOnlyMany"],
                "storageClassName": "fluid",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
    )
    case.wait_phase(NAME, "NotBound", seconds=20)
    refusal = case.cluster.expect_refused(reader(case, NAME))

    assert f'dataset "{case.namespace}/{NAME}" not' in refusal.message, refusal


@requirement("FLUID-HOOK-OTHERPODS-004")
def test_a_pod_without_the_exact_label_is_stored_unchanged(case: Case) -> None:
    for name, value in (("unlabelled", None), ("shouting", "TRUE"), ("one", "1")):
        wanted = reader(case, "no-such-claim", name=name)
        if value is None:
            del wanted["metadata"]["labels"]["serverless.fluid.io/inject"]
        else:
            wanted["metadata"]["labels"]["serverless.fluid.io/inject"] = value
        stored = case.cluster.create(wanted, dry_run=True)

        assert [c["name"] for c in stored["spec"]["containers"]] == ["reader"]
        assert stored["metadata"]["labels"] == wanted["metadata"]["labels"]
        assert [v["name"] for v in stored["spec"]["volumes"] if not v["name"].startswith("kube-api-access")] == ["data"]
        assert stored["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "no-such-claim"


@requirement("FLUID-HOOK-NODATASET-018")
def test_a_labelled_pod_without_a_dataset_is_left_alone(case: Case) -> None:
    wanted = reader(case, "unused")
    wanted["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}]
    stored = case.cluster.create(wanted)

    assert [c["name"] for c in stored["spec"]["containers"]] == ["reader"]
    assert "done.sidecar.fluid.io/inject" not in stored["metadata"]["labels"]
