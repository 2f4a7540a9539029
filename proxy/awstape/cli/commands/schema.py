"""`schema`: what a cassette may say, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters


@click.command()
@parameters.output
def schema(output: Path) -> int:
    """Print the JSON Schema of cassettes, for editors.

    They complete and validate YAML with it. Cassettes begin with a comment that names it as awstape.schema.json in
    their own folder.

    \b
    awstape schema -o cassettes/awstape.schema.json
    """
    from awstape.catalog import catalog
    from awstape.core.cassette.yaml.json_schema import dumped
    from awstape.core.cassette.yaml.json_schema import schema as schema_of

    parameters.put_out(output, dumped(schema_of(catalog.models(), catalog.source())))
    return 0
