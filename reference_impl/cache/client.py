"""The client: mounts the dataset at $FLUID_MOUNT_PATH and serves it from the workers until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from reference_impl.cache.config import load
from reference_impl.cache.errors import UserError, refuse_arguments
from reference_impl.cache.filesystem import Shared
from reference_impl.cache.fuse_loop import FuseThreads, handshake
from reference_impl.cache.mounting import FuseMount, mounts_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from reference_impl.cache.fuse_protocol import InitFlag

PATH_VARIABLE = "FLUID_MOUNT_PATH"
_EXIT_USAGE = 2
_EXIT_CUT_OFF = 1
_STOP_SECONDS = 0.3
_log = logging.getLogger(__name__)


def mount_path(environment: Mapping[str, str]) -> Path:
    """Where to mount; UserError without it."""
    path = environment.get(PATH_VARIABLE, "")
    if not path.startswith("/"):
        raise UserError(f"{PATH_VARIABLE} is {path!r}: set it to the absolute path to mount at")
    # As the mount table spells it; the last name may be a dead mount, which can't be looked at.
    return Path(path).parent.resolve() / Path(path).name


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """`python -m reference_impl client`; no arguments. 0 when told to stop or unmounted, 1 when cut off."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    threading.excepthook = _die
    told, ended = threading.Event(), threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        told.set()
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        refuse_arguments(arguments)
        shared = Shared(load(environment))
        mount, agreed = _mounted(mount_path(environment))
    except UserError as error:
        _log.error("%s", error)
        return _EXIT_USAGE
    threads = FuseThreads(mount.device, shared, ended.set, agreed=agreed)
    threads.start()
    _log.info("%s is mounted at %s", shared.config.dataset, mount.path)
    ended.wait()
    # Whoever takes the mount away has no use for it any more: so does the fluidapp-controller end us once the pod's
    # work is done, and a failure of ours would then be the failure of a Job that has succeeded. A mount that is still
    # there but whose connection is cut is another thing: somebody sees errors.
    unmounted = not mounts_at(mount.path)
    shared.stopping.set()
    mount.unmount()
    threads.join(_STOP_SECONDS)
    if shared.copies:
        shared.copies.clear()
    if told.is_set():
        return 0
    if unmounted:
        _log.info("%s was unmounted", mount.path)
        return 0
    _log.error("the connection of %s was cut", mount.path)
    return _EXIT_CUT_OFF


def _mounted(path: Path) -> tuple[FuseMount, InitFlag]:
    mount = FuseMount(path)
    try:
        return mount, handshake(mount.device)
    except UserError:
        mount.unmount()
        raise


def _die(failure: threading.ExceptHookArgs) -> None:
    sys.excepthook(failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
    os._exit(1)
