"""The line of progress: on a terminal only, after a while, and gone in the end."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape import progress
from awstape.cli.main import main
from awstape.cli.terminal import progress as line
from awstape.opening import open_for_recording, open_for_replay
from awstape.progress import BYTES, Work
from awstape.recovery import recover
from support import exchanges, in_process
from support.paths import ROOT
from support.work_notes import WorkNotes

ERASED = "\r\x1b[2K"
#: Variables by which a person or CI asks for no progress.
ASKING_FOR_NONE = ("CI", "NO_COLOR")


class Terminal:
    """A pseudo-terminal in place of the error stream, and the text shown on it."""

    def __init__(self, **environ: str) -> None:
        self._environ = {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | environ
        self.text = ""

    def __enter__(self) -> Terminal:
        self._ours, self._theirs = os.openpty()
        self._patch = pytest.MonkeyPatch()
        for name in ASKING_FOR_NONE:
            self._patch.delenv(name, raising=False)
        for name, value in self._environ.items():
            self._patch.setenv(name, value)
        self._patch.setattr(line, "PATIENCE", 0)
        self._patch.setattr(line, "PAUSE", 0.001)
        self._patch.setattr(sys, "stderr", os.fdopen(self._theirs, "w", encoding="utf-8"))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        while not self.text.endswith("the end"):
            self.text += os.read(self._ours, 65536).decode()

    def wait_for(self, text: str) -> None:
        """Waits until a text is shown."""
        while text not in self.text:
            time.sleep(0.001)

    def wait_until_erased(self) -> None:
        while not self.text.endswith(ERASED):
            time.sleep(0.001)

    def __exit__(self, *_: object) -> None:
        sys.stderr.write("the end")
        sys.stderr.flush()
        self._reader.join()
        self.text = self.text.removesuffix("the end")
        sys.stderr.close()
        os.close(self._ours)
        self._patch.undo()


def test_work_is_shown_with_what_is_done_and_erased_at_the_end() -> None:
    with Terminal() as terminal, line.shown_on_terminal():
        with progress.begin("counting sheep", 5, "sheep") as work:
            for number in work.over(range(5)):
                terminal.wait_for(f"counting sheep, {number} of 5 sheep")
        terminal.wait_until_erased()


def test_work_inside_other_work_is_shown_beside_it() -> None:
    with Terminal() as terminal, line.shown_on_terminal(), progress.begin("checking", 2, "files"):
        with progress.begin("reading large.yaml", 40_000_000, BYTES) as reading:
            reading.done = 10_000_000
            terminal.wait_for("checking, 0 of 2 files · reading large.yaml, 10 of 40 MB")
        assert not terminal.text.endswith(ERASED), "the other work goes on"


def test_work_that_ends_soon_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal() as terminal:
        monkeypatch.setattr(line, "PATIENCE", 1000)
        with line.shown_on_terminal(), progress.begin("counting"):
            pass
    assert terminal.text == ""


def test_an_error_erases_the_line_before_it_is_printed() -> None:
    with Terminal() as terminal:
        with pytest.raises(KeyError), line.shown_on_terminal(), progress.begin("counting"):  # noqa: PT012
            terminal.wait_for("counting")
            raise KeyError
        terminal.wait_until_erased()


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}, {"CI": "true"}])
def test_nothing_is_shown_where_it_is_not_wanted(environ: dict[str, str]) -> None:
    with Terminal(**environ) as terminal, line.shown_on_terminal(), progress.begin("counting"):
        time.sleep(0.01)
    assert terminal.text == ""


def test_a_pipe_shows_nothing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Terminal():
        monkeypatch.setattr(sys, "stderr", sys.__stderr__)
        with line.shown_on_terminal(), progress.begin("counting"):
            time.sleep(0.01)
        monkeypatch.undo()
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_was_closed_disturbs_no_work() -> None:
    terminal = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    terminal.close()
    shown = line.ProgressLine(terminal)
    with progress.watched_by(shown), progress.begin("counting", 3) as work:
        assert list(work.over("abc")) == ["a", "b", "c"]


def test_other_threads_show_nothing() -> None:
    with Terminal() as terminal, line.shown_on_terminal():
        thread = threading.Thread(target=lambda: list(Work("").over("abc")))
        thread.start()
        thread.join()
    assert terminal.text == ""


# --- the text of the line ---


@pytest.mark.parametrize(
    ("works", "expected"),
    [
        ([Work("checking", 40, "files", 2)], "━─────────────────── checking, 2 of 40 files · 3 s"),
        ([Work("checking", 1, "files")], "──────────────────── checking · 3 s"),
        ([Work("importing", None, "exchanges", 1200)], "importing, 1,200 exchanges · 3 s"),
        ([Work("importing", None, "exchanges")], "importing · 3 s"),
        ([Work("checking", 0, "files")], "checking · 3 s"),
        ([Work("reading a.yaml", 4_000_000, BYTES, 2_500_000)], f"{'━' * 12}──────── reading a.yaml, 2 of 4 MB · 3 s"),
        (
            [Work("checking", 2, "files", 1), Work("a.yaml", 100, "lines", 50)],
            f"{'━' * 15}───── checking, 1 of 2 files · a.yaml, 50 of 100 lines · 3 s",
        ),
        ([Work("reading a\x1b[2J.yaml")], r"reading a\u001b[2J.yaml · 3 s"),
    ],
)
def test_the_text_of_the_line(works: list[Work], expected: str) -> None:
    assert line.progress_line(works, 3, 80) == expected


def test_a_narrow_line_has_no_bar() -> None:
    assert line.progress_line([Work("checking", 4, "files", 2)], 0, 40) == "checking, 2 of 4 files · 0 s"


def test_a_terminal_without_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    with Terminal() as terminal:
        monkeypatch.setattr(sys, "stderr", open(sys.stderr.fileno(), "w", encoding="latin-1", closefd=False))  # noqa: SIM115
        with line.shown_on_terminal(), progress.begin("checking", 2, "files") as work:
            work.done = 1
            terminal.wait_for("==========---------- checking, 1 of 2 files; 0 s")
        monkeypatch.undo()


@given(st.lists(st.builds(Work, st.text(), st.none() | st.integers(0, 9), st.text(), st.integers(0, 12)), min_size=1))
def test_the_line_is_one_line_whatever_is_counted(works: list[Work]) -> None:
    text = line.progress_line(works, 0, 80)
    assert text.isprintable()
    assert text.count("━") + text.count("─") in (0, 20) or any("━" in work.doing or "─" in work.doing for work in works)


# --- commands ---


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("check many", {"checking": "2 files", "1.yaml": "lines"}),
        ("show many --html page.html", {"loading": "2 files", "reading 1.yaml": "bytes", "writing the page": "0 "}),
        ("show --texts many", {"searching": "2 files"}),
        ("redact many", {"redacting": "2 files", "reading 1.yaml": "bytes", "redacting 1.yaml": "3 takes"}),
        ("rm many/1.yaml ListRoles", {"reading 1.yaml": "bytes", "rewriting 1.yaml": "0 "}),
        ("merge many -o all.yaml", {"loading": "2 files", "rewriting all.yaml": "0 "}),
        ("rekey many", {"loading": "2 files", "renewing aliases": "2 files", "writing": "2 files"}),
        ("export many --to har -o out.har", {"loading": "2 files", "exporting": "3 tracks"}),
        (
            "import out.har -o new.yaml",
            {"importing": "5 exchanges", "finishing 5 exchanges": "0 ", "writing new.yaml": "0 "},
        ),
    ],
)
def test_commands_tell_what_they_do_and_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, expected: dict[str, str]
) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", "another key for tests, not a secret")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many").mkdir()
    cassette = (ROOT / "cassettes" / "roles.yaml").read_text("utf-8")
    for number in range(2):
        (tmp_path / "many" / f"{number}.yaml").write_text(cassette, "utf-8")
    if command.startswith("import"):
        main(["export", "many", "--to", "har", "-o", "out.har"])
    notes = WorkNotes()
    with progress.watched_by(notes):
        main(command.split())
    shown = {
        work.doing: work.unit if work.unit in ("lines", BYTES) else f"{work.total or work.done} {work.unit}"
        for work in notes.works
    }
    assert {name: shown.get(name) for name in expected} == expected


def test_an_interrupted_recording_and_a_large_replay_tell_as_well(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    tape = open_for_recording(path, "all", in_process.ENVIRON)
    for _ in range(3):
        tape.record(exchanges.request("ListUsers"), exchanges.respond("ListUsers", {"Users": []}))
    assert tape.live_recorder and tape.live_recorder.journal
    tape.live_recorder.journal.close(remove=False)
    recovering, replaying = WorkNotes(), WorkNotes()
    with progress.watched_by(recovering):
        recover(path, in_process.ENVIRON)
    with progress.watched_by(replaying):
        open_for_replay([path], {**in_process.ENVIRON, "CI": "true"})
    shown = {work.doing: (work.done, work.total) for work in recovering.works}
    expected = {"recovering team.yaml": (3, 3), "finishing 3 exchanges": (0, None), "writing team.yaml": (0, None)}
    assert expected.items() <= shown.items()
    size = path.stat().st_size
    assert [(work.doing, work.done, work.total) for work in replaying.works] == [
        ("loading", 1, 1),
        ("reading team.yaml", size, size),
    ]


CHECK_FOR_EVER = """
import sys, time
from awstape.cli.main import main
from awstape.cli.terminal import progress
from awstape.workbench import review
progress.PATIENCE = 0
review.review_file = lambda *_, **__: time.sleep(1000)
sys.exit(main(["check", sys.argv[1]]))
"""


def start_on_terminal(command: list[str | Path]) -> tuple[subprocess.Popen[bytes], int]:
    """A program on a terminal of its own, and the other end of that."""
    ours, theirs = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name not in ASKING_FOR_NONE}
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ | {"TERM": "xterm"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    return process, ours


def test_ctrl_c_leaves_a_clean_line() -> None:
    process, ours = start_on_terminal([sys.executable, "-c", CHECK_FOR_EVER, ROOT / "cassettes" / "roles.yaml"])
    shown = ""
    while "checking" not in shown:
        shown += os.read(ours, 65536).decode()
    os.write(ours, b"\x03")
    assert process.wait() == 130
    while not shown.endswith(f"{ERASED}\r\n"):  # click ends a line that Ctrl-C interrupted
        shown += os.read(ours, 65536).decode()
    os.close(ours)
    assert "Traceback" not in shown


CHECK_IN_BACKGROUND = """
import os, sys
from awstape.cli.main import main
from awstape.cli.terminal import progress
progress.PATIENCE = 0
progress.PAUSE = 0.001
os.setpgid(0, 0)  # as the shell does for `awstape check … &`
sys.exit(main(["check", sys.argv[1]]))
"""


def test_in_the_background_nothing_is_shown() -> None:
    """The terminal is another program's then, and writing to it may stop ours."""
    shell = 'stty tostop; "$0" -c "$1" "$2" > "$3" & wait $!; echo "status $?"'
    with tempfile.NamedTemporaryFile() as output:
        cassette = ROOT / "cassettes" / "roles.yaml"
        process, ours = start_on_terminal(
            ["sh", "-c", shell, sys.executable, CHECK_IN_BACKGROUND, cassette, Path(output.name)]
        )
        shown = ""
        while "status" not in shown:
            shown += os.read(ours, 65536).decode()
        process.wait()
        os.close(ours)
    assert shown.startswith("status 0")
