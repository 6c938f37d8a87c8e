"""Fields: what is missing is a judgement, never an error of ours, and the message names object, field and values."""

import pytest

from suite.fields import at, expect, title

POD = {"kind": "Pod", "metadata": {"namespace": "ns", "name": "p", "labels": {"a.b/c": "1"}}, "spec": {"list": [1, 2]}}


def test_a_path_leads_through_keys_and_positions() -> None:
    assert at(POD, "metadata", "labels", "a.b/c") == "1"
    assert (at(POD, "spec", "list", 1), at(POD, "spec", "list", -1)) == (2, 2)


@pytest.mark.parametrize("path", [("status",), ("status", "phase"), ("spec", "list", 2), ("kind", "x"), ("spec", 0)])
def test_what_is_not_there_is_none(path: tuple[str | int, ...]) -> None:
    assert at(POD, *path) is None


def test_fields_as_wanted_pass() -> None:
    expect(POD, {("metadata", "labels", "a.b/c"): "1", ("status", "phase"): None})


def test_each_wrong_field_has_its_line() -> None:
    with pytest.raises(AssertionError) as failure:
        expect(POD, {("metadata", "labels", "a.b/c"): "2", ("status", "phase"): "Running", ("kind",): "Pod"})

    assert str(failure.value).splitlines() == [
        "Pod ns/p: metadata.labels.a.b/c is '1', expected '2'",
        "Pod ns/p: status.phase is None, expected 'Running'",
    ]


def test_an_object_that_is_not_there_fails_too() -> None:
    with pytest.raises(AssertionError, match="an object that does not exist: kind is None, expected 'Pod'"):
        expect(None, {("kind",): "Pod"})


def test_a_cluster_wide_object_has_a_short_title() -> None:
    assert title({"kind": "Node", "metadata": {"name": "node-1"}}) == "Node node-1"
