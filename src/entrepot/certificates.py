"""The local certificate authority and the one server certificate it signs, kept in a private directory.

Knows X.509, names and files. Refuses to know who serves with the certificate and who is told to trust it.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The host names that programs of each generation have built in. Sources: Amazon's SP-API documentation ("SP-API
# endpoints", "Connecting to the Selling Partner API"), AWS's ("AWS STS Regions and endpoints"), Amazon's MWS client
# libraries and the MWS developer guide ("Amazon MWS endpoints"), and Amazon's "Guide to using the AIM API", version 2.0
# of 2007.
AMAZON_HOSTS: tuple[str, ...] = (
    # Login with Amazon
    "api.amazon.com",
    "api.amazon.co.uk",
    "api.amazon.co.jp",
    # SP-API, production and sandbox
    "sellingpartnerapi-na.amazon.com",
    "sellingpartnerapi-eu.amazon.com",
    "sellingpartnerapi-fe.amazon.com",
    "sandbox.sellingpartnerapi-na.amazon.com",
    "sandbox.sellingpartnerapi-eu.amazon.com",
    "sandbox.sellingpartnerapi-fe.amazon.com",
    # STS, where programs that sign for SP-API assume a role first
    "sts.amazonaws.com",
    "sts.us-east-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "sts.us-west-2.amazonaws.com",
    # MWS
    "mws.amazonservices.com",
    "mws.amazonservices.ca",
    "mws.amazonservices.com.mx",
    "mws-eu.amazonservices.com",
    "mws.amazonservices.ae",
    "mws.amazonservices.in",
    "mws.amazonservices.jp",
    "mws.amazonservices.com.au",
    "mws-fe.amazonservices.com",
    "mws.amazonservices.com.cn",
    # MWS, older names still found in client libraries
    "mws.amazonaws.com",
    "mws.amazonservices.co.uk",
    "mws.amazonservices.de",
    "mws.amazonservices.fr",
    "mws.amazonservices.it",
    # AIM, Marketplace
    "secure.amazon.com",
    "secure.amazon.ca",
    "secure.amazon.fr",
    "secure.amazon.de",
    "secure.amazon.co.uk",
    "vendornet.amazon.co.jp",
    # AIM, Seller Central
    "merchant-query.amazon.com",
    "merchant-query.amazon.fr",
    "merchant-query.amazon.de",
    "merchant-query.amazon.co.uk",
)

LOOPBACK_ADDRESSES = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
LOOPBACK_NETWORKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

CA_LIFE = timedelta(days=3650)
CA_RENEWAL = timedelta(days=60)
LEAF_LIFE = timedelta(days=397)  # the longest that every client accepts
LEAF_RENEWAL = timedelta(days=30)
CLOCK_SKEW = timedelta(hours=1)

# Java opens a trust store only with a password. The content is public, so the password is Java's customary one.
TRUSTSTORE_PASSWORD = b"changeit"

_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True)
class Certificates:
    """Where the files are. Only `key` (and the authority's own key beside it) is secret.

    `bundle` is what clients are told to trust instead of the public authorities: ours alone, so that a client which
    slips past the detour cannot complete a handshake with the real host either.
    """

    ca: Path  # PEM, our authority's certificate
    bundle: Path  # PEM, what a client shall trust
    chain: Path  # PEM, server certificate followed by the authority
    key: Path  # PEM, PKCS#8, the server's private key
    truststore: Path  # PKCS#12 for Java, password `TRUSTSTORE_PASSWORD`
    php: Path  # settings for PHP, which heeds no variable that names a bundle


@dataclass(frozen=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(directory: Path, *, now: datetime | None = None, hostname: str | None = None) -> Certificates:
    """The certificates in `directory`, made or repaired where needed; safe to call from many processes at once.

    The authority stays the same as long as it covers `AMAZON_HOSTS`, so what was told to trust it goes on doing so. It
    is bound to the names it was made for: a machine renamed later is not added to the server certificate until the
    directory is deleted. `now` (aware) and `hostname` replace the machine's own. Raises OSError if the directory
    cannot be written.
    """
    moment = now or datetime.now(UTC)
    machine = _dns_name(socket.gethostname() if hostname is None else hostname)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    found = Certificates(
        ca=directory / "ca.pem",
        bundle=directory / "ca.pem",
        chain=directory / "server.pem",
        key=directory / "server-key.pem",
        truststore=directory / "java-truststore.p12",
        php=directory / "php.ini",
    )
    with _locked(directory / ".lock"):
        authority = _ensure_authority(found.ca, directory / "ca-key.pem", moment, machine)
        key = _ensure_key(found.key)
        _ensure_leaf(found.chain, authority, key, moment, machine)
        _ensure_truststore(found.truststore, authority.certificate)
        _ensure_php_settings(found.php, found.bundle)
    return found


def _ensure_authority(certificate_file: Path, key_file: Path, moment: datetime, machine: str | None) -> _Authority:
    certificate, key = _read_certificate(certificate_file), _read_key(key_file)
    if certificate and key and _authority_serves(certificate, key, moment):
        return _Authority(certificate, key)
    key = _new_key()
    _write(key_file, _key_pem(key), secret=True)
    certificate = _sign_authority(key, moment, _server_names(machine))
    _write(certificate_file, _certificate_pem(certificate))
    return _Authority(certificate, key)


def _authority_serves(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, moment: datetime) -> bool:
    return (
        certificate.public_key() == key.public_key()
        and certificate.not_valid_before_utc <= moment
        and certificate.not_valid_after_utc - moment >= CA_RENEWAL
        and _permitted_names(certificate).issuperset(_server_names(None))
    )


def _ensure_key(file: Path) -> ec.EllipticCurvePrivateKey:
    # One key outlives every renewal, so that replacing one file (the chain) never breaks the pair.
    key = _read_key(file)
    if key is None:
        key = _new_key()
        _write(file, _key_pem(key), secret=True)
    return key


def _ensure_leaf(
    file: Path, authority: _Authority, key: ec.EllipticCurvePrivateKey, moment: datetime, machine: str | None
) -> None:
    permitted = _permitted_names(authority.certificate)
    names = [name for name in _server_names(machine) if name in permitted]
    chain = _read_chain(file)
    if len(chain) == 2 and chain[1] == authority.certificate and _leaf_serves(chain[0], key, moment, names):
        return
    leaf = _sign_leaf(authority, key, moment, names)
    _write(file, _certificate_pem(leaf) + _certificate_pem(authority.certificate))


def _leaf_serves(leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey, moment: datetime, names: list[str]) -> bool:
    return (
        leaf.public_key() == key.public_key()
        and leaf.not_valid_before_utc <= moment
        and leaf.not_valid_after_utc - moment >= LEAF_RENEWAL
        and _alternative_names(leaf) == _subject_alternative_name(names)
    )


def _ensure_truststore(file: Path, certificate: x509.Certificate) -> None:
    if _read_truststore(file) != certificate:
        entry = pkcs12.PKCS12Certificate(certificate, b"entrepot")
        encryption = serialization.BestAvailableEncryption(TRUSTSTORE_PASSWORD)
        _write(file, pkcs12.serialize_java_truststore([entry], encryption))


def _ensure_php_settings(file: Path, bundle: Path) -> None:
    trusted = str(bundle.resolve()).replace('"', '\\"')
    settings = f'curl.cainfo="{trusted}"\nopenssl.cafile="{trusted}"\n'.encode()
    if not file.exists() or file.read_bytes() != settings:
        _write(file, settings)


# What is signed


def _sign_authority(key: ec.EllipticCurvePrivateKey, moment: datetime, names: Iterable[str]) -> x509.Certificate:
    # Whoever steals the key can impersonate these names and nothing else, wherever the authority is trusted.
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(network) for network in LOOPBACK_NETWORKS]
    subject = _common_name("Entrepot local authority")
    return (
        _certificate(subject, subject, key.public_key(), moment, moment + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _sign_leaf(
    authority: _Authority, key: ec.EllipticCurvePrivateKey, moment: datetime, names: list[str]
) -> x509.Certificate:
    issuer = authority.certificate
    end = min(moment + LEAF_LIFE, issuer.not_valid_after_utc)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _certificate(_common_name("Entrepot local server"), issuer.subject, key.public_key(), moment, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .add_extension(_subject_alternative_name(names), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


# Names


def _server_names(machine: str | None) -> list[str]:
    return ["localhost", *([machine] if machine and machine != "localhost" else []), *AMAZON_HOSTS]


def _dns_name(hostname: str) -> str | None:
    """The machine's name as a certificate can carry it, or None (blanks, underscores, an address, too long)."""
    name = hostname.lower().rstrip(".")
    labels = name.split(".")
    well_formed = len(name) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in labels)
    return name if well_formed and not labels[-1].isdigit() else None


def _subject_alternative_name(names: list[str]) -> x509.SubjectAlternativeName:
    addresses = [x509.IPAddress(address) for address in LOOPBACK_ADDRESSES]
    return x509.SubjectAlternativeName([*(x509.DNSName(name) for name in names), *addresses])


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _permitted_names(certificate: x509.Certificate) -> set[str]:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return set()
    return {name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)}


# Files. What is missing, cut short or not ours reads as None, and is made anew.


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, content: bytes, *, secret: bool = False) -> None:
    mode = 0o600 if secret else 0o644
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    draft.replace(file)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        file.chmod(0o600)
    except (FileNotFoundError, ValueError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _read_chain(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return []


def _read_certificate(file: Path) -> x509.Certificate | None:
    chain = _read_chain(file)
    return chain[0] if len(chain) == 1 else None


def _read_truststore(file: Path) -> x509.Certificate | None:
    try:
        entries = pkcs12.load_pkcs12(file.read_bytes(), TRUSTSTORE_PASSWORD).additional_certs
    except (FileNotFoundError, ValueError):
        return None
    return entries[0].certificate if len(entries) == 1 else None
