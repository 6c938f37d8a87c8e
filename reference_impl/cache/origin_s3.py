"""An origin that speaks S3: listed and signed by the `minio` package."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import minio
import urllib3
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from reference_impl.cache.bucket import ADDRESS_SECONDS, CONNECT_SECONDS, READ_SECONDS, SaysError, SilentError
from reference_impl.cache.tree import ListedObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_impl.cache.bucket import Credentials
    from reference_impl.cache.config import MountConfig

_USUAL_REGION = "us-east-1"


class S3Bucket:
    """A Bucket (see there)."""

    def __init__(self, mount: MountConfig, credentials: Credentials | None) -> None:
        self._mount = mount
        self._signs = credentials is not None
        endpoint = urlsplit(mount.endpoint)
        access_key, secret_key = credentials or (None, None)
        self._client = minio.Minio(
            endpoint.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=endpoint.scheme == "https",
            region=mount.region or _USUAL_REGION,  # or the package asks the origin for it first
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
            ),
        )

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """List every object below a prefix."""
        try:
            for listed in self._client.list_objects(self._mount.bucket, prefix, recursive=True):
                if listed.object_name is None:
                    continue
                yield ListedObject(
                    key=listed.object_name,
                    size=listed.size or 0,
                    etag=(listed.etag or "").strip('"'),
                    modified=listed.last_modified.timestamp() if listed.last_modified else 0.0,
                )
        except S3Error as error:
            raise SaysError(error.code or "") from None
        except (MinioException, HTTPError, OSError, ValueError) as error:
            raise SilentError(type(error).__name__) from None

    def sign(self, key: str) -> str:
        """Return a URL with which the object can be read."""
        if not self._signs:
            return f"{self._mount.endpoint}/{self._mount.bucket}/{quote(key)}"
        valid = timedelta(seconds=ADDRESS_SECONDS)
        return self._client.presigned_get_object(self._mount.bucket, key, expires=valid)
