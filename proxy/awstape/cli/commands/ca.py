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
    from awstape.proxying.certificate_authority import Authority


@click.group(no_args_is_help=False)
def ca() -> None:
    """Look at the CA that the proxy signs with, or renew it.

    Programs trust it while they are recorded. It is yours alone, made on first use, and can only sign for names under
    AWS's domains. `awstape record` tells the program of it; one that looks elsewhere, as Java does, is told by you.

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
    """Tell what the CA is, until when, and for which names.

    \b
    awstape ca show
    awstape ca show --json
    """
    _tell(_at_hand(), as_json)
    return 0


@ca.command()
def path() -> int:
    """Print the path of the CA's certificate.

    \b
    awstape ca path
    keytool -importcert -noprompt -alias awstape -keystore trust.p12 -storepass changeit -file "$(awstape ca path)"
    """
    click.echo(_at_hand().file)
    return 0


@ca.command()
@parameters.as_json
def rotate(as_json: bool) -> int:
    """Make a new CA in the place of the old one.

    The old key is gone. A recording that is running keeps its CA until it ends.

    \b
    awstape ca rotate
    """
    from awstape.program import environment
    from awstape.proxying import certificate_authority

    made = certificate_authority.rotate(environment.data_folder(os.environ))
    _warn_of_news(made)
    _tell(made, as_json)
    warn("a running awstape keeps the old CA until it ends; where you had the old one trusted, trust this one")
    return 0


def _at_hand() -> Authority:
    from awstape.program import environment
    from awstape.proxying import certificate_authority

    found = certificate_authority.at_hand(environment.data_folder(os.environ))
    _warn_of_news(found)
    return found


def _warn_of_news(authority: Authority) -> None:
    for line in authority.news:
        warn(line)


def _tell(authority: Authority, as_json: bool) -> None:
    from awstape.proxying import certificate_authority

    facts = certificate_authority.facts(authority)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(printable(f"{name.replace('_', ' '):17} {shown}"))
