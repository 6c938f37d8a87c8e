"""Turns what a run observed into pages that people read; the rule: it reads report.yaml and the files beside it.

What a run writes lies in reports/runs/<id>/; reports/runs/latest is a link to the newest run.
"""

import os
from pathlib import Path

from reports.errors import ReportError
from reports.html import page
from reports.loading import load

__all__ = ["ReportError", "load", "render"]

PAGE_NAME = "report.html"
RUNS_NAME = "runs"  # a directory of this name has a link to its newest run
LATEST_NAME = "latest"


def render(run_directory: Path) -> Path:
    """Write report.html beside report.yaml and return its path; raises ReportError with one line.

    Where the run lies in a directory named `runs`, `latest` beside it is made to point at it, unless a newer run is
    there already (ids sort by time).
    """
    run_directory = run_directory.resolve()  # reports/runs/latest itself may be given
    text = page(load(run_directory), run_directory)
    path = run_directory / PAGE_NAME
    try:
        _replace(path, text)
        if run_directory.parent.name == RUNS_NAME:
            _point_latest_at(run_directory)
    except OSError as error:
        reason = error.strerror or error
        raise ReportError(f"{error.filename or path}: {reason}; make room or change its owner") from error
    return path


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, never half of one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _point_latest_at(run_directory: Path) -> None:
    link = run_directory.parent / LATEST_NAME
    if link.is_symlink() and link.exists() and link.readlink().name > run_directory.name:
        return
    draft = link.with_name(f".{LATEST_NAME}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(run_directory.name)
    try:
        draft.replace(link)
    finally:
        draft.unlink(missing_ok=True)
