"""An origin that speaks OSS: listed and signed by the `oss2` package.

A bucket is named by the host, as OSS demands, and by the path only where the endpoint is a bare address. Signed is
by version 4 where the region is told, by the option fs.oss.region or by the endpoint's name, and else by version 1.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import oss2
from oss2.exceptions import ClientError, RequestError, ServerError

from reference_impl.cache.bucket import ADDRESS_SECONDS, CONNECT_SECONDS, READ_SECONDS, SaysError, SilentError
from reference_impl.cache.tree import ListedObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_impl.cache.bucket import Credentials
    from reference_impl.cache.config import MountConfig

_PAGE = 1000  # keys
_NAMED_REGION = re.compile(r"https?://oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")
# The package tells of refusals by itself, with the key's id in them; what there is to say is said by the caller.
logging.getLogger("oss2").setLevel(logging.CRITICAL)


class OssBucket:
    """A Bucket (see there)."""

    def __init__(self, mount: MountConfig, credentials: Credentials | None) -> None:
        named = _NAMED_REGION.fullmatch(mount.endpoint)
        region = mount.region or (named[1] if named else "")
        self._bucket = oss2.Bucket(
            _auth(credentials, versioned=bool(region)),
            mount.endpoint,
            mount.bucket,
            region=region or None,
            connect_timeout=(CONNECT_SECONDS, READ_SECONDS),
            enable_crc=False,
            is_verify_object_strict=False,  # whatever is listed can be read
        )

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """List every object below a prefix."""
        try:
            for listed in oss2.ObjectIteratorV2(self._bucket, prefix=prefix, max_keys=_PAGE, max_retries=1):
                yield ListedObject(
                    key=listed.key, size=listed.size, etag=listed.etag, modified=float(listed.last_modified)
                )
        except ServerError as error:
            raise SaysError(error.code or str(error.status)) from None
        except (RequestError, ClientError, OSError, RuntimeError, ValueError) as error:
            raise SilentError(type(getattr(error, "exception", error)).__name__) from None

    def sign(self, key: str) -> str:
        """Return a URL with which the object can be read."""
        url: str = self._bucket.sign_url("GET", key, ADDRESS_SECONDS, slash_safe=True)
        return url


def _auth(credentials: Credentials | None, *, versioned: bool) -> Any:  # noqa: ANN401 - the package ships no types
    if credentials is None:
        return oss2.AnonymousAuth()
    return (oss2.AuthV4 if versioned else oss2.Auth)(*credentials)
