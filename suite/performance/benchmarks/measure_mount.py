"""Warm reads through a mount against reading the very file of the worker's tier."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.implementations.data_plane import DataPlane, Mode
from suite.errors import NotApplicable
from suite.performance.benchmarks.conftest import tell
from suite.performance.benchmarks.content import Content, expect_right
from suite.performance.benchmarks.file_reader import FileReader
from suite.performance.benchmarks.processors import Cores, placed
from suite.performance.benchmarks.rounds import Benchmark, Side, as_read, compare
from suite.performance.gates import DIRECT_IO, PASSTHROUGH

SECONDS = 0.05
GATES = {Mode.DIRECT_IO: DIRECT_IO, Mode.PASSTHROUGH: PASSTHROUGH}
CACHES = {
    Mode.DIRECT_IO: "the reader's page cache takes no part, every byte passes through the client",
    Mode.PASSTHROUGH: "both sides read the same pages, those of the tier",
}
TRANSPORT = "user.fluid.transport"  # the attribute by which a mount may say how a file's bytes came
PASSTHROUGH_SINCE = (6, 9)  # of Linux
EVERYBODY = ["0", "0", "4294967295"]  # the user map where there is no user namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """The object as a reader sees it through a mount."""

    reader: FileReader
    transport: str  # as the mount says, after every byte was read and compared


@pytest.fixture
def native(cached_file: Path, warm: Content) -> Iterator[FileReader]:
    """Return a reader of the file itself, every byte compared."""
    with closing(FileReader(cached_file, warm)) as reader:
        expect_right("native", reader.wrong())
        yield reader


@pytest.fixture
def mounted(request: pytest.FixtureRequest, data_plane: DataPlane, cores: Cores, warm: Content) -> Iterator[Mounted]:
    """Return the object through a mount of the mode that the test names."""
    mode: Mode = request.param
    if mode is Mode.PASSTHROUGH:
        needs_passthrough()
    tell(f"mounting with {mode}")
    with placed(cores.server):
        path = data_plane.mount(mode) / warm.item.key
    with closing(FileReader(path, warm)) as reader:
        expect_right(f"the mount with {mode}", reader.wrong())
        yield Mounted(reader=reader, transport=transport_of(path))


def transport_of(path: Path) -> str:
    """Return how a mount says that the bytes came, e.g. "direct_io+unix"."""
    try:
        return os.getxattr(path, TRANSPORT).decode(errors="replace")
    except OSError:
        return "a transport that the mount does not tell"


def needs_passthrough() -> None:
    """Raise NotApplicable where the kernel lets nobody pass reads through."""
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if release < PASSTHROUGH_SINCE or Path("/proc/self/uid_map").read_text().split() != EVERYBODY:
        raise NotApplicable("FUSE passthrough takes Linux 6.9 and root, not only root in a user namespace")


def measure(benchmark: Benchmark, mode: Mode, *, mounted: Mounted, native: FileReader, place: str) -> None:
    compare(
        benchmark,
        GATES[mode],
        numerator=Side(name=str(mode), sample=lambda: as_read(mounted.reader.window(SECONDS))),
        denominator=Side(name="native", sample=lambda: as_read(native.window(SECONDS))),
        unit="byte/s",
        how=f"1 reader in order, reads of 1 MiB, {mounted.transport} against the worker's own file, {place}; "
        f"{CACHES[mode]}; bytes per second as the reader got them",
    )


@pytest.mark.parametrize("mounted", [Mode.PASSTHROUGH], indirect=True)
def test_passthrough_against_native(benchmark: Benchmark, mounted: Mounted, native: FileReader, place: str) -> None:
    measure(benchmark, Mode.PASSTHROUGH, mounted=mounted, native=native, place=place)


@pytest.mark.parametrize("mounted", [Mode.DIRECT_IO], indirect=True)
def test_direct_io_against_native(benchmark: Benchmark, mounted: Mounted, native: FileReader, place: str) -> None:
    measure(benchmark, Mode.DIRECT_IO, mounted=mounted, native=native, place=place)
