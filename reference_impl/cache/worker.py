"""The worker: reads through to the origin, keeps what it read under a quota, serves it to every client.

Rule: when it is told to stop it stops within a second and leaves no cached byte behind. When a part of it
dies it dies as a whole, so that it is started again instead of limping on.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache import unix_socket
from reference_impl.cache.catalogue import Catalogue
from reference_impl.cache.config import load
from reference_impl.cache.control import ControlServer, Figures
from reference_impl.cache.errors import UserError, refuse_arguments
from reference_impl.cache.fetch import Fetchers
from reference_impl.cache.http_request import RefusedError
from reference_impl.cache.huge_pages import use_huge_pages
from reference_impl.cache.layout import key_of
from reference_impl.cache.objects import Version
from reference_impl.cache.origin import Origin
from reference_impl.cache.schedule import Block, Schedule
from reference_impl.cache.serve import DataServer, Directory, listen
from reference_impl.cache.store import Store
from reference_impl.cache.tree import Tree, build

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from reference_impl.cache.config import RuntimeConfig

ADDRESS_VARIABLE = "FLUID_WORKER_ADDRESS"  # the address to listen on; all of the pod's by default
_EXIT_USAGE = 2
_STOP_SECONDS = 0.3  # for threads that wait for the origin
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What the configuration does not say."""

    origin_connections: int = 4
    read_ahead_blocks: int = 16  # at most; less where the quota is small


class Worker:
    """One worker process: run() until stop()."""

    def __init__(self, config: RuntimeConfig, *, address: str = "", tuning: Tuning | None = None) -> None:
        tuning = tuning or Tuning()
        self._config = config
        self._origins = [Origin(mount) for mount in config.mounts]
        self._catalogue = Catalogue(self._list)
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        if config.tier.huge_pages:
            use_huge_pages(config.tier.directory)
        self._store = Store(
            config.tier,
            folder=config.tier.directory / f"fluid-{config.dataset.replace('/', '-')}{address and '-' + address}",
            block_bytes=config.block_bytes,
            most_objects=_descriptors() // 2,
        )
        self._fetchers: Fetchers[Block] = Fetchers(tuning.origin_connections, lambda: os.eventfd_write(self._wake, 1))
        half_the_tier = int(config.tier.quota_bytes * config.tier.high) // (2 * config.block_bytes)
        self._schedule = Schedule(
            self._store,
            self._fetchers,
            read_ahead_blocks=min(tuning.read_ahead_blocks, half_the_tier),
            stripe_blocks=config.stripe_bytes // config.block_bytes,
        )
        self._tcp = listen((address, config.workers.data_port))
        self._control = ControlServer(
            (address, config.workers.control_port), catalogue=self._catalogue, figures=self._figures
        )
        # After the ports: whoever has them is the one worker of this name.
        self._unix = unix_socket.listen(config.socket_directory, address or socket.gethostname())
        self._data = DataServer(
            [self._tcp, self._unix.socket] if self._unix else [self._tcp],
            store=self._store,
            schedule=self._schedule,
            directory=Directory(origin_of=self._origin_of, known_version=self._known_version),
            wake=self._wake,
        )

    def run(self) -> None:
        """Serve until stopped, then remove what was cached."""
        self._catalogue.start()
        self._control.start()
        try:
            self._data.run()
        finally:
            if self._unix:
                self._unix.close()
            self._tcp.close()
            self._data.close()
            self._control.stop()
            self._fetchers.stop(_STOP_SECONDS)
            self._catalogue.stop(_STOP_SECONDS)
            self._store.close()

    def stop(self) -> None:
        """Make run() return; safe in a signal handler."""
        self._data.stop()

    def _list(self) -> Tree:
        return build(self._config.mounts, [origin.list_objects() for origin in self._origins])

    def _origin_of(self, path: str) -> tuple[Origin, str]:
        found = key_of(self._config.mounts, path)
        if found is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"no mount has {path}")
        return self._origins[found[0]], found[1]

    def _known_version(self, path: str) -> Version:
        tree = self._catalogue.tree
        entry = tree.find(path) if tree else None
        if entry is None or entry.is_directory:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"no file {path} when the origin was last listed")
        return Version(path=path, etag=entry.etag, size=entry.size)

    def _figures(self) -> Figures:
        return Figures(
            cached_bytes=self._store.cached_bytes,
            quota_bytes=self._config.tier.quota_bytes,
            hits=self._data.hits,
            misses=self._data.misses,
            origin_bytes=self._schedule.origin_bytes,
            leases=self._store.leases,
            pinned_bytes=self._store.leased_bytes,
            unix_socket=self._unix is not None,
        )


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """`python -m reference_impl worker`; no arguments."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    threading.excepthook = _die
    try:
        refuse_arguments(arguments)
        worker = Worker(load(environment), address=environment.get(ADDRESS_VARIABLE, ""))
    except UserError as error:
        _log.error("%s", error)
        return _EXIT_USAGE

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    return 0


def _die(failure: threading.ExceptHookArgs) -> None:
    sys.excepthook(failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
    os._exit(1)


def _descriptors() -> int:
    """Raise the limit of open files to what is allowed; the limit. Each cached object holds one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
