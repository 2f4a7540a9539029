"""Builds the X.509 certificates of awstape's CA: root, signer and leaves, with their name constraints.

1. Root and signer have the same critical name constraints: DNS names under the domains of AWS; no address, no e-mail
   and no URI. The signer exists for verifiers that follow RFC 5280, 6.1.1 to the letter, as Java's does: they ignore
   the constraints of a certificate that is trusted directly.
2. The domains are the DNS suffixes of AWS's partitions. A constraint matches the end of a name, so narrower ones would
   have to name each region (`access-analyzer.eu-west-1.amazonaws.com`), and new regions would be refused.
3. No certificate holds anything about the user or the machine.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from awstape.catalog.hosts import host_suffixes
from awstape.proxying.tls.trusted_certificates import OWN_ORGANIZATION

_CA_LIFETIME = timedelta(days=365)
_LEAF_LIFETIME = timedelta(days=1)
_CLOCK_SKEW = timedelta(hours=1)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Generates a private key, ECDSA on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def subject(common_name: str = "") -> x509.Name:
    """A subject of awstape. A leaf's has no common name: its host is in the subject alternative name."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, OWN_ORGANIZATION)]
    return x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else names)


def build_ca(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    path_length: int,
) -> x509.Certificate:
    """Builds the certificate of a root (whose issuer is itself) or of a signer. path_length: number of CAs below it."""
    return (
        _begin(name, issuer, key, now, now + _CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .add_extension(_name_constraints(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_id_of_issuer(issuer_key), critical=False)
        .sign(issuer_key, SHA256())
    )


def build_leaf(
    host: str,
    leaf_key: ec.EllipticCurvePrivateKey,
    signer: x509.Certificate,
    signer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """Builds the certificate of a host."""
    name = host.lower().removesuffix(".")
    until = min(now + _LEAF_LIFETIME, signer.not_valid_after_utc)
    return (
        _begin(subject(), signer.subject, leaf_key, now, until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(_key_usage(is_ca=False), critical=True)
        .add_extension(_key_id_of_issuer(signer_key), critical=False)
        .sign(signer_key, SHA256())
    )


def to_pem(*certificates: x509.Certificate) -> str:
    """Encodes certificates as PEM."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


def permitted_domains(certificate: x509.Certificate) -> list[str]:
    """The DNS names that a CA may sign for. Raises x509.ExtensionNotFound if it has no name constraints."""
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return [name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)]


def _begin(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    """The builder of a certificate with what roots, signers and leaves have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _name_constraints() -> x509.NameConstraints:
    """Constrains these kinds of names only: with any other (directoryName), Go refuses to verify the certificate."""
    domains = [x509.DNSName(suffix) for suffix in sorted(host_suffixes())]
    # Names that never exist (RFC 6761, 6.4): not all verifiers have a way to exclude every one.
    reserved = [x509.RFC822Name("invalid"), x509.UniformResourceIdentifier("invalid")]
    addresses = [x509.IPAddress(ipaddress.ip_network(all_)) for all_ in ("0.0.0.0/0", "::/0")]
    return x509.NameConstraints([*domains, *reserved], addresses)


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id_of_issuer(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
