"""The CA: the hosts that it can sign for, in several verifiers; its files and their permissions."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.hosts import host_suffixes
from awstape.cli.main import main
from awstape.errors import UserError
from awstape.files import user_folders
from awstape.proxying.tls import certificate_authority, certificates
from awstape.proxying.tls.certificate_authority import CertificateAuthority
from catalog.test_hosts import REGIONS, SPELLINGS, provider
from support.forging import DAY, Identity, Signer, handshake, name, pem

NOW = datetime.datetime.now(datetime.UTC)
IAM = "iam.amazonaws.com"
EVIL = "login.example.com"
#: What a thief of the key may sign, and as whom it is shown.
FORGED = [
    pytest.param([EVIL], "", EVIL, id="another name"),
    pytest.param([IAM, EVIL], "", IAM, id="another name beside one of AWS"),
    pytest.param(["evilamazonaws.com"], "", "evilamazonaws.com", id="the end of a word"),
    pytest.param(["amazonaws.com.example.com"], "", "amazonaws.com.example.com", id="AWS in the middle"),
    pytest.param([f"*.{EVIL}"], "", f"a.{EVIL}", id="a wildcard"),
    pytest.param(["127.0.0.1"], "", "127.0.0.1", id="IPv4"),
    pytest.param(["::1"], "", "::1", id="IPv6"),
    pytest.param([], EVIL, EVIL, id="a common name"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return certificate_authority.load_or_create(tmp_path_factory.mktemp("data"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path)})


def thief(authority: CertificateAuthority) -> Signer:
    """A signer with everything that is on the disk."""
    data = authority.key_file.read_bytes()
    key = serialization.load_pem_private_key(data, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Signer(key, *x509.load_pem_x509_certificates(data)[:1])


def own(authority: CertificateAuthority, host: str) -> Identity:
    """The identity that the proxy presents."""
    return Identity(authority.leaf_key, (authority.issue(host), authority.signer))


# --- what it can vouch for ---


def by_python(authority: CertificateAuthority, shown: Identity, host: str, folder: Path) -> None:
    client = ssl.create_default_context(cafile=str(authority.file))
    handshake(shown.context(folder), client, host)


def by_openssl(authority: CertificateAuthority, shown: Identity, host: str, folder: Path) -> None:
    for file, chain in (("leaf", shown.chain[:1]), ("rest", shown.chain[1:])):
        (folder / file).write_bytes(pem(*chain))
    option = "-verify_hostname" if isinstance(name(host), x509.DNSName) else "-verify_ip"
    files = ["-CAfile", authority.file, "-untrusted", folder / "rest", folder / "leaf"]
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", option, host, *files]
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr)


def as_go_does(authority: CertificateAuthority, shown: Identity, host: str, folder: Path) -> None:
    """A strict PKIX verifier: no common names, no unknown critical extensions."""
    store = verification.Store([authority.root])
    subject = name(host)
    assert isinstance(subject, x509.DNSName | x509.IPAddress)
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(subject)
    verifier.verify(shown.chain[0], list(shown.chain[1:]))


def as_java_does(authority: CertificateAuthority, shown: Identity, host: str, folder: Path) -> None:
    """Ignores the constraints of the root (RFC 5280, 6.1.1 d): a root of the same key and name without any is equal."""
    key = ec.generate_private_key(ec.SECP256R1())
    top = Signer(key).sign(key, "root", ca=True)
    above = Signer(key, top)
    # The signer's certificate as it is, but under a root that has no constraints.
    builder = x509.CertificateBuilder(
        above.certificate.subject if above.certificate else None,
        authority.signer.subject,
        authority.signer.public_key(),
        authority.signer.serial_number,
        authority.signer.not_valid_before_utc.replace(tzinfo=None),
        authority.signer.not_valid_after_utc.replace(tzinfo=None),
    )
    for extension in authority.signer.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    assert authority.signer.signature_hash_algorithm
    signer = builder.sign(key, authority.signer.signature_hash_algorithm)
    bare = CertificateAuthority(folder, top, signer, authority.key)
    bare.file.write_bytes(pem(top))
    by_python(bare, Identity(shown.key, (shown.chain[0], signer, *shown.chain[2:])), host, folder)


VERIFIERS = [by_python, by_openssl, as_go_does, as_java_does]
each_verifier = pytest.mark.parametrize("verify", VERIFIERS, ids=lambda verifier: verifier.__name__)
Verify = Callable[[CertificateAuthority, Identity, str, Path], None]


@each_verifier
def test_verifiers_accept_the_certificates_of_the_proxy(
    verify: Verify, authority: CertificateAuthority, tmp_path: Path
) -> None:
    for host in (IAM, "access-analyzer.eu-central-1.api.aws"):
        verify(authority, own(authority, host), host, tmp_path)
    verify(authority, Identity.signed_by(thief(authority), [IAM]), IAM, tmp_path)  # so the forged fail for their names


@each_verifier
@pytest.mark.parametrize(("names", "common_name", "host"), FORGED)
def test_verifiers_refuse_what_a_stolen_key_signs_for_other_names(
    verify: Verify, names: list[str], common_name: str, host: str, authority: CertificateAuthority, tmp_path: Path
) -> None:
    forged = Identity.signed_by(thief(authority), names, cn=common_name)
    with pytest.raises((ssl.SSLError, ValueError, verification.VerificationError)):
        verify(authority, forged, host, tmp_path)


@pytest.mark.parametrize("verify", [by_python, by_openssl, as_java_does])  # cryptography takes it from version 45 on
def test_a_wildcard_above_the_domains_of_aws_is_refused(
    verify: Verify, authority: CertificateAuthority, tmp_path: Path
) -> None:
    forged = Identity.signed_by(thief(authority), ["*.com"])
    with pytest.raises((ssl.SSLError, ValueError)):
        verify(authority, forged, "example.com", tmp_path)


@each_verifier
def test_a_stolen_key_can_not_sign_another_ca(verify: Verify, authority: CertificateAuthority, tmp_path: Path) -> None:
    """Neither one below the signer's nor one with its own key."""
    signer, key = thief(authority), ec.generate_private_key(ec.SECP256R1())
    below = signer.sign(key, "below", ca=True)
    shown = Identity.signed_by(Signer(key, below), [IAM])
    again = Signer(signer.key, signer.sign(signer.key, "anew", ca=True))
    for identity in (shown, Identity.signed_by(again, [EVIL])):
        chain = (*identity.chain, authority.signer)
        with pytest.raises((ssl.SSLError, ValueError, verification.VerificationError)):
            verify(authority, Identity(identity.key, chain), identity_host(identity), tmp_path)


