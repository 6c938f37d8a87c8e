"""Building: complete or not at all, once, and with the reason where it fails."""

import os
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.errors import UserError
from fixtures.programs.catalogue import OwnModule, Program, PublishedModule
from fixtures.programs.locating import cached_path, locate
from fixtures.programs.lock import exclusive
from fixtures.programs.setup import lock_path, prepare


def builds(log: Path) -> int:
    """Return how often Go was asked to build."""
    return sum(line.startswith(("build ", "install ")) for line in log.read_text().splitlines())


def test_it_says_what_it_takes_then_builds_and_then_has_nothing_to_do(fake_go: Path, tiny: Program) -> None:
    heard: list[str] = []
    prepare([tiny], heard.append)

    assert any("at most 2.0 GB of disk in " in line and "1 MB of download" in line for line in heard), heard
    assert heard[-1].startswith("tiny: built in ")
    assert os.access(cached_path(tiny), os.X_OK)

    fake_go.write_text("")
    heard.clear()
    prepare([tiny], heard.append)
    assert heard == [f"tiny: {cached_path(tiny)}"]
    assert fake_go.read_text().split() == ["version"]


def test_a_changed_source_is_built_again(fake_go: Path, tiny: Program) -> None:
    prepare([tiny], print)
    assert isinstance(tiny.source, OwnModule)
    (tiny.source.directory / "main.go").write_text("package main\n\nfunc main() {}\n")
    heard: list[str] = []
    prepare([tiny], heard.append)

    assert "tiny: to be built, as its sources have changed" in heard
    assert builds(fake_go) == 2


def test_a_damaged_program_is_built_again_and_said_so(fake_go: Path, tiny: Program) -> None:
    prepare([tiny], print)
    os.truncate(cached_path(tiny), 5000)
    heard: list[str] = []
    prepare([tiny], heard.append)

    assert f"tiny: to be built, as {cached_path(tiny)} is cut short" in heard
    assert locate(tiny).path
    assert builds(fake_go) == 2


@pytest.mark.usefixtures("fake_go")
def test_a_failed_build_shows_the_last_words_of_go_and_leaves_no_program(
    tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_FAIL", "1")
    heard: list[str] = []

    with pytest.raises(UserError, match=r"^tiny was not built: `go build` ended with 1, .* set FLUID_TINY to"):
        prepare([tiny], heard.append)
    assert heard[-1] == "  dial tcp: lookup proxy.example: no such host"
    assert locate(tiny).path is None


@pytest.mark.usefixtures("fake_go")
def test_a_failed_build_keeps_the_program_that_was_there(tiny: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare([tiny], print)
    monkeypatch.setenv("FAKE_GO_FAIL", "1")
    with pytest.raises(UserError):
        prepare([replace(tiny, linker_flags="")], print)

    assert locate(tiny).path


@pytest.mark.usefixtures("fake_go")
def test_what_go_built_for_another_machine_is_refused(
    tmp_path: Path, tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = Path(shutil.copy(Path(sys.executable).resolve(), tmp_path / "foreign"))
    content = bytearray(foreign.read_bytes())
    content[18] = 183
    foreign.write_bytes(content)
    monkeypatch.setenv("FAKE_GO_OUTPUT", str(foreign))

    with pytest.raises(UserError, match=r"built a tiny that is built for aarch64, .* set FLUID_GO"):
        prepare([tiny], print)
    assert not cached_path(tiny).exists()


def test_a_published_module_is_held_against_its_sum(
    fake_go: Path, tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = replace(tiny, source=PublishedModule(path="example.com/tiny", version="v1.2.3", sum="h1:right"))
    monkeypatch.setenv("FAKE_GO_SUM", "h1:wrong")
    with pytest.raises(UserError, match=r"example.com/tiny@v1\.2\.3 has the sum h1:wrong, ours is h1:right"):
        prepare([published], print)
    assert builds(fake_go) == 0

    monkeypatch.setenv("FAKE_GO_SUM", "h1:right")
    prepare([published], print)
    assert locate(published).path


def test_too_little_disk_is_said_before_anything_is_asked_of_go(
    fake_go: Path, tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_500_000_000))

    with pytest.raises(UserError, match=r"has 1\.5 GB free, building needs 2\.0 GB: make room, or set FLUID_CACHE"):
        prepare([tiny], print)
    assert set(fake_go.read_text().split()) == {"version"}


@pytest.mark.usefixtures("fake_go")
def test_a_cache_directory_that_cannot_be_written_is_one_line(
    tmp_path: Path, tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FLUID_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(UserError, match=r"/file/cache: Not a directory: make it writable, or set FLUID_CACHE"):
        prepare([tiny], print)


def test_what_an_earlier_set_up_left_counts_as_disk_that_is_there(
    fake_go: Path, cache: Path, tiny: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "go" / "build").mkdir(parents=True)
    with (cache / "go" / "build" / "compiled").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 600_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_500_000_000))
    prepare([tiny], print)

    assert builds(fake_go) == 1


def test_two_set_ups_at_once_wait_for_each_other_and_build_once(fake_go: Path, tiny: Program) -> None:
    waiting = threading.Event()
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        if "waiting for it" in line:
            waiting.set()

    with exclusive(lock_path(), print):
        first_ends = threading.Thread(target=lambda: waiting.wait(20))
        second = threading.Thread(target=_wait_for_lock, args=[hear])
        first_ends.start()
        second.start()
        first_ends.join()
        assert waiting.is_set()
        assert "done" not in heard
    second.join(20)

    assert heard == [
        f"another set-up (process {os.getpid()}) is at work on {lock_path().parent}: waiting for it",
        "done",
    ]
    prepare([tiny], print)
    assert builds(fake_go) == 1


def _wait_for_lock(hear: object) -> None:
    assert callable(hear)
    with exclusive(lock_path(), hear):
        hear("done")


def test_what_an_interrupted_build_left_is_removed(fake_go: Path, cache: Path, tiny: Program) -> None:
    (cache / "bin" / ".unfinished-x").mkdir(parents=True)
    prepare([tiny], print)

    assert sorted(path.name for path in (cache / "bin").iterdir()) == ["tiny", "tiny.key"]
    assert builds(fake_go) == 1
