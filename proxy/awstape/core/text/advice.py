"""Advice: how messages tell the user to record, in the words of the edge at hand.

On a command line, in pytest, in a program and under mitmproxy other commands and options do the same. Each edge gives
an `Advice` to what it opens, and messages take commands and options from it: no other module spells them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.core.text.printable import printable

_SOME_CASSETTE = "CASSETTE"
#: An argument that says how tests are run, or which script; any other may be a secret or a real name.
_PLAIN_WORD = lazy_pattern(
    r"-m|ci|exec|jest|mocha|pytest|run|start|t|test[\w:.-]*|unittest|vitest|[\w./-]+\.(?:[cm]?[jt]s|py|rb|sh)"
)
_MOST_ARGUMENTS = 3


class RecordCommand(Protocol):
    """The command that records into a cassette in a mode.

    cassette: for a command line. writes: whether it records writes. services: those that it records, if they are not
    the ones that are recorded anyway.
    """

    def __call__(self, cassette: str, mode: str, /, *, writes: bool, services: Sequence[str]) -> str: ...


class Advice(NamedTuple):
    """How the user records at an edge.

    command: the command that records. writes: the option that records writes as well. services: names → the options
    that record these services and no others. caller: alias → what gives credentials of a caller. trust: what makes
    awstape trust a CA. cassette: the file that is recorded or replayed, for a command line; `CASSETTE` if it is one of
    several.
    """

    command: RecordCommand
    writes: str
    services: Callable[[Sequence[str]], str]
    caller: Callable[[str], str]
    trust: str
    cassette: str = _SOME_CASSETTE

    def record(self, mode: str, *, writes: bool = False, services: Sequence[str] = ()) -> str:
        """The command that records in a mode, as in `RecordCommand`."""
        return self.command(self.cassette, mode, writes=writes, services=services)

    def record_with_own_key(self, *, writes: bool = False, services: Sequence[str] = ()) -> str:
        """What to do where nobody has the key of a cassette."""
        command = self.record("rewrite", writes=writes, services=services)
        return f"to drop everything that is recorded, and record it with a key of your own: {command}"

    def about(self, path: str) -> Advice:
        """The same advice about one cassette, unless it is about one already."""
        return self._replace(cassette=shell_path(path)) if self.cassette == _SOME_CASSETTE else self


def shell_path(path: object) -> str:
    """A path as an argument of a command in a message."""
    return printable(shlex.quote(str(path)))


def _service_options(services: Sequence[str]) -> str:
    return " ".join(f"--service {name}" for name in services)


def on_command_line(
    program: Sequence[str] = (), *, writes: bool = False, services: Sequence[str] = (), others: Sequence[str] = ()
) -> Advice:
    """How a user of the command line records.

    program: what is recorded, empty if that is unknown. writes, services, others: what the command at hand was given,
    which another one needs as well; others are options with their values.
    """
    shown, given_writes, given = _shown_program(program), writes, services

    def record(cassette: str, mode: str, *, writes: bool, services: Sequence[str]) -> str:
        options = [f"--mode {mode}"] if mode != "all" else []
        options += ["--include-writes"] if writes or given_writes else []
        options += [_service_options(services or given)] if services or given else []
        options += [shlex.join(others)] if others else []
        return printable(f"awstape record {' '.join([cassette, *options])} -- {shown}")

    return Advice(
        record,
        writes="--include-writes",
        services=_service_options,
        caller=lambda alias: f"awstape env --caller {alias}",
        trust="--upstream-ca FILE adds a CA",
    )


def in_python(command: RecordCommand, *, writes: str, services: Callable[[Sequence[str]], str]) -> Advice:
    """How a Python program records that is answered in its own process."""
    return Advice(
        command,
        writes,
        services,
        caller=lambda alias: f"boto3.Session(**awstape.credentials({alias!r}))",
        trust="AWS_CA_BUNDLE=FILE adds a CA",
    )


def _shown_program(program: Sequence[str]) -> str:
    """A program with its arguments as a message shows it, which a log may keep: with a few plain words, or none."""
    if not program:
        return "COMMAND"
    name, *arguments = program
    are_plain = len(arguments) <= _MOST_ARGUMENTS and all(map(_PLAIN_WORD.fullmatch, arguments))
    return printable(shlex.join(program) if are_plain else f"{shlex.quote(name)} …")


ON_COMMAND_LINE = on_command_line()
