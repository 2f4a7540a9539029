"""Exchanges of recordings that hold values as boto3 gave them: the request and the response are made anew.

1. What was asked for is told, stands in the answer (GetRole's `Role.RoleName`), or is asked of the user; nothing is
   made up. The token of a page is that of the page before.
2. Values must fit the service model, or they are refused: nothing could say them on the wire.
3. What boto3 does not tell is not there: Access Analyzer's region is the one that the user names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from awstape.catalog import catalog
from awstape.catalog.botocore_values import from_botocore, request_of
from awstape.core.aws.answer import Answer, Failure
from awstape.core.aws.conform import Misfit, misfits, output_misfits, pattern_of
from awstape.core.aws.encode import encode
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.operation import scalar
from awstape.core.aws.wire import Request, Response, WireError
from awstape.formats.imports.entries import ImportOptions

_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def find_service(name: str) -> Service:
    """A service by its client's name or its signing name. Raises WireError if it is not recorded."""
    models = catalog.models()
    if found := models.services.get(name) or models.by_signing_name(name):
        return found
    raise WireError("for a service that is not recorded")


def encode_exchange(
    operation: Operation, asked: Mapping[str, Value] | None, answer: Answer, token: str | None, options: ImportOptions
) -> tuple[Request, Response]:
    """The exchange of a call. asked: its input, None if nobody kept it. token: of the page before, if it led here.

    Raises WireError for values that the service can't have said, and where the input isn't options.
    """
    if reason := options.unwanted(operation):
        raise WireError(reason)
    input_ = dict(asked) if asked is not None else _input_of(operation, answer, token, options)
    for misfit in misfits(input_, operation.input):
        raise WireError(f"{operation.name}: the request's {_describe_misfit(misfit)}")
    required = operation.input.required if operation.input else ()
    if lacking := " ".join(f"--identity {name}=…" for name in required if input_.get(name) in (None, "")):
        raise WireError(f"{operation.name}: what was asked for is not kept; {lacking} would tell it")
    for misfit in output_misfits(operation, answer.output):
        if not misfit.unknown:
            raise WireError(f"{operation.name}: {_describe_misfit(misfit)}")
    return request_of(operation, input_, options.region), encode(operation, answer, _REQUEST_ID)


def answer_from_output(operation: Operation, output: Any) -> Answer:
    """The answer that a client's output is."""
    value = from_botocore(output, operation.output)
    if not isinstance(value, dict):
        raise WireError(f"{operation.name}: the answer is no mapping")
    return Answer(output={name: item for name, item in value.items() if name != "ResponseMetadata"})


def answer_from_error(status: object, code: object, message: object, members: Any) -> Answer:
    """The answer that a client's error is. Raises TypeError for what no error says."""
    if not (type(status) is int and 301 <= status <= 599 and isinstance(code, str) and isinstance(message, str | None)):
        raise TypeError("no error")
    value = from_botocore(members, None)
    assert isinstance(value, dict)
    return Answer(error=Failure(status, code, message, value))


def _input_of(operation: Operation, answer: Answer, token: str | None, options: ImportOptions) -> dict[str, Value]:
    input_: dict[str, Value] = {}
    for name, member in (operation.input.members if operation.input else {}).items():
        said = options.identity.get(f"{operation.name}.{name}", options.identity.get(name))
        is_required = operation.input is not None and name in operation.input.required
        found = next(_in_answer(name, answer.output or {}), None) if is_required else None
        if found is not None:
            input_[name] = found
        elif said is not None:
            input_[name] = scalar(said, member.shape)
    if operation.paging and token is not None:
        input_[operation.paging.token] = token
    return input_


def _in_answer(name: str, output: Mapping[str, Value]) -> Iterator[Value]:
    """Where an answer repeats what it was asked for: `PolicyArn` is `PolicyArn`, `Policy.PolicyArn` or `Policy.Arn`."""
    if isinstance(output.get(name), str):
        yield output[name]
    for outer, members in output.items():
        for inner, value in members.items() if isinstance(members, dict) else ():
            if isinstance(value, str) and name.lower() in (inner.lower(), f"{outer}{inner}".lower()):
                yield value


def _describe_misfit(misfit: Misfit) -> str:
    """A misfit, without the names that the model doesn't know."""
    if misfit.unknown:
        return f"{pattern_of(misfit.path[:-1]) or 'input'} has a member that the service model doesn't know"
    return f"{pattern_of(misfit.path)}: {misfit.problem}"