def identity_host(identity: Identity) -> str:
    names = identity.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)[0]


def test_the_ca_can_sign_for_every_intercepted_host(authority: CertificateAuthority) -> None:
    hosts = {"access-analyzer.eu-central-99.amazonaws.com", "access-analyzer-fips.us-gov-north-7.api.aws"}  # to come
    for service in DEFAULT_SERVICES:
        for _, region in REGIONS:
            for fips, dual_stack in SPELLINGS:
                found = provider(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)
                hosts.add(found.url.removeprefix("https://"))
    assert len(hosts) > 200
    store = verification.Store([authority.root])
    for host in hosts:
        verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName(host))
        verifier.verify(authority.issue(host), [authority.signer])


def test_only_hosts_of_aws_get_a_certificate(authority: CertificateAuthority) -> None:
    for host in (EVIL, "127.0.0.1", "", "amazonaws.com", "*.amazonaws.com", "a..amazonaws.com", f"{IAM}.example.com"):
        with pytest.raises(ValueError, match="outside AWS"):
            authority.issue(host)
    assert authority.issue("a.bucket_of_mine.s3.eu-west-1.amazonaws.com")


def test_a_leaf_is_for_one_name_and_a_day(authority: CertificateAuthority) -> None:
    leaf = authority.issue("IAM.amazonaws.com.", NOW)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName(IAM)]
    assert leaf.not_valid_after_utc - NOW <= DAY
    assert leaf.public_key() == authority.leaf_key.public_key() != authority.key.public_key()
    late = authority.issue(IAM, authority.signer.not_valid_after_utc - DAY / 2)
    assert late.not_valid_after_utc == authority.signer.not_valid_after_utc


