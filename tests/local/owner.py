"""A program that owns a cluster as pytest does: brings it up, says so, and waits to be killed.

python tests/local/owner.py RUN_DIRECTORY
"""

import signal
import sys
from pathlib import Path

from fixtures.errors import InfrastructureError, UserError
from fixtures.targets.images import common_images
from fixtures.targets.local import LocalTarget


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    target = LocalTarget(Path(sys.argv[1]), nodes=2, images=common_images())
    try:
        target.up(say)
        (Path(sys.argv[1]) / "store").mkdir()
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
