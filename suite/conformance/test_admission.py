"""What the webhook refuses, what it leaves alone, and how it is known to the API server."""

import base64
import re

import pytest

from suite import scenario
from suite.case import Case
from suite.cluster import Object
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.fields import at, expect
from suite.marks import requirement

pytestmark = pytest.mark.smoke

CONFIGURATION = "fluid-pod-admission-webhook"
REGISTRATION = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
SERVERLESS, SERVERFUL = "serverless.fluid.io/inject", "fuse.serverful.fluid.io/inject"
ENTRIES = {"sidecar.fuse.fluid.io": SERVERLESS, "fuse.serverful.fluid.io": SERVERFUL}


def reader(case: Case, claim: str, *, name: str = "reader", labels: dict[str, str] | None = None) -> Object:
    """Return a reader pod of the case, labelled for the sidecar or with these labels instead."""
    pod = case.place(scenario.reader_pod(name=name, claim=claim, args=["--path", "/data/file"]))
    if labels is not None:
        del pod["metadata"]["labels"][SERVERLESS]
        pod["metadata"]["labels"].update(labels)
    return pod


def entries_of(environment: Environment) -> dict[str, Object]:
    """Return the entries of the contract's configuration by name, all of them."""
    found = environment.cluster.get(*REGISTRATION, CONFIGURATION)
    assert found is not None, f"no MutatingWebhookConfiguration {CONFIGURATION}"
    entries = {str(entry["name"]): entry for entry in found.get("webhooks", [])}
    assert set(entries) == set(ENTRIES), f"entries of {CONFIGURATION}: {sorted(entries)}, expected {sorted(ENTRIES)}"
    return entries


@requirement("FLUID-HOOK-CONF-001", "FLUID-HOOK-CONF-002")
def test_the_webhook_is_registered_as_the_contract_says(environment: Environment) -> None:
    for name, entry in entries_of(environment).items():
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}
        expect(
            entry,
            {
                ("objectSelector",): {"matchLabels": {ENTRIES[name]: "true"}},
                ("rules",): [rule],
                ("failurePolicy",): "Fail",
                ("sideEffects",): "None",
                ("timeoutSeconds",): 15,
                ("reinvocationPolicy",): "IfNeeded",
                ("clientConfig", "service", "name"): CONFIGURATION,
                ("clientConfig", "service", "port"): 9443,
                ("clientConfig", "service", "path"): "/mutate-fluid-io-v1alpha1-schedulepod",
            },
            what=f"webhook {name}",
        )
        assert entry.get("namespaceSelector") in (None, {}), f"webhook {name} leaves namespaces out: {entry}"


@requirement("FLUID-HOOK-CERT-003")
def test_every_entry_holds_a_certificate_that_verifies_the_served_one(environment: Environment, case: Case) -> None:
    for name, entry in entries_of(environment).items():
        bundle = base64.b64decode(at(entry, "clientConfig", "caBundle") or "")
        assert b"BEGIN CERTIFICATE" in bundle, f"webhook {name}: caBundle is {bundle[:40]!r}, expected a certificate"
        # The API server verifies the served certificate with it: a labelled pod that gets an answer is the proof.
        refusal = case.cluster.expect_refused(reader(case, "no-such-claim", labels={ENTRIES[name]: "true"}))
        assert "x509" not in refusal.message, f"webhook {name}: {refusal}"
        assert f'"{name}" denied the request' in refusal.message, f"webhook {name} did not answer: {refusal}"


@requirement("FLUID-HOOK-MISSINGPVC-011")
def test_a_labelled_pod_that_names_a_missing_claim_is_refused_by_name(case: Case) -> None:
    for label in ENTRIES.values():
        refusal = case.cluster.expect_refused(reader(case, "no-such-claim", labels={label: "true"}))

        assert "no-such-claim" in refusal.message, f"refused without naming claim no-such-claim ({label}): {refusal}"
        assert refusal.status == 500, f"refused with {refusal.status}, expected 500 ({label}): {refusal}"


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

    told = re.escape(f'dataset "{case.namespace}/{NAME}"') + " not (bound|ready because )"
    assert re.search(told, refusal.message), f"refused without saying that the Dataset is not bound: {refusal}"


@requirement("FLUID-HOOK-OTHERPODS-004")
def test_a_pod_without_the_exact_label_is_stored_unchanged(case: Case) -> None:
    others: dict[str, dict[str, str]] = {
        "unlabelled": {},
        "shouting": {SERVERLESS: "TRUE"},
        "one": {SERVERLESS: "1"},
        "deprecated": {"fuse.sidecar.fluid.io/inject": "true"},
    }
    for name, labels in others.items():
        # With a claim that does not exist: whoever looked at this pod would refuse it.
        wanted = reader(case, "no-such-claim", name=name, labels=labels)
        unchanged(wanted, case.cluster.expect_accepted(wanted, dry_run=True))


@requirement("FLUID-HOOK-NODATASET-018")
def test_a_labelled_pod_without_a_dataset_is_left_alone(case: Case) -> None:
    foreign = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "foreign"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    case.create(foreign)
    volumes: list[Object] = [{"emptyDir": {}}, {"persistentVolumeClaim": {"claimName": "foreign"}}]
    for volume in volumes:
        wanted = reader(case, "unused")
        wanted["spec"]["volumes"] = [{"name": "data", **volume}]
        unchanged(wanted, case.cluster.expect_accepted(wanted, dry_run=True))


def unchanged(wanted: Object, stored: Object) -> None:
    """Demand that a pod was stored as it was asked for, apart from what the API server itself adds to every pod."""
    token = "kube-api-access"  # noqa: S105 - the name of a volume
    expect(stored, {("metadata", part): wanted["metadata"].get(part) for part in ("labels", "annotations")})
    volumes = [volume for volume in stored["spec"]["volumes"] if not volume["name"].startswith(token)]
    assert volumes == wanted["spec"]["volumes"], f"volumes are {volumes}, expected {wanted['spec']['volumes']}"
    assert not at(stored, "spec", "initContainers"), f"init containers were added: {stored['spec']['initContainers']}"
    names = [container["name"] for container in stored["spec"]["containers"]]
    assert names == [container["name"] for container in wanted["spec"]["containers"]], f"containers are {names}"
    for seen, asked in zip(stored["spec"]["containers"], wanted["spec"]["containers"], strict=True):
        mounts = [mount for mount in seen["volumeMounts"] if not mount["name"].startswith(token)]
        expect(seen | {"volumeMounts": mounts}, {(key,): value for key, value in asked.items()}, what=names[0])
