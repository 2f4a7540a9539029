"""Cassettes that are made up: what somebody asks for on a command line, as a track of `synthetic_takes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from awstape.catalog import catalog
from awstape.catalog.botocore_values import DEFAULT_REGION
from awstape.core.aws.conform import did_you_mean, misfits, spelled
from awstape.core.aws.constraints import excesses
from awstape.core.aws.model import Operation, Shape, Value, plain_name
from awstape.core.aws.operation import JsonError, json_of
from awstape.core.aws.paging import listed
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.hand_edits import rewrite
from awstape.core.redaction.aliases import CollisionError
from awstape.core.redaction.redactor import Redactor
from awstape.core.synthesis.synthetic_takes import SynthesisError, lists_of, synthesise
from awstape.errors import UserError
from awstape.files import cassette_files, keys, project_settings
from awstape.workbench.selected_tracks import redactor_for


def operation_of(service: str, name: str) -> Operation:
    """An operation, spelled as in the AWS CLI or as in the API. Raises UserError."""
    services = catalog.models().services
    found = services.get(plain_name(service))
    if found is None:
        hint = did_you_mean(plain_name(service), services)
        raise UserError(f"awstape knows no service {service!r}{hint}", f"it is one of {', '.join(services)}")
    operation = found.by_plain_name.get(plain_name(name))
    if operation is None:
        is_dashed = name == name.lower()
        known = [dashed_name(each) for each in found.operations] if is_dashed else list(found.operations)
        raise UserError(
            f"{found.name} has no operation {name!r}{did_you_mean(name, known)}",
            "it is spelled as in the AWS CLI, list-roles, or as in the API, ListRoles",
        )
    return operation


def make(
    operation: Operation,
    said: Iterable[tuple[str, str]],
    environ: Mapping[str, str],
    *,
    items: int | None = None,
    page_size: int | None = None,
    seed: str = "",
    region: str | None = None,
    beside: Cassette = Cassette(),  # noqa: B008, it is a value
) -> Cassette:
    """A cassette with a made-up track.

    said: members of the identity and their values; a real value needs the key at hand, which is that of the
    cassette that the track is to stand `beside`. Raises UserError.
    """
    place, rules = _region(operation, region), project_settings.rules()
    asked = _said(operation, said)
    redactor = redactor_for(beside, environ) if asked else None
    redacted = (redactor or Redactor(b"thrown away", rules)).identity(operation, asked)
    real = [name for name, value in asked.items() if redacted[name] != value]
    if real and redactor is None:
        raise UserError(
            f"--identity {real[0]}: the value is a real one, and the key to make its alias with is not at hand",
            f"say an alias instead, or set {keys.VARIABLE}" + (" to the cassette's key" if beside.keys else ""),
        )
    try:
        take = synthesise(operation, redacted, items=items, page_size=page_size, seed=seed, region=place, rules=rules)
    except SynthesisError as error:
        raise UserError(str(error), error.tip) from None
    except CollisionError as error:
        raise UserError(f"nothing is made: {error}", "take another --seed") from None
    return Cassette.of([take], [redactor.key_fingerprint] if redactor and real else ())


def item_count(operation: Operation, cassette: Cassette) -> int:
    """How many items the pages hold, over all lists."""
    outputs = (page.answer.output for take in cassette.takes for page in take.pages)
    return sum(len(listed(output, name)) for output in outputs for name in lists_of(operation))


def add(path: Path, text: str, old: Cassette, new: Cassette) -> None:
    """Adds what was made to the cassette that is in a file; comments in it stay. Raises UserError."""
    known = {track for track, _ in old.tracks()}
    for track, _ in new.tracks():
        if track in known:
            raise UserError(f"{path}: {track} is in it already", "take another --identity, or awstape rm it")
    both = Cassette.of(old.takes + new.takes, old.keys | new.keys)
    made = rewrite(catalog.models(), [text], both)
    if made.lost:
        raise UserError(f"{path}: not changed: comments would be lost", "make a file of its own and merge")
    cassette_files.write_whole(path, made.text.encode("utf-8"))


# --- what was said ----------------------------------------------------------------------------------------------------


def dashed_name(name: str) -> str:
    """`ListMFADevices` → `list-mfa-devices`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _region(operation: Operation, region: str | None) -> str | None:
    if not operation.service.regional:
        if region is not None:
            raise UserError(f"{operation.service.name} has no regions", "leave out --region")
        return None
    return region or DEFAULT_REGION


def _said(operation: Operation, said: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """The members of an identity that somebody wrote, checked against the model."""
    paging = operation.paging
    pages = {name for name in (paging.token, paging.limit) if name} if paging else set()
    members = operation.input.members if operation.input else {}
    known = {name: m for name, m in members.items() if name not in pages and not m.idempotency_token}
    identity: dict[str, Value] = {}
    for name, value in said:
        if name in pages:
            raise UserError(f"--identity {name}: it pages the answer", "--page-size says how many items a page has")
        if name not in known:
            tip = f"it has {', '.join(known)}" if known else "leave out --identity"
            raise UserError(f"{operation.name} has no member {name!r} to ask by{did_you_mean(name, known)}", tip)
        if name in identity:
            raise UserError(f"--identity {name}: it stands twice", "say it once; a list is JSON")
        identity[name] = _value(name, value, known[name].shape)
    return identity


def _value(name: str, text: str, shape: Shape) -> Value:
    value: Value = text
    if shape.type not in ("string", "timestamp", "blob"):
        try:
            value = json_of(text)
        except JsonError:
            tip = "true or false" if shape.type == "boolean" else "a number" if shape.is_scalar else "write it as JSON"
            raise UserError(f"--identity {name}: the value is no {shape.type}", tip) from None
    for misfit in misfits(value, shape):
        raise UserError(f"--identity {spelled((name, *misfit.path))}: {misfit.problem}", "the service model has it so")
    for misfit in excesses(value, shape):
        where = spelled((name, *misfit.path))
        raise UserError(f"--identity {where}: expected {misfit.problem}", "the service would refuse it")
    return value
