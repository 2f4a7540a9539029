"""The CA: it vouches for AWS's hosts towards the programs that are recorded, and for nothing else, whoever has its key.

1. `ca.pem` is the root, which programs trust. Its key signs one certificate, the signer's, and is forgotten: it never
   is on a disk. `ca-key.pem` is the signer's key, with the certificates of both. A thief finds no more than that.
2. Root and signer have the same name constraints, critical: DNS names under the domains of AWS, no address, no e-mail
   and no URI. It takes the signer for verifiers that follow RFC 5280 (6.1.1) to the letter, as Java's does: they heed
   no constraint of a certificate that they are told to trust.
3. The domains are the DNS suffixes of AWS's partitions. A constraint is the end of a name, so narrower ones would name
   each region (`access-analyzer.eu-west-1.amazonaws.com`), and new regions would be refused.
4. A CA of awstape's that is about to expire, or lacks a domain that botocore has learned since, is made anew.
   What awstape did not make is never overwritten, but by `rotate`.
5. Both files are for their user alone from the first byte on, and are replaced whole by one process at a time.
   The key file is the truth: a `ca.pem` that says otherwise, as after a crash between the two, is mended.
6. Leaf certificates are for hosts of the recorded services only, for a day, with a key that is on no disk.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import ssl
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from awstape.catalog import catalog
from awstape.errors import UserError
from awstape.files import atomic_writes, limited_reading
from awstape.program import environment

CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"

_LIFE = timedelta(days=365)
_LIFE_OF_A_LEAF = timedelta(days=1)
_RENEWED_BEFORE = timedelta(days=7)
_CLOCK_SKEW = timedelta(hours=1)
_OURS = "awstape"
#: What mitmproxy made here for earlier versions: a CA that could sign for any host.
_MITMPROXYS = ("ca.pem", "ca.p12", "ca-cert.pem", "ca-cert.p12", "ca-cert.cer", "dhparam.pem")
_ROTATE = "awstape ca rotate makes a new one in its place"


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """The CA of a user.

    news: what happened to the files, where it was more than making them. leaf_key: of all leaf certificates.
    """

    folder: Path
    root: x509.Certificate
    signer: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    news: tuple[str, ...] = ()
    leaf_key: ec.EllipticCurvePrivateKey = field(default_factory=_new_key, repr=False)

    @property
    def file(self) -> Path:
        """The file of the certificate that programs are to trust."""
        return self.folder / CERTIFICATE

    @property
    def key_file(self) -> Path:
        return self.folder / KEY

    @property
    def domains(self) -> list[str]:
        """Under which names it can sign."""
        return _domains(self.signer)

    def leaf(self, host: str, now: datetime | None = None) -> x509.Certificate:
        """A certificate for a host of a recorded service. Raises ValueError for every other host."""
        if catalog.service_of_host(host) is None:
            raise ValueError("no certificate is made for a host that isn't recorded")
        now = now or datetime.now(UTC)
        name = host.lower().removesuffix(".")
        until = min(now + _LIFE_OF_A_LEAF, self.signer.not_valid_after_utc)
        return (
            _certificate(_name(), self.signer.subject, self.leaf_key, now, until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(_key_usage(is_ca=False), critical=True)
            .add_extension(_key_id_of_issuer(self.key), critical=False)
            .sign(self.key, SHA256())
        )


def at_hand(folder: Path, now: datetime | None = None) -> Authority:
    """The CA in a user's data folder; made on first use, and anew where it is of no use any more. Raises UserError."""
    now = now or datetime.now(UTC)
    with atomic_writes.lock_folders_of(folder / KEY):
        news = _without_mitmproxys(folder)
        found = _read(folder)
        if found is None:
            _check_is_ours(folder / CERTIFICATE)
            return replace(_make(folder, now), news=news)
        if reason := _out_of_use(found, now):
            return replace(_make(folder, now), news=(*news, f"renewed awstape's CA, which {reason}: {found.file}"))
        if _text(found.file) != pem(found.root):
            _check_is_ours(found.file)
            _write(found.file, pem(found.root))
        return replace(found, news=news)


