"""The webhook's certificate and server, over real TLS."""

import http.client
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from reference_impl.webhook.certificate import Certificate, make_certificate
from reference_impl.webhook.server import PATH, WebhookServer
from reference_impl.webhook.service import service_names

Object = dict[str, object]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return make_certificate(["localhost"], datetime.now(UTC))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[WebhookServer]:
    def review(asked: Object) -> Object:
        if asked["request"] == {"uid": "broken"}:
            raise RuntimeError("no API server")
        return {"seen": asked}

    running = WebhookServer(port=0, certificate=certificate, review=review)
    running.start()
    yield running
    running.stop()


def post(server: WebhookServer, authority: bytes, body: bytes, path: str = PATH) -> tuple[int, Object]:
    context = ssl.create_default_context(cadata=authority.decode())
    connection = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=5)
    connection.request("POST", f"{path}?timeout=15s", body)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_a_review_is_answered_over_a_connection_that_the_authority_verifies(
    server: WebhookServer, certificate: Certificate
) -> None:
    asked = {"request": {"uid": "u"}}

    assert post(server, certificate.authority, json.dumps(asked).encode()) == (200, {"seen": asked})


def test_another_authority_does_not_verify_it(server: WebhookServer) -> None:
    other = make_certificate(["localhost"], datetime.now(UTC))

    with pytest.raises(ssl.SSLCertVerificationError):
        post(server, other.authority, b"{}")


def test_whatever_goes_wrong_inside_is_a_refusal_with_its_cause(
    server: WebhookServer, certificate: Certificate
) -> None:
    status, answer = post(server, certificate.authority, b'{"request": {"uid": "broken"}}')
    response = answer["response"]

    assert status == 200
    assert isinstance(response, dict)
    assert (response["uid"], response["allowed"]) == ("broken", False)
    assert "no API server" in response["status"]["message"]


def test_what_is_no_review_is_not_answered_as_one(server: WebhookServer, certificate: Certificate) -> None:
    assert post(server, certificate.authority, b"not json")[0] == 400
    assert post(server, certificate.authority, b"{}", path="/elsewhere")[0] == 404


def test_a_certificate_fits_its_names_until_a_year_before_its_end() -> None:
    now = datetime.now(UTC)
    made = make_certificate(service_names("fluid-system"), now)

    assert made.fits(["fluid-pod-admission-webhook.fluid-system.svc"], now)
    assert not made.fits(["elsewhere.svc"], now)
    assert not made.fits(["localhost"], now + timedelta(days=9.5 * 365))
    assert not Certificate(authority=b"", certificate=b"junk", key=b"").fits([], now)


def test_a_key_is_never_shown(certificate: Certificate) -> None:
    assert "PRIVATE" not in repr(certificate)
