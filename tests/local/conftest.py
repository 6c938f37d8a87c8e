"""One cluster for all tests that leave it as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.targets.images import common_images
from fixtures.targets.local import LocalTarget

NAMES = {"store.example.com": "10.240.255.9"}  # outside the cluster, for the sandbox's DNS


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the directories of real runs out of what the tests tidy; the programs stay where they are."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fixtures.targets.rundirectory.runs_directory", lambda: runs)
        yield


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    target = LocalTarget(
        tmp_path_factory.mktemp("cluster"), nodes=2, labels="kind=test", images=common_images(), names=NAMES
    )
    target.up(lambda _: None)
    yield target
    target.down()


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    return tmp_path / "run"
