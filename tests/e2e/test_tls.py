"""TLS on both sides of the proxy: the certificates shown to the program, and the verification of upstreams."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.cli.commands.record import record
from awstape.cli.main import main
from awstape.files import user_folders
from awstape.opening import RecordOptions, open_for_recording
from awstape.program import servers
from awstape.proxying.tls import certificate_authority
from awstape.proxying.upstream import parse_upstream
from awstape.report import recording_lines
from awstape.tape import Tape
from e2e.test_mitmproxy import NO_USERS
from examples import ROOT
from support.forging import DAY, Identity, Signer
from support.tips import Tip

IAM = "iam.amazonaws.com"
EVIL = "login.example.com"
NOT_VERIFIED = "the TLS handshake with the upstream localhost failed: certificate verify failed: "
COMPANY = Signer.anew("a company's CA")
FORM = "application/x-www-form-urlencoded"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from mitmproxy's dependencies


@dataclass
class Upstream:
    """A server that answers every request with an empty list of users. asked: the Host headers of the requests."""

    port: int
    asked: list[str] = field(default_factory=list)


@contextmanager
def upstream(identity: Identity, folder: Path) -> Iterator[Upstream]:
    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the client may reject the certificate
                self.connection.do_handshake()
                super().handle()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            running.asked.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(NO_USERS)))
            self.end_headers()
            self.wfile.write(NO_USERS.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that server_close waits for them
    server.socket = identity.context(folder).wrap_socket(server.socket, True, do_handshake_on_connect=False)
    running = Upstream(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Machine:
    """A user's folder, into which recordings are made in this process."""

    folder: Path

    @contextmanager
    def recording(self, *specs: str, cas: tuple[Path, ...] = ()) -> Iterator[Recording]:
        tape = open_for_recording(self.folder / "tape.yaml", "all", os.environ, RecordOptions(is_shared=True))
        server = servers.serve_proxy(tape, parse_upstream(specs, DEFAULT_SERVICES), 0, upstream_cas=cas)
        with servers.run_in_background(server) as (url, changes):
            root = str(self.folder / "data" / "awstape" / "ca.pem")
            yield Recording(tape, int(url.rpartition(":")[2]), str(changes["AWS_CA_BUNDLE"]), root)


@dataclass
class Recording:
    """A running recorder. bundle: the CA file set for programs; root: the file of awstape's CA, which is in it."""

    tape: Tape
    port: int
    bundle: str
    root: str

    @contextmanager
    def tunnel(self, to: str, sni: str | None, verify: str | None = None) -> Iterator[ssl.SSLSocket]:
        """Opens TLS through CONNECT. to: host and port. verify: a CA file; None verifies nothing."""
        context = ssl.create_default_context(cafile=verify)
        if verify is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            plain.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(plain, method="CONNECT")
            answer.begin()
            assert answer.status == 200
            with context.wrap_socket(plain, server_hostname=sni) as wrapped:
                yield wrapped

    def ask(self, to: str, sni: str, host: str = IAM) -> tuple[int, str]:
        """Makes a call in a verified tunnel; returns status and body."""
        body = b"Action=ListUsers&Version=2010-05-08"
        head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        with self.tunnel(to, sni, self.root) as wrapped:
            wrapped.sendall(head.encode() + body)
            answer = http.client.HTTPResponse(wrapped)
            answer.begin()
            return answer.status, answer.read().decode()

    def end(self) -> str:
        """Ends the recording; returns its report."""
        finished = self.tape.close()
        assert finished
        return "\n".join(recording_lines("tape.yaml", finished))


