"""`schema`: what a cassette may say, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.errors import UserError


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default="-",
    metavar="FILE",
    help="Write it to FILE instead of printing it.",
)
def schema(output: Path) -> int:
    """Print the JSON Schema of cassettes, for editors.

    They complete and validate YAML with it. Cassettes begin with a comment that names it as awstape.schema.json in
    their own folder.

    \b
    awstape schema -o cassettes/awstape.schema.json
    """
    from awstape import catalog
    from awstape.core.schema import dumped
    from awstape.core.schema import schema as schema_of

    text = dumped(schema_of(catalog.models(), catalog.source()))
    if str(output) == "-":
        click.echo(text, nl=False)
        return 0
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"{output}: can't be written: {error.strerror}", "name another file") from None
    return 0
