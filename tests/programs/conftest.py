"""A cache directory of the test's own, a Go that does as it is told, and a program to build with it."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.programs.catalogue import Costs, OwnModule, Program

# Answers as Go does. A test steers it by environment variables: FAKE_GO_FAIL, FAKE_GO_HANG, FAKE_GO_OUTPUT.
FAKE_GO = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys, time
arguments = sys.argv[1:]
with open(os.environ["FAKE_GO_LOG"], "a") as log:
    log.write(" ".join(arguments) + "\\n")
if arguments[0] == "version":
    print("go version " + os.environ.get("FAKE_GO_VERSION", "go1.26.8") + " linux/amd64")
elif arguments[0] == "list":
    print("go: downloading example.com/module v1.0.0")
    print("stale=true\\nstale=false\\nstale=true")
elif arguments[:2] == ["mod", "download"]:
    print(json.dumps({{"Sum": os.environ["FAKE_GO_SUM"], "Dir": os.getcwd()}}, indent=1))
else:
    print("example.com/module/first", flush=True)
    if "FAKE_GO_HANG" in os.environ:
        pathlib.Path(os.environ["FAKE_GO_HANG"]).write_text(str(os.getpid()))
        time.sleep(60)
    if "FAKE_GO_FAIL" in os.environ:
        print("dial tcp: lookup proxy.example: no such host")
        sys.exit(1)
    print("example.com/module")
    output = arguments[arguments.index("-o") + 1] if "-o" in arguments else os.environ["GOBIN"] + "/tiny"
    shutil.copy(os.environ.get("FAKE_GO_OUTPUT", "{os.path.realpath(sys.executable)}"), output)
"""


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


def make_executable(path: Path, text: str) -> None:
    """Write a script that can be run."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
