"""The CA that signs for AWS's hosts, for programs that run behind the proxy. Its key can't sign for any other host.

1. `ca.pem` is the root, which programs trust. Its key signs one certificate, the signer's, and is discarded: it never
   is on a disk. `ca-key.pem` holds the signer's key, and the certificates of both. A thief finds no more than that.
2. Name constraints limit both to AWS's domains (`proxying.tls.certificates`).
3. A CA of awstape that is about to expire, or lacks a domain that botocore has learned since, is renewed.
   Files that awstape did not make are never overwritten, except by `rotate`.
4. Both files have the permissions 0600 from their first byte, and are replaced atomically by one process at a time.
   The key file is authoritative: a `ca.pem` that differs, as after a crash between the two writes, is corrected.
5. Leaf certificates are for hosts of AWS only, valid for a day, with a key that is on no disk. `proxying.proxy_server`
   asks for those of hosts that are intercepted: of the recorded services, in replay of all of AWS.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from awstape import clock
from awstape.catalog.hosts import host_suffixes, is_aws_host
from awstape.core.text.advice import shell_path
from awstape.core.text.hidden import Hidden
from awstape.errors import UserError
from awstape.files import atomic_writes, limited_reading
from awstape.proxying.tls import certificates
from awstape.proxying.tls.trusted_certificates import PEM_CERTIFICATE, is_own

CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"

_RENEW_BEFORE = timedelta(days=7)
#: Files of a CA that mitmproxy made in this folder for earlier versions; it could sign for any host.
_MITMPROXY_FILES = ("ca.pem", "ca.p12", "ca-cert.pem", "ca-cert.p12", "ca-cert.cer", "dhparam.pem")
_ROTATE_TIP = "awstape ca rotate makes a new one in its place"


@dataclass(frozen=True)
class CertificateAuthority:
    """The CA of a user.

    key: the signer's. leaf_key: of all leaf certificates. notes: lines for the user about renewed and removed files.
    """

    folder: Path
    root: x509.Certificate
    signer: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    notes: tuple[str, ...] = ()
    leaf_key: ec.EllipticCurvePrivateKey = field(default_factory=certificates.new_key, repr=False)

    @property
    def file(self) -> Path:
        """The file of the root certificate, which programs are to trust."""
        return self.folder / CERTIFICATE

    @property
    def key_file(self) -> Path:
        return self.folder / KEY

    @property
    def domains(self) -> list[str]:
        """The domains that it can sign for."""
        return certificates.permitted_domains(self.signer)

    def issue(self, host: str, now: datetime | None = None) -> x509.Certificate:
        """Issues a certificate for a host of AWS. Raises ValueError for every other host."""
        if not is_aws_host(host):
            raise ValueError("no certificate is issued for a host outside AWS")
        return certificates.build_leaf(host, self.leaf_key, self.signer, self.key, now or clock.now())


def load_or_create(folder: Path, now: datetime | None = None) -> CertificateAuthority:
    """Loads the CA in a user's data folder; creates it on first use, and renews it when needed. Raises UserError."""
    now = now or clock.now()
    with atomic_writes.lock_folders_of(folder / KEY):
        notes = _remove_mitmproxy_files(folder)
        found = find(folder)
        if found is None:
            _check_is_own(folder / CERTIFICATE)
            return replace(_create(folder, now), notes=notes)
        if reason := _reason_to_renew(found, now):
            return replace(_create(folder, now), notes=(*notes, f"renewed awstape's CA, which {reason}: {found.file}"))
        if _read_text(found.file) != certificates.to_pem(found.root):
            _check_is_own(found.file)
            _write(found.file, Hidden(certificates.to_pem(found.root)))
        return replace(found, notes=notes)


def rotate(folder: Path, now: datetime | None = None) -> CertificateAuthority:
    """Replaces the CA, or whatever files are in its place, by a new one. Raises UserError."""
    with atomic_writes.lock_folders_of(folder / KEY):
        return replace(_create(folder, now or clock.now()), notes=_remove_mitmproxy_files(folder))


