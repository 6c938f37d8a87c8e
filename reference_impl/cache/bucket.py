"""What an origin has to offer, whatever language it speaks: a bucket that can be listed, and addresses that are signed.

Rule: nothing here speaks any language; origin_s3 and origin_oss do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_impl.cache.tree import ListedObject

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
ADDRESS_SECONDS = 6 * 3600  # that a signed address is valid

Credentials = tuple[str, str]  # id, secret


class Bucket(Protocol):
    """One bucket in the origin's language; thread-safe."""

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """List every object below a prefix; SaysError or SilentError."""

    def sign(self, key: str) -> str:
        """Return a URL with which the object can be read for ADDRESS_SECONDS, without any header that is signed."""


class SaysError(Exception):
    """The origin answers with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SilentError(Exception):
    """The origin does not answer, or not in its language; the text says what went wrong, without its address."""
