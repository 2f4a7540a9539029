"""Rebuilds exchanges from recordings that hold only values as returned by boto3: encodes a request and a response.

1. The identity comes from the recording, from the response (GetRole's `Role.RoleName`) or from the user's `--identity`;
   nothing is made up. The token of a page is the one in the page before.
2. Values that don't fit the service model are refused: they can't be encoded.
3. boto3's values name no region: that of Access Analyzer is the user's `--region`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from awstape.catalog.botocore_values import build_request, from_botocore
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import Misfit, misfits, output_misfits
from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.paging import token_members
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.protocols.encodings.json_text import JsonError, parse_value
from awstape.core.aws.wire import Request, Response, WireError
from awstape.formats.imports.entries import ImportOptions

_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def find_service(name: str) -> Service:
    """A service by the name of its client or its signing name. Raises WireError for a service that is unknown."""
    models = load_models()
    if found := models.services.get(name):
        return found
    for entry in models.entries.values():
        if entry.signing_name == name:
            return models.services[entry.name]
    raise WireError("for a service that is unknown")


def encode_exchange(
    operation: Operation, members: Mapping[str, Value] | None, answer: Answer, token: str | None, options: ImportOptions
) -> tuple[Request, Response]:
    """Encodes a call as request and response. members: its input, None if it was not kept. token: the page's token.

    Raises WireError for an operation that is not recorded, for values that don't fit the service model, and if a
    required member of the input is unknown.
    """
    if reason := options.skip_reason(operation):
        raise WireError(reason)
    input_ = dict(members) if members is not None else _find_input(operation, answer, token, options)
    for misfit in misfits(input_, operation.input):
        raise WireError(f"{operation.name}: the request's {_describe_misfit(misfit)}")
    required = operation.input.required if operation.input else ()
    if lacking := [_identity_option(operation, name) for name in required if input_.get(name) in (None, "", [])]:
        raise WireError(f"{operation.name}: the file holds no request; add {' '.join(lacking)}")
    for misfit in output_misfits(operation, answer.output):
        if not misfit.unknown:
            raise WireError(f"{operation.name}: {_describe_misfit(misfit)}")
    return build_request(operation, input_, options.region), write_response(operation, answer, _REQUEST_ID)


def answer_from_output(operation: Operation, output: Any) -> Answer:
    """The answer that boto3 returned as an output."""
    value = from_botocore(output, operation.output)
    if not isinstance(value, dict):
        raise WireError(f"{operation.name}: the response is not a mapping")
    return Answer(output={name: item for name, item in value.items() if name != "ResponseMetadata"})


def answer_from_error(status: object, code: object, message: object, members: Any) -> Answer:
    """The answer that boto3 raised as an error. Raises TypeError for invalid parts of one."""
    if not (type(status) is int and 301 <= status <= 599 and isinstance(code, str) and isinstance(message, str | None)):
        raise TypeError("not an error")
    value = from_botocore(members, None)
    assert isinstance(value, dict)
    return Answer(error=Failure(status, code, message, value))


def _find_input(operation: Operation, answer: Answer, token: str | None, options: ImportOptions) -> dict[str, Value]:
    """The input of a call, from its response and from the user's settings."""
    input_: dict[str, Value] = {}
    for name, member in (operation.input.members if operation.input else {}).items():
        given = options.identity.get(f"{operation.name}.{name}", options.identity.get(name))
        is_required = operation.input is not None and name in operation.input.required
        found = next(_repeated_in(name, answer.output or {}), None) if is_required else None
        if found is not None:
            input_[name] = found
        elif given is not None:
            try:
                input_[name] = parse_value(given, member.shape)
            except JsonError:
                raise WireError(f"{operation.name}: --identity {name}: write the {member.shape.type} as JSON") from None
    if operation.paging and token is not None:
        input_ |= token_members(operation, token)
    return input_


def _identity_option(operation: Operation, name: str) -> str:
    """The option with which a user gives a member of the input."""
    assert operation.input
    return f"--identity {name}=…" if operation.input.members[name].shape.is_scalar else f"--identity '{name}=[…]'"


def _repeated_in(name: str, output: Mapping[str, Value]) -> Iterator[Value]:
    """An input member as the output repeats it: `PolicyArn` as `PolicyArn`, `Policy.PolicyArn` or `Policy.Arn`."""
    if isinstance(output.get(name), str):
        yield output[name]
    for outer, members in output.items():
        for inner, value in members.items() if isinstance(members, dict) else ():
            if isinstance(value, str) and name.lower() in (inner.lower(), f"{outer}{inner}".lower()):
                yield value


def _describe_misfit(misfit: Misfit) -> str:
    """A misfit as text, without the names of unknown members, which may be real data."""
    if misfit.unknown:
        return f"{path_pattern(misfit.path[:-1]) or 'input'} has a member unknown to the service model"
    return f"{path_pattern(misfit.path)}: {misfit.problem}"
