"""A decoded response: `Answer`, which is an output or a `Failure`."""

from __future__ import annotations

from dataclasses import dataclass, field

from awstape.core.aws.model import Value


@dataclass(frozen=True)
class Failure:
    """An error of the service, without its request id.

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


@dataclass(frozen=True)
class Answer:
    """What a call returned: exactly one of `output` and `error`.

    output: members under their AWS names in wire order; empty for operations without output.
    unmodelled: paths, such as `Roles[].NewMember`, of what the wire held and the model doesn't know. Such
        members are kept in `output` as strings, mappings and lists.
    """

    output: dict[str, Value] | None = None
    error: Failure | None = None
    unmodelled: tuple[str, ...] = ()
