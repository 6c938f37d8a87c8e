"""Fixtures of all tests that need a target: the environment, a case of one's own, the shared story."""

import re
from collections.abc import Iterator

import pytest

from suite.case import Case
from suite.environment import Environment
from suite.first import put_first
from suite.recording import Record
from suite.results import record_key
from suite.session import handover_key
from suite.story import Story


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those tests first that need a cluster in which nothing exists yet."""
    put_first(items)


@pytest.fixture(scope="session")
def environment(pytestconfig: pytest.Config) -> Environment:
    """Return what the run's controller has brought up."""
    handover = pytestconfig.stash.get(handover_key, None)
    if not handover:
        raise pytest.UsageError("these tests need a target: pytest --target=local")
    return Environment.from_handover(handover)


@pytest.fixture(autouse=True)
def alive(request: pytest.FixtureRequest, environment: Environment) -> Iterator[None]:
    """End a test before it begins when something that it stands on has died; let those run alone that have to."""
    environment.check_alive()
    environment.first.before(request.node, request.session.items)
    with environment.quiet.shared():
        yield
    environment.first.after(request.node, request.session.items)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Return where a test keeps its figures and observations."""
    kept = Record()
    request.node.stash[record_key] = kept
    return kept


@pytest.fixture
def case(request: pytest.FixtureRequest, environment: Environment) -> Iterator[Case]:
    """Return a namespace of the test's own; it is deleted afterwards, the final sweep waits for it."""
    made = environment.new_case(_slug(request.node.originalname))
    yield made
    made.leave()


@pytest.fixture(scope="module")
def story(environment: Environment) -> Iterator[Story]:
    """Return the scenario, whose stages the tests of a module share."""
    made = environment.new_case("scenario")
    yield Story(environment=environment, case=made)
    made.leave()


def _slug(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", name.lower().removeprefix("test_")).strip("-")
    return words[:24].strip("-")
