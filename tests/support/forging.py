"""Forged certificates, such as a thief of the CA's key could issue, and TLS servers; uses no code of awstape."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY: Final = datetime.timedelta(days=1)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def name(text: str) -> x509.GeneralName:
    """Converts an IP address or a host name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@dataclass(frozen=True)
class Signer:
    """A key that signs certificates, and its own certificate; None makes the signed certificates self-signed."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate | None = None

    @classmethod
    def anew(cls, common_name: str) -> Self:
        """Creates a CA that can sign for all names."""
        signer = cls(ec.generate_private_key(ec.SECP256R1()))
        return cls(signer.key, signer.sign(signer.key, common_name, ca=True))

    @property
    def pem(self) -> bytes:
        assert self.certificate
        return pem(self.certificate)

    def sign(
        self,
        key: ec.EllipticCurvePrivateKey,
        common_name: str = "",
        names: Sequence[str] = (),
        *,
        ca: bool = False,
        until: datetime.timedelta = DAY,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject if self.certificate else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + until)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, *[False] * 4, ca, ca, False, False), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(map(name, names))), not common_name)
        return builder.sign(self.key, hashes.SHA256())


@dataclass(frozen=True)
class Identity:
    """A server's private key and its certificate chain."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @classmethod
    def signed_by(cls, signer: Signer, names: Sequence[str], until: datetime.timedelta = DAY, cn: str = "") -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, (signer.sign(key, cn, names, until=until), *filter(None, [signer.certificate])))

    @classmethod
    def of_itself(cls, names: Sequence[str]) -> Self:
        """Creates a self-signed certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, (Signer(key).sign(key, "itself", names),))

    def context(self, folder: Path) -> ssl.SSLContext:
        """Returns the TLS context of the server."""
        file = folder / f"{self.chain[0].serial_number}.pem"
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + pem(*self.chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    """Performs a TLS handshake without a socket. Raises ssl.SSLError."""
    wires = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(wires[0], wires[1], server_hostname=host),
        server.wrap_bio(wires[1], wires[0], server_side=True),
    ]
    for _ in range(10):
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                pass
    assert not sides
