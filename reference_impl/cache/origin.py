"""The origin: one mount's bucket, listed through the `minio` package, read through signed addresses.

Rule: credentials come from the mounted files only and are read again when the origin refuses them, so that a
rotated Secret is picked up without a restart. Neither they nor a signed address is ever logged.

Only the worker imports this module: the package takes a fifth of a second, which a client never needs.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import minio
import urllib3
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from reference_impl.cache.errors import Cause, OriginError
from reference_impl.cache.retry import backoff
from reference_impl.cache.tree import ListedObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reference_impl.cache.config import MountConfig

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 10.0
_ADDRESS_VALID = timedelta(hours=6)
_ADDRESS_RENEWED_AFTER = 3600.0  # seconds; far from the end of its validity, whatever the clocks say
_LIST_ATTEMPTS = 3
_DENIED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"})
_MISSING = frozenset({"NoSuchBucket", "NoSuchKey"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where and how to ask for one object. The target carries a signature: never log it."""

    secure: bool
    host: str
    port: int
    target: str
    generation: int  # of the credentials that signed it
    signed_at: float  # monotonic seconds


class Origin:
    """One mount's bucket; thread-safe."""

    def __init__(self, mount: MountConfig) -> None:
        self._mount = mount
        self._lock = threading.Lock()
        self._client: minio.Minio | None = None
        self._credentials: tuple[str, str] | None = None
        self._generation = 0

    @property
    def description(self) -> str:
        """How messages name this origin."""
        return f"bucket {self._mount.bucket} at {self._mount.endpoint}"

    def list_objects(self) -> list[ListedObject]:
        """List every object below the mount's prefix; OriginError after retries."""
        renewed = False
        attempt = 1
        while True:
            generation = self._generation
            try:
                return list(self._list_once())
            except OriginError as error:
                if error.cause is Cause.DENIED and not renewed and self.renew_credentials(generation):
                    renewed = True
                    continue
                if error.cause is not Cause.UNAVAILABLE or attempt == _LIST_ATTEMPTS:
                    raise
            backoff(attempt)
            attempt += 1

    def address(self, key: str) -> Address:
        """Sign an address of one object, valid for hours; OriginError without credentials to sign with."""
        client = self._connected()
        if self._mount.access_key_file is None:
            url = f"{self._mount.endpoint}/{self._mount.bucket}/{quote(key)}"
        else:
            url = client.presigned_get_object(self._mount.bucket, key, expires=_ADDRESS_VALID)
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        return Address(
            secure=secure,
            host=parts.hostname or "",
            port=parts.port or (443 if secure else 80),
            target=f"{parts.path}?{parts.query}" if parts.query else parts.path,
            generation=self._generation,
            signed_at=time.monotonic(),
        )

    def is_current(self, address: Address) -> bool:
        """Tell whether an address may still be used."""
        fresh = time.monotonic() - address.signed_at < _ADDRESS_RENEWED_AFTER
        return fresh and address.generation == self._generation

    def renew_credentials(self, refused_generation: int) -> bool:
        """Read the files again after a refusal; True when there is something new to try."""
        with self._lock:
            if self._generation != refused_generation:
                return True
            if self._client is None or self._read_credentials() == self._credentials:
                return False
            self._client = None
            self._generation += 1
            _log.info("credentials of %s have changed, using the new ones", self.description)
            return True

    def _list_once(self) -> Iterator[ListedObject]:
        client = self._connected()
        try:
            for listed in client.list_objects(self._mount.bucket, self._mount.prefix, recursive=True):
                if listed.object_name is None:
                    continue
                yield ListedObject(
                    key=listed.object_name,
                    size=listed.size or 0,
                    etag=(listed.etag or "").strip('"'),
                    modified=listed.last_modified.timestamp() if listed.last_modified else 0.0,
                )
        except S3Error as error:
            raise self._translated(error) from None
        except (MinioException, HTTPError, OSError, ValueError) as error:
            raise OriginError(
                Cause.UNAVAILABLE, f"{self.description} does not answer ({type(error).__name__})"
            ) from None

    def _translated(self, error: S3Error) -> OriginError:
        if error.code in _DENIED:
            return OriginError(Cause.DENIED, f"{self.description} refuses the credentials ({error.code})")
        if error.code in _MISSING:
            return OriginError(Cause.MISSING, f"{self.description} does not exist ({error.code})")
        return OriginError(Cause.UNAVAILABLE, f"{self.description} fails ({error.code})")

    def _connected(self) -> minio.Minio:
        with self._lock:
            if self._client is None:
                self._credentials = self._read_credentials()
                endpoint = urlsplit(self._mount.endpoint)
                access_key, secret_key = self._credentials or (None, None)
                self._client = minio.Minio(
                    endpoint.netloc,
                    access_key=access_key,
                    secret_key=secret_key,
                    secure=endpoint.scheme == "https",
                    region=self._mount.region,  # or the package asks the origin for it first
                    http_client=urllib3.PoolManager(
                        timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS), retries=False
                    ),
                )
            return self._client

    def _read_credentials(self) -> tuple[str, str] | None:
        if self._mount.access_key_file is None or self._mount.secret_key_file is None:
            return None
        return _secret(self._mount.access_key_file), _secret(self._mount.secret_key_file)


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OriginError(
            Cause.DENIED, f"{path}: cannot read the mounted credential ({type(error).__name__})"
        ) from None
