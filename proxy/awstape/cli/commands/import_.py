"""`import`: reads recordings of other tools."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape import progress
from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json
from awstape.errors import UserError
from awstape.formats.imports import FORMATS

if TYPE_CHECKING:
    from awstape.core.aws.model import Models


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--output",
    "cassette",
    required=True,
    metavar="CASSETTE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The cassette, new or existing.",
)
@click.option("--from", "form", type=click.Choice(FORMATS), help="Accept only this format.")
@parameters.services("Import these services, `all` for every one; repeatable. By default iam, accessanalyzer and sts.")
@click.option("--operation", multiple=True, metavar="GLOB", help="Import only operations that match; repeatable.")
@click.option("--include-writes", is_flag=True, help="Import write operations as well.")
@parameters.identity("A member of requests that were not recorded; [OPERATION.]MEMBER, repeatable, lists in JSON.")
@parameters.region("The region of recordings without requests; us-east-1 by default.")
@parameters.as_json
def import_(
    files: tuple[Path, ...],
    cassette: Path,
    form: str | None,
    services: tuple[str, ...],
    operation: tuple[str, ...],
    include_writes: bool,
    identity: list[tuple[str, str]],
    region: str | None,
    as_json: bool,
) -> int:
    """Import recordings of other tools.

    FILES, or folders of files, are imported into a cassette, recognised and redacted as in a recording by awstape.
    Tracks of an existing cassette stay as with `record --mode all`. The format is detected from the content. Unusable
    exchanges are counted, with the reason. The exit status is 1 if nothing was imported.

    \b
    mitmproxy  flow files of mitmproxy, mitmdump and mitmweb (needs mitmproxy)
    har        HAR of browsers and proxies
    vcr        cassettes of VCR.py, YAML or JSON
    cassetter  cassettes of cassetter, YAML or TOML
    placebo    responses of placebo, iam.ListRoles_1.json; may need --identity for the requests
    stubber    a JSON list of arguments for botocore's Stubber: service, method, service_response, …

    \b
    awstape import flows.mitm session.har -o team.yaml
    awstape import placebo/ --identity ListRolePolicies.RoleName=DeployRole -o team.yaml
    """
    from awstape.files import keys
    from awstape.formats.importing import read_entries, record_entries
    from awstape.formats.imports.entries import ImportOptions
    from awstape.opening import RecordOptions, open_for_import
    from awstape.report import recording_facts, recording_lines

    is_first = not keys.key_exists(os.environ)
    options = RecordOptions(operation, services, include_writes)
    importing = open_for_import(cassette, os.environ, options)
    _check_members(importing.recorder.models, (name for name, _ in identity))
    if is_first:
        click.echo(f"made a key for your aliases: {keys.key_file()}", err=True)
    settings = ImportOptions(dict(identity), region, importing.recorder.reason_to_skip)
    entries = read_entries(files, form, settings)
    with progress.begin("importing", unit="exchanges") as work:
        record_entries(importing.recorder, work.over(entries))
    recording = importing.close()
    if as_json:
        print_json(recording_facts(str(cassette), recording))
    else:
        click.echo("\n".join(recording_lines(str(cassette), recording, imported=True)))
    return int(not recording.pages or bool(recording.set_aside))


def _check_members(models: Models, names: Iterable[str]) -> None:
    """Raises UserError for a name that is not a member of any request."""
    from awstape.core.aws.conform import did_you_mean

    operations = [each for service in models.recognised for each in service.operations.values()]
    members = {name: None for each in operations if each.input for name in each.input.members}
    narrow = {f"{each.name}.{name}": None for each in operations if each.input for name in each.input.members}
    for name in names:
        if name not in members and name not in narrow:
            hint = did_you_mean(name, narrow if "." in name else members).lstrip("; ")
            raise UserError(f"--identity: no request has a member {name}", hint or "members are spelled as in RoleName")
