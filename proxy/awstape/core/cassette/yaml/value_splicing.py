"""Replaces single values in the YAML text of a document, and nothing else.

1. Old and new document have the same shape: only scalars and keys differ. Otherwise nothing is replaced.
2. A replaced value keeps the style of its text: plain, in quotes, or a literal block with its indentation. Where the
   new value does not fit the style, it gets double quotes.
3. Everything around the replaced values stays to the letter: order, line breaks, comments, quotes of others.
4. A value that the text does not spell out, such as one that the header gives, is not replaced. The caller reads the
   result again and compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

from awstape.core.aws.member_paths import Path
from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.documents import BREAKS
from awstape.core.cassette.yaml.writer import dump_document

_Scalar = str | int | float | bool | None
_OF_FLOWS = frozenset(",:?[]{}")
#: Characters that JSON leaves as they are, and YAML reads as line breaks or not at all.
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def splice_values(text: str, old: Value, new: Value) -> str | None:
    """The text of a document with the values that differ replaced; None if the two documents differ otherwise.

    text: one document of a YAML stream, of which `old` is the value.
    """
    values: dict[Path, _Scalar] = {}
    keys: dict[Path, str] = {}
    if text.startswith("\ufeff"):  # PyYAML counts the characters behind it
        return None
    if not _collect_differences(old, new, (), values, keys):
        return None
    pieces: list[str] = []
    end = 0
    for event, path, is_key, in_flow in _scalars(text):
        assert event.start_mark and event.end_mark
        if path not in (keys if is_key else values):
            continue
        value: _Scalar = keys[path] if is_key else values[path]
        begin = event.start_mark.index
        spelled = _respell(text[begin : event.end_mark.index], event, value, in_flow=in_flow, is_key=is_key)
        if spelled is None:
            return None
        pieces += [text[end:begin], spelled]
        end = event.end_mark.index
    return "".join([*pieces, text[end:]])


def _collect_differences(
    old: Value, new: Value, path: Path, values: dict[Path, _Scalar], keys: dict[Path, str]
) -> bool:
    """Collects the new value of each scalar, and the new name of each key, by its path in the old document.

    Whether the documents have the same shape.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        if len(old) != len(new):
            return False
        for (name, value), (new_name, new_value) in zip(old.items(), new.items(), strict=True):
            if name != new_name:
                keys[(*path, name)] = new_name
            if not _collect_differences(value, new_value, (*path, name), values, keys):
                return False
        return True
    if isinstance(old, list) and isinstance(new, list):
        pairs = enumerate(zip(old, new, strict=False))
        return len(old) == len(new) and all(_collect_differences(a, b, (*path, i), values, keys) for i, (a, b) in pairs)
    if isinstance(new, dict | list | bytes) or isinstance(old, dict | list | bytes):
        return type(old) is type(new) and old == new
    if (type(old), old) != (type(new), new):
        values[path] = new
    return True


def _scalars(text: str) -> Iterator[tuple[yaml.ScalarEvent, Path, bool, bool]]:
    """(scalar, path, whether it is a key, whether it is in a flow) for each scalar of the first document."""
    path: list[str | int] = []  # of the open collections, and of the key that waits for its value
    kinds: list[list[bool]] = []  # for each open collection: is a mapping, its next scalar is a key, is a flow
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if isinstance(event, yaml.CollectionEndEvent):
            kinds.pop()
            path.pop()
            _advance(path, kinds)
        elif isinstance(event, yaml.ScalarEvent):
            in_flow = bool(kinds) and kinds[-1][2]
            if kinds and kinds[-1][0] and kinds[-1][1]:
                path[-1] = event.value
                kinds[-1][1] = False
                yield event, tuple(path), True, in_flow
            else:
                yield event, tuple(path), False, in_flow
                _advance(path, kinds)
        elif isinstance(event, yaml.CollectionStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            kinds.append([is_mapping, is_mapping, bool(event.flow_style)])
            path.append("" if is_mapping else 0)


def _advance(path: list[str | int], kinds: list[list[bool]]) -> None:
    """Goes on behind a value."""
    if kinds and kinds[-1][0]:
        kinds[-1][1] = True
    elif kinds and isinstance(path[-1], int):
        path[-1] += 1


def _respell(source: str, event: yaml.ScalarEvent, value: _Scalar, *, in_flow: bool, is_key: bool) -> str | None:
    """The new value in the style of the old one's text; None if it has a tag."""
    if event.tag is not None:
        return None
    if isinstance(value, str):
        if event.style == "|" and (block := _respell_block(source, event.value, value)) is not None:
            return block
        if event.style == "'" and not any(c in BREAKS for c in value) and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if event.style == '"':
            return _in_quotes(value)
    if event.style in ("|", ">"):
        return _in_quotes(str(value)) + source[len(source.rstrip()) :] if isinstance(value, str) else None
    plain = dump_document({value: 0} if is_key and isinstance(value, str) else {"": value})
    plain = plain.removesuffix(": 0\n") if is_key else plain.removeprefix("'': ").removesuffix("\n")
    fits = "\n" not in plain and not (in_flow and not plain.startswith(("'", '"')) and _OF_FLOWS & set(plain))
    return plain if fits else _in_quotes(str(value))


def _respell_block(source: str, old: str, new: str) -> str | None:
    """The text of a literal block with new lines in it; None if the lines of the old one can't be told."""
    header, _, body = source.partition("\n")
    lines = body.split("\n")
    indent = next((line[: len(line) - len(line.lstrip(" "))] for line in lines if line.strip(" ")), "")
    if old.split("\n")[0] != lines[0].removeprefix(indent) or new.startswith((" ", "\n")):
        return None
    ending = old[len(old.rstrip("\n")) :]
    if not new.endswith(ending) or new.removesuffix(ending).endswith("\n"):
        return None
    content = body.rstrip("\n ")
    shown = new.removesuffix(ending).split("\n")
    return "\n".join([header, *(indent + line if line else "" for line in shown)]) + body[len(content) :]


def _in_quotes(text: str) -> str:
    spelled = json.dumps(text, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", spelled)
