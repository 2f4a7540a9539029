"""Decoded API calls: `Call` (the request) and `Answer` (the response), which is an output or a `Failure`."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from awstape.core.aws.model import Operation, Protocol, Value
from awstape.core.text.hidden import Hidden


@dataclass(frozen=True)
class Call:
    """An operation and its input.

    region: of a global service, the name that stands for its partition, `aws-cn-global`; None in the partition aws.
    caller: the access key id that the request is made with, None if it names none. protocol: the one that the client
    speaks, None for that of botocore. origin: as in `core.aws.wire.Request`.
    """

    operation: Operation
    region: str | None
    input: dict[str, Value] = field(repr=False)
    caller: Hidden[str] | None = None
    protocol: Protocol | None = None
    origin: str = ""


@dataclass(frozen=True)
class Failure:
    """An error response of the service, without its request id.

    code: the code as on the wire: IAM's `<Code>`, rest-json's `x-amzn-errortype` header. None where the wire
        had none, as in an empty 503 from a load balancer.
    message: None where the wire had no message, which differs from an empty one.
    members: everything else in wire order: `Type`, modelled members such as `resourceId`, `__type`.
    """

    status: int
    code: str | None = None
    message: str | None = None
    members: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The code, or the status where there is none."""
        return self.code or str(self.status)

    @property
    def is_only_a_status(self) -> bool:
        """Whether nothing but the status is known, as of an error that a load balancer made."""
        return self.code is None and self.message is None and not self.members


@dataclass(frozen=True)
class Answer:
    """The decoded response to a call: exactly one of `output` and `error` is set, none where the answer is missing.

    output: members under their AWS names in wire order; empty for operations without output.
    unmodelled: paths, such as `Roles[].NewMember`, of members that are not in the service model. Such
        members are kept in `output` as strings, mappings and lists.
    """

    output: dict[str, Value] | None = None
    error: Failure | None = None
    unmodelled: tuple[str, ...] = ()


def error_name(code: str) -> str:
    """`prefix#Name:http://internal/…` → `Name`, as every SDK reads an error code."""
    return code.partition(":")[0].rpartition("#")[2]


def derive_request_id(*position: str) -> str:
    """Derives the request id of a replayed answer from its position: equal positions give equal ids."""
    import hashlib  # not at the top: only a replay needs it

    digest = hashlib.sha256(json.dumps(position).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
