"""Evidence shows the case as it was, and never a secret."""

from pathlib import Path
from typing import Any, cast

from suite import evidence
from suite.cluster import ApiError, Cluster
from suite.scenario import Arithmetic
from suite.telling import phase_lines
from suite.verdicts import TestResult, Verdict

POD = {"metadata": {"name": "reader", "namespace": "ns", "managedFields": []}, "spec": {"containers": [{"name": "c"}]}}
SECRET = {
    "metadata": {"name": "key", "annotations": {"last-applied": "hunter2"}},
    "data": {"password": "aHVudGVyMg=="},
    "type": "Opaque",
}


class FakeCluster:
    def list(self, _api_version: str, kind: str, _namespace: str) -> tuple[dict[str, Any], ...]:
        if kind == "DaemonSet":
            raise ApiError(403, "Forbidden", "no right to list daemonsets")
        return {"Pod": (POD,), "Secret": (SECRET,)}.get(kind, ())

    def text(self, path: str, *, query: dict[str, str]) -> str:
        return f"log of {path} {query['container']}\n"


def test_objects_and_logs_are_kept_without_secrets(tmp_path: Path) -> None:
    folder = evidence.keep(cast("Cluster", FakeCluster()), "ns", tmp_path / "FLUID-X-1")
    text = (folder / "objects.yaml").read_text()

    assert "aHVudGVyMg" not in text
    assert "hunter2" not in text
    assert "password: '***'" in text
    assert "no right to list daemonsets" in text
    assert "log of /api/v1/namespaces/ns/pods/reader/log c" in (folder / "reader.c.log").read_text()


def test_the_terminal_tells_measured_beside_predicted_and_nothing_that_was_not_measured() -> None:
    arithmetic = Arithmetic(readers=8, object_bytes=1000, origin_bytes_per_second=100)
    figure = {"phase": "direct", "seconds": 81.0, "originBytes": 8000}
    result = TestResult(
        nodeid="t", requirements=(), verdict=Verdict.PASS, seconds=1.0, facts={"measurements": [figure]}
    )

    assert phase_lines(arithmetic, [result]) == [
        "direct   81.0 s, predicted 80.0 s = 8 × 1000 B ÷ 100 B/s; origin 8000 B = 8.00 × the object"
    ]
    assert phase_lines(arithmetic, []) == []
