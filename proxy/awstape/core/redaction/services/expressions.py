"""DynamoDB's expressions: edits the names of attributes in them.

1. Operators, functions, keywords, numbers and punctuation are the language's; names and placeholders are the program's.
2. Keywords count in any case, names of functions as they are written, before a parenthesis.
3. What is no expression, as one with a literal in quotes, is not edited in part.

The grammar: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

from collections.abc import Callable

from awstape.core.redaction.name_codes import MARKER
from awstape.core.text.lazy_pattern import lazy_pattern

_KEYWORD = r"(?i:AND|OR|NOT|BETWEEN|IN|SET|REMOVE|ADD|DELETE)(?![\w#:-])"
_FUNCTION = (
    r"(?:attribute_(?:not_)?exists|attribute_type|begins_with|contains|size|if_not_exists|list_append)(?=\s{0,20}\()"
)
_TOKEN = lazy_pattern(rf"{_KEYWORD}|{_FUNCTION}|(?P<name>[#:]?(?:{MARKER}-)?[^\W\d]\w*|[#:]\w+)|\d+|[\s.,()\[\]=<>+-]+")


def edit_names(text: str, edit: Callable[[str], str]) -> str | None:
    """The expression with `edit` applied to its names and placeholders; None for a text that is no expression."""
    pieces, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        pieces.append(edit(token[0]) if token["name"] else token[0])
        at = token.end()
    return "".join(pieces)
