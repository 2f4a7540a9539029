"""The progress bar: shown on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from awstape.cli.main import main
from awstape.cli.terminal import progress
from support import in_process

MANY = progress.FEW + 5


class Terminal:
    """A pseudo-terminal in place of the error stream, and the text shown on it."""

    def __init__(self, term: str = "xterm") -> None:
        self.term = term
        self.text = ""

    def __enter__(self) -> Terminal:
        self._ours, self._theirs = os.openpty()
        self._patch = pytest.MonkeyPatch()
        self._patch.setenv("TERM", self.term)
        self._patch.setattr(sys, "stderr", os.fdopen(self._theirs, "w"))
        return self

    def __exit__(self, *_: object) -> None:
        sys.stderr.write("the end")
        sys.stderr.flush()
        while not self.text.endswith("the end"):
            self.text += os.read(self._ours, 65536).decode()
        self.text = self.text.removesuffix("the end")
        sys.stderr.close()
        os.close(self._ours)
        self._patch.undo()


def test_many_items_are_counted_on_a_terminal() -> None:
    with Terminal() as terminal:
        assert list(progress.over(range(MANY), "counting", total=MANY)) == list(range(MANY))
    assert "counting" in terminal.text and f"{MANY}/{MANY}" in terminal.text
    assert terminal.text.endswith("\x1b[2K"), "at the end it is wiped away"


def test_the_total_may_be_unknown() -> None:
    with Terminal() as terminal:
        assert list(progress.over(iter(range(MANY)), "counting")) == list(range(MANY))
    assert f"{MANY}/?" in terminal.text


@pytest.mark.parametrize("number", [0, 1, progress.FEW])
@pytest.mark.parametrize("is_known", [True, False])
def test_few_items_are_not_counted(number: int, is_known: bool) -> None:
    with Terminal() as terminal:
        items = range(number)
        assert list(progress.over(items, "counting", total=number if is_known else None)) == list(items)
    assert terminal.text == ""


def test_an_error_is_raised_and_the_terminal_is_restored() -> None:
    def failing() -> Iterator[int]:
        yield from range(MANY)
        raise KeyError

    with Terminal() as terminal, pytest.raises(KeyError):
        list(progress.over(failing(), "counting"))
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l"), "the cursor is there again"


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_can_not_move_its_cursor_shows_nothing(term: str) -> None:
    with Terminal(term) as terminal:
        assert len(list(progress.over(range(MANY), "counting"))) == MANY
    assert terminal.text == ""


def test_a_pipe_shows_nothing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert len(list(progress.over(range(MANY), "counting", total=MANY))) == MANY
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("check",), "checking"),
        (("check", "--format", "json"), ""),
        (("import", "-o", "new.yaml"), "importing"),
        (("import", "-o", "new.yaml", "--json"), ""),
    ],
)
def test_commands_show_progress(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    shown: str,
) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", in_process.ENVIRON["AWSTAPE_KEY"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many").mkdir()
    for number in range(MANY):
        (tmp_path / "many" / f"{number}.yaml").write_text("version: 1\n")
    with Terminal() as terminal:
        main([*command, "many"])
    assert terminal.text == "" if shown == "" else shown in terminal.text
    assert capfd.readouterr().out, "the result is on the output"
