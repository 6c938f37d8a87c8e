"""python -m reference_impl COMMAND: one image, one command per component.

Rule: a command imports only what it needs, for eight clients may start at once beside a training job.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "worker": "reference_impl.cache.worker",
    "client": "reference_impl.cache.client",
    "wait-mounted": "reference_impl.cache.wait_mounted",
    "load": "reference_impl.cache.load",
    "dataset-controller": "reference_impl.controllers.dataset",
    "jindoruntime-controller": "reference_impl.controllers.jindoruntime",
    "fluidapp-controller": "reference_impl.controllers.application",
    "webhook": "reference_impl.webhook",
}
_EXIT_USAGE = 2


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        given = repr(arguments[0]) if arguments else "nothing"
        sys.stderr.write(f"python -m reference_impl: got {given}, expected one of {', '.join(COMMANDS)}\n")
        return _EXIT_USAGE
    module = importlib.import_module(COMMANDS[arguments[0]])
    command = cast("Callable[[list[str]], int]", module.main)
    return command(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
