"""The plug-in refuses bad options in one line before anything starts, and leaves ordinary test runs alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--target=moon", "invalid choice: 'moon'"),
        ("--fluid-readers=many", "--fluid-readers=many: takes a whole number from 1 to 500"),
        ("--fluid-object-size=big", "--fluid-object-size=big: not a size"),
        ("--fluid-origin-rate=fast", "--fluid-origin-rate=fast: not a size"),
        ("--fluid-nodes=0", "--fluid-nodes=0: takes a whole number from 1 to 50"),
        ("--fluid-seed=x", "--fluid-seed=x: takes a whole number"),
        ("--fluid-prices=none.yaml", "none.yaml: No such file or directory"),
        ("--fluid-prices=pyproject.toml", "pyproject.toml:2: not YAML"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_4(option: str, told: str) -> None:
    done = run("--target=local", option)

    assert done.returncode == 4, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_conformance_without_a_target_says_how_to_give_one() -> None:
    done = run("suite/conformance")

    assert done.returncode == 4, done.stdout + done.stderr
    assert "pytest --target=local" in done.stderr


def test_collecting_starts_nothing_and_finds_every_row_of_the_ledger() -> None:
    done = run("--target=local", "--collect-only", "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "fluid:" not in done.stdout
    assert "test_scenario.py::" in done.stdout


def test_a_test_that_names_an_unknown_row_is_drift(tmp_path: Path) -> None:
    file = tmp_path / "test_drift.py"
    file.write_text("import pytest\n\n@pytest.mark.requirement('FLUID-NO-SUCH-999')\ndef test_x(): pass\n")
    done = run("--target=local", "--collect-only", "-q", "-c", str(ROOT / "pyproject.toml"), str(file))

    assert done.returncode == 4, done.stdout + done.stderr
    assert "FLUID-NO-SUCH-999" in done.stderr
