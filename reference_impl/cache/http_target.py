"""How a client names one version of one object in a request to a worker."""

from __future__ import annotations

from urllib.parse import quote


def version_target(path: str, etag: str, size: int) -> bytes:
    """Make the request target; `size` in bytes."""
    return f"{quote(path, errors='surrogateescape')}?etag={quote(etag, safe='')}&size={size}".encode()
