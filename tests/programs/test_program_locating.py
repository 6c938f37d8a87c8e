"""The rule for every program: its variable, PATH where allowed, the cache while its inputs are the same."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UserError
from fixtures.programs import find
from fixtures.programs.catalogue import OwnModule, Program, catalogue
from fixtures.programs.locating import Located, cached_path, digest, key_of, key_path, locate

PYTHON = os.path.realpath(sys.executable)


@pytest.fixture
def built(cache: Path, tiny: Program) -> Program:
    """Return a program that lies in the cache as if it had been built by go1.26.8."""
    (cache / "bin").mkdir(parents=True)
    cached_path(tiny).symlink_to(PYTHON)
    key_path(tiny).write_text(key_of(tiny, go_version="go1.26.8"))
    return tiny


def source(program: Program, name: str) -> Path:
    """Return a file of the program's own module."""
    assert isinstance(program.source, OwnModule)
    return program.source.directory / name


def test_the_variable_goes_before_everything(built: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUID_TINY", "/bin/sh")

    assert locate(built).path == Path("/bin/sh")


def test_a_variable_that_names_nothing_is_refused_and_not_passed_over(
    built: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUID_TINY", "/nowhere/tiny")

    with pytest.raises(UserError, match=r"^FLUID_TINY=/nowhere/tiny does not exist: set it to .* or unset it"):
        locate(built)


def test_path_counts_only_for_what_others_publish(
    tmp_path: Path, tiny: Program, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny-path").mkdir()
    (tmp_path / "tiny-path" / "tiny").symlink_to(PYTHON)
    monkeypatch.setenv("PATH", str(tmp_path / "tiny-path"))

    assert locate(replace(tiny, on_path=True)).path == tmp_path / "tiny-path" / "tiny"
    assert locate(tiny).path is None
    assert not cache.exists()


def test_one_on_path_that_cannot_run_is_named_and_built_instead(
    tmp_path: Path, tiny: Program, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny-path").mkdir()
    found = tmp_path / "tiny-path" / "tiny"
    found.write_text("MZ")
    found.chmod(0o755)
    monkeypatch.setenv("PATH", str(found.parent))

    assert locate(replace(tiny, on_path=True)) == Located(path=None, because=f"{found} is not a program")
    assert not cache.exists()


def test_only_minio_is_taken_from_path() -> None:
    assert [program.name for program in catalogue().values() if program.on_path] == ["minio"]


def test_what_was_built_is_used(built: Program) -> None:
    assert locate(built, go_version="go1.26.8").path == cached_path(built)


@pytest.mark.parametrize("name", ["main.go", "go.mod", "go.sum"])
def test_a_changed_source_or_pin_makes_it_old(built: Program, name: str) -> None:
    with source(built, name).open("a") as file:
        file.write("\n")

    assert locate(built).because == "its sources have changed"


def test_a_test_of_the_module_is_no_source(built: Program) -> None:
    source(built, "main_test.go").write_text("package main\n")

    assert locate(built).path


def test_other_flags_make_it_old(built: Program) -> None:
    assert locate(replace(built, linker_flags="")).because == "its sources have changed"


def test_another_go_makes_it_old_where_go_is_known(built: Program) -> None:
    assert locate(built, go_version="go1.27.0").because == "it was built by go1.26.8, Go is now go1.27.0"
    assert locate(built).path


def test_a_damaged_program_is_to_be_built_again(built: Program) -> None:
    cached_path(built).unlink()
    cached_path(built).write_text("half a program")
    cached_path(built).chmod(0o755)

    assert locate(built).because.endswith("bin/tiny is not a program")


def test_find_names_the_command_that_gets_what_is_missing(cache: Path) -> None:
    with pytest.raises(UserError, match=r"^vnode is not ready, as it was never built: run `make setup`"):
        find("vnode")
    assert not cache.exists()


def test_find_names_what_there_is() -> None:
    with pytest.raises(UserError, match="choose from ctrinit, vnode, minio, controlplane"):
        find("kubelet")


def test_every_program_has_sources_and_a_variable_of_its_own() -> None:
    programs = catalogue().values()

    assert {program.variable for program in programs} == {
        "FLUID_CTRINIT", "FLUID_VNODE", "FLUID_MINIO", "FLUID_CONTROLPLANE",
    }  # fmt: skip
    assert len({digest(program) for program in programs}) == len(programs)
    for program in programs:
        if isinstance(program.source, OwnModule):
            directory = program.source.directory / program.source.package
            assert list(directory.glob("*.go")), f"{program.name} is built from {directory}, where no Go file is"
