"""The CAs that awstape trusts: those of the user's programs and files, without its own."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from awstape.core.text.advice import in_python
from awstape.errors import UserError
from awstape.program.environment import proxy_environment
from awstape.proxying.tls import certificate_authority, certificates, trusted_certificates
from awstape.proxying.tls.certificate_authority import CertificateAuthority
from awstape.proxying.tls.trusted_certificates import CA_VARIABLES, collect
from support.forging import Signer, pem
from support.tips import Tip

PROXY = "http://127.0.0.1:3128"
BUNDLE = Path("/somewhere/bundle of CAs.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return certificate_authority.load_or_create(tmp_path_factory.mktemp("data"))


# --- those of the user's programs ---


def certificate(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose CA file is missing and whose folder of CAs is empty."""
    folder = tmp_path / "certs"
    folder.mkdir()
    nowhere = str(tmp_path / "nowhere.pem")
    paths = ssl.DefaultVerifyPaths("", str(folder), "SSL_CERT_FILE", nowhere, "SSL_CERT_DIR", str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    return folder


def test_certificates_of_all_variables_and_the_system_each_once(tmp_path: Path, system: Path) -> None:
    (system / "12345678.0").write_text(certificate("system"))
    (system / "README").write_text("no certificate")
    environ = {}
    for name in CA_VARIABLES:
        environ[name] = str(tmp_path / name)
        (tmp_path / name).write_text(f"# a comment: \xe9\n{certificate(name)}\r\n{certificate('system')}", "latin-1")
    text = collect(environ)
    advice = in_python(lambda *_, **__: "", writes="", services=str)
    assert Tip("AWS_CA_BUNDLE=FILE adds a CA").take(advice.trust, r"(\w+)=FILE") in environ
    assert text.splitlines()[1::3] == ["AWS_CA_BUNDLE", "system", *CA_VARIABLES[1:]]
    assert text.endswith("-----END CERTIFICATE-----\n")


def test_certificates_of_profiles_and_of_several_folders(tmp_path: Path, system: Path) -> None:
    """A variable that few programs know is set only if it was set, and the CAs that it named are kept."""
    for name in ("profile", "nix", "first/1.0", "second/2.0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(certificate(name))
    config = tmp_path / "config"
    not_this = f"s3 =\n  ca_bundle = {tmp_path}/nix\n"
    config.write_text(f"[profile other]\nregion = x\nca_bundle = {tmp_path}/profile\n{not_this}")
    environ = {
        "AWS_CONFIG_FILE": str(config),
        "NIX_SSL_CERT_FILE": str(tmp_path / "nix"),
        "SSL_CERT_DIR": os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")]),
    }
    assert collect(environ).splitlines()[1::3] == ["nix", "profile", "first/1.0", "second/2.0"]
    changes = proxy_environment(environ, PROXY, BUNDLE)
    assert changes["NIX_SSL_CERT_FILE"] == str(BUNDLE)
    assert not changes.keys() & {"SSL_CERT_DIR", "GIT_SSL_CAINFO", "DENO_CERT"}


def test_missing_and_useless_certificate_files_are_skipped(tmp_path: Path, system: Path) -> None:
    (system / "ca.pem").write_text(certificate("system"))
    (tmp_path / "der").write_bytes(b"\x30\x82\x01\x0a\xff")
    environ = {"AWS_CA_BUNDLE": str(tmp_path / "missing"), "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": str(tmp_path / "der")}
    assert collect(environ) == certificate("system") + "\n"


def test_without_any_certificates_those_of_certifi_are_used(system: Path) -> None:
    assert not list(system.iterdir())
    ssl.create_default_context(cadata=collect({}))


def test_private_keys_stay_where_they_are(tmp_path: Path, system: Path) -> None:
    pem = tmp_path / "both.pem"
    pem.write_text("-----BEGIN PRIVATE KEY-----\nexample\n-----END PRIVATE KEY-----\n" + certificate("both"))
    assert collect({"AWS_CA_BUNDLE": str(pem)}) == certificate("both") + "\n"


def test_the_real_system_is_trusted() -> None:
    assert ssl.create_default_context(cadata=collect(os.environ)).get_ca_certs()


# --- without those of awstape ---


def test_the_own_ca_is_not_trusted_for_upstreams(authority: CertificateAuthority, tmp_path: Path) -> None:
    """Nor does a former CA, or another user's."""
    other = Signer.anew("a company's").pem.decode()
    odd = "-----BEGIN CERTIFICATE-----\nodd\n-----END CERTIFICATE-----\n"  # OpenSSL's to judge
    ours = [
        certificates.to_pem(one)
        for one in (authority.root, authority.signer, certificate_authority.load_or_create(tmp_path).root)
    ]
    assert trusted_certificates.remove_own("".join([ours[0], other, *ours, odd])) == other + odd


def test_a_ca_is_recognised_without_cryptography(authority: CertificateAuthority) -> None:
    """The DER encoding that is looked for is what cryptography writes for our organization."""
    subject = certificates.subject().public_bytes()[2:]  # without the sequence around it
    assert subject == trusted_certificates._OWN_ORGANIZATION_DER
    assert subject in authority.root.subject.public_bytes()


def test_a_file_of_cas_to_add(authority: CertificateAuthority, tmp_path: Path) -> None:
    file, other = tmp_path / "company.pem", Signer.anew("a company's").pem
    file.write_bytes(b"# of a company\n" + other * 2)
    assert trusted_certificates.read_ca_files([file]) == (other * 2).decode()
    for text, problem in [
        (b"", "no certificate in it"),
        (b"\x30\x82 DER", "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\nodd\n-----END CERTIFICATE-----\n", "can't be read"),
        (pem(authority.root), "is a CA of awstape, which can't verify an upstream"),
    ]:
        file.write_bytes(text)
        with pytest.raises(UserError, match=problem):
            trusted_certificates.read_ca_files([file])
    with pytest.raises(UserError, match="No such file"):
        trusted_certificates.read_ca_files([tmp_path / "none.pem"])
