"""A file that cannot run here is recognised without running it."""

import shutil
import sys
from pathlib import Path

import pytest

from fixtures.programs.executable import problem_of

MACHINE_AT = 18  # e_machine in an ELF header
AARCH64 = 183


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a copy of a real program of this machine."""
    return Path(shutil.copy(Path(sys.executable).resolve(), tmp_path / "program"))


def test_a_program_of_this_machine_has_no_problem(program: Path) -> None:
    assert problem_of(program) is None


def test_a_script_has_no_problem(program: Path) -> None:
    program.write_text("#!/bin/sh\n")

    assert problem_of(program) is None


def test_another_machine_is_named(program: Path) -> None:
    content = bytearray(program.read_bytes())
    content[MACHINE_AT] = AARCH64
    program.write_bytes(content)

    assert "is built for aarch64, this machine is " in (problem_of(program) or "")


@pytest.mark.parametrize("kept", [0, 10, 64, 100, 4096])
def test_a_program_cut_short_is_no_program(program: Path, kept: int) -> None:
    program.write_bytes(program.read_bytes()[:kept])

    assert problem_of(program) in {"is not a program", "is cut short"}


def test_text_is_no_program(program: Path) -> None:
    program.write_text("<html>404</html>" * 10)

    assert problem_of(program) == "is not a program"


def test_what_is_missing_a_directory_or_not_executable_is_said_so(program: Path, tmp_path: Path) -> None:
    program.chmod(0o644)

    assert problem_of(tmp_path / "nothing") == "does not exist"
    assert problem_of(tmp_path) == "is not a file"
    assert problem_of(program) == "is not executable"
