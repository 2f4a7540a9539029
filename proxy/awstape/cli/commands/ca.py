"""`ca`: the CA that the proxy signs with."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json, warn
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.proxying.tls.certificate_authority import CertificateAuthority


@click.group(no_args_is_help=False)
def ca() -> None:
    """Show or renew the CA that the proxy signs with.

    Programs trust it while they are recorded. It is made for you on first use, and can sign only for names under AWS's
    domains. `awstape record` sets the CA variables of common SDKs; programs that ignore them, such as Java, must be
    configured.

    \b
    awstape ca show
    awstape ca path
    awstape ca rotate
    """
    if find_spec("cryptography") is None:
        raise UserError("awstape ca needs cryptography, which is not installed", "pip install 'awstape[record]'")


@ca.command()
@parameters.as_json
def show(as_json: bool) -> int:
    """Show the CA, its expiry and the names that it signs for.

    \b
    awstape ca show
    awstape ca show --json
    """
    _print_facts(_load_authority(), as_json)
    return 0


@ca.command()
def path() -> int:
    """Print the path of the CA's certificate.

    \b
    awstape ca path
    keytool -importcert -noprompt -alias awstape -keystore trust.p12 -storepass changeit -file "$(awstape ca path)"
    """
    click.echo(_load_authority().file)
    return 0


@ca.command()
@parameters.as_json
def rotate(as_json: bool) -> int:
    """Replace the CA by a new one.

    The old key is deleted. A running recording keeps its CA until it ends.

    \b
    awstape ca rotate
    """
    from awstape.files import user_folders
    from awstape.proxying.tls import certificate_authority

    made = certificate_authority.rotate(user_folders.data_folder(os.environ))
    _print_news(made)
    _print_facts(made, as_json)
    warn("a running awstape keeps the old CA until it ends; programs configured with the old CA need the new one")
    return 0


def _load_authority() -> CertificateAuthority:
    from awstape.files import user_folders
    from awstape.proxying.tls import certificate_authority

    found = certificate_authority.load_or_create(user_folders.data_folder(os.environ))
    _print_news(found)
    return found


def _print_news(authority: CertificateAuthority) -> None:
    for line in authority.notes:
        warn(line)


def _print_facts(authority: CertificateAuthority, as_json: bool) -> None:
    from awstape.proxying.tls import certificate_authority

    facts = certificate_authority.describe(authority)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(printable(f"{name.replace('_', ' '):17} {shown}"))
