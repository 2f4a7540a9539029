"""Recognises cassettes among the other YAML files of a folder, by the beginning of their text.

1. A text with the line of the schema, or with the key `operation` at the beginning of a line, is a cassette, though it
   may be damaged.
2. Another text is one if its first document is a mapping with keys of a header and no others. Recordings of other tools
   have a `version`, too, and other keys beside it.
3. An empty text is one, so that a lost cassette is noticed.
4. In a file with another name than a cassette has, only a text that begins with a header is one, with the line of the
   schema or a take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from awstape.core.cassette.yaml.validation import HEADER_KEYS, SCHEMA_FILE
from awstape.core.text.lazy_pattern import lazy_pattern

#: Comments, then a header.
_BEGINS_WITH_HEADER = lazy_pattern(r"\ufeff?(?:[ \t]*(?:#.*)?\r?\n)*version:")
_OF_A_TAKE = lazy_pattern(r"^operation:", re.MULTILINE)


def looks_like_cassette(beginning: str) -> bool:
    """Whether a text is a cassette of awstape, sound or damaged. beginning: the first kilobytes of the text."""
    if SCHEMA_FILE in beginning or _OF_A_TAKE.search(beginning):
        return True
    import yaml  # not at the top: a replay of what awstape wrote needs no PyYAML

    keys: list[str] = []
    try:
        for key in _keys_of_first_document(beginning):
            if key not in HEADER_KEYS:
                return False
            keys.append(key)
    except yaml.YAMLError:  # damaged, or only the beginning of a value
        return bool(keys)
    return bool(keys) or not beginning.strip("\ufeff \t\r\n")


def is_surely_cassette(beginning: str) -> bool:
    """Whether a text is a cassette of awstape, whatever its file is called. beginning: as above."""
    has_header = _BEGINS_WITH_HEADER.match(beginning) is not None
    return has_header and (SCHEMA_FILE in beginning or _OF_A_TAKE.search(beginning) is not None)


def _keys_of_first_document(text: str) -> Iterator[str]:
    """The keys of a mapping, one by one; none for another value. Raises yaml.YAMLError."""
    import yaml

    depth, is_key = 0, True
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if depth == 1 and isinstance(event, yaml.ScalarEvent | yaml.AliasEvent | yaml.CollectionStartEvent):
            if is_key:
                yield str(getattr(event, "value", ""))
            is_key = not is_key
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth == 1 and not isinstance(event, yaml.MappingStartEvent):
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentEndEvent):
            return
