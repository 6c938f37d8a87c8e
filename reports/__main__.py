"""`python -m reports RUN_DIRECTORY` writes a run's page again, for example after a change of the page."""

import argparse
import sys
from pathlib import Path

from reports import ReportError, render

EXIT_USAGE = 4  # as everywhere in this project: a bad option or a broken file


def main() -> int:
    """Render one run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reports", description="Write a run's report.html.")
    parser.add_argument("run_directory", type=Path, help="for example reports/runs/latest")
    try:
        path = render(parser.parse_args().run_directory)
    except ReportError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command speaks on its streams
        return EXIT_USAGE
    print(path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
