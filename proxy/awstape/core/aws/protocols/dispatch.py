"""Reads and writes messages by the protocol of their service: the table of protocols is at the bottom.

To add a protocol: write a module beside `query` and `rest_json` with the four functions of `Codec`, add its name to
`core.aws.model.Protocol` and add a row to the table.

1. Reading a response keeps the wire's member order and the exact text of timestamps. Blobs that are UTF-8 text become
   that text.
2. Members that are not in the service model are kept, those of outputs are listed in `Answer.unmodelled`.
3. A number or boolean in non-canonical spelling (`007`, `True`) stays the text that it was.
4. The rest of the envelope (request ids, metadata, namespaces, other headers) is dropped.
5. A response with a body above `MAX_BODY` or a status outside 200 to 599 is refused before it is parsed.
6. Equal answers and request ids are written as equal bytes. There is no Date header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Operation, Protocol, Service, Value
from awstape.core.aws.protocols import query, rest_json
from awstape.core.aws.wire import LAST_STATUS, MAX_BODY, Request, Response, WireError


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a request calls, and its input. Raises WireError if it is not of the service's protocol."""
    return _CODECS[service.protocol].read_request(service, request)


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that a response holds. Raises WireError for a body that is not of the service's protocol."""
    if not 200 <= response.status <= LAST_STATUS:
        raise WireError("the status is not that of a response")
    if len(response.body) > MAX_BODY:
        raise WireError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    return _CODECS[operation.service.protocol].read_response(operation, response)


def write_response(operation: Operation, answer: Answer, request_id: str) -> Response:
    """The response that holds `answer`.

    Raises WireError for a value that the protocol cannot represent (a control character in XML).
    """
    if answer.error:
        return write_failure(operation.service, answer.error, request_id)
    return _CODECS[operation.service.protocol].write_output(operation, answer.output or {}, request_id)


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response of a service; the operation need not be known. Raises WireError as `write_response` does."""
    return _CODECS[service.protocol].write_failure(service, failure, request_id)


@dataclass(frozen=True)
class Codec:
    """The four functions of a protocol. `write_output` and `write_failure` take the request id last."""

    read_request: Callable[[Service, Request], tuple[Operation, dict[str, Value]]]
    read_response: Callable[[Operation, Response], Answer]
    write_output: Callable[[Operation, Mapping[str, Value], str], Response]
    write_failure: Callable[[Service, Failure, str], Response]


_CODECS: Mapping[Protocol, Codec] = {
    "query": Codec(query.read_request, query.read_response, query.write_output, query.write_failure),
    "rest-json": Codec(
        rest_json.read_request, rest_json.read_response, rest_json.write_output, rest_json.write_failure
    ),
}
