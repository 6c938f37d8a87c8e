"""The origin: one mount's bucket, listed, and read through signed addresses, in whichever language it speaks.

Rule: credentials come from the mounted files only and are read again when the origin refuses them, so that a
rotated Secret is picked up without a restart. Neither they nor a signed address is ever logged.

Only the worker imports a language (origin_s3, origin_oss), and only one that a mount needs: each takes a fifth of a
second, which a client never has.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_impl.cache.bucket import SaysError, SilentError
from reference_impl.cache.errors import Cause, OriginError
from reference_impl.cache.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference_impl.cache.bucket import Bucket, Credentials
    from reference_impl.cache.config import MountConfig
    from reference_impl.cache.tree import ListedObject

_log = logging.getLogger(__name__)

_ADDRESS_RENEWED_AFTER = 3600.0  # seconds; far from the end of its validity, whatever the clocks say
_LIST_ATTEMPTS = 3
_DENIED = frozenset({
    "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "RequestTimeTooSkewed", "SignatureDoesNotMatch"
})  # fmt: skip
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
        self._open = _language(mount.scheme)  # before the first listing, whose time says how costly the next would be
        self._lock = threading.Lock()
        self._bucket: Bucket | None = None
        self._credentials: Credentials | None = None
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
                return self._list_once()
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
        parts = urlsplit(self._connected().sign(key))
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
            if self._bucket is None or self._read_credentials() == self._credentials:
                return False
            self._bucket = None
            self._generation += 1
            _log.info("credentials of %s have changed, using the new ones", self.description)
            return True

    def _list_once(self) -> list[ListedObject]:
        bucket = self._connected()
        try:
            return list(bucket.list(self._mount.prefix))
        except SaysError as error:
            raise self._translated(error.code) from None
        except SilentError as error:
            raise OriginError(Cause.UNAVAILABLE, f"{self.description} does not answer ({error})") from None

    def _translated(self, code: str) -> OriginError:
        if code in _DENIED:
            return OriginError(Cause.DENIED, f"{self.description} refuses the credentials ({code})")
        if code in _MISSING:
            return OriginError(Cause.MISSING, f"{self.description} does not exist ({code})")
        return OriginError(Cause.UNAVAILABLE, f"{self.description} fails ({code})")

    def _connected(self) -> Bucket:
        with self._lock:
            if self._bucket is None:
                self._credentials = self._read_credentials()
                self._bucket = self._open(self._mount, self._credentials)
            return self._bucket

    def _read_credentials(self) -> Credentials | None:
        if self._mount.access_key_file is None or self._mount.secret_key_file is None:
            return None
        return _secret(self._mount.access_key_file), _secret(self._mount.secret_key_file)


def _language(scheme: str) -> Callable[[MountConfig, Credentials | None], Bucket]:
    if scheme == "oss":
        from reference_impl.cache.origin_oss import OssBucket  # noqa: PLC0415 - only what a mount needs, see above

        return OssBucket
    from reference_impl.cache.origin_s3 import S3Bucket  # noqa: PLC0415 - the same

    return S3Bucket


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OriginError(
            Cause.DENIED, f"{path}: cannot read the mounted credential ({type(error).__name__})"
        ) from None
