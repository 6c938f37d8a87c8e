"""A machine that lacks something is told in one line what to install, before anything is done."""

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.paths import checkout_directory

STAND_INS = {
    "old": (
        'case "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac',
        "is 3.9.2, 3.11 or newer is needed: install one, and name it: make PYTHON=python3.11 …",
    ),
    "no-venv": (
        'case "$2" in *ensurepip*) exit 1;; esac',
        "has no venv: sudo apt install python3-venv, or sudo dnf install python3",
    ),
}


@pytest.mark.parametrize("case", STAND_INS)
def test_a_python_that_cannot_do_it_is_named_with_the_remedy(case: str, tmp_path: Path) -> None:
    script, message = STAND_INS[case]
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)

    assert refusal(str(python)) == f"{python} {message}"


def test_a_python_that_is_not_there_is_named_with_the_remedy() -> None:
    remedy = "sudo apt install python3 python3-venv, or sudo dnf install python3"

    assert refusal("/nowhere/python3") == f"there is no /nowhere/python3: {remedy}"


def test_this_python_will_do() -> None:
    done = make(sys.executable)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def refusal(python: str) -> str:
    """Return the first line that make prints with this Python; it must fail."""
    done = make(python)
    assert done.returncode == 2, done
    assert done.stdout == ""
    return done.stderr.splitlines()[0]


def make(python: str) -> subprocess.CompletedProcess[str]:
    """Run the check of the Python that was named."""
    return subprocess.run(
        ["make", "--no-print-directory", "python", f"PYTHON={python}"],
        cwd=checkout_directory(), capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