def test_the_description_of_the_ca(authority: CertificateAuthority) -> None:
    for certificate, path_length in ((authority.root, 1), (authority.signer, 0)):
        critical = {type(each.value): each.value for each in certificate.extensions if each.critical}
        assert critical[x509.BasicConstraints] == x509.BasicConstraints(ca=True, path_length=path_length)
        assert {x509.NameConstraints, x509.KeyUsage} <= critical.keys()
        assert isinstance(key := certificate.public_key(), ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
        assert 365 * DAY < certificate.not_valid_after_utc - certificate.not_valid_before_utc < 366 * DAY
        assert re.fullmatch(r"CN=awstape (CA|signer) [0-9a-f]{8},O=awstape", certificate.subject.rfc4514_string())


def test_the_key_of_the_root_is_not_kept(authority: CertificateAuthority) -> None:
    assert authority.root.public_key() != authority.key.public_key()
    assert authority.key_file.read_text().count("PRIVATE KEY-----") == 2
    assert "PRIVATE" not in authority.file.read_text()
    assert "PRIVATE" not in repr(authority)
    assert sorted(path.name for path in authority.folder.iterdir()) == ["ca-key.pem", "ca.pem"]


# --- its files ---


def test_only_the_user_can_read_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes, replace = [], os.replace

    def look(source: str, target: Path) -> None:
        modes.append(stat.S_IMODE(os.stat(source).st_mode))
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    before = os.umask(0)
    try:
        made = certificate_authority.load_or_create(folder)
    finally:
        os.umask(before)
    assert modes == [0o600, 0o600]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (made.file, made.key_file, folder)] == [0o600, 0o600, 0o700]


def test_concurrent_processes_get_the_same_ca(folder: Path) -> None:
    code = """\
import pathlib, sys
from awstape.proxying.tls import certificate_authority, certificates
sys.stdin.read(1)
print(certificates.to_pem(certificate_authority.load_or_create(pathlib.Path(sys.argv[1])).root), end='')
"""
    command = [sys.executable, "-c", code, folder]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(certificates.to_pem(certificate_authority.load_or_create(folder).root))
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go")
        process.stdin.flush()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found += [process.communicate(timeout=60)[0] for process in processes]
    assert len(found) == 8
    assert set(found) == {(folder / "ca.pem").read_text()}


def test_the_ca_is_loaded_unchanged(folder: Path) -> None:
    made, found = certificate_authority.load_or_create(folder), certificate_authority.load_or_create(folder)
    assert (made.root, made.signer, found.notes) == (found.root, found.signer, ())
    assert made.leaf_key.public_key() != found.leaf_key.public_key()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(mode: int, folder: Path) -> None:
    made = certificate_authority.load_or_create(folder)
    made.key_file.chmod(mode)
    with pytest.raises(UserError, match=r"ca-key\.pem: other users can read the CA's key") as caught:
        certificate_authority.load_or_create(folder)
    assert "awstape ca rotate" in caught.value.tip
    assert certificate_authority.rotate(folder).root != made.root
    assert certificate_authority.load_or_create(folder).notes == ()


def test_a_key_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate_authority.load_or_create(folder)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UserError, match="belongs to another user"):
        certificate_authority.load_or_create(folder)


def mitmproxys() -> bytes:
    """A key of another kind with a CA for everything."""
    key = rsa.generate_private_key(65537, 1024)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private + Signer.anew("mitmproxy").pem * 2


def half(made: CertificateAuthority) -> bytes:
    return made.key_file.read_bytes()[:900]


def anothers_key(made: CertificateAuthority) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + pem(made.signer, made.root)


def encrypted(made: CertificateAuthority) -> bytes:
    private = made.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a passphrase"),
    )
    return private + pem(made.signer, made.root)