def names(certificate: bytes | None) -> list[str]:
    found = x509.load_der_x509_certificate(certificate or b"")
    return [str(each.value) for each in found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    # A configuration that mitmproxy's own programs would use.
    home = tmp_path / "home"
    (home / ".mitmproxy").mkdir(parents=True)
    (home / ".mitmproxy" / "config.yaml").write_text("ssl_insecure: true\n")
    (user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")}) / "config.yaml").write_text(
        "ssl_insecure: true\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWSTAPE_KEY", "0123456789abcdef" * 4)
    return Machine(tmp_path)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A CA file that a user adds."""
    file = tmp_path / "company.pem"
    file.write_bytes(COMPANY.pem)
    return file


# --- upstreams ---


UNVERIFIED = [
    pytest.param(lambda: Identity.of_itself(["localhost"]), True, "self-signed certificate", id="self-signed"),
    pytest.param(
        lambda: Identity.signed_by(COMPANY, ["localhost"]),
        False,
        "self-signed certificate in certificate chain",
        id="unknown CA",
    ),
    pytest.param(
        lambda: Identity.signed_by(COMPANY, ["localhost"], until=-DAY), True, "certificate has expired", id="expired"
    ),
    pytest.param(lambda: Identity.signed_by(COMPANY, [EVIL]), True, "hostname mismatch", id="another's name"),
    pytest.param(lambda: Identity.signed_by(COMPANY, [], cn="localhost"), True, "hostname mismatch", id="common name"),
]


@pytest.mark.parametrize(("identity", "is_company_trusted", "reason"), UNVERIFIED)
def test_unverified_upstreams_get_no_request(
    identity: Callable[[], Identity],
    is_company_trusted: bool,
    reason: str,
    machine: Machine,
    company: Path,
    tmp_path: Path,
) -> None:
    cas = (company,) if is_company_trusted else ()
    with (
        upstream(identity(), tmp_path) as server,
        machine.recording(f"iam=https://localhost:{server.port}", cas=cas) as recording,
    ):
        message = f"{NOT_VERIFIED}{reason}; --upstream-ca FILE adds a CA"
        status, body = recording.ask(f"{IAM}:443", IAM)
        assert status == 502
        assert reason in body
        status, body = recording.ask(f"{IAM}:443", IAM)  # SDKs retry after a 502
        assert status == 400
        assert f"<Message>{message}</Message>" in body
        assert recording.ask(f"{IAM}:443", IAM)[0] == 502  # verified again: the upstream may have been fixed
        option = Tip("--upstream-ca FILE adds a CA").take(body, "--[a-z-]+")  # `cas` is what it sets
        assert option in {name for each in record.params for name in each.opts}
        report = recording.end()
        assert f"skipped: 2 × {message}" in report
        assert "nothing was recorded" in report
        assert server.asked == []
        assert not (tmp_path / "tape.yaml").exists()


def test_an_sdk_shows_why_the_upstream_was_not_verified(machine: Machine, tmp_path: Path) -> None:
    with (
        upstream(Identity.of_itself(["localhost"]), tmp_path) as server,
        machine.recording(f"iam=https://localhost:{server.port}") as recording,
    ):
        config = Config(proxies={"https": f"http://127.0.0.1:{recording.port}"}, retries={"max_attempts": 1})
        keys = {"aws_access_key_id": "fake", "aws_secret_access_key": "fake"}
        iam = boto3.client("iam", region_name="us-east-1", config=config, verify=recording.bundle, **keys)
        with pytest.raises(
            ClientError,
            match=f"UpstreamNotVerified.*: {NOT_VERIFIED}self-",
        ):
            iam.list_users()


def test_an_added_ca_is_trusted_for_upstreams(machine: Machine, company: Path, tmp_path: Path) -> None:
    itself = Identity.of_itself(["localhost"])
    other = tmp_path / "itself.pem"
    other.write_bytes(Signer(itself.key, itself.chain[0]).pem)
    for identity in (Identity.signed_by(COMPANY, ["localhost"]), itself):
        with (
            upstream(identity, tmp_path) as server,
            machine.recording(f"iam=https://localhost:{server.port}", cas=(company, other)) as recording,
        ):
            assert recording.ask(f"{IAM}:443", IAM) == (200, NO_USERS)
            assert server.asked == [f"localhost:{server.port}"]
            assert "recorded tape.yaml: 1 track, 1 page" in recording.end()


def test_the_ca_of_awstape_is_not_trusted_for_upstreams(
    machine: Machine, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the user's CA bundle contains it, and the host name is that of AWS."""
    resolve(monkeypatch)
    authority = certificate_authority.load_or_create(
        user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")})
    )
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(company.read_bytes() + authority.file.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    by_awstape = Identity(authority.leaf_key, (authority.issue(IAM), authority.signer))
    by_company = Identity.signed_by(COMPANY, [IAM])
    for identity, status in ((by_awstape, 502), (by_company, 200)):
        with upstream(identity, tmp_path) as server, machine.recording() as recording:
            assert recording.ask(f"{IAM}:{server.port}", IAM)[0] == status
            assert len(server.asked) == (status == 200)


# --- different names in CONNECT and in SNI ---


def resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolves the host name of IAM to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1" if host == IAM else host, *rest, **more)
    )


def test_another_server_name_at_an_address_of_aws_is_not_intercepted(
    machine: Machine, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONNECT has the host of IAM, SNI another name: the client gets the real server, without interception."""
    resolve(monkeypatch)
    theirs = Identity.signed_by(COMPANY, [EVIL])
    with upstream(theirs, tmp_path) as server, machine.recording(cas=(company,)) as recording:
        with recording.tunnel(f"{IAM}:{server.port}", EVIL) as wrapped:
            assert names(wrapped.getpeercert(binary_form=True)) == [EVIL]
        with recording.tunnel(f"{IAM}:{server.port}", EVIL, str(company)):
            pass
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
            recording.ask(f"{IAM}:{server.port}", EVIL)
        assert "no call to record was seen" in recording.end()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_a_server_name_of_aws_at_another_address_is_verified(
    address: str, machine: Machine, company: Path, tmp_path: Path
) -> None:
    """CONNECT has another host, SNI the name of IAM: the proxy's certificate and the upstream's must be for IAM."""
    for theirs, status in ((Identity.signed_by(COMPANY, [address]), 502), (Identity.signed_by(COMPANY, [IAM]), 200)):
        with upstream(theirs, tmp_path) as server, machine.recording(cas=(company,)) as recording:
            with recording.tunnel(f"{address}:{server.port}", IAM, recording.bundle) as wrapped:
                assert names(wrapped.getpeercert(binary_form=True)) == [IAM]
            assert recording.ask(f"{address}:{server.port}", IAM)[0] == status
            assert server.asked == [IAM] * (status == 200)
            assert bool(re.search("recorded tape.yaml: 1 track", recording.end())) == (status == 200)


def test_the_program_gets_a_short_lived_leaf_with_its_own_key(machine: Machine) -> None:
    with machine.recording() as recording:
        with recording.tunnel(f"{IAM}:443", IAM, recording.bundle) as wrapped:
            assert wrapped.version() == "TLSv1.3"
            assert names(wrapped.getpeercert(binary_form=True)) == [IAM]
            leaf = x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True) or b"")
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < 2 * DAY
        with recording.tunnel(f"{IAM}:443", None) as wrapped:  # without SNI, the host of CONNECT applies
            assert names(wrapped.getpeercert(binary_form=True)) == [IAM]
        folder = Path(recording.bundle).parent
        for path in folder.iterdir():
            assert "PRIVATE" not in path.read_text("utf-8")
        signer = x509.load_pem_x509_certificate((folder / "signer.pem").read_bytes())
        assert leaf.public_key() != signer.public_key()
        assert leaf.issuer == signer.subject


def test_old_tls_versions_are_refused(machine: Machine) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with machine.recording() as recording:
        for version, is_accepted in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
            with pytest.warns() if not is_accepted else pytest.MonkeyPatch.context():
                old.minimum_version = ssl.TLSVersion.TLSv1_1
            old.maximum_version = version
            with socket.create_connection(("127.0.0.1", recording.port), timeout=30) as plain:
                plain.sendall(f"CONNECT {IAM}:443 HTTP/1.1\r\n\r\n".encode())
                assert b" 200 " in plain.recv(1000)
                try:
                    with old.wrap_socket(plain, server_hostname=IAM) as wrapped:
                        assert (wrapped.version() == "TLSv1.2") == is_accepted
                except OSError:
                    assert not is_accepted


# --- the command line ---


def test_the_command_reads_the_added_ca_files(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    file = machine.folder / "empty.pem"
    file.touch()
    assert main(["record", str(machine.folder / "tape.yaml"), "--upstream-ca", str(file), "--", "true"]) == 2
    assert f"ERROR {file}: no certificate in it\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["record", "replay"])
def test_the_command_reports_that_the_ca_was_renewed(
    command: str, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = user_folders.data_folder(os.environ)
    certificate_authority.rotate(folder, datetime.now(UTC) - 360 * DAY)
    options = (
        [str(ROOT / "cassettes" / "roles.yaml"), "--proxy"] if command == "replay" else [str(machine.folder / "a.yaml")]
    )
    assert main([command, *options, "--", "true"]) == (command == "replay")  # which fails if nothing is requested
    err = capsys.readouterr().err
    assert re.findall(r"^renewed awstape's CA, which expires on 20.*: .*/ca\.pem$", err, re.MULTILINE)
    assert err.count("renewed") == 1
