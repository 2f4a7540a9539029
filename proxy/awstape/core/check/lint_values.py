"""What in the values of a take the service would hardly have said, or been asked: warnings of `awstape check`.

1. A warning, never a refusal: AWS widens its enums without notice, and a newer SDK sends members that this model
   doesn't have.
2. A service checks what it is asked, so an identity that it answered to has the members that the model requires, and
   lengths, numbers and patterns as in the model. What it answers is less exact: the id of the root user is its
   account's, and shorter than the model has it. So outputs are not measured, nor are identities that got errors.
3. What awstape itself records gives no warning: an alias fits its member as the real value did.
4. No problem quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from awstape.core.aws.conform import MapKey, Path, did_you_mean, misfits
from awstape.core.aws.constraints import excess
from awstape.core.aws.model import Operation, Shape, Value, below
from awstape.core.cassette.cassette import Take
from awstape.core.cassette.yaml.validation import Problem
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.text.encoded_text import is_json

UNKNOWN, MISSING, UNASKED = "unknown member", "missing member", "part of no identity"
ENUM, TIMESTAMP, RANGE, POLICY = "unknown value", "no timestamp", "out of bounds", "no policy document"

#: Kind of a warning → what it is about.
KINDS: Mapping[str, str] = {
    UNKNOWN: "a member that the service model doesn't know",
    MISSING: "a required member is missing",
    UNASKED: "what no request asks by",
    ENUM: "a value that the service model doesn't know",
    TIMESTAMP: "not a timestamp",
    RANGE: "outside the bounds of the service model",
    POLICY: "not a policy document",
}

#: ISO 8601 as the services send it, in seconds or with a fraction; botocore and the JavaScript SDK ask in it as well.
_TIMESTAMP = re.compile(
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2\d))"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)",
    re.ASCII,
)
#: Shapes of documents that the service takes and gives as JSON only. ValidatePolicy takes others, to find fault with.
_POLICIES = frozenset({"policyDocumentType", "AccessCheckPolicyDocument"})
_MOST_NAMED = 8


def value_problems(operation: Operation, take: Take) -> Iterator[Problem]:
    """What is suspicious about the identity and the outputs of a take."""
    yield from _identity_problems(operation, take)
    for i, page in enumerate(take.pages):
        if page.answer.output is not None:
            yield from _problems(page.answer.output, operation.output, ("pages", i, "output"))


def _identity_problems(operation: Operation, take: Take) -> Iterator[Problem]:
    identity = take.track.identity
    shape = replace(operation.input or Shape("", "structure"), name=operation.name)
    yield from _unknown(identity, shape, ("identity",))
    never = _never_in_identities(operation)
    for name in identity:
        if name in never:
            yield Problem(("identity", name), f"{never[name]}: no request finds the track", "take it out", UNASKED)
    yield from _nulls(identity, shape, ("identity",))
    if any(page.answer.output is not None for page in take.pages):
        for misfit in misfits(identity, shape):
            if not misfit.unknown:  # text that should be something else: reading accepts what clients spell oddly
                yield Problem(("identity", *misfit.path), misfit.problem, "the service would refuse it", RANGE)
        yield from _asked_problems(identity, shape, ("identity",), tuple(never))
        yield from _problems(identity, shape, ("identity",))


def _never_in_identities(operation: Operation) -> dict[str, str]:
    """Members of an input that are no part of an identity, and what they are."""
    members = operation.input.members if operation.input else {}
    never = {name: "made up anew for each call" for name, member in members.items() if member.idempotency_token}
    if operation.paging:
        never[operation.paging.token] = "a page token belongs to its page"
        if operation.paging.limit:
            never[operation.paging.limit] = "a limit belongs to its page"
    return never


def _unknown(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    """Members that the model doesn't have. One that resembles none of them isn't named: it may be somebody's."""
    if shape is None:
        return
    for step, item in _parts(value, shape):
        if shape.type == "structure" and isinstance(step, str) and step not in shape.members:
            hint = did_you_mean(step, shape.members)
            place = (*path, str(step) if hint else step)
            yield Problem(place, f"{shape.name} has no such member{hint}", kind=UNKNOWN)
        else:
            yield from _unknown(item, below(shape, step), (*path, step))


def _nulls(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    if value is None:
        yield Problem(path, "nothing is the same as no member: no request finds the track", "take it out", UNASKED)
    for step, item in _parts(value, shape):
        yield from _nulls(item, below(shape, step), (*path, step))


def _asked_problems(value: Value, shape: Shape | None, path: Path, left_out: tuple[str, ...] = ()) -> Iterator[Problem]:
    """What of the model's demands a part of an identity doesn't meet."""
    if shape is None:
        return
    if shape.type == "structure" and isinstance(value, dict):
        for name in shape.required:
            if name not in value and name not in left_out:
                yield Problem(path, f"{shape.name} needs {name}", kind=MISSING)
    elif not shape.enum and (expected := excess(value, shape)):  # `_problems` tells of enums
        yield Problem(path, f"expected {expected}", "the service would refuse it", RANGE)
    for step, item in _parts(value, shape):
        yield from _asked_problems(item, below(shape, step), (*path, step))


def _problems(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    """What of a value is not in the form that the model gives it, wherever it stands."""
    if shape is None:
        return
    if isinstance(value, str):
        yield from _text_problems(value, shape, path)
    if shape.key and isinstance(value, dict):
        for key in value:
            yield from _text_problems(key, shape.key.shape, (*path, MapKey(key)))
    for step, item in _parts(value, shape):
        yield from _problems(item, below(shape, step), (*path, step))


def _text_problems(text: str, shape: Shape, path: Path) -> Iterator[Problem]:
    if shape.enum and text not in shape.enum:
        known = f"known: {', '.join(shape.enum)}" if len(shape.enum) <= _MOST_NAMED else ""
        yield Problem(path, f"the model knows no such value{did_you_mean(text, shape.enum)}", known, ENUM)
    elif shape.type == "timestamp" and not _TIMESTAMP.fullmatch(text):
        yield Problem(path, "not a timestamp", "as AWS writes it: 2026-03-02T09:14:11Z", TIMESTAMP)
    elif shape.name in _POLICIES and not is_json(text) and not is_alias(text):
        yield Problem(path, "a policy document that is no JSON", kind=POLICY)


def _parts(value: Value, shape: Shape | None) -> Iterator[tuple[str | int, Value]]:
    """What a value holds, with the step to it. A key that is no name of the model is data."""
    if isinstance(value, dict):
        names = shape.members if shape else {}
        yield from ((name if name in names else MapKey(name), item) for name, item in value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
