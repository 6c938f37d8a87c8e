"""Which suite judged: version, commit and digest, so that a report can be told from another's.

Rule: the digest is over the files that decide (tests, ledger, judge); the commit is absent where there is none.
"""

import hashlib
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent
KINDS = frozenset({".py", ".yaml"})


def identity() -> dict[str, Any]:
    """Return version, digest and, in a git checkout, commit."""
    return {"version": _version(), "digest": digest(DIRECTORY)} | _commit(DIRECTORY)


def digest(directory: Path) -> str:
    """Return 'sha256:…' over names and contents of all files that decide."""
    total = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.suffix in KINDS):
        total.update(file.relative_to(directory).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return f"sha256:{total.hexdigest()}"


def _version() -> str:
    try:
        return version("fluid-conformance")
    except PackageNotFoundError:
        return "unknown"


def _commit(directory: Path) -> dict[str, str]:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": done.stdout.strip()}
