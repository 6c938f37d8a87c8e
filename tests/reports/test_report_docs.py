"""The page about the report says what the code does: its example is whole, and each field is described."""

import re
from pathlib import Path

import pytest
import yaml

from reports import load
from reports.answers import answers
from reports.judgement import Tone, contradictions, headline
from reports.readings import readings

DOCS = Path(__file__).parents[2] / "docs" / "report.md"


@pytest.fixture(name="text")
def document() -> str:
    return DOCS.read_text(encoding="utf-8")


@pytest.fixture
def example(text: str, tmp_path: Path) -> Path:
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    (tmp_path / "report.yaml").write_text(blocks[0], encoding="utf-8")
    return tmp_path


def test_the_example_is_a_sound_report_that_proves_what_it_shows(example: Path) -> None:
    report = load(example)

    assert report.unknown_fields == ()
    assert contradictions(report) == ()
    assert headline(report).tone is Tone.GOOD
    assert [reading.problem for reading in readings(report)] == ["", "", "", ""]
    assert answers(report).texts == ("Yes", "212× as fast", "Yes", "Yes, after 2.10\N{NO-BREAK SPACE}s")
    assert [origin.text for origin in answers(report).origins] == ["2.00×", "1.00×", "0", "0"]


def test_every_field_of_the_example_and_of_the_samples_is_described(text: str, example: Path) -> None:
    sample = Path(__file__).parent / "data" / "full" / "report.yaml"
    described = text[: text.index("## A worked example")]
    for path in (example / "report.yaml", sample):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        del content["environment"], content["summary"]

        missing = {name for name in names(content) if not re.search(rf"[`.\[]{name}[`.\[]", described)}

        assert missing == set()


def names(value: object) -> set[str]:
    """Return all field names in a piece of a report."""
    if isinstance(value, dict):
        return set(value) | {name for item in value.values() for name in names(item)}
    if isinstance(value, list):
        return {name for item in value for name in names(item)}
    return set()
