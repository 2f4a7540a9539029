"""Values as lines of text, a member a line, for people and for `git diff`.

1. A line has a lead (how far it is indented, with a dash where an item of a list begins), a name, which may be empty,
   and what it says.
2. Text stands without quotes, unless it could be taken for something else or holds what can't be printed. Text of
   several lines stands below a `|`. What differs in a cassette differs in its lines, but for white space in rule 3.
3. A text that is a JSON object or list, as policy documents are, is laid out below a `|`, too. It is done token by
   token: a member that stands twice, the spelling of numbers and escapes stay; only white space is lost.
4. All of it can be printed (`core.text.printable`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.document import page_document
from awstape.core.text.encoded_text import is_json
from awstape.core.text.printable import is_printable, printable

TEXT, WORD, JSON = "text", "word", "json"

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_PLAIN_NAME = re.compile(r"""[^\s"-]\S*(?<!:)""")
#: What would be read as another value, as a block or as a list.
_MISLEADING = re.compile(
    r"""(?x) \s* | \s.* | .*\s | true | false | null | -?\d+(\.\d+)?([eE][+-]?\d+)? | [|"].* | !!.*"""
)


@dataclass(frozen=True)
class Line:
    """kind: what `said` is: text, a word of JSON's (a number, true, null), or a line of a JSON document."""

    lead: str
    name: str = ""
    said: str = ""
    kind: str = TEXT

    def __str__(self) -> str:
        parts = [f"{self.name}:" if self.name else "", self.said]
        said = " ".join(filter(None, parts))
        return f"{self.lead}{said}" if said else ""


def text_of(cassette: Cassette) -> str:
    """All of a cassette: below a heading for each take, which `git diff` shows above what changed, every member."""
    lines = ["cassette" + "".join(f", key {key}" for key in sorted(cassette.keys))]
    for track, takes in cassette.tracks():
        for i, take in enumerate(takes, 1):
            lines += ["", printable(f"{track} take {i}" if i > 1 else str(track))]
            about: dict[str, Value] = {"identity": track.identity, "faults": [str(fault) for fault in take.faults]}
            lines += (str(line) for line in members({name: value for name, value in about.items() if value}, "  "))
            for n, page in enumerate(take.pages, 1):
                lines += [f"  page {n}:", *map(str, members(page_document(page), "    "))]
    return "".join(f"{line}\n" for line in lines)


def members(value: Mapping[str, Value], lead: str = "") -> Iterator[Line]:
    """The lines of a mapping. lead: that of the first one; the others are as far in."""
    for name, item in value.items():
        below = " " * (len(lead) + 2)
        if isinstance(item, dict) and item:
            yield Line(lead, _name(name))
            yield from members(item, below)
        elif isinstance(item, list) and item:
            yield Line(lead, _name(name))
            yield from _items(item, below)
        else:
            yield from _scalar(item, lead, _name(name))
        lead = " " * len(lead)


def _items(values: Sequence[Value], lead: str) -> Iterator[Line]:
    for item in values:
        if isinstance(item, dict) and item:
            yield from members(item, f"{lead}- ")
        elif isinstance(item, list) and item:
            yield from _items(item, f"{lead}- ")
        else:
            yield from _scalar(item, f"{lead}- ", "")
        lead = " " * len(lead)


def _scalar(value: Value, lead: str, name: str) -> Iterator[Line]:
    if not isinstance(value, str):
        said = f"!!binary {base64.b64encode(value).decode()}" if isinstance(value, bytes) else json.dumps(value)
        yield Line(lead, name, said, WORD)
        return
    below, block = " " * (len(lead) + (2 if name else 0)), value.split("\n")
    if (laid_out := json_lines(value)) is not None:
        yield Line(lead, name, "|")
        yield from (Line(below, "", line, JSON) for line in laid_out)
    elif len(block) > 1 and all(map(is_printable, block)):
        yield Line(lead, name, "|")
        yield from (Line(below, "", line) for line in block)
    else:
        is_plain = is_printable(value) and not _MISLEADING.fullmatch(value) and (name or ": " not in value)
        yield Line(lead, name, value if is_plain else _quoted(value))


def _name(name: str) -> str:
    """That of a member of a map is data."""
    return name if is_printable(name) and _PLAIN_NAME.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return printable(json.dumps(text, ensure_ascii=False))


def json_lines(text: str) -> list[str] | None:
    """A JSON object or list, laid out; None for any other text."""
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
