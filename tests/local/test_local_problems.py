"""What is missing or broken is one line: what, where, what to do."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from traces import left_of, processes_of

from fixtures.errors import InfrastructureError, UserError
from fixtures.programs import find
from fixtures.targets import local, preflight
from fixtures.targets.images import read_images
from fixtures.targets.local import LocalTarget
from fixtures.targets.rundirectory import RunDirectory, tidy

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """Make this process somebody else's, with a directory that it can enter; root only."""
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    device = directory / "fuse"
    device.touch(mode=0o600)
    os.seteuid(NOBODY)
    yield device
    os.seteuid(0)
    shutil.rmtree(directory)


@pytest.fixture
def with_programs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the cluster use other programs than those that are installed, whatever they are."""

    def use(**programs: Path) -> None:
        monkeypatch.setattr(preflight, "find", lambda name: programs.get(name) or find(name))
        monkeypatch.setattr(local, "find", lambda name: programs.get(name) or find(name))

    return use


def program(path: Path, script: str) -> Path:
    """Make a program out of a shell script."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def refusal(directory: Path) -> str:
    target = LocalTarget(directory)
    try:
        with pytest.raises((UserError, InfrastructureError)) as caught:
            target.up(lambda _: None)
    finally:
        target.down()
    assert "\n" not in str(caught.value)
    assert not processes_of(directory)
    return str(caught.value)


def test_a_closed_fuse_device_is_one_line_with_the_way_out(as_nobody: Path) -> None:
    assert preflight.fuse_problem(as_nobody) == (
        f"{as_nobody} is mode 0600 and not for this user: sudo chmod 0666 {as_nobody}, or run as root"
    )


def test_an_open_fuse_device_is_no_problem(as_nobody: Path) -> None:
    os.seteuid(0)
    as_nobody.chmod(0o666)
    os.seteuid(NOBODY)

    assert preflight.fuse_problem(as_nobody) is None


def test_a_fuse_device_that_is_not_there(tmp_path: Path) -> None:
    device = tmp_path / "fuse"

    assert preflight.fuse_problem(device) == f"{device}: No such file or directory: sudo modprobe fuse"


def test_a_program_that_is_not_ready_is_named_with_the_command_that_gets_it(
    run_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for variable in ("FLUID_CONTROLPLANE", "FLUID_VNODE", "FLUID_CTRINIT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("FLUID_CACHE", str(tmp_path / "cache"))

    assert refusal(run_directory) == (
        "controlplane is not ready, as it was never built: run `make setup` (python -m fixtures setup)"
    )
    assert not run_directory.exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("kernel/unprivileged_userns_clone", "0"),
        ("user/max_user_namespaces", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ],
)
def test_no_user_namespaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str, value: str) -> None:
    file = tmp_path / "setting"
    file.write_text(f"{value}\n")
    (command,) = [found[1] for path, found in preflight.SETTINGS.items() if path.endswith(setting)]
    monkeypatch.setattr(preflight, "SETTINGS", {str(file): (value, command)})
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)
    _refuse_namespaces(monkeypatch)

    assert preflight.namespace_problem() == (
        f"this kernel does not let users make namespaces ({file} is {value}): {command}"
    )
    assert command.endswith(f"{setting.replace('/', '.')}={'15000' if 'max' in setting else 1 - int(value)}")


def test_no_namespaces_for_another_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_namespaces(monkeypatch)

    assert preflight.namespace_problem() == (
        "no namespaces can be made (unshare: Operation not permitted): "
        "run outside of a container, or in a privileged one"
    )


def test_namespaces_can_be_made_here() -> None:
    assert preflight.namespace_problem() is None


def _refuse_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 1, "", "unshare: Operation not permitted\n")
    monkeypatch.setattr(preflight.subprocess, "run", lambda *_, **__: answer)


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, run_directory: Path) -> None:
    usage = namedtuple("usage", "total used free")(1 << 40, 1 << 40, 3 << 20)  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage)

    assert refusal(run_directory) == (
        f"{run_directory.parent} has 3 MiB free, 256 are needed: make room, or set FLUID_CACHE to another disk"
    )


def test_a_directory_that_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    assert refusal(tmp_path) == f"{tmp_path} is not empty and not one of ours: give a directory that does not exist yet"
    assert (tmp_path / "thesis.txt").exists()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert refusal(tmp_path / "file" / "run") == (
        f"{tmp_path}/file/run: Not a directory: give another directory, or set FLUID_CACHE to another disk"
    )


