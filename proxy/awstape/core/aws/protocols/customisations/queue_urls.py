"""The URLs of queues in SQS, to which many clients send their requests, wherever they lead.

1. A queue URL is an origin and, at the end of its path, the account and the name of the queue. These two are what it
   means (`find_queue`).
2. A cassette has AWS's own URLs. One with another origin, such as that of a stand-in for AWS or of an endpoint of
   awstape, is replaced by the one at AWS's host for the region, and so is one with an old name of this host, such as
   `eu-west-1.queue.amazonaws.com` (`move_to_aws`).
3. A client of an endpoint gets URLs at the origin where it reaches the endpoint (`move_to_origin`), so that it comes
   back. All other clients get AWS's, whose requests awstape intercepts.

No other service has such URLs: those in other answers are fetched without the SDK, or are given to a new client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from awstape.core.aws.call import Call
from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.model import Hosts, Service, Value
from awstape.core.aws.protocols.dispatch import read_response
from awstape.core.aws.wire import FIRST_ERROR_STATUS, Response, WireError

Move = Callable[[str], str]

_OLD_HOST = ".queue.amazonaws.com"
_MEMBERS = frozenset({"QueueUrl", "QueueUrls", "queueUrls"})


def is_queue_url(service: Service | None, member: str) -> bool:
    """Whether a member of an input or output is the URL of a queue, or a list of them."""
    return member in _MEMBERS and service is not None and service.name == "sqs"


def find_queue(url: str) -> str | None:
    """`/ACCOUNT/NAME` of a queue URL; None for a text that is none."""
    try:
        path = urlsplit(url).path if "://" in url else ""
    except ValueError:
        return None
    account, _, name = path.strip("/").rpartition("/")
    account = account.rpartition("/")[2]
    return f"/{account}/{name}" if account and name else None


def move_queue_urls(service: Service, members: dict[str, Value], move: Move) -> dict[str, Value]:
    """The members of an input or output with their queue URLs moved; the same object if nothing changes."""
    moved = {
        name: [move(each) if isinstance(each, str) else each for each in value]
        if isinstance(value, list)
        else move(value)
        for name, value in members.items()
        if isinstance(value, str | list) and is_queue_url(service, name)
    }
    return members if all(members[name] == value for name, value in moved.items()) else {**members, **moved}


def move_to_origin(origin: str) -> Move:
    """Moves queue URLs to an origin, which may have a path."""
    return lambda url: f"{origin}{queue}" if (queue := find_queue(url)) else url


def move_to_aws(hosts: Hosts, region: str | None) -> Move:
    """Moves queue URLs by rule 2 to AWS's host for a region, unless that is None."""

    def move(url: str) -> str:
        queue = find_queue(url)
        host = urlsplit(url).hostname or "" if queue else ""
        if not queue or not region or (hosts.find(host) and not f".{host}".endswith(_OLD_HOST)):
            return url
        return f"https://{hosts.host_of('sqs', region)}{queue}"

    return move


def move_response_to_aws(hosts: Hosts, call: Call, response: Response) -> Response:
    """The response to a call with AWS's queue URLs; the same object if it has others nowhere, or can't be read."""
    if call.operation.service.name != "sqs" or response.status >= FIRST_ERROR_STATUS:
        return response
    try:
        decoded = decode_message(response)
        output = read_response(call.operation, decoded, call.protocol).output or {}
    except WireError:
        return response
    body, move = decoded.body, move_to_aws(hosts, call.region)

    def replace_in_body(url: str) -> str:
        nonlocal body
        for old, new in ((url, move(url)), (url.replace("/", "\\/"), move(url).replace("/", "\\/"))):
            body = body.replace(old.encode(), new.encode())
        return url

    move_queue_urls(call.operation.service, output, replace_in_body)
    return response if body == decoded.body else replace(decoded, body=body)
