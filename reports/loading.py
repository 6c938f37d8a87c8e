"""Reads report.yaml into the data model; the rule: a broken file is one line that names path and field.

What the model does not know is kept by name (`unknown_fields`): more may be added to the file at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from reports.errors import ReportError
from reports.fields import Fields, quote
from reports.model import (
    Article,
    Implementation,
    Level,
    Measurement,
    ReaderSample,
    Report,
    Requirement,
    Run,
    Scenario,
    Store,
    Suite,
    Target,
    TestEnd,
    Verdict,
)
from reports.sections import cost, crowd, ratios, usage

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "report.yaml"
KIND = "ConformanceReport"


def load(run_directory: Path) -> Report:
    """Return the report of a run directory; raises ReportError with one line when it cannot be read."""
    path = run_directory / FILE_NAME
    content = _parse(path)
    if not isinstance(content, dict):
        raise ReportError(f"{path}: must be a mapping with kind: {KIND}, is {quote(content)}")
    top = Fields(path=path, where="", values=content, family=[])
    kind = top.text("kind")
    if kind != KIND:
        raise top.broken("kind", f"is {quote(kind)}, must be {KIND}; is this another program's file?")
    return _report(top)


def _parse(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReportError(f"{path}: no such file; name a run's directory, such as reports/runs/latest") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: cannot be read: {error}") from error
    try:
        # A report with thousands of samples takes seconds in PyYAML's own loader and tenths of one in libyaml's.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a time that does not exist
        raise ReportError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error


def _report(top: Fields) -> Report:
    return Report(
        run=_run(top.inner("run")),
        suite=_suite(top.inner("suite")),
        target=_target(top.inner("target")),
        store=_store(top.inner("store")),
        implementation=_implementation(top.inner("implementation")),
        summary=_summary(top.inner("summary")),
        requirements=_requirements(top),
        measurements=tuple(_measurement(item) for item in top.each("measurements")),
        ratios=tuple(ratios.read(item) for item in top.each("ratios")),
        scenario=_scenario(top.optional("scenario")),
        timeline=usage.read_timeline(top.each("timeline")),
        phases=tuple(usage.read_phase(item) for item in top.each("phases")),
        resources=usage.read_resources(top.optional("resources")),
        load=crowd.read(top.optional("load")),
        cost=cost.read(top.optional("cost")),
        tests=tuple(_test(item) for item in top.each("tests")),
        known_leaks=top.texts("knownLeaks"),
        notices=top.texts("notices"),
        environment=dict(top.inner("environment").every()),
        unknown_fields=top.unknown(),  # last: everything has been asked for by now
    )


def _run(fields: Fields) -> Run:
    exit_code = fields.whole("exitCode")
    return Run(
        id=fields.text("id"),
        started=fields.moment("started"),
        seconds=fields.number("seconds"),
        seed=fields.whole("seed"),
        partial=fields.flag("partial"),
        exit_code=exit_code,
    )


def _suite(fields: Fields) -> Suite:
    return Suite(version=fields.text("version", ""), commit=fields.text("commit", ""), digest=fields.text("digest", ""))


def _target(fields: Fields) -> Target:
    return Target(
        name=fields.text("name", ""),
        kubernetes=fields.text("kubernetes", ""),
        nodes=fields.whole("nodes"),
        constraints=fields.texts("constraints"),
    )


def _store(fields: Fields) -> Store:
    gateway = fields.inner("gateway")
    return Store(
        name=fields.text("name", ""),
        version=fields.text("version", ""),
        gateway_bytes_per_second=gateway.number("bytesPerSecond"),
        gateway_first_byte_seconds=gateway.number("firstByteSeconds"),
    )


def _implementation(fields: Fields) -> Implementation:
    return Implementation(
        name=fields.text("name", ""), version=fields.text("version", ""), profile=fields.text("profile", "")
    )


def _summary(fields: Fields) -> dict[Verdict, int]:
    return {verdict: fields.count(verdict.value) for verdict in Verdict}


def _requirements(top: Fields) -> tuple[Requirement, ...]:
    items = top.each("requirements", required=True)
    rows = tuple(_requirement(item) for item in items)
    seen: set[str] = set()
    for item, row in zip(items, rows, strict=True):
        if row.id in seen:
            raise item.broken("id", f"is {quote(row.id)} for the second time; a requirement has one row")
        seen.add(row.id)
    return rows


def _requirement(fields: Fields) -> Requirement:
    return Requirement(
        id=fields.text("id"),
        level=fields.choice("level", Level),
        verdict=fields.choice("verdict", Verdict),
        seconds=fields.number("seconds"),
        tests=fields.texts("tests"),
        evidence=fields.path_inside("evidence"),
        sentence=fields.text("sentence", ""),
        area=fields.text("area", ""),
        reason=fields.text("reason", ""),
        profile=fields.text("profile", ""),
        source=fields.text("source", ""),
        checked=fields.text("checked", ""),
    )


def _measurement(fields: Fields) -> Measurement:
    return Measurement(
        name=fields.text("name"),
        phase=fields.text("phase", ""),
        unit=fields.text("unit", ""),
        value=fields.number("value"),
        low=fields.number("low"),
        high=fields.number("high"),
        samples=fields.count("samples"),
        void=fields.count("void"),
        state=fields.text("state", ""),
        transport=fields.text("transport", ""),
        copies_on_node=fields.whole("copiesOnNode"),
        origin_bytes=fields.whole("originBytes"),
        read_bytes=fields.whole("readBytes"),
        seconds=fields.number("seconds"),
        readers=tuple(_reader(item) for item in fields.each("perReader")),
    )


def _reader(fields: Fields) -> ReaderSample:
    verified = None if fields.take("verified") is None else fields.flag("verified")
    return ReaderSample(
        pod=fields.text("pod", ""),
        node=fields.text("node", ""),
        seconds=fields.number("seconds"),
        bytes=fields.whole("bytes"),
        verified=verified,
    )


def _scenario(fields: Fields | None) -> Scenario | None:
    if fields is None:
        return None
    return Scenario(
        readers=int(fields.needed("readers")),
        object_bytes=int(fields.needed("objectBytes")),
        origin_bytes_per_second=fields.needed("originBytesPerSecond"),
        predicted_direct_seconds=fields.number("predictedDirectSeconds"),
        predicted_cold_seconds=fields.number("predictedColdSeconds"),
        article=_article(fields.optional("article")),
    )


def _article(fields: Fields | None) -> Article | None:
    if fields is None:
        return None
    return Article(
        readers=int(fields.needed("readers")),
        bytes=fields.needed("bytes"),
        bits_per_second=fields.needed("bitsPerSecond"),
        seconds=fields.needed("seconds"),
    )


def _test(fields: Fields) -> TestEnd:
    return TestEnd(
        id=fields.text("id"),
        outcome=fields.text("outcome"),
        seconds=fields.number("seconds"),
        message=fields.text("message", ""),
    )
