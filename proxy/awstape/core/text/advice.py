"""Advice: how messages tell the user to record, in the words of the edge at hand.

On a command line, in pytest, in a program and under mitmproxy other commands and options do the same. Each edge gives
an `Advice` to what it opens, and messages take commands and options from it: no other module spells them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

_SOME_CASSETTE = "CASSETTE"


class RecordCommand(Protocol):
    """The command that records into a cassette in a mode.

    cassette: for a command line. writes: whether it records writes. service: one that is not recorded so far.
    """

    def __call__(self, cassette: str, mode: str, /, *, writes: bool = False, service: str = "") -> str: ...


@dataclass(frozen=True)
class Advice:
    """How the user records at an edge.

    command: the command that records. writes: the option that records writes as well. service: name → the option that
    records a service. caller: alias → what gives credentials of a caller. trust: what makes awstape trust a CA.
    cassette: the file that is recorded or replayed, for a command line; `CASSETTE` if it is one of several.
    """

    command: RecordCommand
    writes: str
    service: Callable[[str], str]
    caller: Callable[[str], str]
    trust: str
    cassette: str = _SOME_CASSETTE

    def record(self, mode: str, *, writes: bool = False, service: str = "") -> str:
        """The command that records in a mode, as in `RecordCommand`."""
        return self.command(self.cassette, mode, writes=writes, service=service)

    def about(self, path: str) -> Advice:
        """The same advice about one cassette, unless it is about one already."""
        return replace(self, cassette=shlex.quote(path)) if self.cassette == _SOME_CASSETTE else self


def awstape_record(cassette: str, mode: str, *, writes: bool = False, service: str = "") -> str:
    options = (" --include-writes" if writes else "") + (f" --service {service}" if service else "")
    return f"awstape record {cassette}{f' --mode {mode}' if mode != 'all' else ''}{options} -- COMMAND"


ON_COMMAND_LINE = Advice(
    awstape_record,
    writes="--include-writes",
    service=lambda name: f"--service {name}",
    caller=lambda alias: f"awstape env --caller {alias}",
    trust="--upstream-ca FILE adds a CA",
)
