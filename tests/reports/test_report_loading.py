"""A broken report.yaml is one line that names file and field; a sound one loses nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from report_samples import Changed, Content, Edit, Sample

from reports import ReportError, load


def set_at(*path: str | int, value: object) -> Edit:
    def edit(content: Content) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def remove(*path: str | int) -> Edit:
    def edit(content: Content) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return edit


@pytest.mark.parametrize("name", ["full", "failing", "partial", "void"])
def test_every_sample_is_read_without_a_field_left_over(sample: Sample, name: str) -> None:
    report = load(sample(name))

    assert report.unknown_fields == ()
    assert len(report.requirements) == sum(report.summary.values())


BROKEN = {
    "kind": (set_at("kind", value="Recipe"), "kind is 'Recipe', must be ConformanceReport"),
    "no run": (remove("run"), "run.id is missing"),
    "id": (set_at("run", "id", value=20261123), "run.id must be text, is 20261123; put it in quotes"),
    "started": (set_at("run", "started", value="at noon"), "run.started must be an RFC 3339 time"),
    "partial": (set_at("run", "partial", value="no"), "run.partial must be true or false, is 'no'"),
    "exit code": (set_at("run", "exitCode", value=1.5), "run.exitCode must be a whole number, is 1.5"),
    "version": (set_at("suite", "version", value=1.10), "suite.version must be text, is 1.1; put it in quotes"),
    "verdict": (
        set_at("requirements", 0, "verdict", value="green"),
        "requirements[0].verdict is 'green'; use one of: pass",
    ),
    "level": (
        set_at("requirements", 1, "level", value="may"),
        "requirements[1].level is 'may'; use one of: must, should",
    ),
    "no rows": (remove("requirements"), "requirements must be a list, is missing"),
    "row": (set_at("requirements", 2, value="FLUID"), "requirements[2] must be a mapping, is 'FLUID'"),
    "twice": (set_at("requirements", 1, "id", value="FLUID-DATASET-FINAL-001"), "requirements[1].id is 'FLUID-DATASET"),
    "tests": (set_at("requirements", 0, "tests", value=[1]), "requirements[0].tests[0] must be text, is 1"),
    "bool": (set_at("measurements", 0, "value", value=True), "measurements[0].value must be a number, is True"),
    "nan": (set_at("measurements", 0, "value", value=float("nan")), "measurements[0].value must be finite"),
    "inf": (set_at("ratios", 0, "high", value=float("inf")), "ratios[0].high must be finite"),
    "negative": (set_at("timeline", 3, "pods", value=-1), "timeline[3].pods must be finite and not negative, is -1"),
    "text": (set_at("measurements", 0, "seconds", value="1e8"), "measurements[0].seconds must be a number, is '1e8'"),
    "order": (set_at("timeline", 1, "seconds", value=900), "timeline[2].seconds goes back in time"),
    "phase": (set_at("phases", 0, "end", value=-0.5), "phases[0].end must be finite and not negative"),
    "phase order": (set_at("phases", 1, "end", value=1.0), "phases[1].end is 1.0, before its start 14.2"),
    "scenario": (remove("scenario", "readers"), "scenario.readers is missing"),
    "leak": (set_at("knownLeaks", value="one"), "knownLeaks must be a list, is 'one'"),
    "ceiling": (set_at("ratios", 7, "ceiling", value=0.5), "ratios[7].ceiling is 0.5, below its floor 1.0"),
    "side": (remove("ratios", 2, "numerator", "name"), "ratios[2].numerator.name is missing"),
    "rounds": (set_at("ratios", 2, "rounds", value=1.5), "ratios[2].rounds must be a whole number, is 1.5"),
    "workers": (set_at("timeline", 3, "workers", value="two"), "timeline[3].workers must be a number, is 'two'"),
    "zero": (set_at("resources", "timeToZeroSeconds", value=-1), "resources.timeToZeroSeconds must be finite and not"),
    "share": (set_at("resources", "dataPlane", value=[]), "resources.dataPlane must be a mapping, is []"),
    "users": (remove("load", "users"), "load.users is missing"),
    "waves": (remove("load", "phases"), "load.phases must be a list, is missing"),
    "wave": (
        set_at("load", "phases", 0, "verdict", value="green"),
        "load.phases[0].verdict is 'green'; use one of: pa",
    ),
    "requests": (remove("load", "phases", 0, "requests"), "load.phases[0].requests is missing"),
    "order of percentiles": (
        set_at("load", "phases", 0, "latency", "p90", value=1.0),
        "load.phases[0].latency.p90 is 1.0, below p50 66.2",
    ),
    "half a histogram": (remove("load", "phases", 0, "latency", "p99"), "load.phases[0].latency.p99 is missing"),
    "more than all": (
        set_at("load", "phases", 0, "generator", "cpuShare", value=1.2),
        "load.phases[0].generator.cpuShare is 1.2, must be a share between 0 and 1",
    ),
    "locust": (
        set_at("load", "phases", 0, "html", value="../x"),
        "load.phases[0].html is '../x', must be a path below",
    ),
    "currency": (remove("cost", "currency"), "cost.currency is missing"),
    "price": (set_at("cost", "prices", 0, "value", value=None), "cost.prices[0].value is missing"),
    "price's source": (remove("cost", "prices", 0, "source"), "cost.prices[0].source is missing"),
    "date": (set_at("cost", "prices", 0, "date", value="May"), "cost.prices[0].date must be a date such as 2026-11-23"),
    "assumption": (remove("cost", "assumptions", 0, "value"), "cost.assumptions[0].value is missing"),
    "article": (remove("cost", "article", 0, "yuan"), "cost.article[0].yuan is missing"),
    "case": (set_at("cost", "cases", 0, "totalYuan", value="1"), "cost.cases[0].totalYuan must be a number, is '1'"),
    "key": (set_at("store", 7, value="x"), "store has the key 7"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_field_is_named_with_its_file_on_one_line(changed: Changed, case: str) -> None:
    edit, expected = BROKEN[case]
    directory = changed("full", edit)

    with pytest.raises(ReportError) as caught:
        load(directory)

    assert str(caught.value).startswith(f"{directory / 'report.yaml'}: {expected}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../other", "evidence/../../x", "javascript:alert(1)", "\\\\host\\x"]
)
def test_evidence_outside_the_run_is_refused(changed: Changed, path: str) -> None:
    with pytest.raises(ReportError, match=r"requirements\[0\]\.evidence .* must be a path below the run's directory"):
        load(changed("full", set_at("requirements", 0, "evidence", value=path)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"kind: [", "is not YAML"),
        (b"", "must be a mapping"),
        (b"- a", "must be a mapping"),
        (b"kind: \xff", "cannot be read"),
        (b"run: 2026-13-45", "is not YAML"),
        (b"!!python/object:os.system x", "is not YAML"),
    ],
)
def test_a_file_that_is_no_report_says_so_on_one_line(sample: Sample, text: bytes, expected: str) -> None:
    directory = sample("partial")
    (directory / "report.yaml").write_bytes(text)

    with pytest.raises(ReportError, match=expected) as caught:
        load(directory)

    assert "\n" not in str(caught.value)


def test_a_missing_file_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no such file; name a run's directory"):
        load(tmp_path)


def test_an_unknown_field_is_remembered_not_refused(changed: Changed) -> None:
    report = load(changed("full", set_at("requirements", 0, "sentense", value="a slip of the pen")))

    assert report.unknown_fields == ("requirements[0].sentense",)


def test_a_date_without_quotes_is_the_same_date(changed: Changed) -> None:
    cost = load(changed("full", set_at("cost", "prices", 0, "date", value=date(2026, 11, 25)))).cost

    assert cost is not None
    assert cost.prices[0].date == cost.prices[1].date == "2026-11-25"


def test_a_time_without_quotes_is_the_same_time(sample: Sample) -> None:
    quoted = load(sample("full")).run.started
    path = sample("void") / "report.yaml"
    text = path.read_text(encoding="utf-8").replace("'2026-11-23T16:00:00+00:00'", "2026-11-23T12:02:59Z")
    path.write_text(text, encoding="utf-8")

    assert load(path.parent).run.started == quoted
