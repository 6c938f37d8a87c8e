"""Wrong credentials: told where somebody looks, and never an empty file; by S3, and as OSS."""

from contextlib import suppress

import pytest

from suite import readers, scenario, waiting
from suite.case import DATA, Case, condition, describe_event, phase_of
from suite.cluster import Object
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.errors import WaitFailed
from suite.marks import requirement
from suite.origin import Origin

READ_SECONDS = 60.0
# What a reader may get, and what a cause may call it, when the origin refuses the credentials.
DENIED = frozenset({"EACCES", "EPERM", "EIO"})
CAUSES = ("AccessDenied", "SignatureDoesNotMatch", "credentials")


@pytest.mark.smoke
@requirement("FLUID-READ-DENIED-008")
def test_wrong_credentials_are_told_and_never_read_as_an_empty_file(environment: Environment, case: Case) -> None:
    told_and_never_read(environment, case, environment.origin)


@requirement("FLUID-READ-DENIED-008")
def test_wrong_oss_credentials_are_told_and_never_read_as_an_empty_file(environment: Environment, case: Case) -> None:
    told_and_never_read(environment, case, environment.oss)


def told_and_never_read(environment: Environment, case: Case, origin: Origin) -> None:
    """Judge a Dataset of a store by one of its doors whose Secret holds a wrong secret."""
    bucket = f"{case.namespace}-data"
    environment.origin.store.make_bucket(bucket)
    environment.origin.put(bucket, "file", seed=environment.seed_for("denied"), size=1000)
    secret, dataset, runtime = small(environment, bucket, origin=origin)
    secret["stringData"][f"fs.{origin.store.naming.scheme}.accessKeySecret"] = "not-the-secret"
    _, created, _ = case.create(secret, dataset, runtime)
    with suppress(WaitFailed):  # a cause that stands in a log alone is found below
        waiting.until(
            f"Dataset {case.namespace}/{NAME} that is Bound, or says why it cannot be",
            lambda: case.dataset(NAME),
            lambda found: phase_of(found) == "Bound" or any(map(blames_credentials, shown_causes(case, found))),
            seconds=20,
            patience=case.patience,
        )
    if any(phase_of(version) == "Bound" for version in case.cluster.history(created, seconds=2)):
        # Allowed as well, if every read then fails: so it is tried.
        case.wait_bound(NAME)
        args = ["--path", "/data/file", "--seed", environment.seed_for("denied"), "--size", "1000"]
        (reading,) = readers.read_all(
            case, [scenario.reader_pod(name="denied", claim=NAME, args=args)], seconds=READ_SECONDS
        )
        assert reading.error in DENIED, f"a read with wrong credentials ended without a clean error: {reading}"
    seen = case.must_get(DATA, "Dataset", NAME)
    told = [*shown_causes(case, seen), *logged_causes(case)]

    assert any(map(blames_credentials, told)), f"no condition, event or log names the credentials: {told}"
    assert "not-the-secret" not in f"{seen}{told}", "the secret stands in the Dataset, an event or a log"


def shown_causes(case: Case, dataset: Object) -> list[str]:
    """Return what the API says about why a Dataset does not work: condition NotReady and Warning events."""
    told = condition(dataset, "NotReady")
    events = [describe_event(event) for event in case.warnings(NAME)]
    return [anonymous(case, cause) for cause in ([str(told.get("message"))] if told else []) + events]


def logged_causes(case: Case) -> list[str]:
    """Return the lines in the logs of a case's containers that are about credentials."""
    logs = case.cluster.logs(case.namespace)
    lines = [anonymous(case, f"log of {name}: {line}") for name, text in logs for line in text.splitlines()]
    return [line for line in lines if blames_credentials(line)]


def anonymous(case: Case, cause: str) -> str:
    """Return a cause without the case's name, which speaks of credentials itself."""
    return cause.replace(case.namespace, "NS")


def blames_credentials(cause: str) -> bool:
    """Tell whether a cause says that it is the credentials."""
    return any(word in cause for word in CAUSES)
