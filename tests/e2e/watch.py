"""Logs connections and files that programs open, with an audit hook in each Python process that a test starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

_HOOK: Final = """\
import json, os, sys

_log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_who = "awstape" if "awstape" in sys.orig_argv else "program"
_OUTGOING = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}

def _watch(event, arguments):
    if event in _OUTGOING:
        target = arguments[0] if event.startswith("socket.get") else arguments[1]
        os.write(_log, (json.dumps([_who, event, str(target)]) + "\\n").encode())
    elif event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR) and not isinstance(arguments[0], int):
        os.write(_log, (json.dumps([_who, event, str(arguments[0])]) + "\\n").encode())

sys.addaudithook(_watch)
"""


class Event(NamedTuple):
    """An audit event. who: `awstape` or `program`; what: the event's name; target: the address or file."""

    who: str
    what: str
    target: str


class Watch:
    """The log of the programs that run with `environ`."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(_HOOK)
        self._log = folder / "watch.log"
        self._log.touch()
        self.environ = {"PYTHONPATH": str(folder), "WATCH_LOG": str(self._log)}

    def events(self, who: str, *what: str) -> set[str]:
        """Returns the targets of the events of awstape or program whose names begin with `what`, such as `socket`."""
        events = [Event(*json.loads(line)) for line in self._log.read_text().splitlines()]
        assert events, "nothing was watched"
        return {e.target for e in events if e.who == who and e.what.startswith(what)}