def rotate(folder: Path, now: datetime | None = None) -> Authority:
    """A new CA in the place of the old one, or of whatever is there. Raises UserError."""
    with atomic_writes.lock_folders_of(folder / KEY):
        return replace(_make(folder, now or datetime.now(UTC)), news=_without_mitmproxys(folder))


def facts(authority: Authority) -> dict[str, str | list[str]]:
    """What may be told of a CA; nothing of its key."""
    root = authority.root
    return {
        "subject": root.subject.rfc4514_string(),
        "sha256": root.fingerprint(SHA256()).hex(":").upper(),
        "valid_from": f"{root.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "valid_until": f"{root.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "key": f"ECDSA {authority.key.curve.name}",
        "signs_for": authority.domains,
        "certificate": str(authority.file),
        "certificate_mode": _mode(authority.file),
        "key_file": str(authority.key_file),
        "key_file_mode": _mode(authority.key_file),
    }


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def pem(*certificates: x509.Certificate) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


# --- what awstape itself trusts ---


def without_ours(certificates: str) -> str:
    """PEM certificates without those of any CA of awstape's: they are for programs, and prove no upstream."""
    return "".join(f"{found}\n" for found in environment.PEM_CERTIFICATE.findall(certificates) if not _is_ours(found))


def added(files: Sequence[Path]) -> str:
    """The certificates in files that a user wants trusted. Raises UserError."""
    texts = []
    for path in files:
        try:
            with limited_reading.open_file_or_pipe(path, limited_reading.MAX_BYTES) as file:
                text = file.read(limited_reading.MAX_BYTES).decode("ascii", errors="replace")
        except OSError as error:
            raise UserError(f"{path}: can't be read: {error.strerror}", "name a file of CA certificates") from None
        found = environment.PEM_CERTIFICATE.findall(text)
        if not found:
            raise UserError(f"{path}: no certificate in it", "a PEM file has -----BEGIN CERTIFICATE----- in it")
        try:
            ssl.create_default_context(cadata="\n".join(found))
        except (ssl.SSLError, ValueError):
            raise UserError(f"{path}: a certificate in it can't be read", "is the file whole?") from None
        if any(map(_is_ours, found)):
            raise UserError(f"{path}: a CA of awstape's proves no upstream", "name the CA of the upstream")
        texts += found
    return "".join(f"{text}\n" for text in texts)


def _is_ours(certificate: str) -> bool:
    """Whether a certificate has our name in it. It is not parsed: the system's CAs may have what only OpenSSL reads."""
    try:
        return _name().public_bytes()[2:] in ssl.PEM_cert_to_DER_cert(certificate)  # without the list that it is in
    except ValueError:
        return False


# --- certificates ---


def _make(folder: Path, now: datetime) -> Authority:
    root_key, key = _new_key(), _new_key()
    which = secrets.token_hex(4)  # tells several of them apart
    root_name, name = _name(f"awstape CA {which}"), _name(f"awstape signer {which}")
    root = _ca(root_name, root_key, root_name, root_key, now, path_length=1)
    signer = _ca(name, key, root_name, root_key, now, path_length=0)
    made = Authority(folder, root, signer, key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    _write(made.key_file, private + pem(signer, root))
    _write(made.file, pem(root))
    return made


def _ca(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    path_length: int,
) -> x509.Certificate:
    return (
        _certificate(name, issuer, key, now, now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .add_extension(_constraints(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_id_of_issuer(issuer_key), critical=False)
        .sign(issuer_key, SHA256())
    )


def _certificate(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
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


def _name(common_name: str = "") -> x509.Name:
    """Nothing of the user and the machine. A leaf's has no common name: those are for the alternative name to tell."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, _OURS)]
    return x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else names)


def _constraints() -> x509.NameConstraints:
    """No more kinds of names than these: of others (directoryName), Go refuses to verify anything."""
    domains = [x509.DNSName(suffix) for suffix in sorted(catalog.host_suffixes())]
    # Names that never are (RFC 6761, 6.4): not all verifiers have a way to exclude every one.
    nobodys = [x509.RFC822Name("invalid"), x509.UniformResourceIdentifier("invalid")]
    addresses = [x509.IPAddress(ipaddress.ip_network(all_)) for all_ in ("0.0.0.0/0", "::/0")]
    return x509.NameConstraints([*domains, *nobodys], addresses)


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


def _domains(certificate: x509.Certificate) -> list[str]:
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return [name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)]


def _out_of_use(found: Authority, now: datetime) -> str:
    """Why a CA is to be made anew, or nothing."""
    until = found.signer.not_valid_after_utc
    if until - now < _RENEWED_BEFORE:
        return f"{'expired' if until < now else 'expires'} on {until:%Y-%m-%d}"
    if found.signer.not_valid_before_utc > now:
        return f"is not valid before {found.signer.not_valid_before_utc:%Y-%m-%d}"
    if unknown := catalog.host_suffixes() - set(found.domains):
        return f"could not sign for {', '.join(sorted(unknown))}"
    return ""


# --- files ---


def _read(folder: Path) -> Authority | None:
    """What the key file says; None where there is none. Raises UserError for one that is of no use."""
    path = folder / KEY
    try:
        state, data = limited_reading.read_small_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: the CA can't be read: {error.strerror}", _ROTATE) from None
    if os.name == "posix" and state.st_uid != os.geteuid():
        raise UserError(f"{path}: the CA belongs to another user", _ROTATE)
    if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
        raise UserError(f"{path}: other users can read the CA's key", f"{_ROTATE}; to keep it: chmod 600 {path}")
    try:
        key = load_pem_private_key(data, None)
        signer, root = x509.load_pem_x509_certificates(data)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not _belongs_together(key, signer, root):
            raise ValueError("a CA of somebody else's")
        return Authority(folder, root, signer, key)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        raise UserError(f"{path}: not a CA that awstape made, or not all of it", f"move it away; {_ROTATE}") from None


def _belongs_together(key: ec.EllipticCurvePrivateKey, signer: x509.Certificate, root: x509.Certificate) -> bool:
    return (
        key.public_key() == signer.public_key()
        and signer.issuer == root.subject
        and all(_is_ours(pem(certificate)) and _domains(certificate) for certificate in (signer, root))
    )


def _check_is_ours(path: Path) -> None:
    """Raises UserError for a file in the certificate's place that awstape didn't make."""
    text = _text(path)
    if text is not None and not (len(found := environment.PEM_CERTIFICATE.findall(text)) == 1 and _is_ours(found[0])):
        raise UserError(f"{path}: not a certificate that awstape made", f"move it away; {_ROTATE}")


def _text(path: Path) -> str | None:
    try:
        return limited_reading.read_small_file(path)[1].decode("ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}", _ROTATE) from None


def _write(path: Path, text: str) -> None:
    """Puts a file that is its user's alone into place, whole."""
    try:
        atomic_writes.replace_file(path, text.encode("ascii"), 0o600)
    except OSError as error:
        raise UserError(
            f"{path}: the CA can't be kept there: {error.strerror}", "set XDG_DATA_HOME to a folder of yours"
        ) from None


def _without_mitmproxys(folder: Path) -> tuple[str, ...]:
    """Removes the CA that mitmproxy made for awstape before it had one of its own."""
    was_there = (folder / f"mitmproxy-{_MITMPROXYS[0]}").exists()
    for name in _MITMPROXYS if was_there else ():
        with suppress(OSError):
            (folder / f"mitmproxy-{name}").unlink()
    return (f"removed the CA that awstape used before, which could sign for any host: {folder}",) if was_there else ()
