"""The webhook's certificate: made once, kept in a Secret, made anew when it no longer fits.

Rule: certificate and key are in the Secret and in this process only; the API server learns the authority's certificate.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reference_impl.kubernetes_api import CONFLICT, SECRETS, ApiError, KubernetesApi, Object

SECRET_NAME = "fluid-webhook-certs"  # noqa: S105 - the name of an object
VALID = timedelta(days=3650)
RENEW_BEFORE = timedelta(days=365)
AUTHORITY, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """PEM texts of a serving certificate, its key, and the authority that signed it."""

    authority: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Certificate(***)"

    def fits(self, names: Sequence[str], now: datetime) -> bool:
        """Tell whether the certificate serves these names for a good while yet."""
        try:
            parsed = x509.load_pem_x509_certificate(self.certificate)
            parsed.verify_directly_issued_by(x509.load_pem_x509_certificate(self.authority))
            found = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it does not fit
            return False
        served = set(found.get_values_for_type(x509.DNSName))
        return set(names) <= served and parsed.not_valid_before_utc <= now < parsed.not_valid_after_utc - RENEW_BEFORE


def ensure_certificate(api: KubernetesApi, namespace: str, names: Sequence[str]) -> Certificate:
    """Return the certificate of the Secret, first made and stored if there is none that fits."""
    now = datetime.now(UTC)
    existing = api.get(SECRETS, namespace, SECRET_NAME)
    stored = None if existing is None else _read(existing)
    if stored is not None and stored.fits(names, now):
        return stored
    made = make_certificate(names, now)
    try:
        if existing is None:
            api.create(SECRETS, _secret(namespace, made))
        else:
            version = {"resourceVersion": existing["metadata"]["resourceVersion"]}
            api.patch(SECRETS, existing, {"metadata": version, "data": _data(made)})
    except ApiError as error:
        if error.status != CONFLICT:
            raise
        return ensure_certificate(api, namespace, names)  # another replica was faster: take its
    return made


def make_certificate(names: Sequence[str], now: datetime) -> Certificate:
    """Return a new certificate for the names, signed by an authority that is forgotten afterwards."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name, name = _name("fluid-webhook-ca"), _name(names[0])
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _builder(name, authority_name, key.public_key(), now)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(served) for served in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return Certificate(
        authority=authority.public_bytes(serialization.Encoding.PEM),
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + VALID)
    )


def _data(made: Certificate) -> dict[str, str]:
    values = {AUTHORITY: made.authority, CERTIFICATE: made.certificate, KEY: made.key}
    return {name: base64.b64encode(value).decode() for name, value in values.items()}


def _secret(namespace: str, made: Certificate) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET_NAME, "namespace": namespace},
        "data": _data(made),
    }


def _read(existing: Object) -> Certificate | None:
    data = existing.get("data") or {}
    try:
        authority, certificate, key = (base64.b64decode(data[name]) for name in (AUTHORITY, CERTIFICATE, KEY))
    except (KeyError, ValueError):
        return None
    return Certificate(authority=authority, certificate=certificate, key=key)
