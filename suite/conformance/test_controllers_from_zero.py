"""Runtime controllers are at zero until the first runtime of their kind, and again after the last.

Rule: this comes first of all, while no test of another module has made a runtime: then what is up is up for us.
"""

from collections.abc import Iterator

import pytest

from suite.case import phase_of
from suite.conformance.from_zero import CALLED_SECONDS, CONTROLLER, REPLICAS, FromZero
from suite.environment import Environment
from suite.fields import at
from suite.marks import requirement
from suite.recording import Record

pytestmark = pytest.mark.first


@pytest.fixture(scope="module")
def from_zero(environment: Environment) -> Iterator[FromZero]:
    """Return the stages; afterwards nothing of them is left, and the controller at zero."""
    made = FromZero(environment=environment, case=environment.new_case("from-zero"))
    yield made
    made.leave()
    made.case.cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.case.namespace}})


@requirement("FLUID-SCALE0-START-001")
def test_before_the_first_runtime_every_runtime_controller_exists_at_zero(from_zero: FromZero) -> None:
    zero, plane = from_zero.zero(), from_zero.environment.control_plane
    expected = {f"{kind.lower()}-controller" for kind in from_zero.runtime_kinds()}

    assert expected, "the server serves no kind of runtime: nothing was looked at"
    assert expected <= set(zero), f"Deployments of runtime controllers: {sorted(zero)}, expected {sorted(expected)}"
    wanted = {name: at(found, "spec", "replicas") for name, found in zero.items()}
    assert not any(wanted.values()), f"replicas before the first runtime: {wanted}"
    running = [pod["metadata"]["name"] for found in zero.values() for pod in plane.pods_of(found)]
    assert not running, f"pods of runtime controllers before the first runtime: {running}"


@requirement("FLUID-SCALE0-TRIGGER-003")
def test_a_runtime_without_dataset_and_a_dataset_without_runtime_call_nobody(from_zero: FromZero) -> None:
    replicas = from_zero.alone()

    assert not any(replicas), f"replicas of {CONTROLLER} while no Dataset has a runtime: {replicas}"


@requirement("FLUID-SCALE0-TRIGGER-003", "FLUID-SCALE0-UP-002", "FLUID-SCALE0-NS-007")
def test_a_runtime_that_comes_later_calls_its_controller_and_no_other(from_zero: FromZero, record: Record) -> None:
    called, again = from_zero.called(), from_zero.called_again()
    figures = {"from zero": called, "with its controller there": again}
    for state, figure in figures.items():
        record.observe(f"seconds to Bound {state}", round(figure.bound_seconds, 2))
    record.observe("seconds to replicas", round(called.scaled_seconds, 2))
    record.measurement(
        name="bound-from-zero", unit="s", value=round(called.bound_seconds, 2), samples=1,
        state=f"{again.bound_seconds:.1f} s with the controller there",
    )  # fmt: skip

    assert called.replicas[0] == 0, f"{CONTROLLER} had {called.replicas[0]} replicas before it was called"
    assert called.replicas[-1] == 1, f"replicas of {CONTROLLER} once a runtime was there: {called.replicas}"
    late = f"{CONTROLLER} was called after {called.scaled_seconds:.1f} s, expected {CALLED_SECONDS:.0f} s at most"
    assert called.scaled_seconds <= CALLED_SECONDS, late
    assert not called.others, f"called beside {CONTROLLER}: {called.others}"


@requirement("FLUID-SCALE0-DOWN-010")
def test_after_the_last_runtime_of_its_kind_the_controller_goes(from_zero: FromZero, record: Record) -> None:
    dismissed = from_zero.dismissed()
    record.observe("seconds to zero", round(dismissed.seconds, 2))

    assert not dismissed.early, f"{CONTROLLER} went to zero before the last runtime was released"
    assert not dismissed.late, dismissed.late


@requirement("FLUID-SCALE0-MISSING-008")
def test_a_missing_deployment_does_not_stop_the_dataset(from_zero: FromZero) -> None:
    meanwhile, called = from_zero.missing()

    assert phase_of(meanwhile) == "NotBound", f"phase {phase_of(meanwhile)!r} while {CONTROLLER} was missing"
    late = f"{CONTROLLER} was called {called.scaled_seconds:.1f} s after it had come"
    assert called.scaled_seconds <= CALLED_SECONDS, late


@requirement("FLUID-SCALE0-COUNT-006")
def test_the_deployments_own_annotation_says_how_many_replicas_it_gets(from_zero: FromZero) -> None:
    _, called = from_zero.missing()

    assert called.replicas[-1] == 2, f"replicas of {CONTROLLER} with annotation {REPLICAS}=2: {called.replicas}"


@requirement("FLUID-SCALE0-ONLY0-005")
def test_a_controller_that_runs_is_left_as_it_is(from_zero: FromZero) -> None:
    replicas = from_zero.kept()

    assert set(replicas) == {1}, f"replicas of {CONTROLLER} after an operator chose 1, and a runtime came: {replicas}"
