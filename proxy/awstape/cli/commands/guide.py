"""`guide`: the pages of the guide, and a search in them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from awstape.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Begins and ends a block of code in Markdown.
_CODE = "```"
#: Begin a passage that is not part of the paragraph above.
_STARTS = ("#", "|", "- ", _CODE)
_SENTENCE_END = re.compile(r"(?<=[.:!?]) (?=[A-Z`*])")


def _pages() -> dict[str, str]:
    """Topic → the text of its page, in Markdown."""
    from importlib.resources import files

    found = {page.name: page for page in files("awstape").joinpath("guide").iterdir() if page.name.endswith(".md")}
    return {name.removesuffix(".md"): found[name].read_text("utf-8") for name in sorted(found)}


def _complete_topic(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(topic) for topic in _pages() if topic.startswith(incomplete)]


@click.command()
@click.argument("topic", required=False, shell_complete=_complete_topic)
@click.option("--search", "words", metavar="WORDS", help="List the sentences with all these words, in all topics.")
def guide(topic: str | None, words: str | None) -> int:
    """Show the guide: its topics, or the page of one TOPIC.

    On a terminal a page is laid out and shown in a pager; in a pipe it is Markdown.

    \b
    awstape guide
    awstape guide redaction
    awstape guide --search 'unable to locate credentials'
    """
    pages = _pages()
    if topic is not None and topic not in pages:
        from awstape.core.aws.conform import did_you_mean

        raise UserError(f"the guide has no topic {topic!r}{did_you_mean(topic, pages)}", "awstape guide lists them")
    chosen = pages if topic is None else {topic: pages[topic]}
    if words is not None:
        found = [line for each, page in chosen.items() for line in _found(words, each, page)]
        click.echo("\n".join(found) if found else f"nothing in the guide has {words!r}; try fewer words")
        return int(not found)
    if topic is None:
        width = max(map(len, pages)) + 2
        for each, page in pages.items():
            click.echo(f"{each:<{width}}{_summary_of(page)}")
        return 0
    _show(pages[topic])
    return 0


def _summary_of(page: str) -> str:
    """The first paragraph of a page, in one line."""
    return " ".join(page.split("\n\n")[1].split())


def _found(words: str, topic: str, page: str) -> Iterator[str]:
    """The passages of a page that have all the words, after the topic and the section that they are in.

    Of a paragraph, only the sentence that has them all, if there is one.
    """
    wanted = words.lower().split()
    for section, passage in _passages(page):
        sentences = [] if passage.startswith("|") else _SENTENCE_END.split(passage)
        for text in (*sentences, passage):
            if text and all(word in text.lower() for word in wanted):
                yield f"{topic}: {section}: {text}"
                break


def _passages(page: str) -> Iterator[tuple[str, str]]:
    """The paragraphs of a page in one line each, with their section. A title, a row or a line of code is one, too."""
    section, is_code, paragraph = "", False, [""]
    for line in [*page.splitlines(), ""]:
        is_code ^= line.startswith(_CODE)
        if is_code or not line or line.startswith(_STARTS):
            yield section, " ".join(paragraph).strip()
            paragraph = []
        if line.startswith("#") and not is_code:
            section = line.lstrip("# ")
        paragraph.append(line.lstrip("# ").strip())


def _show(page: str) -> None:
    if not sys.stdout.isatty():
        click.echo(page.encode(), nl=False)
        return
    from rich.markdown import Markdown

    from awstape.cli.terminal.rich_console import console

    terminal = console()
    with terminal.capture() as shown:
        terminal.print(Markdown(page))
    click.echo_via_pager(shown.get())
