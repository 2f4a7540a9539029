"""`addon`: where the addon of mitmproxy is."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
def addon() -> int:
    """Print the path of the mitmproxy addon.

    \b
    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml
    """
    from awstape.proxying.requirement import require_mitmproxy

    require_mitmproxy("awstape addon")
    click.echo(Path(__file__).parents[2] / "addon.py")
    return 0
