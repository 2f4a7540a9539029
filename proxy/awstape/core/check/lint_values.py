"""Values of a take that the service would probably not send or accept: warnings of `awstape check`.

1. These are warnings, never refusals: AWS extends its enums without notice, and a newer SDK sends members that this
   model doesn't have.
2. A service validates requests. So an identity that it answered has the members that the model requires, and lengths,
   numbers and patterns as in the model. Responses are less exact: the id of the root user is its account's, and shorter
   than the model allows. So outputs are not measured, nor are identities that only got errors.
3. A recording of awstape's own gives no warning: an alias fits its member as the real value did.
4. No problem quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from awstape.core.aws.conform import did_you_mean, misfits
from awstape.core.aws.constraints import expected_constraint
from awstape.core.aws.member_paths import MapKey, Path
from awstape.core.aws.model import Operation, Shape, Value, child_shape
from awstape.core.aws.timestamps import canonical_timestamp
from awstape.core.cassette.cassette import Take
from awstape.core.cassette.yaml.validation import Problem
from awstape.core.redaction.alias_grammar import find_aliases, is_alias
from awstape.core.text.encoded_text import is_json

UNKNOWN, MISSING, UNASKED = "unknown member", "missing member", "part of no identity"
ENUM, TIMESTAMP, RANGE, POLICY = "unknown value", "no timestamp", "out of bounds", "no policy document"

#: Kind of a warning → what it is about.
KINDS: Mapping[str, str] = {
    UNKNOWN: "a member that the service model doesn't know",
    MISSING: "a required member is missing",
    UNASKED: "a member that no request is matched by",
    ENUM: "a value that the service model doesn't know",
    TIMESTAMP: "not a timestamp",
    RANGE: "outside the bounds of the service model",
    POLICY: "not a policy document",
}

#: Shapes of documents that the service accepts and returns as JSON only. ValidatePolicy accepts other texts, too.
_POLICIES = frozenset({"policyDocumentType", "AccessCheckPolicyDocument"})
_MOST_LISTED = 8


def lint_values(operation: Operation, take: Take) -> Iterator[Problem]:
    """The probable mistakes in the identity and the outputs of a take."""
    yield from _lint_identity(operation, take)
    for i, page in enumerate(take.pages):
        if page.answer.output is not None:
            yield from _lint_value(page.answer.output, operation.output, ("pages", i, "output"))


def _lint_identity(operation: Operation, take: Take) -> Iterator[Problem]:
    identity = take.track.identity
    shape = replace(operation.input or Shape("", "structure"), name=operation.name)
    yield from _lint_unknown_members(identity, shape, ("identity",))
    never = _never_in_identities(operation)
    for name in identity:
        if name in never:
            yield Problem(("identity", name), never[name], "remove it", UNASKED)
    yield from _lint_nulls(identity, shape, ("identity",))
    if any(page.answer.output is not None for page in take.pages):
        for misfit in misfits(identity, shape):
            if not misfit.unknown:  # text of another type: the loader accepts what clients spell unusually
                yield Problem(("identity", *misfit.path), misfit.problem, "the service would refuse it", RANGE)
        yield from _lint_requirements(identity, shape, ("identity",), tuple(never))
        yield from _lint_value(identity, shape, ("identity",))


def _never_in_identities(operation: Operation) -> dict[str, str]:
    """Member of an input that is no part of an identity → the reason."""
    members = operation.input.members if operation.input else {}
    never = {name: "SDKs set it by themselves: it does not count" for name, m in members.items() if m.is_incidental}
    if operation.paging:
        never[operation.paging.token] = "a page token belongs to its page: no request matches the track"
        if operation.paging.limit:
            never[operation.paging.limit] = "a limit belongs to its page: no request matches the track"
    return never


def _lint_unknown_members(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    """Members that are not in the model. A name unlike all of the model's is not shown: it may be private."""
    if shape is None:
        return
    for step, item in _iterate_parts(value, shape):
        if shape.type == "structure" and isinstance(step, str) and step not in shape.members:
            hint = did_you_mean(step, shape.members)
            member_path = (*path, str(step) if hint else step)
            yield Problem(member_path, f"{shape.name} has no such member{hint}", kind=UNKNOWN)
        else:
            yield from _lint_unknown_members(item, child_shape(shape, step), (*path, step))


def _lint_nulls(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    if value is None:
        yield Problem(path, "null equals a missing member: no request matches the track", "remove it", UNASKED)
    for step, item in _iterate_parts(value, shape):
        yield from _lint_nulls(item, child_shape(shape, step), (*path, step))


def _lint_requirements(
    value: Value, shape: Shape | None, path: Path, not_required: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """Required members that a part of an identity lacks, and values outside the model's bounds."""
    if shape is None:
        return
    has_alias = isinstance(value, str) and bool(find_aliases(value))
    if shape.type == "structure" and isinstance(value, dict):
        for name in shape.required:
            if name not in value and name not in not_required:
                yield Problem(path, f"{shape.name} needs {name}", kind=MISSING)
    # `_lint_text` reports values of enums. An alias stands for a value that the service took.
    elif not shape.enum and not has_alias and (expected := expected_constraint(value, shape)):
        yield Problem(path, f"expected {expected}", "the service would refuse it", RANGE)
    for step, item in _iterate_parts(value, shape):
        yield from _lint_requirements(item, child_shape(shape, step), (*path, step))


def _lint_value(value: Value, shape: Shape | None, path: Path) -> Iterator[Problem]:
    """Texts in a value, at any depth, that are not in the form of the model."""
    if shape is None:
        return
    if isinstance(value, str):
        yield from _lint_text(value, shape, path)
    if shape.key and isinstance(value, dict):
        for key in value:
            yield from _lint_text(key, shape.key.shape, (*path, MapKey(key)))
    for step, item in _iterate_parts(value, shape):
        yield from _lint_value(item, child_shape(shape, step), (*path, step))


def _lint_text(text: str, shape: Shape, path: Path) -> Iterator[Problem]:
    if shape.enum and text not in shape.enum:
        known = f"known: {', '.join(shape.enum)}" if len(shape.enum) <= _MOST_LISTED else ""
        yield Problem(path, f"the service model has no such value{did_you_mean(text, shape.enum)}", known, ENUM)
    elif shape.type == "timestamp" and canonical_timestamp(text) is None:
        yield Problem(path, "not a timestamp", "as AWS writes it: 2026-03-02T09:14:11Z", TIMESTAMP)
    elif shape.name in _POLICIES and not is_json(text) and not is_alias(text):
        yield Problem(path, "the policy document is not JSON", kind=POLICY)


def _iterate_parts(value: Value, shape: Shape | None) -> Iterator[tuple[str | int, Value]]:
    """(step, item) for each member or item of a value. A key that is not in the model is data, a `MapKey`."""
    if isinstance(value, dict):
        names = shape.members if shape else {}
        yield from ((name if name in names else MapKey(name), item) for name, item in value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
