"""YAML files of ours that users may edit: read, or refused in one line that names file and line.

Rule: the YAML library's own message has five lines; here it is one.
"""

from pathlib import Path
from typing import Any

import yaml

from fixtures.errors import UserError


def parse(path: Path, text: str) -> list[Any]:
    """Return all documents in a file's text (which may differ from what is on disk); UserError if it is not YAML."""
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{where}: not YAML: {problem}; correct it, or restore the file") from error


def read(path: Path) -> str:
    """Return a file's text; UserError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; restore the file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8: {error.reason} at byte {error.start}; restore the file") from error
