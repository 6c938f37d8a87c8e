"""Writes report.yaml: what this run observed, in the documented data model.

Rule: only observed data goes in; what was not measured is absent, not zero. `reports` reads this file and nothing else.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from suite.scenario import ARTICLE, Arithmetic
from suite.verdicts import Judgement, TestResult, summary


@dataclass(slots=True, kw_only=True)
class RunFacts:
    """What is known of the run beside its tests."""

    run_id: str
    started: str  # RFC 3339
    seed: int
    began_epoch: float
    target: dict[str, Any]
    store: dict[str, Any]
    implementation: dict[str, Any]
    suite: dict[str, Any]
    arithmetic: Arithmetic
    timeline: list[dict[str, Any]] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    known_leaks: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def report(
    facts: RunFacts,
    judgements: Sequence[Judgement],
    results: Sequence[TestResult],
    *,
    seconds: float,
    partial: bool,
    code: int,
) -> dict[str, Any]:
    """Return the whole report as plain data."""
    collected = {part: [item for r in results for item in r.facts.get(part, [])] for part in ("measurements", "ratios")}
    phases = [phase for r in results for phase in r.facts.get("phases", [])]
    return {
        "kind": "ConformanceReport",
        "run": {
            "id": facts.run_id,
            "started": facts.started,
            "seconds": round(seconds, 1),
            "seed": facts.seed,
            "partial": partial,
            "exitCode": code,
        },
        "suite": facts.suite,
        "target": facts.target,
        "store": facts.store,
        "implementation": facts.implementation,
        "summary": summary(judgements),
        "scenario": _scenario(facts.arithmetic),
        "requirements": [_requirement(judgement) for judgement in judgements],
        **collected,
        "phases": [
            {
                "name": p["name"],
                "start": round(p["start"] - facts.began_epoch, 2),
                "end": round(p["end"] - facts.began_epoch, 2),
            }
            for p in sorted(phases, key=lambda phase: float(phase["start"]))
        ],
        "timeline": facts.timeline,
        **{name: section for r in results for name, section in r.facts.get("sections", {}).items()},
        **({"resources": facts.resources} if facts.resources else {}),
        **({"cost": facts.cost} if facts.cost else {}),
        "tests": [
            {"id": r.nodeid, "outcome": str(r.verdict), "seconds": r.seconds, "message": r.message} for r in results
        ],
        "knownLeaks": sorted(set(facts.known_leaks)),
        "notices": facts.notices,
        "environment": environment(),
    }


def _scenario(arithmetic: Arithmetic) -> dict[str, Any]:
    return {
        "readers": arithmetic.readers,
        "objectBytes": arithmetic.object_bytes,
        "originBytesPerSecond": arithmetic.origin_bytes_per_second,
        "predictedDirectSeconds": arithmetic.direct_seconds,
        "predictedColdSeconds": arithmetic.cold_seconds,
        "article": dict(ARTICLE),
    }


def _requirement(judgement: Judgement) -> dict[str, Any]:
    row = judgement.requirement
    return {
        "id": row.id,
        "level": str(row.level),
        "verdict": str(judgement.verdict),
        "seconds": round(judgement.seconds, 2),
        "tests": list(judgement.tests),
        "evidence": f"evidence/{row.id}/" if judgement.tests else "",
        "sentence": row.sentence,
        "area": row.area,
        "reason": judgement.reason,
        "profile": row.profile,
        "source": row.source,
        "checked": row.checked,
    }


def environment() -> dict[str, Any]:
    """Return what a figure depends on: machine, kernel, Python."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpus": os.cpu_count(),
        "memoryBytes": pages,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "root": os.geteuid() == 0,
    }


def write(directory: Path, content: dict[str, Any], results: Sequence[TestResult]) -> Path:
    """Write report.yaml and the evidence of each requirement; returns the report's path."""
    path = directory / "report.yaml"
    _dump(path, content)
    for result in results:
        for identity in result.requirements:
            folder = directory / "evidence" / identity
            folder.mkdir(parents=True, exist_ok=True)
            name = result.nodeid.rpartition("::")[2].replace("/", "_")
            _dump(
                folder / f"{name}.yaml",
                {
                    "test": result.nodeid,
                    "verdict": str(result.verdict),
                    "message": result.message,
                    "observations": result.facts.get("observations", {}),
                },
            )
    return path


def _dump(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
