"""Makes up tracks for `awstape new`: parses the arguments, checks them against the service model, writes the track."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from awstape.catalog.botocore_values import DEFAULT_REGION
from awstape.catalog.service_models import load_models
from awstape.core.aws.conform import did_you_mean, misfits
from awstape.core.aws.constraints import constraint_misfits
from awstape.core.aws.member_paths import format_path
from awstape.core.aws.model import Operation, Shape, Value, plain_name
from awstape.core.aws.paging import items_of
from awstape.core.aws.protocols.encodings.json_text import JsonError, parse_value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.synthesis.synthetic_takes import SynthesisError, item_lists, synthesise_take
from awstape.errors import UserError
from awstape.files import atomic_writes, keys, project_settings
from awstape.workbench.selected_tracks import redactor_for


def find_operation(service: str, name: str) -> Operation:
    """An operation, by its name in the AWS CLI or in the API. Raises UserError for an unknown one."""
    services = load_models().services
    found = services.get(plain_name(service))
    if found is None:
        hint = did_you_mean(plain_name(service), services)
        raise UserError(f"awstape knows no service {service!r}{hint}", "services are spelled as in boto3")
    operation = found.by_plain_name.get(plain_name(name))
    if operation is None:
        is_dashed = name == name.lower()
        known = [dashed_name(each) for each in found.operations] if is_dashed else list(found.operations)
        raise UserError(
            f"{found.name} has no operation {name!r}{did_you_mean(name, known)}",
            "spell it as in the AWS CLI (list-roles) or in the API (ListRoles)",
        )
    return operation


def make_cassette(
    operation: Operation,
    identity: Iterable[tuple[str, str]],
    environ: Mapping[str, str],
    *,
    items: int | None = None,
    page_size: int | None = None,
    seed: str = "",
    region: str | None = None,
    beside: Cassette = Cassette(),  # noqa: B008, it is a value
    output: Path | None = None,
) -> Cassette:
    """A cassette with one made-up track.

    identity: (member, value) pairs. A real value needs the key at hand; if the track is to be added to the cassette
    `beside`, it must be the key of that cassette. output: the file that the cassette is written to. Raises UserError.
    """
    paths = [output] if output else []
    region, rules = _check_region(operation, region), project_settings.load_rules(*paths)
    members = _parse_identity(operation, identity)
    redactor = redactor_for(paths, beside, environ) if members else None
    redacted = (redactor or Redactor(Key(b"thrown away"), rules)).redact_identity(operation, members)
    real = [name for name, value in members.items() if redacted[name] != value]
    if real and redactor is None:
        raise UserError(
            f"--identity {real[0]}: the value looks real, and there is no key to make its alias with",
            f"use an alias instead, or set {keys.VARIABLE}" + (" to the cassette's key" if beside.keys else ""),
        )
    try:
        take = synthesise_take(
            operation, redacted, items=items, page_size=page_size, seed=seed, region=region, rules=rules
        )
    except SynthesisError as error:
        raise UserError(str(error), error.tip) from None
    take = replace(take, track=replace(take.track, account=beside.account))
    if redactor is None or not real:
        return Cassette.of([take])
    return Cassette.of([take], [redactor.key_fingerprint], apart=redactor.apart)


def count_cassette_items(operation: Operation, cassette: Cassette) -> int:
    """The number of items on all pages, in all lists."""
    outputs = (page.answer.output for take in cassette.takes for page in take.pages)
    return sum(len(items_of(output, name)) for output in outputs for name in item_lists(operation))


def add_to_file(path: Path, text: CassetteText, new: Cassette) -> None:
    """Adds new tracks to the cassette in a file and keeps its comments. Raises UserError."""
    old = text.cassette
    known = {track for track, _ in old.tracks()}
    for track, _ in new.tracks():
        if track in known:
            raise UserError(
                f"{path}: already has the track {track}", "use another --identity, or remove the track with awstape rm"
            )
    both = Cassette.of(old.takes + new.takes, old.keys | new.keys, old.account, old.apart | new.apart)
    rewritten = rewrite_cassette(load_models(), [text], both)
    if rewritten.lost_comments:
        raise UserError(
            f"{path}: not changed: comments would be lost",
            "write the track to another file; to replay both: awstape replay FILE FILE",
        )
    atomic_writes.write_text(path, rewritten.text)


# --- arguments -------------------------------------------------------------------------------------------------------


def dashed_name(name: str) -> str:
    """`ListMFADevices` → `list-mfa-devices`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _check_region(operation: Operation, region: str | None) -> str | None:
    if not operation.service.regional:
        if region is not None:
            raise UserError(f"{operation.service.name} has no regions", "leave out --region")
        return None
    return region or DEFAULT_REGION


def _parse_identity(operation: Operation, pairs: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Parses (member, value) pairs into an identity and checks it against the service model."""
    pages = operation.paging.request_members if operation.paging else frozenset()
    members = operation.input.members if operation.input else {}
    known = {name: m for name, m in members.items() if name not in pages and not m.is_incidental}
    identity: dict[str, Value] = {}
    for name, value in pairs:
        if name in pages:
            raise UserError(
                f"--identity {name}: a paging member, not part of an identity", "set the page size with --page-size"
            )
        if name not in known:
            tip = f"members: {', '.join(known)}" if known else "leave out --identity"
            raise UserError(f"the request of {operation.name} has no member {name!r}{did_you_mean(name, known)}", tip)
        if name in identity:
            raise UserError(f"--identity {name}: given twice", "give it once; write a list as JSON")
        identity[name] = _parse_value(name, value, known[name].shape)
    return identity


def _parse_value(name: str, text: str, shape: Shape) -> Value:
    try:
        value = parse_value(text, shape)
    except JsonError:
        form = "true or false" if shape.type == "boolean" else "a number" if shape.is_scalar else "it as JSON"
        raise UserError(f"--identity {name}: the value is not of type {shape.type}", f"write {form}") from None
    for misfit in misfits(value, shape):
        raise UserError(
            f"--identity {format_path((name, *misfit.path))}: {misfit.problem}", "the service model requires it"
        )
    for misfit in constraint_misfits(value, shape):
        where = format_path((name, *misfit.path))
        raise UserError(f"--identity {where}: expected {misfit.problem}", "the service would refuse the request")
    return value