def test_a_component_that_dies_at_the_start(
    run_directory: Path,
    with_programs: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = "echo first; echo 'Error: no luck today'; echo last; exit 7"
    with_programs(controlplane=program(tmp_path / "broken", script))

    assert refusal(run_directory) == (
        "the cluster did not start: etcd ended with exit code 7: Error: no luck today; "
        f"see {run_directory}/logs/etcd.log"
    )
    assert not left_of(run_directory)


def test_a_component_that_the_kernel_does_not_start(
    run_directory: Path,
    with_programs: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELFgarbage")
    garbage.chmod(0o755)
    with_programs(controlplane=garbage)

    assert refusal(run_directory) == (
        f"the cluster did not start: {garbage} is not a program for this machine ({os.uname().machine}): "
        "remove it, then run `python -m fixtures setup`"
    )


def test_a_bad_label_is_the_users_and_named(run_directory: Path) -> None:
    with pytest.raises(UserError, match="labels 'type': must be key=value,key=value"):
        LocalTarget(run_directory, labels="type")


def test_tidying_clears_what_was_killed_and_keeps_the_newest_logs(tmp_path: Path) -> None:
    for number in range(8):
        directory = tmp_path / f"run-{number}"
        (directory / "logs").mkdir(parents=True)
        (directory / "lock").touch()
        os.utime(directory, (number, number))
    (tmp_path / "run-7" / "store").mkdir()
    os.utime(tmp_path / "run-7", (7, 7))
    (tmp_path / "not-ours").mkdir()
    used = RunDirectory(tmp_path / "used")
    used.take(lambda _: None)
    lines: list[str] = []
    tidy(tmp_path, lines.append, but=tmp_path / "mine")
    used.release()

    assert lines == [f"removing what a killed run left in {tmp_path}/run-7: store"]
    assert not (tmp_path / "run-7" / "store").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["not-ours", *(f"run-{n}" for n in range(3, 8)), "used"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- pattern: [", r"images.yaml:2: not YAML: .*"),
        ("pattern: x", r"images.yaml: must be a list of image rules.*"),
        ("- command: [x]", r"images.yaml: rule 1 has no pattern"),
        ("- pattern: x\n- pattern: y\n  cmd: z", r"images.yaml: rule 2 has 'cmd', known are pattern, command, .*"),
        ("- pattern: x\n  command: sleep 1", r"images.yaml: rule 1: 'command' must be a list of strings"),
        ("- pattern: '('", r"images.yaml: rule 1: '\(' is not a regular expression: .*"),
    ],
)
def test_a_broken_file_of_images_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "images.yaml"
    file.write_text(text + "\n")
    with pytest.raises(UserError, match=message):
        read_images(file)


def test_directories_of_image_rules_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_text("- {pattern: x, path: [bin], mounts: {/opt/x: src}}\n")
    (rule,) = read_images(file)

    assert rule.path == (str(tmp_path / "bin"),)
    assert rule.mounts == {"/opt/x": str(tmp_path / "src")}


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["status"], 1, "no cluster runs in {state}: python -m fixtures up --state {state}"),
        (["kubeconfig"], 1, "no cluster runs in {state}: python -m fixtures up --state {state}"),
        (["up", "--nodes", "0"], 4, "--nodes 0: a cluster has at least 1 node"),
        (
            ["up", "--nodes", "many"],
            4,
            "python -m fixtures up: argument --nodes: invalid int value: 'many'; see python -m fixtures up --help",
        ),
        (["up", "--images", "/nowhere"], 4, "/nowhere: No such file or directory"),
    ],
)
def test_a_command_that_cannot_be_done(tmp_path: Path, arguments: list[str], code: int, line: str) -> None:
    state = tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-m", "fixtures", *arguments, "--state", state],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == line.format(state=state) + "\n"
    assert done.returncode == code
    assert not state.exists()


def test_up_status_kubeconfig_down_by_hand(tmp_path: Path) -> None:
    state = tmp_path / "state"

    def command(*arguments: str) -> str:
        whole = [sys.executable, "-m", "fixtures", *arguments, "--state", state]
        return subprocess.run(whole, stdout=subprocess.PIPE, text=True, check=True).stdout

    try:
        assert f"export KUBECONFIG={state}/kubeconfig" in command("up", "--nodes", "1")
        assert command("up").startswith(f"already up in {state}\n")
        assert command("status").startswith("ready, Kubernetes v1.36.3, 1 nodes, up for ")
        assert command("kubeconfig") == f"{state}/kubeconfig\n"
    finally:
        assert command("down") == f"down; logs are in {state}/logs\n"
    assert command("down") == f"nothing runs in {state}\n"
    assert not left_of(state)
