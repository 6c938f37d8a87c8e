"""Allure shows each test with its requirements, the report's own verdict, its message and its evidence."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite import allure_results
from suite.ledger import Level, Requirement
from suite.verdicts import TestResult, Verdict

TESTS = """
import pytest

def test_plain(): pass

class TestGroup:
    @pytest.mark.parametrize("size", ["1/2", "b-c"])
    def test_sized(self, size): assert size == "1/2", "another size"
"""
ROOT = Path(__file__).resolve().parents[2]


def row(identity: str, *, level: Level = Level.MUST) -> Requirement:
    sentence = f"The sentence of {identity}, <whole>"
    return Requirement(id=identity, sentence=sentence, level=level, area="reading", profile="core", real="", source="–")


ROWS = {each.id: each for each in (row("FLUID-A-001"), row("FLUID-B-002", level=Level.SHOULD), row("FLUID-ZERO-Z2"))}


def ended(nodeid: str, verdict: Verdict, *requirements: str, message: str = "") -> TestResult:
    return TestResult(nodeid=nodeid, requirements=requirements, verdict=verdict, seconds=1.5, message=message)


RAN = (
    ended("test_of_this.py::test_plain", Verdict.PASS, "FLUID-A-001", "FLUID-B-002"),
    ended("test_of_this.py::TestGroup::test_sized[1/2]", Verdict.VOID, "FLUID-B-002", message="it proves\nnothing"),
    ended("test_of_this.py::TestGroup::test_sized[b-c]", Verdict.FAIL, message="another size"),
    ended("final sweep", Verdict.FAIL, "FLUID-ZERO-Z2", message="left over"),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results that Allure's own plug-in writes of a few tests."""
    directory = tmp_path_factory.mktemp("allure")
    (directory / "test_of_this.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(directory),
               "-p", "no:cacheprovider", "--alluredir", str(directory / "results"), str(directory)]  # fmt: skip
    subprocess.run(command, cwd=directory, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    return directory / "results"


@pytest.fixture
def completed(written: Path, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Complete a copy of the results in a run's directory; return them by the test's name."""
    allure = tmp_path / "allure-results"
    allure.mkdir()
    for path in written.iterdir():
        (allure / path.name).write_bytes(path.read_bytes())
    folder = tmp_path / "evidence" / "FLUID-B-002"
    (folder / "test_sized[1_2]").mkdir(parents=True)
    (folder / "test_sized[1_2]" / "objects.yaml").write_text("Pod: []\n")
    (folder / "test_sized[1_2].yaml").write_text("observations: {}\n")

    def complete() -> dict[str, Any]:
        allure_results.complete(allure, tmp_path, RAN, ROWS, {"target": {"name": "local", "nodes": 8, "what": ["x"]}})
        found = (json.loads(path.read_text(encoding="utf-8")) for path in allure.glob("*-result.json"))
        return {each["name"]: each for each in found}

    return complete


def labels(result: dict[str, Any], name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_all_tests_and_the_final_sweep_are_there_once(completed: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    assert sorted(completed()) == ["final sweep", "test_plain", "test_sized[1/2]", "test_sized[b-c]"]
    assert len(list((tmp_path / "allure-results").glob("*-result.json"))) == 4


def test_a_test_carries_its_requirements_as_stories_tags_and_links(completed: Callable[[], dict[str, Any]]) -> None:
    plain = completed()["test_plain"]

    assert labels(plain, "story") == labels(plain, "tag") == ["FLUID-A-001", "FLUID-B-002"]
    assert labels(plain, "feature") == ["reading"]
    assert labels(plain, "severity") == ["critical"]
    assert [link["url"] for link in plain["links"]] == ["../report.html#FLUID-A-001", "../report.html#FLUID-B-002"]
    assert "<b>FLUID-A-001</b> (must): The sentence of FLUID-A-001, &lt;whole&gt;" in plain["descriptionHtml"]


def test_the_verdict_is_the_report_s_whatever_pytest_made_of_it(completed: Callable[[], dict[str, Any]]) -> None:
    found = completed()

    assert {name: result["status"] for name, result in found.items()} == {
        "test_plain": "passed",
        "test_sized[1/2]": "broken",  # pytest passed it
        "test_sized[b-c]": "failed",
        "final sweep": "failed",
    }
    assert found["test_sized[1/2]"]["statusDetails"]["message"] == "void: it proves\nnothing"
    assert found["test_sized[b-c]"]["statusDetails"]["message"] == "fail: another size"
    assert "another size" in found["test_sized[b-c]"]["statusDetails"]["trace"]
    assert labels(found["test_sized[1/2]"], "severity") == ["minor"]


def test_evidence_is_attached_and_its_copies_are_whole(completed: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    attached = completed()["test_sized[1/2]"]["attachments"]

    assert [each["name"] for each in attached] == ["observations.yaml", "objects.yaml"]
    copies = [(tmp_path / "allure-results" / each["source"]).read_text() for each in attached]
    assert copies == ["observations: {}\n", "Pod: []\n"]


def test_each_verdict_has_a_category_and_the_run_its_surroundings(
    completed: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    completed()

    found = json.loads((tmp_path / "allure-results" / "categories.json").read_text(encoding="utf-8"))
    assert {"name": "void: measured, but the sample proves nothing", "messageRegex": r"^void: [\s\S]*$",
            "matchedStatuses": ["broken"]} in found  # fmt: skip
    surroundings = (tmp_path / "allure-results" / "environment.properties").read_text(encoding="utf-8")
    assert surroundings == f"run={tmp_path.name}\ntarget.name=local\ntarget.nodes=8\n"


def test_a_half_written_result_is_left_alone(completed: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    half = tmp_path / "allure-results" / "x-result.json"
    half.write_text('{"name": "test_')
    with pytest.raises(json.JSONDecodeError):
        completed()

    assert half.read_text() == '{"name": "test_'


def test_without_allure_nothing_is_written(tmp_path: Path) -> None:
    allure_results.complete(tmp_path / "none", tmp_path, RAN, ROWS, {})

    assert list(tmp_path.iterdir()) == []
