"""The value of the fixture `awstape`."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from awstape.core.replay.misses import Miss
from awstape.errors import UserError
from awstape.inprocess.botocore_hook import InProcess
from awstape.program import environment, servers


class AwstapeFixture:
    """The cassette of a test. path: its file, the first of several."""

    def __init__(self, hook: InProcess, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._hook = hook
        self._stack = stack
        self._server: tuple[str, dict[str, str]] | None = None

    def attach(self, *targets: Any) -> None:
        """Answers boto3 or botocore clients, sessions or resources that were created before the test."""
        self._hook.attach(*targets)

    @property
    def environ(self) -> dict[str, str]:
        """The environment for programs that the test starts, in any language: they are answered from the cassette."""
        return self._serve()[1] | {}  # a copy

    @property
    def url(self) -> str:
        """The URL for such programs: that of the endpoint or, while recording, of the proxy."""
        return self._serve()[0]

    @property
    def misses(self) -> list[Miss]:
        """The requests that had no recorded response. A test that expects misses removes them from this list."""
        return self._hook.misses

    def alias(self, value: str, kind: str | None = None) -> str:
        """What the program gets in the place of a real name: its alias in a replay, while recording the name itself."""
        __tracebackhide__ = True  # the failure shows the line of the test
        try:
            return self._hook.alias(value, kind)
        except UserError as error:
            raise pytest.fail.Exception(f"{error.problem}\n{error.tip}") from None

    def reset(self) -> None:
        """Restarts takes and faults."""
        self._hook.reset()

    def _serve(self) -> tuple[str, dict[str, str]]:
        if self._server is None:
            tape = self._hook.tape
            if self._hook.replays_only:
                server = servers.serve_endpoint(tape, 0)
            else:  # mitmproxy uses deprecated functions; pytest removes the filter after the test
                warnings.filterwarnings("ignore", category=DeprecationWarning)
                server = servers.serve_proxy(tape, self._hook.upstream, 0)
            url, changes = self._stack.enter_context(servers.run_in_background(server))
            self._server = url, environment.apply(environment.current(), changes)
        return self._server
