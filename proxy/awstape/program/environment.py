"""Environment variables that no report shows, and those that make a program use the proxy or the endpoint."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from awstape.catalog.configured_endpoints import configured_endpoints
from awstape.catalog.hosts import find_host, host_suffixes
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.text.printable import printable
from awstape.errors import UserError
from awstape.proxying.tls.trusted_certificates import CA_VARIABLES, OTHER_CA_VARIABLES
from awstape.proxying.upstream import ALL, Upstream, find_upstream

if TYPE_CHECKING:
    from awstape.tape import Tape

#: Hosts that are never reached through a proxy: this machine, and the metadata service of EC2.
_DIRECT_HOSTS = ("127.0.0.1", "localhost", "::1", "169.254.169.254")

_Value = TypeVar("_Value", str, str | None)


class Variables(dict[str, _Value]):
    """Environment variables. The repr shows none of them: reporters of failed tests print local variables."""

    def __repr__(self) -> str:
        return f"<{len(self)} environment variables>"

    def __or__(self, other: Mapping[str, _Value]) -> Variables[_Value]:  # type: ignore[override] # a dict's repr shows all
        return Variables({**self, **other})


EnvironmentChanges = Variables[str | None]
"""Variables to set, and those to remove, with None."""


def current() -> Variables[str]:
    """The environment of this process."""
    return Variables(os.environ)


def proxy_environment(
    environ: Mapping[str, str], proxy_url: str, bundle: Path, *, keep_endpoint_urls: bool = False
) -> EnvironmentChanges:
    """Variables that make a program send its AWS calls through the proxy, and trust the CAs in the file `bundle`.

    keep_endpoint_urls: lets the program call the endpoint URLs that it finds in its configuration, past the proxy. Else
    it calls AWS in their place: only for a proxy that sends nothing to AWS.
    """
    changes = {
        "HTTPS_PROXY": proxy_url,
        "https_proxy": proxy_url,
        **_no_proxy(environ),
        **dict.fromkeys((*CA_VARIABLES, *(name for name in OTHER_CA_VARIABLES if name in environ)), str(bundle)),
        **({} if keep_endpoint_urls else {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    }
    return EnvironmentChanges(changes)


def endpoint_environment(environ: Mapping[str, str], url: str) -> EnvironmentChanges:
    """Variables that make a program send its AWS calls to a plain endpoint, whatever the service."""
    names = ("AWS_ENDPOINT_URL", *(name for name in environ if name.startswith("AWS_ENDPOINT_URL_")))
    # Settings of the user's AWS configuration with which an SDK would ignore or reject the endpoint.
    overrides = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
    # No name leads to a host such as `data-127.0.0.1`. The account before the host of S3 Control stays, and is accepted
    # where a name leads to it: in the file of hosts, or with --host NAME; or use the proxy.
    no_prefixes = {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
    return EnvironmentChanges(
        {**dict.fromkeys(names, url), **dict.fromkeys(overrides, "false"), **no_prefixes, **_no_proxy(environ)}
    )


def dummy_environment(environ: Mapping[str, str], tape: Tape) -> EnvironmentChanges:
    """Variables with dummy credentials: a program can sign requests, and doesn't find the user's account.

    The credentials are those of the tape's first caller, or of the one that the environment names already, and the
    region is one that it has.
    """
    region = tape.choose_region(environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")) or "us-east-1"
    changes = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"}
    return credential_environment(next(iter(tape.callers), None)) | EnvironmentChanges(changes)


def credential_environment(caller: str | None) -> EnvironmentChanges:
    """Variables with the dummy credentials of a caller of a cassette. caller: as for `credentials`, None if unknown.

    Raises UserError for a text that is no caller.
    """
    given = credentials(caller) if caller else _UNKNOWN_CALLER
    set_ = {f"{name.upper()}": value for name, value in given.items()}
    others = (
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
    )
    return EnvironmentChanges({**set_, **dict.fromkeys(others)})


def credentials(caller: str) -> dict[str, str]:
    """The dummy credentials of a caller of a cassette, as boto3 takes them: `boto3.Session(**credentials(ALIAS))`.

    caller: an account as in the cassette, its alias or `caller-…`, or a principal of it, `000059865828/role/alias-…`.
    Raises UserError for any other text.
    """
    account, _, principal = caller.partition("/")
    try:
        key = access_key_of_account(account, principal or None)
    except ValueError:
        tip = "it is as in awstape ls: twelve digits or caller-…, with /role/NAME behind for a role of the account"
        raise UserError(f"{caller!r} is not a caller of a cassette", tip) from None
    return {"aws_access_key_id": key, "aws_secret_access_key": _SECRET}


_SECRET = "awstape"
_UNKNOWN_CALLER = {"aws_access_key_id": "AWSTAPE", "aws_secret_access_key": _SECRET}


def check_endpoint_urls(
    environ: Mapping[str, str], services: Sequence[str], upstream: Upstream, *, has_options: bool = True
) -> None:
    """Raises UserError if the configuration sends calls to a recorded service neither to AWS nor to its upstream.

    services: the recorded ones. has_options: whether the user can set an upstream with an option, and not only with a
    variable.
    """
    found = [each for each in configured_endpoints(environ, services) if find_upstream(upstream, each.service) is None]
    if not found:
        return
    if len({endpoint.url for endpoint in found}) == 1 and len(found) == len(services):
        specs = [_without_password(found[0].url)]
    else:
        specs = [f"{endpoint.service}={_without_password(endpoint.url)}" for endpoint in found]
    if has_options:
        setting = " ".join(f"--upstream {shlex.quote(spec)}" for spec in specs)
        consequence = "the program would call it past the proxy, unrecorded"
    else:
        consequence = "clients would call it instead of AWS"
        given = [
            ("" if service == ALL else f"{service}=") + _without_password(url.geturl())
            for service, url in upstream.items()
        ]
        setting = f"AWSTAPE_UPSTREAM={shlex.quote(' '.join(given + specs))}"
    sources = " and ".join(dict.fromkeys(endpoint.source for endpoint in found))
    raise UserError(
        f"{printable(sources)} is set: {consequence}",
        f"record the stand-in with {printable(setting)}, or AWS with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
    )


def _without_password(url: str) -> str:
    """A URL as messages show it: without user, password and query."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "URL"


def apply(environ: Mapping[str, str], changes: EnvironmentChanges) -> Variables[str]:
    """A copy of an environment with changes."""
    merged = EnvironmentChanges({**environ, **changes})
    return Variables({name: value for name, value in merged.items() if value is not None})


def export_lines(changes: EnvironmentChanges) -> list[str]:
    """Lines for a shell that make the changes."""
    return [
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in changes.items()
    ]


def _no_proxy(environ: Mapping[str, str]) -> EnvironmentChanges:
    """NO_PROXY with this machine in it, and without entries with which AWS calls would bypass the proxy."""
    given = f"{environ.get('NO_PROXY', '')},{environ.get('no_proxy', '')}"
    kept = [entry for entry in re.split(r"[,\s]+", given) if entry and not _matches_aws(entry)]
    value = ",".join(dict.fromkeys([*kept, *_DIRECT_HOSTS]))
    return EnvironmentChanges({"NO_PROXY": value, "no_proxy": value})


def _matches_aws(entry: str) -> bool:
    """Whether an entry of NO_PROXY matches a host of AWS."""
    name = re.sub(r":\d+$", "", entry.lower()).lstrip("*").lstrip(".")
    if not name or find_host(name):
        return True
    return any(f".{suffix}".endswith(f".{name}") or name.endswith(f".{suffix}") for suffix in host_suffixes())
