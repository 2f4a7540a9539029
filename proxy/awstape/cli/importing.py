"""`import`: recordings that other tools made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from awstape.cli import parameters, progress
from awstape.errors import UserError

_FORMATS = ("mitmproxy", "har", "vcr", "cassetter", "placebo", "stubber")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--output",
    "cassette",
    required=True,
    metavar="CASSETTE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Put it into this cassette, which may be there.",
)
@click.option("--from", "form", type=click.Choice(_FORMATS), help="Take only this format.")
@click.option("--operation", multiple=True, metavar="GLOB", help="Import only operations that match; repeatable.")
@click.option("--include-writes", is_flag=True, help="Import operations that change something, too.")
@click.option(
    "--identity",
    "identities",
    multiple=True,
    metavar="MEMBER=VALUE",
    help="What was asked for, where only answers were kept; [OPERATION.]MEMBER, repeatable.",
)
@click.option("--region", metavar="REGION", help="Where that was; us-east-1 by default.")
@parameters.as_json
def import_(
    files: tuple[Path, ...],
    cassette: Path,
    form: str | None,
    operation: tuple[str, ...],
    include_writes: bool,
    identities: tuple[str, ...],
    region: str | None,
    as_json: bool,
) -> int:
    """Bring in what other tools recorded.

    FILES, or folders of files, go into a cassette, recognised and redacted as in a recording of awstape's own; tracks
    of an old cassette stay as with `record --mode all`. The format is told by what is in a file. What could not be used
    is counted, with the reason. The exit status is 1 if nothing could be used.

    \b
    mitmproxy  flow files of mitmproxy, mitmdump and mitmweb (needs mitmproxy)
    har        HAR of browsers and proxies
    vcr        cassettes of VCR.py, YAML or JSON
    cassetter  cassettes of cassetter, YAML or TOML
    placebo    answers of placebo, iam.ListRoles_1.json; --identity may have to say to which question
    stubber    a JSON list of what botocore's Stubber takes: service, method, service_response, …

    \b
    awstape import flows.mitm session.har -o team.yaml
    awstape import placebo/ --identity ListRolePolicies.RoleName=DeployRole -o team.yaml
    """
    from awstape import imports, keys
    from awstape.imports.entry import Known
    from awstape.report import recording_facts, recording_lines
    from awstape.tape import open_for_recording

    _check_region(region)
    identity = _identity(identities)
    is_first = not keys.is_there(os.environ)
    tape = open_for_recording(cassette, "all", os.environ, operation, include_writes)
    if is_first:
        click.echo(f"made a key for your aliases: {keys.key_file()}", err=True)
    assert tape.recorder
    known = Known(identity, region, tape.recorder.unwanted)
    for entry in progress.over(imports.entries(files, form, known), "importing", quiet=as_json):
        imports.feed(tape.recorder, entry)
    recording = tape.close()
    assert recording
    lines = recording_lines(str(cassette), recording, imported=True)
    click.echo(json.dumps(recording_facts(str(cassette), recording)) if as_json else "\n".join(lines))
    return int(not recording.cassette.takes)


def _check_region(name: str | None) -> None:
    """Raises UserError for a region that AWS doesn't have."""
    from awstape import catalog

    if name is not None and catalog.service_of_host(catalog.host_of("accessanalyzer", name)) is None:
        raise UserError(f"--region: AWS has no region {name}", "regions are spelled as in eu-west-1")


def _identity(texts: tuple[str, ...]) -> dict[str, str]:
    """Member → value. Raises UserError for what is not spelled so, or is a member of no request."""
    from awstape import catalog
    from awstape.core.conform import did_you_mean

    operations = [each for service in catalog.models().services.values() for each in service.operations.values()]
    members = {name: None for each in operations if each.input for name in each.input.members}
    narrow = {f"{each.name}.{name}": None for each in operations if each.input for name in each.input.members}
    for text in texts:
        name, equals, _ = text.partition("=")
        if not equals:
            raise UserError("--identity: not spelled MEMBER=VALUE", "for example --identity RoleName=DeployRole")
        if name not in members and name not in narrow:
            hint = did_you_mean(name, narrow if "." in name else members).lstrip("; ")
            raise UserError(f"--identity: no request has a member {name}", hint or "members are spelled as in RoleName")
    return dict(text.split("=", 1) for text in texts)
