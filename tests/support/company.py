"""A company's network: an outgoing proxy that requires a password, and a stand-in behind TLS under the names of AWS.

It parses bytes by itself, so that it shares no HTTP code with awstape.
"""

import asyncio
import base64
import datetime
import ipaddress
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Address = tuple[str, int]
WHO: Final = "kim:pass word"
"""User and password. In a URL: `kim:pass%20word`."""


class Company:
    """A proxy at `address`, and a TLS server at `tls` that forwards the decrypted bytes to the address `behind`.

    The proxy connects every tunnel to the TLS server. ca: the file of the CA that issued the certificate of both.
    verdict: the status with which the proxy refuses CONNECT; empty if it accepts. secure: the proxy itself uses TLS.
    asked counts CONNECT requests by target, tunnels those through which the client sent bytes.
    """

    def __init__(self, folder: Path, behind: Address, *, verdict: str = "", secure: bool = False) -> None:
        self.ca = folder / "company.pem"
        self._context = _server_context(folder, self.ca)
        self._behind, self._verdict, self._secure = behind, verdict, secure
        self._wanted = f"Basic {base64.b64encode(WHO.encode()).decode()}"
        self.asked: Counter[str] = Counter()
        self.tunnels: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.address, self.tls = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> tuple[Address, Address]:
        context = self._context
        secure = context if self._secure else None
        proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0, ssl=secure)
        tls = await asyncio.start_server(self._decrypted, "127.0.0.1", 0, ssl=context)
        self._servers = proxy, tls
        return proxy.sockets[0].getsockname(), tls.sockets[0].getsockname()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers: Mapping[str, str] = dict(line.lower().split(": ", 1) for line in head[1:-2])
        self.asked[target] += 1
        authorization = headers.get("proxy-authorization")
        verdict = self._verdict
        if authorization != self._wanted.lower():
            verdict = "407 Proxy Authentication Required"
        if method != "CONNECT" or verdict:
            writer.write(f"HTTP/1.1 {verdict or '405 No'}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if first := await reader.read(65536):
            self.tunnels[target] += 1
            await _relay(first, reader, writer, self.tls)
        writer.close()

    async def _decrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await _relay(b"", reader, writer, self._behind)


async def _relay(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Address) -> None:
    far_reader, far_writer = await asyncio.open_connection(*to)
    far_writer.write(first)
    both = [asyncio.create_task(_copy(reader, far_writer)), asyncio.create_task(_copy(far_reader, writer))]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        far_writer.close()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


def _server_context(folder: Path, ca: Path) -> ssl.SSLContext:
    """Creates a CA, writes its certificate to `ca`; issues a certificate for IAM, another host and 127.0.0.1."""
    key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Company")])
    now = datetime.datetime.now(datetime.UTC)

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
        )

    names = [x509.DNSName("iam.amazonaws.com"), x509.DNSName("elsewhere.example")]
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    is_ca = x509.BasicConstraints(True, None)
    root = build(name, key.public_key()).add_extension(is_ca, True).sign(key, hashes.SHA256())
    leaf = (
        build(x509.Name([]), leaf_key.public_key())
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), True)
        .sign(key, hashes.SHA256())
    )
    ca.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    pem = folder / "company-leaf.pem"
    pem.write_bytes(
        leaf.public_bytes(serialization.Encoding.PEM)
        + leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context
