"""The loader: reads whole paths once through the workers, so that whoever reads them afterwards finds them cached.

Rule: it fetches nothing itself. It lists and reads as a client does, and the workers' own single flight brings every
byte from the origin once, however many loads and readers there are. It ends well only if the data is in the cache
then: what cannot fit is refused before anything is read, and what did not stay is told afterwards.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from reference_impl.cache.config import load
from reference_impl.cache.errors import UserError
from reference_impl.cache.load_errors import GiveUpError, HopelessError, LoadError, NoRoomError
from reference_impl.cache.load_names import Names, outermost, pieces
from reference_impl.cache.load_pieces import PieceReader
from reference_impl.cache.load_progress import Progress, ProgressServer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_impl.cache.config import RuntimeConfig

TERMINATION_LOG = Path("/dev/termination-log")
# Whoever starts us again after a failure must know whether that helps.
EXIT_AGAIN, EXIT_USAGE, EXIT_HOPELESS = 1, 2, 3
_EXIT_TERMINATED = 128 + signal.SIGTERM
_log = logging.getLogger(__name__)


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """`python -m reference_impl load --path P [--path P …] [--refresh] [--port N]`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(_EXIT_TERMINATED))  # there is nothing to tidy up
    options = _options(arguments)
    progress = Progress()
    try:
        config = load(environment)
        server = ProgressServer((options.address, options.port), progress)
    except UserError as error:
        _log.error("%s", error)
        return EXIT_USAGE
    server.start()
    try:
        load_paths(config, options.path or ["/"], progress, refresh=options.refresh)
    except LoadError as error:
        progress.error = str(error)
        _log.error("load failed: %s", error)
        return EXIT_HOPELESS if isinstance(error, HopelessError) else EXIT_AGAIN
    finally:
        server.stop()
        progress.leave(TERMINATION_LOG)
    _log.info("loaded: %s", progress.document())
    return 0


def load_paths(config: RuntimeConfig, paths: Sequence[str], progress: Progress, *, refresh: bool) -> None:
    """Load every file at or below the paths; LoadError when not all of it is cached afterwards."""
    wanted, reader = outermost(paths), PieceReader(config, progress)
    with contextlib.closing(Names(config)) as names:
        if refresh:
            names.refresh(wanted[0])
        _count(config, names, wanted, progress)
        reader.read_all(piece for file in names.walk(wanted) for piece in pieces(config, file))
        _check(names, reader.held)


def _count(config: RuntimeConfig, names: Names, paths: Sequence[str], progress: Progress) -> None:
    """Say how much there is to load; NoRoomError when a worker's share is more than it may hold."""
    total = files = 0
    shares: collections.Counter[str] = collections.Counter()
    for file in names.walk(paths):
        total, files = total + file.size, files + 1
        for piece in pieces(config, file):
            shares[piece.hosts[0]] += piece.end - piece.first
    room = int(config.tier.quota_bytes * config.tier.high)
    for host, share in shares.most_common(1):
        if share > room:
            raise NoRoomError(
                f"{', '.join(paths)}: {share} bytes of it belong on worker {host}, which may hold {room}: "
                "raise the quota, add workers, or load fewer paths"
            )
    progress.listed(total=total, files=files)


def _check(names: Names, held: Mapping[str, int]) -> None:
    """Demand that the workers still hold as much as was read from them; GiveUpError names one that does not."""
    for host, count in held.items():
        cached = int(names.figures(host)["cachedBytes"])
        if cached < count:
            raise GiveUpError(
                f"worker {host} holds {cached} bytes after {count} were loaded into it: "
                "it was started anew, or other data took their room"
            )


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reference_impl load")
    parser.add_argument("--path", action="append", help="file or directory as the mount shows it; / by default")
    parser.add_argument("--refresh", action="store_true", help="list the origin anew first")
    parser.add_argument("--address", default="", help="to serve progress on; all of the pod's by default")
    parser.add_argument("--port", type=int, default=0, help="to serve progress on; any free one by default")
    return parser.parse_args(arguments)
