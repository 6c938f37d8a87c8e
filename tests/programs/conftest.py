"""A cache directory of the test's own, a Go that does as it is told, and a program to build with it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from program_stand_ins import FAKE_GO, make_executable

from fixtures.programs.catalogue import Costs, OwnModule, Program


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache directory that everything in the test uses."""
    for name in [name for name in os.environ if name.startswith("FLUID_")]:
        monkeypatch.delenv(name)
    directory = tmp_path / "cache"
    monkeypatch.setenv("FLUID_CACHE", str(directory))
    return directory


@pytest.fixture
def fake_go(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the Go that does as it is told in place of the real one; return the log of what it was asked."""
    program, log = tmp_path / "fake-go", tmp_path / "fake-go.log"
    make_executable(program, FAKE_GO)
    log.touch()
    monkeypatch.setenv("FLUID_GO", str(program))
    monkeypatch.setenv("FAKE_GO_LOG", str(log))
    yield log
    assert not list(cache.glob("bin/.unfinished-*")), "a build left its work directory"


@pytest.fixture
def tiny(tmp_path: Path) -> Program:
    """Return a program whose sources are three lines."""
    module = tmp_path / "tiny"
    module.mkdir()
    (module / "go.mod").write_text("module example.com/tiny\n\ngo 1.26\n")
    (module / "main.go").write_text('package main\n\nfunc main() { println("one") }\n')
    return Program(
        name="tiny",
        variable="FLUID_TINY",
        source=OwnModule(directory=module, package="."),
        costs=Costs(cpu_seconds=60, cache_megabytes=2000, download_megabytes=1),
    )
