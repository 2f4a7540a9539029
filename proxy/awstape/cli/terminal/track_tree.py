"""The tree of a track for `awstape show`: takes, pages with their tokens, items, errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from awstape.cli.terminal.rich_console import value_rows
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.member_paths import shape_at, value_at, without_values
from awstape.core.aws.model import Models, Operation, Shape, Value, child_shape
from awstape.core.aws.paging import next_token
from awstape.core.cassette.cassette import Page, Take
from awstape.core.cassette.yaml.writer import page_document
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.core.text.shortening import shorten_middle
from awstape.core.view.labels import Detail, first_members, identity_label, item_cells
from awstape.core.view.selectors import SelectedTrack
from awstape.core.view.track_statistics import count_answer_items
from awstape.core.view.value_lines import mapping_lines

_LINES_SHOWN = 40
_SHORTEST = 16
_GUIDES = 12  # columns, at the deepest
_STYLES = ("", "dim", "", "green", "dim")  # of the cells of `item_cells`


def heading(to: Console, each: SelectedTrack) -> tuple[Text, bool]:
    """`2 iam ListRoles PathPrefix=/`, and whether it holds the whole identity."""
    track = each.track
    words = [(str(each.number), "dim"), (track.service, "cyan"), (track.operation, "bold")]
    words += [(printable(track.region), "cyan")] if track.region else []
    words += [(track.caller, "cyan")] if each.shows_caller and track.caller else []
    label = Text(" ").join(Text(text, style) for text, style in words)
    room = to.width - cell_len(label.plain) - 1
    whole = shown = identity_label(track.identity, None, Detail())
    if len(whole) > room:
        shown = identity_label(track.identity, None, Detail(room, whole_arns=False))
    label.append(f" {shown}" if shown else "")
    return label, shown == whole and "…" not in shown


def tree(to: Console, each: SelectedTrack, models: Models, *, is_short: bool) -> Tree:
    """The tree of the selected takes of a track. is_short: one line for each page, without its items."""
    operation = models.operation(each.track.service, each.track.operation)
    label, is_whole = heading(to, each)
    root = Tree(label, guide_style="dim")
    if not is_whole and not is_short:
        _add_lines(to, root, {"identity": each.track.identity})
    for number, take in each.selected():
        branch = root.add(Text(f"take {number}", "blue")) if len(each.takes) > 1 else root
        if take.after:
            write = take.after.track
            by = write.caller if each.shows_caller and write.caller else ""
            words = [write.operation, by, identity_label(write.identity, None, Detail())]
            words += [f"take {take.after.take}"] if take.after.take > 1 else []
            branch.add(Text(f"after: {printable(' '.join(filter(None, words)))}", "blue"))
        for fault in take.faults:
            branch.add(Text(f"fault: {fault}", "magenta"))
        for i, page in enumerate(take.pages, 1):
            node = branch.add(_page_label(operation, take, i, is_short))
            if not is_short:
                _add_content(to, node, operation, page)
    return root


def page_in_full(to: Console, each: SelectedTrack, take: int, number: int) -> Iterator[RenderableType]:
    """Yields one page of a take in full, below the whole identity."""
    pages = each.takes[take - 1].pages
    label, is_whole = heading(to, each)
    yield label
    if not is_whole:
        yield from value_rows(mapping_lines({"identity": each.track.identity}, "  "), to.width)
    of_take = f"take {take}, " if len(each.takes) > 1 else ""
    yield Text(f"  {of_take}page {number} of {len(pages)}", "bold")
    yield from value_rows(mapping_lines(page_document(pages[number - 1]), "    "), to.width)


def _page_label(operation: Operation, take: Take, number: int, is_short: bool) -> Text:
    """`page 1  3 items  → page-2.qljy`; in the short form followed by the names of its items."""
    page = take.pages[number - 1]
    label = Text(f"page {number}", no_wrap=is_short, overflow="ellipsis" if is_short else "fold")
    if page.hole is not None:
        label.append(f"  hole: {printable(page.hole)}" if is_short else "  hole", "red")
        return label
    if page.answer.error:
        label.append(f"  {_status(page.answer.error)}", "red")
    if (held := count_answer_items(operation, page.answer)) is not None:
        label.append(f"  {count(held, 'item')}")
    if page.limit is not None:
        label.append(f"  limit {page.limit}", "dim")
    if (token := next_token(operation, page.answer.output or {})) is not None:
        is_recorded = number < len(take.pages) or any(other.token == token for other in take.pages)
        label.append(f"  → {printable(token)}", "dim" if is_recorded else "yellow")
        label.append("" if is_recorded else ", not recorded", "yellow")
    if is_short:
        label.append("  unmodelled members" if page.answer.unmodelled else "", "yellow")
        label.append(f"  {_page_summary(operation, page.answer)}", "dim")
    return label


def _status(error: Failure) -> str:
    return f"{error.status} {printable(error.code)}" if error.code else str(error.status)


def _page_summary(operation: Operation, answer: Answer) -> str:
    if answer.error:
        return printable(answer.error.message or "")
    lists = [item_cells(item, shape) for _, held, shape in _lists(operation, answer) for item in held]
    if lists or operation.paging:
        return ", ".join(cells[0] or cells[1] or cells[-1] for cells in lists)
    return "  ".join(filter(None, item_cells(answer.output, operation.output)))


def _add_content(to: Console, node: Tree, operation: Operation, page: Page) -> None:
    answer = page.answer
    if page.hole is not None:
        node.add(Text(printable(page.hole), "red"))
    elif answer.error:
        _add_error(node, answer.error)
    elif operation.paging:
        _add_lists(to, node, operation, answer)
    else:
        _add_lines(to, node, answer.output or {})
    if answer.unmodelled:
        node.add(Text(f"unmodelled: {printable(', '.join(answer.unmodelled))}", "yellow"))


def _add_error(node: Tree, error: Failure) -> None:
    if error.message is not None:
        node.add(Text(printable(error.message), "red"))
    if error.members:
        node.add(Text(first_members(error.members), "dim"))


def _add_lists(to: Console, node: Tree, operation: Operation, answer: Answer) -> None:
    lists = list(_lists(operation, answer))
    for name, held, shape in lists:
        branch = node.add(Text(f"{name}  {count(len(held), 'item')}")) if len(lists) > 1 else node
        for line in _aligned([item_cells(item, shape) for item in held], to.width - _GUIDES):
            branch.add(line)
    paging = operation.paging
    assert paging
    rest = without_values(answer.output or {}, paging.page_members)
    if rest := {name: value for name, value in rest.items() if value != {}}:
        node.add(Text(first_members(rest, len(rest)), "dim", no_wrap=True, overflow="ellipsis"))


def _lists(operation: Operation, answer: Answer) -> Iterator[tuple[str, Sequence[Value], Shape | None]]:
    """Yields the paginated lists of an answer: name, items and the shape of an item."""
    for name in operation.lists:
        held = value_at(answer.output, name)
        if isinstance(held, list):
            yield name, held, child_shape(shape_at(operation.output, name), 0)


def _aligned(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[Text]:
    """Items as rows with aligned cells, without empty columns."""
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(map(cell_len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        line = Text(no_wrap=True, overflow="ellipsis")
        *others, last = zip(row, widths, _STYLES, strict=False)
        for text, widest, style in others:
            line.append(text + " " * (widest - cell_len(text) + 2) if widest else "", style)
        room = max(width - cell_len(line.plain), _SHORTEST)
        line.append(shorten_middle(last[0], room) if others else last[0], last[2])  # an ARN keeps its end
        line.rstrip()
        yield line


def _add_lines(to: Console, node: Tree, output: dict[str, Value]) -> None:
    """Adds the members of an answer that is not a listing."""
    laid_out = list(mapping_lines(output))
    shown: Iterable[RenderableType] = value_rows(islice(laid_out, _LINES_SHOWN), max(to.width - _GUIDES, 20))
    if laid_out:
        node.add(Group(*shown))
    if len(laid_out) > _LINES_SHOWN:
        node.add(Text(f"{len(laid_out) - _LINES_SHOWN} more lines; --page shows all", "dim"))
