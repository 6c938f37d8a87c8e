"""What a DataLoad's Job and status look like, as functions of what was asked for and seen."""

import json
from datetime import datetime

import pytest
from reference_objects import Object, data_load, dataset

from reference_impl.cache.load import EXIT_AGAIN, EXIT_HOPELESS, EXIT_USAGE
from reference_impl.cache.load_progress import Progress
from reference_impl.controllers.dataload.job import HOPELESS_CODES, job
from reference_impl.controllers.dataload.observation import Report, last_words, parse
from reference_impl.controllers.dataload.status import advance, complete, duration, remaining_seconds


def report(loaded: int, total: int | None) -> Report:
    return Report(loaded=loaded, total=total, error="")


def test_the_job_runs_the_load_command_for_its_paths() -> None:
    made = job(data_load(target=[{"path": "/a"}, {"path": "/b c"}], loadMetadata=True), dataset(), image="image")
    (container,) = made["spec"]["template"]["spec"]["containers"]

    assert container["args"] == ["load", "--port=18002", "--refresh", "--path=/a", "--path=/b c"]
    assert container["image"] == "image"
    assert made["metadata"]["name"] == "warm-up-loader-job"
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-of-load"
    assert made["spec"]["backoffLimit"] == 1
    whole = job(data_load(), dataset(), image="image")["spec"]["template"]["spec"]["containers"][0]
    assert whole["args"] == ["load", "--port=18002", "--path=/"]


def test_the_pod_gets_what_the_load_says_and_keeps_our_labels() -> None:
    wanted = {
        "podMetadata": {"labels": {"team": "a", "role": "mine"}, "annotations": {"size": "big"}},
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"disk": "ssd"},
        "affinity": {"nodeAffinity": {}},
        "schedulerName": "other",
        "resources": {"limits": {"memory": "1Gi"}},
    }
    template = job(data_load(**wanted), dataset(), image="image")["spec"]["template"]

    own = {"role": "dataload-pod", "release": "warm-up-loader", "targetDataset": "demo-dataset", "team": "a"}
    assert own.items() <= template["metadata"]["labels"].items()
    assert template["metadata"]["annotations"] == {"size": "big"}
    for field in ("tolerations", "nodeSelector", "affinity", "schedulerName"):
        assert template["spec"][field] == wanted[field]
    assert template["spec"]["containers"][0]["resources"] == wanted["resources"]


def test_the_pod_holds_the_runtimes_configuration_and_nothing_else() -> None:
    spec = job(data_load(), dataset(), image="image")["spec"]["template"]["spec"]

    assert spec["volumes"] == [{"name": "runtime-config", "configMap": {"name": "demo-dataset-jindofs-config"}}]
    assert spec["automountServiceAccountToken"] is False
    assert "env" not in spec["containers"][0]


def test_the_job_gives_up_on_just_the_codes_that_the_loader_means_so() -> None:
    assert {EXIT_USAGE, EXIT_HOPELESS} == set(HOPELESS_CODES)
    assert EXIT_AGAIN not in HOPELESS_CODES


def test_the_loaders_own_document_is_understood() -> None:
    progress = Progress()
    assert parse(json.dumps(progress.document())) == report(0, None)
    progress.listed(total=10, files=1)
    progress.add(3)
    progress.error = "why"

    assert parse(json.dumps(progress.document())) == Report(loaded=3, total=10, error="why")
    for text in ("", "[]", "{}", '{"loadedBytes": "x", "totalBytes": 1, "error": ""}'):
        assert parse(text) is None


def test_progress_grows_and_is_all_only_at_the_end() -> None:
    infos = advance({}, report(452, 1000))
    assert infos == {"progress": "45.2%", "loaded": "452.00B", "total": "1000.00B"}
    assert advance(infos, report(100, 1000)) == infos, "a Job made anew begins at nothing"
    assert advance(infos, None) == advance(infos, report(5, None)) == infos
    assert advance(infos, report(1000, 1000))["progress"] == "99.9%"
    assert advance({}, report(9999, 10000))["progress"] == "99.9%"
    assert advance({}, report(0, 0))["progress"] == "0.0%"
    assert complete(infos, None) == {"progress": "100.0%", "loaded": "1000.00B", "total": "1000.00B"}
    assert complete({}, report(0, 0)) == {"progress": "100.0%", "loaded": "0.00B", "total": "0.00B"}


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ("2026-01-01T00:00:00Z", "0s"),
        ("2026-01-01T00:00:13Z", "13s"),
        ("2026-01-01T00:02:00Z", "2m0s"),
        ("2026-01-01T01:00:00Z", "1h0m0s"),
        ("2026-01-02T02:03:04Z", "26h3m4s"),
        ("2025-12-31T23:59:59Z", "0s"),
    ],
)
def test_durations_are_written_as_go_writes_them(end: str, text: str) -> None:
    assert duration(data_load(), end) == text


def test_a_lifetime_counts_from_the_first_condition() -> None:
    load: Object = data_load(ttlSecondsAfterFinished=10)
    assert remaining_seconds(load, datetime.fromisoformat("2026-01-01T00:00:00Z")) is None
    load["status"] = {"conditions": [{"lastTransitionTime": "2026-01-01T00:00:00Z"}]}

    assert remaining_seconds(load, datetime.fromisoformat("2026-01-01T00:00:04Z")) == 6.0


def test_the_last_pod_has_the_last_word() -> None:
    def pod(finished: str, loaded: int) -> Object:
        message = json.dumps({"loadedBytes": loaded, "totalBytes": 10, "error": ""})
        ended = {"terminated": {"finishedAt": finished, "message": message}}
        other = {"name": "sidecar", "state": {"terminated": {"finishedAt": "z", "message": "?"}}}
        return {"status": {"containerStatuses": [{"name": "dataloader", "state": ended}, other]}}

    assert last_words([pod("2026-01-01T00:00:09Z", 2), pod("2026-01-01T00:00:05Z", 1)]) == report(2, 10)
    assert last_words([]) is None
