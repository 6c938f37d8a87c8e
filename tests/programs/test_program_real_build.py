"""The real Go builds a real, tiny program."""

import subprocess
import timeit
from pathlib import Path

import pytest

from fixtures.paths import cache_directory
from fixtures.programs.catalogue import OwnModule, Program
from fixtures.programs.locating import cached_path
from fixtures.programs.setup import prepare
from fixtures.programs.toolchain import find_toolchain


@pytest.fixture
def real_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use this machine's Go with its compiled standard library, and a cache directory of the test's own."""
    toolchain = find_toolchain()
    if toolchain is None:
        pytest.skip("no Go is here: every program came from a variable; python -m fixtures go version")
    compiled = cache_directory() / "go" / "build"
    compiled.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "go").mkdir(parents=True)
    (tmp_path / "cache" / "go" / "build").symlink_to(compiled)
    monkeypatch.setenv("FLUID_GO", str(toolchain.program))
    monkeypatch.setenv("FLUID_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("real_go")
def test_it_builds_runs_and_builds_again_when_its_source_changes(tiny: Program) -> None:
    prepare([tiny], print)
    assert run(cached_path(tiny)) == "one"
    assert min(timeit.repeat(lambda: prepare([tiny], print), number=1, repeat=3)) < 0.2  # nothing to do

    assert isinstance(tiny.source, OwnModule)
    main = tiny.source.directory / "main.go"
    main.write_text(main.read_text().replace("one", "two"))
    prepare([tiny], print)
    assert run(cached_path(tiny)) == "two"


@pytest.mark.usefixtures("real_go")
def test_git_is_not_asked(tiny: Program) -> None:
    assert isinstance(tiny.source, OwnModule)
    (tiny.source.directory / ".git").mkdir()  # looks like a checkout, and is one that git refuses
    prepare([tiny], print)

    assert run(cached_path(tiny)) == "one"


def run(program: Path) -> str:
    """Return what the program prints."""
    return subprocess.run([program], capture_output=True, text=True, check=True, timeout=20).stderr.strip()
