"""Collects the CA certificates that awstape trusts when it connects to AWS, and hands on to the programs it runs.

1. The user's programs name CAs in environment variables, in AWS profiles and in the system's store. A program that
   runs behind the proxy gets a single CA file, so all of them are collected in it.
2. CAs of awstape are left out and refused: they are for programs, and no upstream may prove itself with them.

Everything here is PEM text. Certificates are not parsed, as the system's store may hold some that only OpenSSL reads,
and as this module must work without the package cryptography.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES, open_file_or_pipe

#: Variables that name a file of CA certificates: botocore, OpenSSL and Go, requests, curl, Node.js.
CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
#: Variables that take precedence over those for some programs.
OTHER_CA_VARIABLES = ("NIX_SSL_CERT_FILE", "DENO_CERT", "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO")
#: A certificate in a text.
PEM_CERTIFICATE = lazy_pattern(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
#: The organization in the names of awstape's certificates, and its DER encoding: SET { SEQUENCE { O, UTF8String } }.
OWN_ORGANIZATION = "awstape"
_OWN_ORGANIZATION_DER = b"\x31\x10\x30\x0e\x06\x03\x55\x04\x0a\x0c\x07" + OWN_ORGANIZATION.encode()
_CA_BUNDLE = lazy_pattern(r"^ca_bundle[ \t]*[=:][ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


def collect(environ: Mapping[str, str]) -> str:
    """Collects the CAs that the user's programs trust, as PEM: those of the environment, AWS profiles and the system.

    Includes CAs of awstape. Without any, returns those of the package certifi.
    """
    defaults = ssl.get_default_verify_paths()
    named = [environ.get(name, "") for name in (*CA_VARIABLES, *OTHER_CA_VARIABLES)]
    folders = environ.get("SSL_CERT_DIR", "").split(os.pathsep)
    system = (defaults.cafile, defaults.openssl_cafile, defaults.capath)
    paths = [path for path in (*named, *_ca_bundles(environ), *folders, *system) if path]
    texts = (text for path in paths for text in _read_texts(Path(path)))
    certificates = list(dict.fromkeys(found for text in texts for found in PEM_CERTIFICATE.findall(text)))
    if not certificates:
        import certifi

        return certifi.contents()
    return "\n".join([*certificates, ""])


def remove_own(certificates: str) -> str:
    """Removes the certificates of any CA of awstape from PEM text."""
    return "".join(f"{found}\n" for found in PEM_CERTIFICATE.findall(certificates) if not is_own(found))


def read_ca_files(files: Sequence[Path]) -> str:
    """Reads the certificates in files that the user wants trusted, as PEM. Raises UserError."""
    certificates = []
    for path in files:
        try:
            with open_file_or_pipe(path, MAX_BYTES) as file:
                text = file.read(MAX_BYTES).decode("ascii", errors="replace")
        except OSError as error:
            raise UserError(f"{path}: can't be read: {error.strerror}", "name a file of CA certificates") from None
        found = PEM_CERTIFICATE.findall(text)
        if not found:
            raise UserError(f"{path}: no certificate in it", "a PEM file has -----BEGIN CERTIFICATE----- in it")
        try:
            ssl.create_default_context(cadata="\n".join(found))
        except (ssl.SSLError, ValueError):
            raise UserError(f"{path}: a certificate in it can't be read", "is the file complete?") from None
        if any(map(is_own, found)):
            raise UserError(f"{path}: is a CA of awstape, which can't verify an upstream", "name the upstream's CA")
        certificates += found
    return "".join(f"{certificate}\n" for certificate in certificates)


def is_own(certificate: str) -> bool:
    """Whether a PEM certificate is, or was issued by, a CA of awstape: it has our organization in a name."""
    try:
        return _OWN_ORGANIZATION_DER in ssl.PEM_cert_to_DER_cert(certificate)
    except ValueError:
        return False


def _ca_bundles(environ: Mapping[str, str]) -> list[str]:
    """The `ca_bundle` of all AWS profiles: which profile a program uses is unknown, and AWS_CA_BUNDLE overrides all."""
    config = os.path.expanduser(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    return [os.path.expanduser(found) for text in _read_texts(Path(config)) for found in _CA_BUNDLE.findall(text)]


def _read_texts(path: Path) -> Iterator[str]:
    """Reads a file, or the files in a folder; leaves out what can't be read."""
    files = [path]
    with suppress(OSError, ValueError):  # not a folder, or not even a valid path
        files = sorted(path.iterdir())
    for file in files:
        with suppress(OSError, ValueError), open_file_or_pipe(file, MAX_BYTES) as opened:
            yield opened.read(MAX_BYTES).decode("ascii", errors="replace")
