"""The mitmproxy addon: records or replays the AWS calls that pass through mitmproxy, mitmdump or mitmweb.

    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml

It opens a `Tape` according to mitmproxy's options; `proxying.interceptor` handles the requests.

May import: core.text, errors, opening, proxying, report.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader

from awstape.core.text.advice import ON_COMMAND_LINE, Advice
from awstape.core.text.printable import printable
from awstape.errors import UserError
from awstape.opening import RECORD_MODES, RecordOptions, choose_services, open_for_recording, open_for_replay
from awstape.proxying.interceptor import Interceptor
from awstape.proxying.upstream import parse_upstream
from awstape.report import replay_lines

_log = logging.getLogger(__name__)


def _mitmdump(cassette: str, mode: str, *, writes: bool, services: Sequence[str]) -> str:
    options = [("cassette", cassette), ("mode", mode), *([("include_writes", "true")] if writes else [])]
    options += [("service", name) for name in services]
    return " ".join(['mitmdump -s "$(awstape addon)"', *(f"--set awstape_{name}={value}" for name, value in options)])


_ADVICE = Advice(
    _mitmdump,
    writes="--set awstape_include_writes=true",
    services=lambda names: " ".join(f"--set awstape_service={name}" for name in names),
    caller=ON_COMMAND_LINE.caller,
    trust="set the CAs to trust: --set ssl_verify_upstream_trusted_ca=FILE",
)


class Awstape(Interceptor):
    """The addon that mitmproxy loads: opens a tape when options are set, and closes it when mitmproxy ends."""

    def load(self, loader: Loader) -> None:
        add = loader.add_option
        add("awstape_cassette", str, "", "Record into this cassette.")
        add("awstape_replay", Sequence[str], [], "Replay these cassettes or folders; nothing is sent upstream.")
        add("awstape_paging", str, "recorded", "How replay cuts pages: recorded, client, N, torture, torture:SEED.")
        add(
            "awstape_fault",
            Sequence[str],
            [],
            "Let replayed requests fail: 'throttle ListRoles page=2 times=1'.",
        )
        add("awstape_mode", str, "all", "What to do with recorded tracks.", RECORD_MODES)
        add("awstape_operation", Sequence[str], [], "Record only operations that match one of these globs.")
        add("awstape_include_writes", bool, False, "Also record operations that change something.")
        add(
            "awstape_upstream",
            Sequence[str],
            [],
            "URL or SERVICE=URL: send the requests of all recorded services, or of one, to this URL.",
        )
        add("awstape_service", Sequence[str], [], "Record these services: names or globs, or all.")

    def configure(self, updated: set[str]) -> None:
        if not any(name.startswith("awstape_") for name in updated):
            return
        options = ctx.options
        if options.awstape_cassette and options.awstape_replay:
            raise exceptions.OptionsError("set either awstape_cassette or awstape_replay, not both")
        if options.awstape_mode not in RECORD_MODES:
            raise exceptions.OptionsError(f"awstape_mode must be one of {', '.join(RECORD_MODES)}")
        self.done()
        try:
            path = Path(options.awstape_cassette)
            services = choose_services(options.awstape_service, path)
            self.upstream = parse_upstream(options.awstape_upstream, services, _ADVICE)
            if options.awstape_replay:
                paths = [Path(path) for path in options.awstape_replay]
                paging, faults = options.awstape_paging, options.awstape_fault
                self.tape = open_for_replay(paths, os.environ, paging, faults, _ADVICE)
            elif options.awstape_cassette:
                self.tape = open_for_recording(
                    path,
                    options.awstape_mode,
                    os.environ,
                    RecordOptions(options.awstape_operation, services, options.awstape_include_writes),
                    _ADVICE,
                )
        except UserError as error:
            raise exceptions.OptionsError(_one_line(error)) from None
        for line in self.tape.recovered if self.tape else ():
            _log.warning(line)
        if self.replays_only or self.upstream:
            # By default, mitmproxy connects to the host for its certificate before it has a request to answer.
            options.update(connection_strategy="lazy", upstream_cert=False)

    def running(self) -> None:
        if self.tape is None:
            _log.warning("awstape: set awstape_cassette or awstape_replay")

    def done(self) -> None:
        """Writes the recording, or reports the replay; at the end, and before changed options are applied."""
        tape, self.tape = self.tape, None
        failure, self.failure = self.failure, None
        if tape is None:
            return
        if failure:
            _log.error(f"awstape: {_one_line(failure)}")
        try:
            recording = tape.close()
        except UserError as error:
            _log.error(f"awstape: {_one_line(error)}")
            return
        log = _log.error if recording and recording.set_aside else _log.warning
        if recording:
            lines = tape.describe(recording, str(tape.path))
        else:
            assert tape.player
            lines = replay_lines(tape.player, "proxy")
        for line in lines:
            log(line)


def _one_line(error: UserError) -> str:
    """The error in one line of printable characters, whatever a file or its name holds."""
    return printable(f"{error.problem} ({error.tip})" if error.tip else error.problem)


addons = [Awstape()]
