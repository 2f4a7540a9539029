"""Texts of rows: tables of cells with a header (CSV), and lines of JSON.

1. A table has two lines or more, all with as many cells, two or more, between the same separator. Half of the cells of
   its header or more are keys of code, and none has a blank beside it: prose, and rows without a header, are no tables.
2. Only what is in a cell is edited: separators, ends of lines and the quotes around a cell stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from awstape.core.text.encoded_text import Rewrite, is_json
from awstape.core.text.lazy_pattern import lazy_pattern

_SEPARATORS = ",;\t|"
_LINE_END = lazy_pattern(r"(\r?\n)")


def edit_rows(text: str, edit_value: Rewrite, edit_key: Rewrite, is_key: Callable[[str], bool]) -> str | None:
    """The text with the cells of a table edited, those of its header by `edit_key`, or each line of JSON.

    None for any other text.
    """
    if "\n" not in text:
        return None
    lines = _LINE_END.split(text.rstrip("\r\n"))
    rows = lines[::2]
    separator = max(_SEPARATORS, key=rows[0].count)
    if all(map(is_json, rows)):
        rows = [edit_value(row) for row in rows]
    elif _is_table(rows, separator, is_key):
        header, *others = rows
        edit_cell: Rewrite = cache(edit_value)
        rows = [_edit_cells(header, separator, edit_key), *(_edit_cells(row, separator, edit_cell) for row in others)]
    else:
        return None
    lines[::2] = rows
    return "".join(lines) + text[len(text.rstrip("\r\n")) :]


def _is_table(rows: list[str], separator: str, is_key: Callable[[str], bool]) -> bool:
    header = [cell.strip('"') for cell in _split_cells(rows[0], separator)]
    return (
        len(rows) > 1
        and len(header) > 1
        and all(cell == cell.strip() for cell in header)
        and 2 * sum(map(is_key, header)) >= len(header)
        and all(len(_split_cells(row, separator)) == len(header) for row in rows)
    )


def _split_cells(row: str, separator: str) -> list[str]:
    """The cells of a row, with their quotes; one cell for a row with quotes in other places."""
    cells = _cell_pattern(separator).findall(row + separator)
    return cells if sum(map(len, cells)) + len(cells) == len(row) + 1 else [row]


@cache
def _cell_pattern(separator: str) -> re.Pattern[str]:
    after = re.escape(separator)
    return re.compile(rf'("[^"]*(?:""[^"]*)*"|[^"{after}]*){after}')


def _edit_cells(row: str, separator: str, edit: Rewrite) -> str:
    return separator.join(
        f'"{edit(cell[1:-1])}"' if cell[:1] == '"' else edit(cell) for cell in _split_cells(row, separator)
    )
