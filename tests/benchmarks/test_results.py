"""What a session of benchmarks left is believed only where it accounts for every benchmark."""

import json
from pathlib import Path

import pytest

from fixtures.errors import InfrastructureError
from fixtures.implementations.data_plane import NotOffered
from suite.errors import NotApplicable, NothingObserved, Void, WaitFailed
from suite.performance import outcomes
from suite.performance.comparison import Comparison, Round
from suite.performance.gates import WORKER_BULK
from suite.performance.session import Results

ROUND = Round(numerator=(1.0, 1.0), denominator=(1.0,))
FOUND = Comparison(
    gate=WORKER_BULK.name, numerator="a", denominator="b", unit="byte/s", how="so", rounds=(ROUND,) * 6
).as_data()


def written(path: Path, **changes: object) -> Path:
    document = {
        "benchmarks": [{"name": "test_one", "extra_info": {"comparison": FOUND}}],
        "collected": ["test_one"],
        "ended": {},
    }
    file = path / "benchmarks.json"
    file.write_text(json.dumps({**document, **changes}))
    return file


def test_the_rounds_of_a_benchmark_are_found_by_its_gate(tmp_path: Path) -> None:
    assert Results.read(written(tmp_path)).of(WORKER_BULK, "test_one").rounds == (ROUND,) * 6


def test_a_session_that_collected_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingObserved, match="no benchmark was collected"):
        Results.read(written(tmp_path, collected=[], benchmarks=[]))


def test_a_benchmark_without_figures_and_without_a_reason_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingObserved, match="neither figures nor a reason of test_two"):
        Results.read(written(tmp_path, collected=["test_one", "test_two"]))


def test_a_gate_that_no_benchmark_measured_is_an_error(tmp_path: Path) -> None:
    results = Results.read(written(tmp_path, benchmarks=[], ended={"test_one": {"verdict": "void", "message": "x"}}))

    with pytest.raises(NothingObserved, match="test_other left no rounds"):
        results.of(WORKER_BULK, "test_other")


@pytest.mark.parametrize(
    ("error", "again", "words"),
    [
        (AssertionError("byte 7"), AssertionError, "byte 7"),
        (WaitFailed("no byte for 10 s"), AssertionError, "no byte for 10 s"),
        (Void("that was not cold"), Void, "that was not cold"),
        (NotApplicable("no nginx"), NotApplicable, "no nginx"),
        (NotOffered("TCP only"), NotApplicable, "TCP only"),
        (OSError(28, "No space left"), InfrastructureError, r"OSError: \[Errno 28\] No space left"),
        (InfrastructureError("worker ended"), InfrastructureError, "InfrastructureError: worker ended"),
        (KeyError(), InfrastructureError, "KeyError"),
    ],
)
def test_what_a_benchmark_raised_is_raised_again(error: Exception, again: type[Exception], words: str) -> None:
    with pytest.raises(again, match=words):
        outcomes.raise_again(outcomes.of_error(error))
