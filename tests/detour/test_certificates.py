"""The local authority and its server certificate: made once, kept, repaired, renewed, and bound to their names."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

import entrepot
from entrepot import certificates
from entrepot.certificates import AMAZON_HOSTS, Certificates, ensure

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


def leaf_of(found: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificates(found.chain.read_bytes())[0]


def authority_of(found: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificate(found.ca.read_bytes())


def names_of(certificate: x509.Certificate) -> list[str]:
    value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return value.get_values_for_type(x509.DNSName)


def private_key_of(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def contents(found: Certificates) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in found.ca.parent.iterdir()}


def shake_hands(found: Certificates, name: str, *, chain: Path | None = None) -> None:
    """A TLS handshake in memory, the client as strict as Python 3.13 is by default. Raises SSLError if it refuses."""
    client_context = ssl.create_default_context(cafile=found.bundle)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain or found.chain, found.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() is not None


def assert_consistent(found: Certificates) -> None:
    shake_hands(found, "api.amazon.com")
    trusted = pkcs12.load_pkcs12(found.truststore.read_bytes(), b"changeit").additional_certs
    assert [entry.certificate for entry in trusted] == [authority_of(found)]


def test_the_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "certificates"

    found = ensure(directory)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.glob("*key*")}
    assert modes == {"ca-key.pem": 0o600, "server-key.pem": 0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert found.key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_loose_permissions_are_tightened(tmp_path: Path) -> None:
    found = ensure(tmp_path)
    found.key.chmod(0o644)
    tmp_path.chmod(0o755)

    ensure(tmp_path)

    assert stat.S_IMODE(found.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    before = contents(ensure(tmp_path))

    after = contents(ensure(tmp_path))

    assert after == before


@pytest.mark.parametrize("name", [*AMAZON_HOSTS, "localhost", "127.0.0.1", "::1", "warehouse.example"])
def test_a_strict_client_accepts_the_server_under_every_name(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.getbasetemp() / "every-name"

    found = ensure(directory, hostname="Warehouse.Example")

    shake_hands(found, name)


@pytest.mark.parametrize("name", ["www.amazon.com", "amazon.com", "bank.example"])
def test_a_stolen_authority_key_is_of_no_use_for_other_names(name: str, tmp_path: Path) -> None:
    found = ensure(tmp_path)
    forged = tmp_path / "forged.pem"
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority_of(found).subject)
        .public_key(private_key_of(found.key).public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_of(found).public_key()),  # type: ignore[arg-type]
            critical=False,
        )
        .sign(private_key_of(tmp_path / "ca-key.pem"), hashes.SHA256())
    )
    forged.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + found.ca.read_bytes())

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(found, name, chain=forged)


@pytest.mark.parametrize("hostname", ["build_box", "10.0.0.5", "läger", "", "-", "a" * 64, "two words"])
def test_a_hostname_that_no_certificate_can_carry_is_left_out(hostname: str, tmp_path: Path) -> None:
    found = ensure(tmp_path, hostname=hostname)

    assert names_of(leaf_of(found)) == ["localhost", *AMAZON_HOSTS]
    assert_consistent(found)


def test_the_leaf_is_renewed_when_less_than_thirty_days_are_left(tmp_path: Path) -> None:
    first = ensure(tmp_path, now=NOW)
    old_leaf, old_authority, old_key = leaf_of(first), authority_of(first), first.key.read_bytes()
    end = old_leaf.not_valid_after_utc

    kept = leaf_of(ensure(tmp_path, now=end - timedelta(days=31)))
    renewed = leaf_of(ensure(tmp_path, now=end - timedelta(days=29)))

    assert kept == old_leaf
    assert renewed.not_valid_after_utc > end
    assert authority_of(first) == old_authority
    assert first.key.read_bytes() == old_key


def test_a_renewed_leaf_is_accepted_with_the_authority_trusted_before(tmp_path: Path) -> None:
    old = ensure(tmp_path, now=datetime.now(UTC) - timedelta(days=390))
    trusted = old.bundle.read_bytes()

    found = ensure(tmp_path)

    assert found.bundle.read_bytes() == trusted
    assert_consistent(found)


def test_the_authority_is_replaced_before_it_ends(tmp_path: Path) -> None:
    first = authority_of(ensure(tmp_path, now=datetime.now(UTC) - timedelta(days=3650 - 59)))

    found = ensure(tmp_path)

    assert authority_of(found) != first
    assert_consistent(found)


@pytest.mark.parametrize("days_ahead", [[900], [0, 390]], ids=["authority and leaf", "leaf only"])
def test_what_a_clock_running_ahead_has_made_is_replaced(days_ahead: list[int], tmp_path: Path) -> None:
    for days in days_ahead:
        ensure(tmp_path, now=datetime.now(UTC) + timedelta(days=days))

    found = ensure(tmp_path)

    assert_consistent(found)


def test_a_host_new_in_the_table_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(tmp_path)
    monkeypatch.setattr(certificates, "AMAZON_HOSTS", (*AMAZON_HOSTS, "api.amazon.example"))

    found = ensure(tmp_path)

    shake_hands(found, "api.amazon.example")
    assert_consistent(found)


def test_a_host_gone_from_the_table_is_no_longer_served_and_the_authority_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = authority_of(ensure(tmp_path))
    monkeypatch.setattr(certificates, "AMAZON_HOSTS", AMAZON_HOSTS[:-1])

    found = ensure(tmp_path)

    assert AMAZON_HOSTS[-1] not in names_of(leaf_of(found))
    assert authority_of(found) == first


def test_a_renamed_machine_keeps_its_authority_and_loses_the_old_name(tmp_path: Path) -> None:
    first = authority_of(ensure(tmp_path, hostname="before"))

    found = ensure(tmp_path, hostname="after")

    assert authority_of(found) == first
    assert not {"before", "after"} & set(names_of(leaf_of(found)))
    assert_consistent(found)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def exchange_with_a_strangers(file: Path) -> None:
    ensure(file.parent / "stranger")
    file.write_bytes((file.parent / "stranger" / file.name).read_bytes())


@pytest.mark.parametrize("damage", [Path.unlink, empty, cut_short, exchange_with_a_strangers])
@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "java-truststore.p12"])
def test_a_damaged_file_is_repaired(name: str, damage: Callable[[Path], None], tmp_path: Path) -> None:
    ensure(tmp_path)
    damage(tmp_path / name)

    found = ensure(tmp_path)

    assert_consistent(found)


def test_an_authority_without_name_constraints_is_replaced(tmp_path: Path) -> None:
    found = ensure(tmp_path)
    key = private_key_of(tmp_path / "ca-key.pem")
    unbound = (
        x509.CertificateBuilder()
        .subject_name(authority_of(found).subject)
        .issuer_name(authority_of(found).subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC))
        .not_valid_after(datetime.now(UTC) + timedelta(days=3000))
        .sign(key, hashes.SHA256())
    )
    found.ca.write_bytes(unbound.public_bytes(serialization.Encoding.PEM))

    ensure(tmp_path)

    assert authority_of(found) != unbound
    assert_consistent(found)


PROCESS = """
import ssl, sys
from pathlib import Path
from entrepot.certificates import ensure
print("ready", flush=True)
sys.stdin.readline()
found = ensure(Path(sys.argv[1]))
ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.chain, found.key)
print(found.ca.read_text(), found.chain.read_text(), found.key.read_text())
"""


def test_processes_that_start_at_once_end_with_the_same_set(tmp_path: Path) -> None:
    source = str(Path(entrepot.__file__).parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, tmp_path / "certificates"],
            env={"PYTHONPATH": source},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(set(outputs)) == 1
    assert_consistent(ensure(tmp_path / "certificates"))
