"""Value lines: values as lines of text, one line for each member, for people and for `git diff`.

1. A line consists of its lead (the indentation, and a dash where an item of a list begins), a name, which may be empty,
   and a text.
2. Text has no quotes, unless it could be read as another value or holds characters that are not printable. Text of
   several lines stands below a `|`. Two cassettes that differ have different lines, but for white space in rule 3.
3. Text that is a JSON object or list, such as a policy document, is indented below a `|`, too. It is written token by
   token, so repeated members and the spelling of numbers and escapes stay; only white space is lost.
4. All lines are printable (`core.text.printable`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import page_document
from awstape.core.text.encoded_text import is_json
from awstape.core.text.printable import is_printable, printable

TEXT, WORD, JSON = "text", "word", "json"

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_PLAIN_NAME = re.compile(r"""[^\s"-]\S*(?<!:)""")
#: Text that would be read as another value, as a block or as a list.
_MISLEADING = re.compile(
    r"""(?x) \s* | \s.* | .*\s | true | false | null | -?\d+(\.\d+)?([eE][+-]?\d+)? | [|"].* | !!.*"""
)


@dataclass(frozen=True)
class Line:
    """A line. kind: whether `text` is text, a word of JSON (a number, true, null), or a line of a JSON document."""

    lead: str
    name: str = ""
    text: str = ""
    kind: str = TEXT

    def __str__(self) -> str:
        parts = [f"{self.name}:" if self.name else "", self.text]
        content = " ".join(filter(None, parts))
        return f"{self.lead}{content}" if content else ""


def cassette_text(cassette: Cassette) -> str:
    """All members of a cassette, below a heading for each take, which `git diff` shows above a change."""
    account = f", account {cassette.account}" if cassette.account else ""
    apart = f", apart {' '.join(sorted(cassette.apart))}" if cassette.apart else ""
    lines = ["cassette" + "".join(f", key {key}" for key in sorted(cassette.keys)) + account + apart]
    several = len(cassette.callers) > 1
    for track, takes in cassette.tracks():
        for i, take in enumerate(takes, 1):
            name = track.describe(with_caller=several)
            lines += ["", printable(f"{name} take {i}" if i > 1 else name)]
            facts: dict[str, Value] = {"identity": track.identity, "faults": [str(fault) for fault in take.faults]}
            given = {name: value for name, value in facts.items() if value}
            lines += (str(line) for line in mapping_lines(given, "  "))
            for n, page in enumerate(take.pages, 1):
                lines += [f"  page {n}:", *map(str, mapping_lines(page_document(page), "    "))]
    return "".join(f"{line}\n" for line in lines)


def mapping_lines(value: Mapping[str, Value], lead: str = "") -> Iterator[Line]:
    """The lines of a mapping. lead: that of the first line; the others are indented as far."""
    for name, item in value.items():
        below = " " * (len(lead) + 2)
        if isinstance(item, dict) and item:
            yield Line(lead, _name_text(name))
            yield from mapping_lines(item, below)
        elif isinstance(item, list) and item:
            yield Line(lead, _name_text(name))
            yield from _list_lines(item, below)
        else:
            yield from _scalar_lines(item, lead, _name_text(name))
        lead = " " * len(lead)


def _list_lines(values: Sequence[Value], lead: str) -> Iterator[Line]:
    for item in values:
        if isinstance(item, dict) and item:
            yield from mapping_lines(item, f"{lead}- ")
        elif isinstance(item, list) and item:
            yield from _list_lines(item, f"{lead}- ")
        else:
            yield from _scalar_lines(item, f"{lead}- ", "")
        lead = " " * len(lead)


def _scalar_lines(value: Value, lead: str, name: str) -> Iterator[Line]:
    if not isinstance(value, str):
        text = f"!!binary {base64.b64encode(value).decode()}" if isinstance(value, bytes) else json.dumps(value)
        yield Line(lead, name, text, WORD)
        return
    below, block = " " * (len(lead) + (2 if name else 0)), value.split("\n")
    if (document := json_lines(value)) is not None:
        yield Line(lead, name, "|")
        yield from (Line(below, "", line, JSON) for line in document)
    elif len(block) > 1 and all(map(is_printable, block)):
        yield Line(lead, name, "|")
        yield from (Line(below, "", line) for line in block)
    else:
        is_plain = is_printable(value) and not _MISLEADING.fullmatch(value) and (name or ": " not in value)
        yield Line(lead, name, value if is_plain else _quoted(value))


def _name_text(name: str) -> str:
    """The name of a member, in quotes if it is not a plain word: the keys of a map may hold anything."""
    return name if is_printable(name) and _PLAIN_NAME.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return printable(json.dumps(text, ensure_ascii=False))


def json_lines(text: str) -> list[str] | None:
    """The indented lines of a JSON object or list; None for any other text."""
    if not is_json(text):
        return None
    lines, line, depth, before = [], "", 0, ""
    for token in _JSON_TOKEN.findall(text):
        is_end, is_first = token in ("}", "]"), before in ("{", "[")
        depth -= is_end
        if is_end != is_first if is_end or is_first else before == ",":
            lines.append(line)
            line = "  " * depth
        line += ": " if token == ":" else printable(token)
        depth += token in ("{", "[")
        before = token
    return [*lines, line]
