"""Who is let in at the OSS door: the real oss2, both versions of the signature, both styles; and who is not."""

import http.client
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import oss2
import pytest
from oss_clients import AUTHS, STYLES, client, expect_refused, session

from fixtures.stores.oss.launch import ENDPOINT, REGION
from fixtures.stores.oss.store import OssStore

KEY = "signed/a key+with ä%20&=.bin"
VERSIONS = pytest.mark.parametrize("version", AUTHS)


@pytest.fixture(scope="module")
def stored(oss_store: OssStore) -> bytes:
    content = b"signed and sealed"
    client(oss_store).put_object(KEY, content)
    return content


def fetch(oss_store: OssStore, url: str, **headers: str) -> tuple[int, bytes]:
    """Ask for a URL at the door, by whatever host it names; return status and body."""
    parts, here = urlsplit(url), urlsplit(oss_store.endpoint_here)
    connection = http.client.HTTPConnection(here.hostname or "", here.port, timeout=10)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers={"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@VERSIONS
@pytest.mark.parametrize("style", STYLES)
def test_every_version_and_style_is_let_in(oss_store: OssStore, stored: bytes, version: str, style: str) -> None:
    bucket = client(oss_store, version=version, style=style)

    assert bucket.get_object(KEY).read() == stored
    headers = {"x-oss-meta-colour": "deep blue", "Content-Type": "text/x-signed"}
    written = bucket.put_object(f"signed/{version}-{style}", b"x", headers=headers)
    seen = bucket.head_object(f"signed/{version}-{style}")
    assert (seen.headers["x-oss-meta-colour"], seen.content_type) == ("deep blue", "text/x-signed")
    assert written.request_id
    answer = bucket.get_object(KEY, params={"response-content-type": "text/special"})
    assert answer.headers["Content-Type"] == "text/special"


@VERSIONS
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("slash_safe", [True, False])
def test_a_presigned_address_opens_one_object(
    oss_store: OssStore, stored: bytes, version: str, style: str, *, slash_safe: bool
) -> None:
    url = client(oss_store, version=version, style=style).sign_url("GET", KEY, 60, slash_safe=slash_safe)

    assert fetch(oss_store, url) == (200, stored)
    assert b"SignatureDoesNotMatch" in fetch(oss_store, url.replace("signed", "sealed", 1))[1]


@VERSIONS
def test_a_wrong_key_is_told_from_a_wrong_secret(oss_store: OssStore, stored: bytes, version: str) -> None:
    stranger = client(oss_store, version=version, key_id="LTAInobody")
    liar = client(oss_store, version=version, secret="not-the-secret")  # noqa: S106 - it opens nothing

    expect_refused("InvalidAccessKeyId", lambda: stranger.get_object(KEY))
    refused = expect_refused("SignatureDoesNotMatch", lambda: liar.get_object(KEY))
    assert isinstance(refused, oss2.exceptions.SignatureDoesNotMatch)
    assert oss_store.secret_key.reveal() not in str(refused.body)
    expect_refused("SignatureDoesNotMatch", lambda: liar.head_object(KEY))  # told in a header
    expect_refused("SignatureDoesNotMatch", lambda: liar.put_object("never", b"x" * (3 << 20)))
    expect_refused("NoSuchKey", lambda: client(oss_store).get_object("never"), 404)


@VERSIONS
@pytest.mark.parametrize("off", [timedelta(minutes=-16), timedelta(minutes=16)], ids=["past", "future"])
def test_a_clock_that_is_wrong_is_told(
    oss_store: OssStore, stored: bytes, version: str, off: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def utcnow(cls) -> datetime:
            return datetime.now(tz=UTC).replace(tzinfo=None) + off

    monkeypatch.setattr("oss2.utils.http_date", lambda: format_datetime(datetime.now(tz=UTC) + off, usegmt=True))
    monkeypatch.setattr("oss2.auth.datetime", Clock)

    expect_refused("RequestTimeTooSkewed", lambda: client(oss_store, version=version).get_object(KEY))


@VERSIONS
def test_a_presigned_address_ends(
    oss_store: OssStore, stored: bytes, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def utcnow(cls) -> datetime:
            return datetime.now(tz=UTC).replace(tzinfo=None) - timedelta(seconds=120)

    monkeypatch.setattr("oss2.auth.datetime", Clock)
    bucket = client(oss_store, version=version)
    ended = bucket.sign_url("GET", KEY, -60 if version == "v1" else 60, slash_safe=True)
    lasting = bucket.sign_url("GET", KEY, 300, slash_safe=True)

    status, body = fetch(oss_store, ended)
    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired.</Message>" in body
    assert fetch(oss_store, lasting) == (200, stored)


@VERSIONS
def test_nothing_that_is_signed_can_be_changed(oss_store: OssStore, stored: bytes, version: str) -> None:
    url = client(oss_store, version=version).sign_url(
        "GET", KEY, 60, slash_safe=True, params={"response-content-type": "text/plain"}
    )
    base, _, query = url.partition("?")
    signed = dict(parse_qsl(query))
    changes = {"response-content-type": "text/html"}
    changes |= {"Expires": "9999999999"} if version == "v1" else {"x-oss-expires": "600"}

    assert fetch(oss_store, url)[0] == 200
    for name, value in changes.items():
        status, body = fetch(oss_store, f"{base}?{urlencode(signed | {name: value}, quote_via=quote)}")
        assert (status, b"SignatureDoesNotMatch" in body) == (403, True), name
    signature = "Signature" if version == "v1" else "x-oss-signature"
    other = {signature: signed[signature][::-1]}
    assert b"SignatureDoesNotMatch" in fetch(oss_store, f"{base}?{urlencode(signed | other, quote_via=quote)}")[1]


def test_version_4_signs_every_query_and_its_scope(oss_store: OssStore, stored: bytes) -> None:
    url = client(oss_store).sign_url("GET", KEY, 60, slash_safe=True)

    assert b"SignatureDoesNotMatch" in fetch(oss_store, f"{url}&whatever=1")[1]
    elsewhere = fetch(oss_store, url.replace(REGION, "cn-elsewhere"))
    assert elsewhere[0] == 400
    assert b"<Code>InvalidArgument</Code>" in elsewhere[1]


def test_a_header_that_is_signed_beside_the_usual_ones_counts(oss_store: OssStore, stored: bytes) -> None:
    url = client(oss_store).sign_url(
        "GET", KEY, 60, slash_safe=True, headers={"range": "bytes=0-5"}, additional_headers={"range"}
    )

    assert fetch(oss_store, url, Range="bytes=0-5") == (206, stored[:6])
    assert b"SignatureDoesNotMatch" in fetch(oss_store, url, Range="bytes=0-9")[1]


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ("", 403, "AccessDenied"),
        ("OSS nonsense", 400, "InvalidArgument"),
        ("OSS4-HMAC-SHA256 nonsense", 400, "InvalidArgument"),
        ("OSS2 AccessKeyId:a,Signature:b", 400, "InvalidArgument"),
        ("AWS4-HMAC-SHA256 Credential=a", 400, "InvalidArgument"),
        ("OSS a:b", 403, "InvalidAccessKeyId"),
    ],
)
def test_what_is_no_signature_is_refused(oss_store: OssStore, header: str, status: int, code: str) -> None:
    headers = {"Authorization": header} if header else {}

    seen, body = fetch(oss_store, f"{oss_store.endpoint_here}/bucket/{quote(KEY)}", **headers)
    assert (seen, f"<Code>{code}</Code>".encode() in body) == (status, True), body


def test_the_endpoints_own_name_takes_no_bucket_in_the_path(oss_store: OssStore) -> None:
    bucket = client(oss_store, style="virtual", is_path_style=True)

    expect_refused("SecondLevelDomainForbidden", lambda: bucket.get_object(KEY))


def test_other_peoples_names_are_not_answered(oss_store: OssStore) -> None:
    for name in ("example.com", f"bucket.x{ENDPOINT}", "bucket.oss-cn-hangzhou.aliyuncs.com"):
        status, body = fetch(oss_store, f"http://{name}/key")
        assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True), name


@VERSIONS
def test_the_service_itself_is_asked_by_the_endpoints_name(oss_store: OssStore, version: str) -> None:
    auth = AUTHS[version](oss_store.access_key.reveal(), oss_store.secret_key.reveal())
    service = oss2.Service(auth, f"http://{ENDPOINT}", session=session(oss_store), region=REGION)

    listed = {bucket.name: bucket for bucket in service.list_buckets().buckets}
    assert listed["bucket"].location == f"oss-{REGION}"
