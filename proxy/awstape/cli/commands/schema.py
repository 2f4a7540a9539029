"""`schema`: the JSON Schema of cassettes."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import write_output


@click.command()
@parameters.services("Describe the operations of these services, `all` for every one; repeatable.")
@parameters.output
def schema(services: tuple[str, ...], output: Path) -> int:
    """Print the JSON Schema of cassettes, for editors.

    It describes the operations of iam, accessanalyzer and sts, unless the option or the project's settings name other
    services, and accepts those of any other service. Editors use it to complete and validate YAML. The first line of
    each cassette names it as awstape.schema.json in the folder of the cassette.

    \b
    awstape schema -o cassettes/awstape.schema.json
    """
    from awstape.catalog.botocore_data import data_version
    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.yaml.json_schema import cassette_schema as schema_of
    from awstape.core.cassette.yaml.json_schema import dump_schema
    from awstape.opening import choose_services

    models = load_models(choose_services(services, output))
    write_output(output, dump_schema(schema_of(models, data_version())))
    return 0
