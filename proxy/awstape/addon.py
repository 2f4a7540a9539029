"""The mitmproxy addon: records or replays what passes through mitmproxy, mitmdump or mitmweb.

    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml

It turns mitmproxy's options into a `Tape`; what happens to a request is the `Interceptor`'s.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader

from awstape.core.text.printable import printable
from awstape.errors import UserError
from awstape.proxying.interceptor import Interceptor
from awstape.proxying.upstream import parse_upstream
from awstape.report import recording_lines, replay_lines
from awstape.tape import RECORD_MODES, open_for_recording, open_for_replay

_log = logging.getLogger(__name__)


class Awstape(Interceptor):
    """The addon as mitmproxy loads it: set up by mitmproxy's options, written when mitmproxy ends."""

    untrusted_tip = "--set ssl_verify_upstream_trusted_ca=FILE names the CAs to trust"

    def load(self, loader: Loader) -> None:
        add = loader.add_option
        add("awstape_cassette", str, "", "Record into this cassette.")
        add("awstape_replay", Sequence[str], [], "Replay these cassettes or folders; nothing goes upstream.")
        add("awstape_paging", str, "recorded", "How replay cuts pages: recorded, client, N, torture, torture:SEED.")
        add("awstape_fault", Sequence[str], [], "Let replayed requests fail, as 'throttle ListRoles page=2 times=1'.")
        add("awstape_mode", str, "all", "How to record.", RECORD_MODES)
        add("awstape_operation", Sequence[str], [], "Record only operations that match one of these globs.")
        add("awstape_include_writes", bool, False, "Record operations that write, too.")
        add("awstape_upstream", Sequence[str], [], "SERVICE=URL: send a service's requests to a stand-in.")

    def configure(self, updated: set[str]) -> None:
        if not any(name.startswith("awstape_") for name in updated):
            return
        options = ctx.options
        if options.awstape_cassette and options.awstape_replay:
            raise exceptions.OptionsError("awstape_cassette and awstape_replay exclude each other")
        if options.awstape_mode not in RECORD_MODES:
            raise exceptions.OptionsError(f"awstape_mode is one of {', '.join(RECORD_MODES)}")
        self.done()
        try:
            self.upstream = parse_upstream(options.awstape_upstream)
            if options.awstape_replay:
                paths = [Path(path) for path in options.awstape_replay]
                self.tape = open_for_replay(paths, os.environ, options.awstape_paging, options.awstape_fault)
            elif options.awstape_cassette:
                self.tape = open_for_recording(
                    Path(options.awstape_cassette),
                    options.awstape_mode,
                    os.environ,
                    options.awstape_operation,
                    options.awstape_include_writes,
                )
        except UserError as error:
            raise exceptions.OptionsError(_told(error)) from None
        for line in self.tape.recovered if self.tape else ():
            _log.warning(line)
        if self._replays_only or self.upstream:
            # Otherwise mitmproxy asks the real host for its certificate before there is a request to answer.
            options.update(connection_strategy="lazy", upstream_cert=False)

    def running(self) -> None:
        if self.tape is None:
            _log.warning("awstape: set awstape_cassette or awstape_replay")

    def done(self) -> None:
        """Writes what was recorded, or tells what was missed; also before other options begin to count."""
        tape, self.tape = self.tape, None
        failure, self.failure = self.failure, None
        if tape is None:
            return
        if failure:
            _log.error(f"awstape: {_told(failure)}")
        try:
            recording = tape.close()
        except UserError as error:
            _log.error(f"awstape: {_told(error)}")
            return
        if recording:
            lines = recording_lines(str(tape.path), recording)
        else:
            assert tape.player
            lines = replay_lines(tape.player)
        for line in lines:
            _log.warning(line)


def _told(error: UserError) -> str:
    """In one line, whatever stands in a file or in its name."""
    return printable(f"{error.problem} ({error.tip})" if error.tip else error.problem)


addons = [Awstape()]
