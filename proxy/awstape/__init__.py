"""awstape records paginated AWS traffic, of IAM first of all, into redacted YAML cassettes and replays it.

Each folder is a wing; its first lines say what happens in it, what to read first, and which wings it may import:

    core                     the pure part: bytes and values in, values out; a wing for each task
    catalog, files           botocore's data; cassettes, journals, the key and settings on the disk
    tape, opening            what all edges share: a cassette in use, and how it is opened
    live_recorder, follower  a recording while the program runs, and a process that decodes it meanwhile
    merging, recovery        the end of a recording, and of one that was interrupted
    report, errors, clock, progress    summaries, errors for people, the clock, the progress of long work
    proxying, serving        the intercepting proxy; the plain endpoint
    inprocess, program       clients of this process; a program, its environment and its server
    formats, workbench       imports and exports; work on cassette files
    project                  `awstape init` and `awstape doctor`
    cli, pytest_plugin, addon   the command line, pytest, mitmproxy
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing`, which is slow to import; type checkers know the name
if TYPE_CHECKING:
    from awstape.errors import MissError, UserError
    from awstape.inprocess.botocore_hook import InProcess, alias, record, replay
    from awstape.program.environment import credentials

__all__ = ["InProcess", "MissError", "UserError", "alias", "credentials", "record", "replay"]
__version__ = "0.1.0"

_HOMES = {
    "InProcess": "inprocess.botocore_hook",
    "MissError": "errors",
    "UserError": "errors",
    "alias": "inprocess.botocore_hook",
    "credentials": "program.environment",
    "record": "inprocess.botocore_hook",
    "replay": "inprocess.botocore_hook",
}


def __getattr__(name: str) -> object:
    """What the package offers, imported when it is used: botocore takes its time."""
    if name not in _HOMES:
        raise AttributeError(f"module 'awstape' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"awstape.{_HOMES[name]}"), name)
