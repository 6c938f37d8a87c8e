"""The ledger is whole, and what is wrong with it is told by file and row."""

from pathlib import Path

import pytest

from fixtures.errors import UserError
from suite import ledger

ROW = "id: FLUID-X-1, sentence: s, level: must, profile: core, real: all, source: x"


def write(directory: Path, text: str) -> Path:
    (directory / "x.yaml").write_text(text, encoding="utf-8")
    return directory


def test_the_committed_ledger_loads() -> None:
    rows = ledger.load()

    assert len(rows) >= 70
    assert rows["FLUID-READ-WARM-004"].area == "reading"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("requirements: [{" + ROW.replace("must", "maybe") + "}]", "FLUID-X-1.*maybe"),
        ("requirements: [{" + ROW + "}, {" + ROW + "}]", "FLUID-X-1 stands twice"),
        ("requirements: [{" + ROW + ", colour: red}]", "colour"),
        ("requirements: {{{", r"x.yaml:1: not YAML: "),
        ("[]", "not a ledger file"),
    ],
)
def test_a_broken_ledger_is_a_usage_error(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        ledger.load(write(tmp_path, text))


def test_an_empty_ledger_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="empty"):
        ledger.load(tmp_path)


def test_drift_is_told_both_ways(tmp_path: Path) -> None:
    rows = ledger.load(write(tmp_path, "requirements: [{" + ROW + "}]"))

    assert ledger.drift(rows, ["FLUID-X-1"], whole=True) is None
    assert "FLUID-Y-2" in str(ledger.drift(rows, ["FLUID-X-1", "FLUID-Y-2"], whole=False))
    assert "without a test: FLUID-X-1" in str(ledger.drift(rows, [], whole=True))
    assert ledger.drift(rows, [], whole=False) is None
