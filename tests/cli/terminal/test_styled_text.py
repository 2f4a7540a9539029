"""Lines of styled text: as wide, folded and coloured as rich would have them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from awstape.cli.terminal.styled_text import StyledText, Terminal

#: Words with wide characters, and such as take no cell.
TEXTS = st.text(st.sampled_from("ab, 日e\u0301…"), max_size=40)
PARTS = st.lists(st.tuples(TEXTS, st.sampled_from(["", "red", "bold"])), max_size=4)


def styled(parts: list[tuple[str, str]]) -> StyledText:
    return StyledText.join("", [StyledText(*part) for part in parts])


@given(TEXTS, st.integers(4, 20))
def test_it_is_folded_as_by_rich(text: str, width: int) -> None:
    lines = [line.plain for line in StyledText(text).folded(width)]
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if text.isascii() and text.strip() == text and "  " not in text and text:
        assert lines == [line.plain.rstrip() for line in Text(text).wrap(Console(), width, overflow="fold")]


@given(PARTS, st.integers(1, 20))
def test_a_cropped_text_fits_and_says_so(parts: list[tuple[str, str]], width: int) -> None:
    text = styled(parts)
    cropped = text.cropped(width)
    assert cropped.width <= width
    assert cropped.plain == text.plain or (cropped.plain[-1] == "…" and text.plain.startswith(cropped.plain[:-1]))


@given(PARTS)
def test_styles_are_escape_sequences(parts: list[tuple[str, str]]) -> None:
    text = styled(parts)
    assert text.render(has_colour=False) == text.plain.rstrip()
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, color_system="standard", width=1000, highlight=False)
    console.print(Text.assemble(*((part, style) for part, style in parts if part)), end="", no_wrap=True)
    rich = Text.from_ansi(shown.getvalue()).plain
    assert Text.from_ansi(text.render(has_colour=True)).plain == rich.rstrip() or not text.plain.isprintable()


@pytest.mark.parametrize(("width", "printed"), [(None, "a b  c\n"), (3, "a b\nc\n")])
def test_lines_are_printed_within_the_terminal(
    width: int | None, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Terminal(width, has_colour=False, encoding="utf-8").print([StyledText("a b", "red").append("  c  ")])
    assert capsys.readouterr().out == printed


def test_characters_that_an_encoding_lacks_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(None, has_colour=False, encoding="ascii").print(["─"])
    assert capsys.readouterr().out == "\\u2500\n"
