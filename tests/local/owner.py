"""A program that owns a cluster as pytest does: brings it up, says so, and waits to be killed.

python tests/local/owner.py RUN_DIRECTORY [thread | fork]

thread: the cluster is brought up by another thread than the main one, so that the kernel cannot tie it to us.
fork: a child of ours holds the pipe to the launcher open, and does not end with us.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from fixtures.errors import InfrastructureError, UserError
from fixtures.targets.images import common_images
from fixtures.targets.local import LocalTarget


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def bring_up(target: LocalTarget, kind: str) -> None:
    if kind == "thread":
        thread = threading.Thread(target=target.up, args=(say,))
        thread.start()
        thread.join()
    else:
        target.up(say)
    if kind == "fork":
        child = os.fork()
        if child == 0:
            signal.pause()
        say(f"child {child}")


def main() -> int:
    run_directory = Path(sys.argv[1])
    target = LocalTarget(run_directory, nodes=2, images=common_images())
    try:
        bring_up(target, sys.argv[2] if len(sys.argv) > 2 else "")
        (run_directory / "store").mkdir()
        target.spawn("marker", ["sleep", "86400"], {"MARKER": sys.argv[1]})
        say("up")
        signal.pause()
    except (UserError, InfrastructureError) as error:
        say(f"{type(error).__name__}: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        target.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
