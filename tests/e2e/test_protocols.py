"""HTTP variants of other clients: HTTP/2, gzip, GET forms, HEAD, unknown methods; TLS that must not be intercepted."""

import hashlib
import json
import re
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from e2e.conftest import Recorded
from e2e.harness import Machine, calls, program, to_upstream
from support.standin import StandIn

IAM = "https://iam.amazonaws.com/"
ANALYZER = "https://access-analyzer.us-east-1.amazonaws.com/policy/generation"
LIST_ROLES = "Action=ListRoles&Version=2010-05-08"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


def curl(machine: Machine, *requests: tuple[str, ...], **environ: str) -> list[dict[str, Any]]:
    """Returns curl's report on each request; curl sends all over one connection if possible."""
    options = ("-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{json}\n")
    command = [part for request in requests for part in ("--next", *options, *request)][1:]
    run = machine.run("curl", *command, **environ)
    return [json.loads(line) for line in run.ok().out.splitlines()]


@pytest.fixture
def http2(machine: Machine) -> str:
    if "HTTP2" not in machine.run("curl", "--version").out:
        pytest.skip("this curl has no HTTP/2")
    return "--http2"


@needs_curl
def test_all_forms_of_a_request_are_recorded_as_one(
    machine: Machine, aws: StandIn, cassette: Path, tmp_path: Path, http2: str
) -> None:
    boto3_tape = tmp_path / "boto3.yaml"
    machine.record(boto3_tape, aws.url, command=calls("iam.list_roles()", "analyzer.list_policy_generations()")).ok()
    with machine.server("record", cassette, *to_upstream(aws.url)) as recording:
        reports = curl(
            machine,
            (http2, "-d", LIST_ROLES, IAM),
            (http2, "--compressed", "-d", LIST_ROLES, IAM),
            ("--http1.1", "--compressed", "-d", LIST_ROLES, IAM),
            (http2, f"{IAM}?{LIST_ROLES}"),
            (http2, "--compressed", ANALYZER),
            (http2, "-X", "PURGE", ANALYZER),
            **recording.environ,
        )
        assert recording.stop().status == 0
    assert [(answer["http_version"], answer["response_code"]) for answer in reports] == [
        ("1.1", 200),
        ("1.1", 200),
        ("1.1", 200),
        ("1.1", 200),
        ("1.1", 200),
        ("1.1", 501),
    ]
    assert reports[1]["size_download"] < reports[0]["size_download"], "no gzip"
    account = re.compile(rb"^account: .*\n", re.MULTILINE)  # curl does not sign
    assert cassette.read_bytes() == account.sub(b"", boto3_tape.read_bytes())


@needs_curl
def test_the_proxy_replays_to_every_client(recorded: Recorded, owner: Machine, http2: str) -> None:
    with owner.server("replay", recorded.cassette, "--proxy") as replay:
        reports = curl(
            owner,
            (http2, "-d", LIST_ROLES, IAM),
            (http2, "--compressed", ANALYZER),
            ("--http1.1", f"{IAM}?{LIST_ROLES}"),
            ("--http1.1", "-X", "PURGE", ANALYZER),
            (http2, "-X", "PURGE", ANALYZER),
            ("--http1.1", "-I", f"{IAM}?{LIST_ROLES}"),
            ("--http1.1", "-d", LIST_ROLES, IAM),
            (http2, "-I", f"{IAM}?{LIST_ROLES}"),
            (http2, "-d", LIST_ROLES, IAM),
            **replay.environ,
        )
        run = replay.stop()
    assert [answer["http_version"] for answer in reports] == ["1.1"] * 9, "as AWS does"
    assert [answer["response_code"] for answer in reports] == [200, 200, 200, 400, 400, 400, 200, 400, 200]
    assert reports[6]["num_connects"] == 0, "the answer to HEAD had a body"
    assert run.status == 1
    assert len(json.loads(run.err)["misses"]) >= 4, "PURGE and HEAD"


