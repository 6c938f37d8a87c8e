"""Completes the Allure results of a run with what only its controller knows: requirements, verdicts, evidence.

Rule: Allure shows the same verdicts as report.yaml. A result file that stands for no test of the run is left as it is.
"""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from suite.ledger import Level, Requirement
from suite.verdicts import TestResult, Verdict

STATUSES = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "broken",
    Verdict.VOID: "broken",
    Verdict.PROVISIONAL: "passed",
    Verdict.SKIPPED: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.UNSUPPORTED: "skipped",
}
MEANINGS = {
    Verdict.FAIL: "fail: the requirement does not hold",
    Verdict.ERROR: "error: the suite or the infrastructure broke",
    Verdict.VOID: "void: measured, but the sample proves nothing",
    Verdict.NOT_APPLICABLE: "not applicable: this target cannot show it",
    Verdict.UNSUPPORTED: "unsupported: declared by the profile",
    Verdict.SKIPPED: "skipped: it did not run",
}
TYPES = {".yaml": "application/yaml", ".log": "text/plain", ".txt": "text/plain", ".json": "application/json"}
PAGE = "../report.html"  # from where docs/report.md says that Allure's page goes

Data = dict[str, Any]


def complete(
    allure: Path,
    run_directory: Path,
    results: Sequence[TestResult],
    rows: Mapping[str, Requirement],
    described: Mapping[str, Mapping[str, object]],
) -> None:
    """Add to the result files in `allure` what the run knows; does nothing where Allure wrote none."""
    if not allure.is_dir():
        return
    by_name = {_name(result.nodeid): result for result in results}
    for path in sorted(allure.glob("*-result.json")):
        written = _read(path)
        if result := by_name.pop((str(written.get("fullName")), str(written.get("name"))), None):
            _write(path, _completed(written, result, rows, run_directory, allure))
    for (full_name, name), result in by_name.items():
        if "::" not in result.nodeid:  # the controller's own, which no plug-in of pytest has seen
            written = _begun(full_name, name, result)
            path = allure / f"{written['uuid']}-result.json"
            _write(path, _completed(written, result, rows, run_directory, allure))
    _write(allure / "categories.json", [_category(verdict) for verdict in MEANINGS])
    (allure / "environment.properties").write_text(_properties(run_directory.name, described), encoding="utf-8")


def _name(nodeid: str) -> tuple[str, str]:
    """Return a test's full name and its name, as allure-pytest writes them."""
    path, *inner = nodeid.split("::")
    if not inner:
        return nodeid, nodeid
    *classes, name = inner
    module = path.removesuffix(".py").replace("/", ".")
    return f"{'.'.join((module, *classes))}#{name.partition('[')[0]}", name


def _begun(full_name: str, name: str, result: TestResult) -> Data:
    stop = time.time_ns() // 1_000_000
    start = stop - round(1000 * result.seconds)
    return {"uuid": str(uuid4()), "name": name, "fullName": full_name, "start": start, "stop": stop, "labels": []}


def _completed(
    written: Data, result: TestResult, rows: Mapping[str, Requirement], run_directory: Path, allure: Path
) -> Data:
    proves = [rows[identity] for identity in result.requirements if identity in rows]
    labels = [("feature", area) for area in dict.fromkeys(row.area for row in proves)]
    labels += [(kind, row.id) for row in proves for kind in ("story", "tag")]
    if proves:
        must = any(row.level is Level.MUST for row in proves)
        labels.append(("severity", "critical" if must else "minor"))
    details: Data = written.get("statusDetails") or {}
    if result.message:
        details = details | {"message": f"{_words(result.verdict)}: {result.message}"}
    return written | {
        "status": STATUSES[result.verdict],
        "statusDetails": details,
        "labels": [*written.get("labels", ()), *({"name": name, "value": value} for name, value in labels)],
        "links": [*written.get("links", ()), *_links(proves)],
        "descriptionHtml": _description(result, proves),
        "attachments": [*written.get("attachments", ()), *_attachments(result, run_directory, allure)],
    }


def _links(proves: Sequence[Requirement]) -> list[Data]:
    return [{"type": "tms", "name": row.id, "url": f"{PAGE}#{row.id}"} for row in proves]


def _description(result: TestResult, proves: Sequence[Requirement]) -> str:
    items = "".join(f"<li><b>{row.id}</b> ({row.level}): {escape(row.sentence)}</li>" for row in proves)
    return f"<p>Verdict: <b>{_words(result.verdict)}</b></p><ul>{items}</ul>"


def _words(verdict: Verdict) -> str:
    return MEANINGS[verdict].partition(":")[0] if verdict in MEANINGS else str(verdict)


def _attachments(result: TestResult, run_directory: Path, allure: Path) -> list[Data]:
    """Copy a test's evidence to Allure: its observations, and after a failure the objects and logs of its case."""
    name = result.nodeid.rpartition("::")[2].replace("/", "_")
    found: dict[str, Path] = {}
    for identity in result.requirements:
        folder = run_directory / "evidence" / identity
        # Each requirement has the same observations: one copy says it all.
        found.setdefault("observations.yaml", folder / f"{name}.yaml")
        found |= {path.name: path for path in sorted((folder / name).glob("*"))}
    kept = []
    for shown, path in found.items():
        if path.is_file():
            source = f"{uuid4()}-attachment{path.suffix}"
            shutil.copyfile(path, allure / source)
            kept.append({"name": shown, "source": source, "type": TYPES.get(path.suffix, "text/plain")})
    return kept


def _category(verdict: Verdict) -> Data:
    """Return what puts tests of one verdict together: Allure knows them by the beginning of their message."""
    pattern = rf"^{_words(verdict)}: [\s\S]*$"  # as both JavaScript and Java understand it
    return {"name": MEANINGS[verdict], "messageRegex": pattern, "matchedStatuses": [STATUSES[verdict]]}


def _properties(run: str, described: Mapping[str, Mapping[str, object]]) -> str:
    pairs = [("run", run)]
    for part, values in described.items():
        pairs += [(f"{part}.{name}", str(value)) for name, value in values.items() if isinstance(value, str | int)]
    return "".join(f"{name}={' '.join(value.split())}\n" for name, value in pairs)


def _read(path: Path) -> Data:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # a test that was killed while it wrote
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
