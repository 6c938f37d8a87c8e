"""The real oss2 in front of the door, by address or by the article's endpoint, with either signature."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import oss2
import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from fixtures.stores.oss.launch import ENDPOINT, REGION
from fixtures.stores.oss.store import OssStore

AUTHS = {"v1": oss2.Auth, "v4": oss2.AuthV4}
STYLES = ("path", "virtual")


class Resolving(HTTPAdapter):
    """Finds every name at the door, as the sandbox's DNS does."""

    def __init__(self, door: str) -> None:
        super().__init__()
        self._door = door

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - as in the base class
        there = urlsplit(request.url or "").netloc
        request.headers["Host"] = there
        request.url = (request.url or "").replace(f"//{there}", f"//{self._door}", 1)
        return super().send(request, *args, **kwargs)


def session(store: OssStore) -> oss2.Session:
    return oss2.Session(adapter=Resolving(store.endpoint_here.removeprefix("http://")))


def client(
    store: OssStore,
    bucket: str = "bucket",
    *,
    version: str = "v4",
    style: str = "path",
    key_id: str | None = None,
    secret: str | None = None,
    **more: Any,  # noqa: ANN401 - what oss2.Bucket takes
) -> oss2.Bucket:
    """Return a bucket of the real oss2; with its checksums on, as a user has them."""
    auth = AUTHS[version](key_id or store.access_key.reveal(), secret or store.secret_key.reveal())
    endpoint = store.endpoint_here if style == "path" else f"http://{ENDPOINT}"
    return oss2.Bucket(auth, endpoint, bucket, session=session(store), region=REGION, **more)


def expect_refused(code: str, act: Callable[[], Any], status: int = 403) -> oss2.exceptions.ServerError:
    """Do what the door has to refuse; return the refusal."""
    with pytest.raises(oss2.exceptions.ServerError) as raised:
        act()
    assert (raised.value.status, raised.value.code) == (status, code)
    assert raised.value.request_id
    return raised.value
