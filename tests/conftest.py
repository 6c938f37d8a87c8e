"""What all tests stand on: signals as a terminal gives them.

A shell starts its background jobs with SIGINT ignored, and every child inherits that: programs under test would then
not hear a Ctrl-C for a reason that is not theirs.
"""

import signal


def pytest_configure() -> None:
    """Let children start with SIGINT as it is at a terminal, wherever these tests were started."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
