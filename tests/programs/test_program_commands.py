"""The commands of set-up, as a user types them."""

import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.paths import checkout_directory


def fixtures(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m fixtures`."""
    return subprocess.run(
        [sys.executable, "-m", "fixtures", *arguments],
        cwd=checkout_directory(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_check_says_of_each_program_what_it_is_and_builds_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUID_VNODE", sys.executable)
    done = fixtures("setup", "--check", "vnode", "ctrinit")

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"vnode: {sys.executable} (from FLUID_VNODE)",
        "ctrinit: to be built, as it was never built",
        "get what is missing with `make setup` (python -m fixtures setup)",
    ]
    assert not cache.exists()


def test_an_unknown_program_is_one_line() -> None:
    done = fixtures("setup", "kubelet")

    assert done.returncode == 4
    assert done.stderr == "there is no program 'kubelet': choose from ctrinit, vnode, minio, controlplane\n"


def test_a_variable_that_names_a_program_of_another_machine_is_one_line(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = tmp_path / "minio"
    foreign.write_bytes(b"MZ" + bytes(1000))
    foreign.chmod(0o755)
    monkeypatch.setenv("FLUID_MINIO", str(foreign))
    done = fixtures("setup", "minio")

    assert done.returncode == 4
    remedy = "set it to a program for this machine, or unset it to have it built"
    assert done.stderr == f"FLUID_MINIO={foreign} is not a program: {remedy}\n"
    assert not cache.exists()


def test_go_runs_in_our_place_with_our_settings(fake_go: Path) -> None:
    done = fixtures("go", "version")

    assert (done.returncode, done.stdout) == (0, "go version go1.26.8 linux/amd64\n")
    assert fake_go.read_text().splitlines()[-1] == "version"
