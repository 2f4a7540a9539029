"""The cost of each path grows as the work: twice as many roles cause twice as many calls, not four times as many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.cli.terminal.styled_text import Terminal
from awstape.cli.terminal.tables import track_table
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.editing import edits
from awstape.core.editing.rename import rename
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.view.selectors import SelectedTrack, select
from awstape.core.view.track_statistics import track_statistics
from awstape.core.view.value_lines import cassette_text
from awstape.formats.exporting import export_tracks
from awstape.workbench.edit_files import plan_write
from awstape.workbench.html_page import PageSource, render_page
from support.exchanges import (
    ACCOUNT,
    KEY,
    MODELS,
    fail,
    journalled,
    player,
    recorder,
    request,
    restored,
    traverse,
)
from support.growth import Shape, count_calls, exchanges, recorded

SIZE = 12
#: Calls by which the cost of one more role may differ: caches fill, trees and tables grow in steps.
TOLERANCE = 5
#: The alias in the recordings, and another one.
ACCOUNTS = Aliases(KEY).account(ACCOUNT), Aliases(KEY).account("222233334444")
Work = Callable[[], object]
Prepare = Callable[[Shape, int], Work]
Change = Callable[[Cassette, tuple[SelectedTrack, ...]], Cassette]


def _record(shape: Shape, size: int) -> Work:
    traffic = exchanges(shape, size)
    return lambda: recorder(*traffic)


def _record_failures(shape: Shape, size: int) -> Work:
    asked = [
        (request("GetRole", {"RoleName": "R"}, invocation=f"id-{n}"), fail("GetRole", 503, "x")) for n in range(size)
    ]
    return lambda: recorder(*asked)


def _finish(shape: Shape, size: int) -> Work:
    recording, old = recorder(*exchanges(shape, size)), recorded(shape, size)
    return lambda: recording.finish(old)


def _recover(shape: Shape, size: int) -> Work:
    contents = journalled(*exchanges(shape, size))
    return lambda: restored(contents).finish()


def _read(shape: Shape, size: int) -> Work:
    text = write_cassette(recorded(shape, size))
    return lambda: read_cassette(text, MODELS)


def _replay(paging: str) -> Prepare:
    def prepare(shape: Shape, size: int) -> Work:
        cassette = recorded(shape, size)

        def replay() -> None:
            playing = player(cassette, paging=paging)
            for track, takes in cassette.tracks():
                for _ in takes:
                    assert list(traverse(playing, track.operation, track.identity))
            assert not playing.takes_not_replayed()

        return replay

    return prepare


def _edit(change: Change) -> Prepare:
    """Plans an edit, with the warnings that it brings in."""

    def prepare(shape: Shape, size: int) -> Work:
        text = CassetteText.read([write_cassette(recorded(shape, size))], MODELS)
        after = change(text.cassette, select(MODELS, text.cassette, []))
        return lambda: plan_write(Path("roles.yaml"), text, after, [text], {}).new_warnings()

    return prepare


def _edit_cassette(change: Change) -> Prepare:
    def prepare(shape: Shape, size: int) -> Work:
        cassette = recorded(shape, size)
        return lambda: change(cassette, select(MODELS, cassette, []))

    return prepare


def _set_member(cassette: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
    roles = "Roles[]" if chosen[0].track.operation == "ListRoles" else "Role"
    return edits.set_value(MODELS, cassette, chosen, f"pages[].output.{roles}.Description", "a role")


def _rename(cassette: Cassette, _: tuple[SelectedTrack, ...]) -> Cassette:
    return rename(MODELS, cassette, *ACCOUNTS, None)


def _merge(cassette: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
    return edits.merge_cassettes(MODELS, [cassette, _set_member(cassette, chosen)], "both")


def _repage(cassette: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
    return edits.repage_takes(MODELS, cassette, chosen, PagingMode.parse("2"))


def _split(shape: Shape, size: int) -> Work:
    """Divides a text into one for each track."""
    text = CassetteText.read([write_cassette(recorded(shape, size))], MODELS)
    tracks = {track: number for number, (track, _) in enumerate(text.cassette.tracks())}

    def split() -> None:
        for part in text.divide(tracks).values():
            plan_write(Path("roles.yaml"), None, part.cassette, [part], {}, part.cassette.takes)

    return split


def _record_kept(shape: Shape, size: int) -> Work:
    rules = Rules(keep=("Role*",))
    traffic = exchanges(shape, size)

    def record() -> None:
        recording = Recorder(MODELS, Redactor(KEY, rules), parse_response)
        for each in traffic:
            recording.feed(*each)
        recording.finish()

    return record


def _check(shape: Shape, size: int) -> Work:
    text = write_cassette(recorded(shape, size))
    return lambda: check_text(text, MODELS)


def _diff(shape: Shape, size: int) -> Work:
    before = recorded(shape, size)
    after = _set_member(before, select(MODELS, before, []))
    return lambda: list(diff_cassettes(MODELS, before, after))


def _export(form: str) -> Prepare:
    def prepare(shape: Shape, size: int) -> Work:
        chosen = select(MODELS, recorded(shape, size), [])
        return lambda: export_tracks(chosen, form)

    return prepare


def _list(shape: Shape, size: int) -> Work:
    cassette = recorded(shape, size)
    tracks = cassette.tracks()
    return lambda: [
        *track_table(
            Terminal.of_output(), "", [track_statistics(1, track, takes, MODELS) for track, takes in tracks], MODELS
        )
    ]


PATHS: dict[str, Prepare] = {
    "record": _record,
    "record failures": _record_failures,
    "finish": _finish,
    "recover": _recover,
    "read": _read,
    "replay": _replay("recorded"),
    "replay in other pages": _replay("2"),
    "set": _edit_cassette(_set_member),
    "write what was set": _edit(_set_member),
    "rename": _edit_cassette(_rename),
    "merge": _edit_cassette(_merge),
    "write what was merged": _edit(_merge),
    "repage": _edit_cassette(_repage),
    "write other pages": _edit(_repage),
    "split": _split,
    "record what the project keeps": _record_kept,
    "check": _check,
    "diff": _diff,
    "export to har": _export("har"),
    "export to vcr": _export("vcr"),
    "export to awscli": _export("awscli"),
    "export to stubber": _export("stubber"),
    "html": lambda shape, size: lambda: render_page([PageSource("", recorded(shape, size))], ""),
    "text": lambda shape, size: lambda: cassette_text(recorded(shape, size)),
    "list": _list,
}


@pytest.mark.parametrize("shape", ["listing", "tracks", "takes"])
@pytest.mark.parametrize("path", PATHS)
def test_the_cost_of_one_more_role_is_the_same_in_a_larger_recording(path: str, shape: Shape) -> None:
    PATHS[path](shape, 4 * SIZE)()  # fills the caches of the process
    small, medium, large = (count_calls(PATHS[path](shape, size)) for size in (SIZE, 2 * SIZE, 4 * SIZE))
    cost_in_small, cost_in_large = (medium - small) / SIZE, (large - medium) / (2 * SIZE)
    assert cost_in_large <= cost_in_small + TOLERANCE, f"{cost_in_small} calls, then {cost_in_large}"