@needs_curl
def test_the_endpoint_replays_to_every_client(recorded: Recorded, owner: Machine) -> None:
    with owner.server("replay", recorded.cassette) as replay:
        signed = ("-H", "Authorization: AWS4-HMAC-SHA256 Credential=X/20240102/us-east-1/access-analyzer/aws4_request")
        analyzer = f"{replay.url}/policy/generation"
        reports = curl(
            owner,
            ("-d", LIST_ROLES, replay.url),
            ("--compressed", *signed, analyzer),
            (f"{replay.url}/?{LIST_ROLES}",),
            ("-X", "PURGE", *signed, analyzer),
            ("-I", *signed, analyzer),
            ("-X", "NONSENSE", *signed, analyzer),
            (*signed, analyzer),
        )
        run = replay.stop()
    statuses = [answer["response_code"] for answer in reports]
    assert statuses == [200, 200, 200, 400, 400, 400, 200]
    assert run.status == 1


# --- TLS to other hosts -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, bytes]]:
    """The port and the certificate of a TLS server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2024, 1, 1))
        .not_valid_after(datetime(2024, 1, 1) + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("other") / "other.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, args=(server, context), daemon=True).start()
        yield server.getsockname()[1], certificate.public_bytes(serialization.Encoding.DER)
        server.shutdown(socket.SHUT_RDWR)


def greet(server: socket.socket, context: ssl.SSLContext) -> None:
    """Accepts TLS connections and sends a greeting, until the server is shut down."""
    while True:
        try:
            connection = server.accept()[0]
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.sendall(b"hello from " + secure.recv(100))
            except OSError:
                pass


PEEK = """\
import hashlib, os, socket, ssl, sys
proxy = os.environ["HTTPS_PROXY"].removeprefix("http://").rsplit(":", 1)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
for name in sys.argv[2:]:
    with socket.create_connection(proxy, timeout=20) as connection:
        connection.sendall(f"CONNECT 127.0.0.1:{sys.argv[1]} HTTP/1.1\\r\\n\\r\\n".encode())
        assert b" 200 " in connection.recv(65536)
        with context.wrap_socket(connection, server_hostname=name or None) as secure:
            secure.sendall(b"me\\r\\n\\r\\n")
            print(hashlib.sha256(secure.getpeercert(True)).hexdigest(), secure.recv(10))
"""
"""Connects through the proxy to a local port with several server names; prints each certificate's hash and greeting."""


def test_tls_to_other_hosts_is_not_intercepted(
    machine: Machine, aws: StandIn, cassette: Path, other_host: tuple[int, bytes]
) -> None:
    port, certificate = other_host
    passed = "other.example", "sqs.amazonaws.com", "iam.amazonaws.com.example", ""
    command = (*program(PEEK), str(port), *passed, "iam.amazonaws.com")
    run = machine.record(cassette, aws.url, command=command).ok()
    original = hashlib.sha256(certificate).hexdigest()
    *others, intercepted = run.out.splitlines()
    assert others == [f"{original} b'hello from'"] * len(passed)
    assert original not in intercepted
    assert "hello" not in intercepted
    assert not cassette.exists()
    assert "nothing was recorded" in run.err


def test_a_vpc_endpoint_is_recorded_under_its_own_name(machine: Machine, aws: StandIn, cassette: Path) -> None:
    host = "vpce-0a1b2c3d-4e5f.access-analyzer.us-east-1.vpce.amazonaws.com"
    command = program(
        f"import boto3; client = boto3.client('accessanalyzer', 'us-east-1', endpoint_url='https://{host}')\n"
        "print(len(client.list_analyzers()['analyzers']))"
    )
    listed = machine.record(cassette, aws.url, command=command).ok().out
    assert "operation: ListAnalyzers\nregion: us-east-1\n" in cassette.read_text("utf-8")
    assert "vpce" not in cassette.read_text("utf-8")
    run = machine.awstape("replay", cassette, "--proxy", "--", *command).ok()
    assert (run.out, run.err) == (listed, "")
