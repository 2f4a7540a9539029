"""The environment that a program needs to talk to the proxy or the endpoint."""

from __future__ import annotations

import os
import re
import shlex
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from awstape.catalog import catalog
from awstape.errors import UserError
from awstape.files import limited_reading

#: Variables that name a file of CA certificates: botocore, OpenSSL and Go, requests, curl, Node.js.
_CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
#: Those that count for some programs before others do: they are set where they are set already.
_OTHER_CA_VARIABLES = ("NIX_SSL_CERT_FILE", "DENO_CERT", "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO")
#: A certificate in a text.
PEM_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_CA_BUNDLE = re.compile(r"^ca_bundle[ \t]*[=:][ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_LOCAL = ("127.0.0.1", "localhost", "::1", "169.254.169.254")

Environment = dict[str, str | None]
"""Variables to set, and with None those to remove."""


def through_proxy(environ: Mapping[str, str], proxy_url: str, bundle: Path) -> Environment:
    """What makes a program send its AWS calls through an intercepting proxy and trust it."""
    return {
        "HTTPS_PROXY": proxy_url,
        "https_proxy": proxy_url,
        **_no_proxy(environ),
        **dict.fromkeys((*_CA_VARIABLES, *(name for name in _OTHER_CA_VARIABLES if name in environ)), str(bundle)),
        # An endpoint that was configured would go past the proxy.
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }


def to_endpoint(environ: Mapping[str, str], url: str) -> Environment:
    """What makes a program send its AWS calls to a plain endpoint, whatever the service."""
    names = ("AWS_ENDPOINT_URL", *(f"AWS_ENDPOINT_URL_{name.upper()}" for name in catalog.SERVICES))
    # Whatever the user's configuration file says: an endpoint that is ignored, or refused as one of the wrong kind.
    against = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
    return {**dict.fromkeys(names, url), **dict.fromkeys(against, "false"), **_no_proxy(environ)}


def without_account(environ: Mapping[str, str], region: str | None) -> Environment:
    """Credentials that are none, so that a program signs its requests and finds nobody's account."""
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "AWS_ACCESS_KEY_ID": "AWSTAPE",
        "AWS_SECRET_ACCESS_KEY": "awstape",
        **dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")),
        "AWS_PROFILE": None,
        "AWS_DEFAULT_PROFILE": None,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def check_endpoints(environ: Mapping[str, str]) -> None:
    """Raises UserError where a program is set up to ask a stand-in: through the proxy it would ask AWS itself."""
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return
    for name in sorted(environ):
        if name.startswith("AWS_ENDPOINT_URL") and environ[name]:
            raise UserError(
                f"{name} is set: through the proxy, the program would ask AWS itself instead",
                "record a stand-in with --upstream iam=URL, or AWS with the variable unset",
            )


def applied(environ: Mapping[str, str], changes: Environment) -> dict[str, str]:
    merged = {**environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def exports(changes: Environment) -> list[str]:
    """Shell lines that make the changes, to copy."""
    return [
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in changes.items()
    ]


def trusted_certificates(environ: Mapping[str, str]) -> str:
    """The CAs that the user's programs trust: those of the environment, of AWS profiles and of the system, as PEM."""
    defaults = ssl.get_default_verify_paths()
    named = [environ.get(name, "") for name in (*_CA_VARIABLES, *_OTHER_CA_VARIABLES)]
    folders = environ.get("SSL_CERT_DIR", "").split(os.pathsep)
    system = (defaults.cafile, defaults.openssl_cafile, defaults.capath)
    paths = [path for path in (*named, *_ca_bundles(environ), *folders, *system) if path]
    texts = (text for path in paths for text in _texts(Path(path)))
    found = list(dict.fromkeys(found for text in texts for found in PEM_CERTIFICATE.findall(text)))
    if not found:
        import certifi

        return certifi.contents()
    return "\n".join([*found, ""])


def data_folder(environ: Mapping[str, str]) -> Path:
    """The user's data folder for awstape, made if need be and closed to others. Raises UserError."""
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    folder = Path(base) / "awstape"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"{folder}: can't be used: {error.strerror}", "set XDG_DATA_HOME to a folder of yours"
        ) from None
    return folder


def _no_proxy(environ: Mapping[str, str]) -> Environment:
    """NO_PROXY with this machine in it, and without entries that would let AWS calls past the proxy."""
    given = f"{environ.get('NO_PROXY', '')},{environ.get('no_proxy', '')}"
    kept = [entry for entry in re.split(r"[,\s]+", given) if entry and not _covers_aws(entry)]
    value = ",".join(dict.fromkeys([*kept, *_LOCAL]))
    return {"NO_PROXY": value, "no_proxy": value}


def _covers_aws(entry: str) -> bool:
    name = re.sub(r":\d+$", "", entry.lower()).lstrip("*").lstrip(".")
    if not name or catalog.service_of_host(name):
        return True
    return any(f".{suffix}".endswith(f".{name}") or name.endswith(f".{suffix}") for suffix in catalog.host_suffixes())


def _ca_bundles(environ: Mapping[str, str]) -> list[str]:
    """The CAs of all AWS profiles: which one a program takes is its own affair, and AWS_CA_BUNDLE hides them all."""
    config = os.path.expanduser(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    return [os.path.expanduser(found) for text in _texts(Path(config)) for found in _CA_BUNDLE.findall(text)]


def _texts(path: Path) -> Iterator[str]:
    """The texts of a file, or of the files in a folder, as far as they can be read."""
    files = [path]
    with suppress(OSError, ValueError):  # it is no folder; a configuration may name what can't be one
        files = sorted(path.iterdir())
    for file in files:
        with (
            suppress(OSError, ValueError),
            limited_reading.open_file_or_pipe(file, limited_reading.MAX_BYTES) as opened,
        ):
            yield opened.read(limited_reading.MAX_BYTES).decode("ascii", errors="replace")