def describe(authority: CertificateAuthority) -> dict[str, str | list[str]]:
    """Describes a CA for the user, without its key."""
    root = authority.root
    return {
        "subject": root.subject.rfc4514_string(),
        "sha256": root.fingerprint(SHA256()).hex(":").upper(),
        "valid_from": f"{root.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "valid_until": f"{root.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "key": f"ECDSA {authority.key.curve.name}",
        "signs_for": authority.domains,
        "certificate": str(authority.file),
        "certificate_mode": _permissions(authority.file),
        "key_file": str(authority.key_file),
        "key_file_mode": _permissions(authority.key_file),
    }


def _permissions(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


# --- creating and renewing ---


def _create(folder: Path, now: datetime) -> CertificateAuthority:
    root_key, key = certificates.new_key(), certificates.new_key()
    suffix = secrets.token_hex(4)  # distinguishes several CAs in a trust store
    root_name, name = certificates.subject(f"awstape CA {suffix}"), certificates.subject(f"awstape signer {suffix}")
    root = certificates.build_ca(root_name, root_key, root_name, root_key, now, path_length=1)
    signer = certificates.build_ca(name, key, root_name, root_key, now, path_length=0)
    authority = CertificateAuthority(folder, root, signer, key)
    private = Hidden(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"))
    _write(authority.key_file, Hidden(private.reveal() + certificates.to_pem(signer, root)))
    _write(authority.file, Hidden(certificates.to_pem(root)))
    return authority


def _reason_to_renew(found: CertificateAuthority, now: datetime) -> str:
    """Why a CA must be renewed; "" if it needn't be."""
    until = found.signer.not_valid_after_utc
    if until - now < _RENEW_BEFORE:
        return f"{'expired' if until < now else 'expires'} on {until:%Y-%m-%d}"
    if found.signer.not_valid_before_utc > now:
        return f"is not valid before {found.signer.not_valid_before_utc:%Y-%m-%d}"
    if unknown := host_suffixes() - set(found.domains):
        return f"could not sign for {', '.join(sorted(unknown))}"
    return ""


# --- files ---


def find(folder: Path) -> CertificateAuthority | None:
    """Finds the CA in a folder, as it is; None if there is none. Raises UserError for a file that can't be used."""
    path = folder / KEY
    try:
        status, data = limited_reading.read_small_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: the CA can't be read: {error.strerror}", _ROTATE_TIP) from None
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise UserError(f"{path}: the CA belongs to another user", _ROTATE_TIP)
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise UserError(
            f"{path}: other users can read the CA's key", f"{_ROTATE_TIP}; to keep it: chmod 600 {shell_path(path)}"
        )
    try:
        key = load_pem_private_key(data.reveal(), None)
        signer, root = x509.load_pem_x509_certificates(data.reveal())
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not _belongs_together(key, signer, root):
            raise ValueError("not a CA of awstape")
        return CertificateAuthority(folder, root, signer, key)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        raise UserError(f"{path}: not a CA that awstape made, or incomplete", f"move it away; {_ROTATE_TIP}") from None


def _belongs_together(key: ec.EllipticCurvePrivateKey, signer: x509.Certificate, root: x509.Certificate) -> bool:
    return (
        key.public_key() == signer.public_key()
        and signer.issuer == root.subject
        and all(is_own(certificates.to_pem(each)) and certificates.permitted_domains(each) for each in (signer, root))
    )


def _check_is_own(path: Path) -> None:
    """Raises UserError for a file at the certificate's path that awstape didn't make."""
    text = _read_text(path)
    if text is not None and not (len(found := PEM_CERTIFICATE.findall(text)) == 1 and is_own(found[0])):
        raise UserError(f"{path}: not a certificate that awstape made", f"move it away; {_ROTATE_TIP}")


def _read_text(path: Path) -> str | None:
    try:
        return limited_reading.read_small_file(path)[1].reveal().decode("ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}", _ROTATE_TIP) from None


def _write(path: Path, text: Hidden[str]) -> None:
    """Writes a file that only its user can read, atomically. Raises UserError."""
    try:
        atomic_writes.replace_file(path, text.reveal().encode("ascii"), 0o600)
    except OSError as error:
        raise UserError(
            f"{path}: the CA can't be written there: {error.strerror}",
            "set XDG_DATA_HOME to a folder that you can write to",
        ) from None


def _remove_mitmproxy_files(folder: Path) -> tuple[str, ...]:
    """Removes the CA that mitmproxy made for earlier versions of awstape; returns notes for the user."""
    existed = (folder / f"mitmproxy-{_MITMPROXY_FILES[0]}").exists()
    for name in _MITMPROXY_FILES if existed else ():
        with suppress(OSError):
            (folder / f"mitmproxy-{name}").unlink()
    return (f"removed the CA that awstape used before, which could sign for any host: {folder}",) if existed else ()