BROKEN: list[Callable[[CertificateAuthority], bytes]] = [
    half,
    anothers_key,
    encrypted,
    lambda _: b"",
    lambda _: b"\xff\x00 no PEM",
    lambda _: mitmproxys(),
    lambda made: made.key_file.read_bytes() + pem(made.root),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_file_that_is_not_a_ca_of_awstape_is_refused_and_kept(
    broken: Callable[[CertificateAuthority], bytes], folder: Path
) -> None:
    made = certificate_authority.load_or_create(folder)
    data = broken(made)
    made.key_file.write_bytes(data)
    with pytest.raises(UserError, match=r"ca-key\.pem: not a CA that awstape made, or incomplete"):
        certificate_authority.load_or_create(folder)
    assert made.key_file.read_bytes() == data


def test_a_certificate_of_another_ca_is_not_overwritten(folder: Path) -> None:
    made = certificate_authority.load_or_create(folder)
    other = Signer.anew("other").pem
    for remove in (False, True):
        made.file.write_bytes(other)
        if remove:
            made.key_file.unlink()
        with pytest.raises(UserError, match=r"ca\.pem: not a certificate that awstape made"):
            certificate_authority.load_or_create(folder)
        assert made.file.read_bytes() == other
    assert certificate_authority.rotate(folder).root == certificate_authority.load_or_create(folder).root


def test_a_crash_between_the_two_files_is_mended(folder: Path) -> None:
    old = certificate_authority.load_or_create(folder).file.read_bytes()
    new = certificate_authority.rotate(folder)
    for write in (lambda: new.file.write_bytes(old), new.file.unlink):
        write()
        assert certificate_authority.load_or_create(folder).root == new.root
        assert new.file.read_bytes() == pem(new.root)
    new.key_file.unlink()  # the other way round: a certificate without a key is of no use
    assert certificate_authority.load_or_create(folder).root != new.root


@pytest.mark.parametrize(
    ("later", "told"), [(359, "expires on"), (366, "expired on"), (-1, "is not valid before")], ids=str
)
def test_it_is_renewed_in_time(later: int, told: str, folder: Path) -> None:
    made = certificate_authority.load_or_create(folder, NOW)
    assert certificate_authority.load_or_create(folder, NOW + 357 * DAY).root == made.root
    renewed = certificate_authority.load_or_create(folder, NOW + later * DAY)
    assert renewed.root != made.root
    (line,) = renewed.notes
    assert line.startswith(f"renewed awstape's CA, which {told} 20")
    assert line.endswith(f": {made.file}")
    assert made.file.read_bytes() == pem(renewed.root)


def test_it_is_renewed_for_a_new_domain_but_not_for_one_less(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, made = host_suffixes(), certificate_authority.load_or_create(folder)
    for module in (certificate_authority, certificates):
        monkeypatch.setattr(module, "host_suffixes", lambda: known - {"api.aws"})
    assert certificate_authority.load_or_create(folder).root == made.root
    for module in (certificate_authority, certificates):
        monkeypatch.setattr(module, "host_suffixes", lambda: known | {"amazonaws.example"})
    renewed = certificate_authority.load_or_create(folder)
    assert renewed.notes == (f"renewed awstape's CA, which could not sign for amazonaws.example: {made.file}",)
    assert "amazonaws.example" in renewed.domains


def test_files_of_the_former_ca_of_mitmproxy_are_removed(folder: Path) -> None:
    for left in ("ca.pem", "ca.p12", "ca-cert.pem", "ca-cert.p12", "ca-cert.cer", "dhparam.pem"):
        (folder / f"mitmproxy-{left}").write_text("what an earlier version made")
    made = certificate_authority.load_or_create(folder)
    assert made.notes == (f"removed the CA that awstape used before, which could sign for any host: {folder}",)
    assert sorted(path.name for path in folder.iterdir()) == ["ca-key.pem", "ca.pem"]
    assert certificate_authority.load_or_create(folder).notes == ()


# --- the command ---


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "awstape"


def test_the_command_shows_the_ca_without_its_key(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ca", "path"]) == 0
    assert capsys.readouterr() == (f"{home / 'ca.pem'}\n", "")
    assert main(["ca", "show"]) == 0
    assert main(["ca", "show", "--json"]) == 0
    shown, err = capsys.readouterr()
    *lines, last = shown.splitlines()
    facts, found = json.loads(last), certificate_authority.load_or_create(home)
    assert facts["sha256"].replace(":", "").lower() == ssl_fingerprint(found.file)
    assert facts["signs_for"] == sorted(host_suffixes())
    assert (facts["certificate_mode"], facts["key_file_mode"], facts["key"]) == ("0600", "0600", "ECDSA secp256r1")
    assert f"sha256            {facts['sha256']}" in lines
    assert f"valid until       {facts['valid_until']}" in lines
    secret = found.key_file.read_text().splitlines()[1]
    assert "PRIVATE" not in shown
    assert secret not in shown
    assert err == ""


def ssl_fingerprint(file: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read_text())).hexdigest()


def test_rotate_creates_another_ca_and_warns_about_the_old_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = certificate_authority.load_or_create(user_folders.data_folder(os.environ))
    assert main(["ca", "rotate", "--json"]) == 0
    out, err = capsys.readouterr()
    new = certificate_authority.load_or_create(home)
    assert {old.root, old.signer}.isdisjoint({new.root, new.signer})
    assert json.loads(out)["subject"] == new.root.subject.rfc4514_string() != old.root.subject.rfc4514_string()
    assert err.startswith("a running awstape keeps the old CA until it ends")
    assert old.issue(IAM).issuer == old.signer.subject  # as a running recorder has it


def test_without_cryptography_the_command_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("awstape.cli.commands.ca.find_spec", lambda _: None)
    assert main(["ca", "show"]) == 2
    assert "pip install 'awstape[record]'" in capsys.readouterr().err
