"""Labels on nodes with workers."""

from reference_objects import Object, dataset, runtime

from reference_impl.controllers.jindo.node_labels import datasets_by_node, label_changes
from reference_impl.controllers.jindo.plan import make_plan

PLAN = make_plan(dataset(), runtime())
LABELS = {
    "fluid.io/s-demo-demo-dataset": "true",
    "fluid.io/s-jindo-demo-demo-dataset": "true",
    "fluid.io/s-h-jindo-m-demo-demo-dataset": "40GiB",
    "fluid.io/s-h-jindo-t-demo-demo-dataset": "40GiB",
    "fluid.io/dataset-num": "1",
    "fluid_exclusive": "demo_demo-dataset",
}


def worker(node: str, of: str, phase: str = "Running") -> Object:
    return {"metadata": {"labels": {"fluid.io/dataset": of}}, "spec": {"nodeName": node}, "status": {"phase": phase}}


def test_a_node_with_a_worker_gets_all_labels_once() -> None:
    assert label_changes({}, PLAN.names, PLAN, 1) == LABELS
    assert label_changes(LABELS, PLAN.names, PLAN, 1) == {}


def test_a_node_without_one_loses_all_of_them() -> None:
    assert label_changes(LABELS | {"other": "x"}, PLAN.names, None, 0) == dict.fromkeys(LABELS)


def test_the_number_of_another_dataset_that_stays_is_kept_true() -> None:
    assert label_changes(LABELS | {"fluid.io/dataset-num": "2"}, PLAN.names, None, 1)["fluid.io/dataset-num"] == "1"


def test_the_reservation_of_another_dataset_is_left_alone() -> None:
    assert "fluid_exclusive" not in label_changes(LABELS | {"fluid_exclusive": "other_one"}, PLAN.names, None, 1)


def test_datasets_are_counted_not_pods_and_only_where_pods_are() -> None:
    pods = [worker("n1", "a"), worker("n1", "a"), worker("n1", "b"), worker("n2", "a", "Failed"), worker("", "a")]

    assert datasets_by_node(pods) == {"n1": frozenset({"a", "b"})}
