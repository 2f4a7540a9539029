"""Policies in text that is no valid JSON: keys and values that stand in pairs are redacted as in a document.

1. A pair is a key, `:` or `=`, and a value or a list of values: JSON that is cut off or has a comma too many, Python's
   `str(dict)` in single quotes, JSON in an escaped string, YAML, HCL. In HCL the key of a condition is `variable`, that
   of a principal `type`.
2. The text around the pairs shows no grammar, so a name counts as an element wherever it is a key, and less is known
   than in a document: actions and service principals stay if they look like such; the values of condition keys and
   federated principals are redacted by their key.
3. Everything between these values is redacted as free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import redact_provider_key, redact_word
from awstape.core.redaction.policies.condition_values import redact_condition_value
from awstape.core.redaction.policies.documents import SERVICE
from awstape.core.text.lazy_pattern import lazy_pattern

_ACTIONS = frozenset({"action", "actions", "notaction", "notactions", "not_actions"})
_ACTION = lazy_pattern(r"[A-Za-z0-9-]+:[A-Za-z*?]+|\*")
_QUOTED = r"""(?:\\*"[^"\\\r\n]*(?:\\*"|\Z)|\\*'[^'\\\r\n]*(?:\\*'|\Z))"""
_VARIABLE = r"\$\{[^{}\r\n]*\}"
_LIST = rf"\[(?:{_VARIABLE}|[^\[\]{{}}])*\]?"
#: A text without quotes. With a colon and a blank it would be a pair.
_SCALAR = rf"""(?![\s"'\\\[\]{{}}#,&|>!-])(?:{_VARIABLE}|:(?=\S)|[^\r\n"'\\\[\]{{}}#,:])++(?=[\r\n#,\]}}]|\Z)"""
_ITEMS = rf"(?:\s*\n[ \t]*-[ \t]+(?:{_QUOTED}|{_SCALAR}))+"
_PAIR = lazy_pattern(
    rf"""
    \b(?:variable|type)\s*=\s*"(?P<block>[^"\\\s]{{1,300}})"\s*(?:values|identifiers)\s*=\s*(?P<in_block>{_LIST})
    | (?<!\\)\\*(?P<quote>["'])(?P<quoted>[^"'\\\s]{{1,300}})\\*(?P=quote)\s*(?::|=>?)
      (?P<of_quoted>\s*(?:{_QUOTED}|{_LIST})|{_ITEMS}|[ \t]+{_SCALAR})
    | (?<![\w"'\\:./$-])(?P<bare>[A-Za-z][\w.:/-]{{0,300}}?)
      (?P<of_bare>(?::|\s*=>?)\s*(?:{_QUOTED}|{_LIST})|:(?:{_ITEMS}|[ \t]+{_SCALAR}))
    """,
    re.VERBOSE,
)
_QUOTED_VALUE = lazy_pattern(r"""\\*"(?P<double>[^"\\\r\n]*)(?:\\*"|\Z)|\\*'(?P<single>[^'\\\r\n]*)(?:\\*'|\Z)""")
_VALUE = lazy_pattern(rf"{_QUOTED_VALUE.pattern}|(?<![^\s:\[,])(?P<scalar>{_SCALAR})")

_Edit = tuple[int, int, str]
"""Begin and end in a text, and the new text between them."""


def redact_pairs(text: str, aliases: Aliases, redact_rest: Callable[[str], str]) -> str:
    """The text with the keys and values of its pairs redacted, and everything between them by `redact_rest`."""
    if ":" not in text and "=" not in text:
        return redact_rest(text)
    out: list[str] = []
    end = 0
    for begin, behind, new in _find_edits(text, aliases):
        out += [redact_rest(text[end:begin]) if begin > end else "", new]
        end = behind
    return "".join([*out, redact_rest(text[end:])]) if end < len(text) else "".join(out)


def _find_edits(text: str, aliases: Aliases) -> Iterator[_Edit]:
    for pair in _PAIR.finditer(text):
        key_group, values_group = next(
            (key, values)
            for key, values in (("block", "in_block"), ("quoted", "of_quoted"), ("bare", "of_bare"))
            if pair[key] is not None
        )
        key = pair[key_group]
        if (redacted_key := redact_provider_key(key, aliases)) is not None:
            yield *pair.span(key_group), redacted_key
        if key_group == "bare" and not _may_be_bare(key):
            continue
        yield from _find_value_edits(text, key, pair.span(values_group), aliases)


def _may_be_bare(key: str) -> bool:
    """Whether a word without quotes is a key of a policy: an ordinary word may be in front of any colon."""
    return ":" in key or key.lower() in (*_ACTIONS, "service", "federated")


def _find_value_edits(text: str, key: str, span: tuple[int, int], aliases: Aliases) -> Iterator[_Edit]:
    # In HCL a word in a list is a reference.
    is_yaml = text[span[0]] == ":" or text[span[0] - 1] == ":" or "[" not in text[slice(*span)]
    for match in (_VALUE if is_yaml else _QUOTED_VALUE).finditer(text, *span):
        value = match[match.lastgroup or 0].rstrip()
        if value and (redacted := _redact_value(key, value, aliases)) is not None:
            begin = match.start(match.lastgroup or 0)
            yield begin, begin + len(value), redacted


def _redact_value(key: str, value: str, aliases: Aliases) -> str | None:
    """The value of a key, redacted; None for free text."""
    name = key.lower()
    if name in _ACTIONS:
        return redact_word(value, aliases) if _ACTION.fullmatch(value) else None
    if name == "service":
        return redact_word(value, aliases) if SERVICE.fullmatch(value) else None
    return redact_condition_value(key, value, aliases)
