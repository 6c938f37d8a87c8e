"""What keeps a run from beginning: one line that names it and the way out, and nothing is started."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from run_played import Ended, PlayedRun, copy_of_the_checkout, expect_nothing_left
from run_traces import files_of, mounts_of, processes_of

Play = Callable[..., PlayedRun]

USAGE, INFRASTRUCTURE = 4, 10
MOUNTED = """
mount -t tmpfs -o size={size} fluid-test {directory}
shift
exec "$@"
"""


def on_a_small_disk(directory: Path, size: str) -> tuple[str, ...]:
    """Return what comes before a command to have it see a disk of its own there, which nobody else sees."""
    return (
        "unshare",
        "-m" if os.geteuid() == 0 else "-rm",
        "sh",
        "-ec",
        MOUNTED.format(size=size, directory=directory),
        "sh",
        "--",
    )


def expect_refused(ended: Ended, cache: Path, *, code: int) -> str:
    """Return the one line with which a run was refused."""
    (line,) = [line for line in ended.output.splitlines() if line]

    assert ended.code == code, ended.output
    assert processes_of(cache) == mounts_of(cache) == []
    assert not cache.is_dir() or files_of(cache) == []
    return line


def test_programs_that_were_never_built(play: Play, cache: Path, checkout: Path) -> None:
    before = set((checkout / "reports").glob("runs/*"))
    none = {f"FLUID_{name}": "" for name in ("CONTROLPLANE", "VNODE", "CTRINIT", "MINIO")}
    line = expect_refused(play(environment=none).end(), cache, code=USAGE)

    assert line == (
        "ERROR: controlplane is not ready, as it was never built: run `make setup` (python -m fixtures setup)"
    )
    assert not list(cache.iterdir())
    assert set((checkout / "reports").glob("runs/*")) == before


@pytest.mark.parametrize("content", [b"hello\n", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00" + bytes(44)])
def test_a_program_that_is_none_for_this_machine(play: Play, cache: Path, tmp_path: Path, content: bytes) -> None:
    program = tmp_path / "vnode"
    program.write_bytes(content)
    program.chmod(0o755)
    line = expect_refused(play(environment={"FLUID_VNODE": str(program)}).end(), cache, code=USAGE)

    assert line.startswith(f"ERROR: FLUID_VNODE={program} ")
    assert line.endswith(": set it to a program for this machine, or unset it to have it built")


@pytest.mark.parametrize(
    ("file", "broken", "told"),
    [
        ("requirements/dataset.yaml", "requirements:\n  - {id: [\n", "dataset.yaml:3: not YAML: "),
        ("requirements/dataset.yaml", "- 1\n", "dataset.yaml: not a ledger file: "),
        ("requirements/dataset.yaml", "requirements: [1]\n", "dataset.yaml: row 1: "),
        ("scenario/dataset.yaml", "a: 1\n  b: 2\n", "scenario/dataset.yaml:2: not YAML: "),
        ("scenario/reader.yaml", "a: $nme\n", "scenario/reader.yaml: nothing is known to put in for $nme, only name"),
        ("scenario/reader.yaml", "a: 5$\n", "scenario/reader.yaml: Invalid placeholder in string: line 1, col 5; "),
        ("scenario/dataset.yaml", "a: 1\n", "scenario/dataset.yaml: takes Secret and Dataset and JindoRuntime in this"),
    ],
)
def test_broken_yaml(play: Play, cache: Path, tmp_path: Path, *, file: str, broken: str, told: str) -> None:
    checkout = copy_of_the_checkout(tmp_path)
    (checkout / "suite" / file).write_text(broken)
    line = expect_refused(play(checkout=checkout).end(), cache, code=USAGE)

    assert line.startswith(f"ERROR: {checkout}/suite/")
    assert told in line
    assert not (checkout / "reports" / "runs").exists()


def test_no_user_namespaces(play: Play, cache: Path) -> None:
    # The setting belongs to a user namespace; this one may have no further ones in it.
    forbid = 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"'
    before = ("unshare", "--user", "--map-user=1000", "--keep-caps", "sh", "-ec", forbid, "sh")
    line = expect_refused(play(before=before).end(), cache, code=INFRASTRUCTURE)

    assert line == (
        "fluid: this kernel does not let users make namespaces (/proc/sys/user/max_user_namespaces is 0): "
        "sudo sysctl user.max_user_namespaces=15000"
    )


class TestDisk:
    """A cache or a report that has no room."""

    def test_no_room_for_a_cluster(self, play: Play, cache: Path) -> None:
        line = expect_refused(play(before=on_a_small_disk(cache, "64m")).end(), cache, code=INFRASTRUCTURE)

        assert line == (
            f"fluid: {cache} has 64 MiB free, 256 are needed: make room, or set FLUID_CACHE to another disk"
        )

    def test_no_room_for_the_object(self, play: Play, cache: Path) -> None:
        options = ("--fluid-object-size=1GiB", "--fluid-nodes=2")
        ended = play(before=on_a_small_disk(cache, "400m"), options=options).end()

        assert ended.code == INFRASTRUCTURE, ended.output
        (line,) = ended.ours("free")
        assert line == ended.output.splitlines()[-1]
        assert "make room there, choose a smaller --fluid-object-size, or set FLUID_CACHE to a directory" in line
        assert processes_of(cache) == mounts_of(cache) == []

    def test_no_room_for_the_report(self, play: Play, cache: Path, tmp_path: Path) -> None:
        checkout = copy_of_the_checkout(tmp_path)
        runs = checkout / "reports" / "runs"
        runs.mkdir()
        ended = play(checkout=checkout, before=on_a_small_disk(runs, "8m")).end()

        assert expect_refused(ended, cache, code=INFRASTRUCTURE) == (
            f"fluid: {runs} has 8 MiB free, 64 are needed for the report: "
            "make room, or use a checkout on another disk"
        )  # fmt: skip

    def test_a_report_directory_that_cannot_be_written(self, play: Play, cache: Path, tmp_path: Path) -> None:
        checkout = copy_of_the_checkout(tmp_path)
        reports = checkout / "reports"
        ended = play(checkout=checkout, before=on_a_small_disk(reports, "1m,ro")).end()
        (line,) = [line for line in ended.output.splitlines() if line]

        assert line.startswith(f"fluid: {reports}/runs")
        assert line.endswith(": the report goes there; make it writable, or use another checkout")
        assert ended.code == INFRASTRUCTURE
        assert processes_of(cache) == []

    def test_a_disk_that_fills_up_under_the_report(self, play: Play, cache: Path, tmp_path: Path) -> None:
        checkout = copy_of_the_checkout(tmp_path)
        runs = checkout / "reports" / "runs"
        runs.mkdir()
        run = play("-k", "test_lifecycle", checkout=checkout, before=on_a_small_disk(runs, "72m"))
        run.wait_for("PASSED")
        footprint = run.footprint()
        filler = Path(f"/proc/{run.process.pid}/root{runs}/filler")
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(72 << 20))
        ended = run.end()

        (line,) = [line for line in ended.output.splitlines() if "fluid: the report could not be written: " in line]
        assert line.endswith(": No space left on device: make room there, and run again")
        assert ended.code == INFRASTRUCTURE, ended.output
        assert not ended.ours("report /"), "a report that is not there is not promised"
        expect_nothing_left(footprint)
