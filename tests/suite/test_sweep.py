"""The sweep finds what is left over, tells a case's things from others', and hides nothing."""

from suite.snapshot import Snapshot, Trace
from suite.sweep import compare, compare_case

NAMESPACE = "scenario-1a2b3"


def snapshot(*traces: Trace) -> Snapshot:
    return Snapshot(traces=frozenset(traces), cached_bytes=0)


def test_each_sort_of_leftover_is_found() -> None:
    left = [
        Trace(sort="object", where=NAMESPACE, name="ConfigMap/demo-config", uid="1"),
        Trace(sort="object", where="", name=f"PersistentVolume/{NAMESPACE}-demo", uid="2"),
        Trace(sort="label", where="node-1", name=f"fluid.io/s-{NAMESPACE}-demo=true"),
        Trace(sort="mount", where="node-1", name=f"/runtime-mnt/jindo/{NAMESPACE}/demo/jindofs-fuse"),
        Trace(sort="process", where="node-1", name="python -m worker", uid="pod-uid"),
        Trace(sort="bytes", where="node-1", name="/pods/pod-uid/volumes/mem"),
    ]
    found = compare_case(snapshot(), snapshot(*left), namespace=NAMESPACE, uids={"pod-uid"})

    assert set(found.leaks) == set(left)
    assert set(compare(snapshot(), snapshot(*left)).leaks) == set(left)


def test_what_was_there_before_is_no_leftover() -> None:
    old = Trace(sort="label", where="node-1", name=f"fluid.io/s-{NAMESPACE}-demo=true")

    assert compare(snapshot(old), snapshot(old)).leaks == ()


def test_what_is_judged_elsewhere_is_left_out_with_all_that_belongs_to_it() -> None:
    pod = Trace(sort="object", where="fluid-system", name="Pod/jindoruntime-controller-x", uid="pod-uid")
    held = Trace(sort="bytes", where="node-1", name="/pods/pod-uid/etc")
    other = Trace(sort="object", where="fluid-system", name="Pod/somebody-else", uid="other-uid")
    left = compare(snapshot(), snapshot(pod, held, other)).without({"pod-uid"})

    assert left.leaks == (other,)


def test_the_same_name_with_another_uid_is_a_leftover() -> None:
    before = snapshot(Trace(sort="object", where="", name="PersistentVolume/x", uid="1"))
    after = snapshot(Trace(sort="object", where="", name="PersistentVolume/x", uid="2"))

    assert len(compare(before, after).leaks) == 1


def test_other_cases_things_are_not_this_cases() -> None:
    other = Trace(sort="label", where="node-1", name=f"fluid.io/s-x{NAMESPACE}-demo=true")
    longer = Trace(sort="object", where=f"{NAMESPACE}4", name="Pod/x", uid="9")

    assert compare_case(snapshot(), snapshot(other, longer), namespace=NAMESPACE, uids=set()).leaks == ()


def test_what_kubernetes_puts_into_every_namespace_does_not_count_and_known_leaks_are_told_apart() -> None:
    after = snapshot(
        Trace(sort="object", where="", name=f"Namespace/{NAMESPACE}", uid="1"),
        Trace(sort="object", where=NAMESPACE, name="ConfigMap/kube-root-ca.crt", uid="2"),
        Trace(sort="object", where=NAMESPACE, name="ConfigMap/check-fluid-mount-ready", uid="3"),
    )
    found = compare_case(snapshot(), after, namespace=NAMESPACE, uids=set())

    assert found.leaks == ()
    assert [trace.uid for trace in found.known] == ["3"]
