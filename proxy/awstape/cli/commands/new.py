"""`new`: generates cassettes from the service model."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import STANDARD_OUTPUT, print_json


def _complete_operations(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes an operation of the service argument, in the spelling of the incomplete word."""
    from awstape.catalog.service_models import load_models
    from awstape.workbench.synthetic_tracks import dashed_name

    service = load_models().services.get(ctx.params.get("service") or "")
    known = list(service.operations) if service else []
    spelled = known if incomplete[:1].isupper() else [dashed_name(name) for name in known]
    return [name for name in spelled if name.startswith(incomplete)]


@click.command()
@click.argument("service", shell_complete=parameters.complete_services)
@click.argument("operation", shell_complete=_complete_operations)
@click.option(
    "--items",
    type=click.IntRange(0, 10_000),
    metavar="N",
    help="Number of items; by default 25 for a paginated listing, else a few.",
)
@click.option("--page-size", type=click.IntRange(1), metavar="N", help="Number of items on a page; 10 by default.")
@parameters.identity("A member of the request; repeatable, lists in JSON.")
@parameters.region("The region, for a service that has regions; us-east-1 by default.")
@click.option("--seed", default="", metavar="TEXT", help="Seed of the data; equal seeds give equal bytes.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write to FILE, or add the track to it if it exists; standard output by default.",
)
@parameters.as_json
def new(
    service: str,
    operation: str,
    items: int | None,
    page_size: int | None,
    identity: list[tuple[str, str]],
    region: str | None,
    seed: str,
    output: Path | None,
    as_json: bool,
) -> int:
    """Generate a cassette from the service model; no account needed.

    SERVICE is spelled as in boto3, OPERATION as in the AWS CLI or in the API. All values fit the service model. For iam
    and accessanalyzer, names, ARNs, dates and policies are plausible and agree within a track. Required members of the
    request that --identity doesn't give are generated.

    \b
    awstape new iam list-roles --items 250 --page-size 100 -o roles.yaml
    awstape new accessanalyzer list-findings-v2 --region eu-west-1 -o findings.yaml
    awstape new iam list-policies --identity Scope=Local
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.cassette.yaml.writer import write_cassette
    from awstape.core.text.counting import count
    from awstape.core.text.printable import printable
    from awstape.files import atomic_writes, cassette_files
    from awstape.report import track_facts
    from awstape.workbench import synthetic_tracks

    output = None if output == STANDARD_OUTPUT else output
    wanted = synthetic_tracks.find_operation(service, operation)
    if output:
        atomic_writes.check_writable(output)
    with atomic_writes.lock_folders_of(output) if output else nullcontext():
        is_there = output and output.exists() and output.stat().st_size
        text = cassette_files.load_text(output, load_models()) if output and is_there else None
        made = synthetic_tracks.make_cassette(
            wanted,
            identity,
            os.environ,
            items=items,
            page_size=page_size,
            seed=seed,
            region=region,
            beside=text.cassette if text else Cassette(),
            output=output,
        )
        if output and text:
            synthetic_tracks.add_to_file(output, text, made)
        elif output:
            cassette_files.save(output, made)
        else:
            click.echo(write_cassette(made), nl=False)
    take = made.takes[0]
    number = synthetic_tracks.count_cassette_items(wanted, made)
    counts = {"pages": len(take.pages), "items": number}
    if as_json:
        cassette = str(output) if output else None
        print_json({"cassette": cassette, **track_facts(take.track), **counts}, err=not output)
    elif output:
        summary = ", ".join(count(n, noun[:-1]) for noun, n in counts.items())
        click.echo(printable(f"made {output}: {take.track}, {summary}"))
    return 0
